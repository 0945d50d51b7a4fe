"""The installed daemon: rows of one CSV file run for what people do in another, whatever is killed meanwhile, and once."""

from __future__ import annotations

import csv
import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import FORKED, PATIENCE, Daemon, eventually, rowd

CONFIG = """\
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "ops.csv"
poll = "1s"
[tables.shop]
connector = "local"
path = "shop.csv"
poll = "1s"
readable_by = ["ops"]
[tables.hr]
connector = "local"
path = "hr.csv"
poll = "1s"
[watch.orders]
kind = "table"
table = "shop"
columns = ["Stage"]
runs = "each"
[actions.note]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py"]
[actions.nothing]
kind = "simulate"
"""

WITNESS = """\
import os
log = os.open("FOLDER/seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
said = [os.environ.get("ROWD_EVENT_" + name, "") for name in ("CHANGE", "ROW", "ID", "COLUMN", "OLD", "NEW", "NUMBER")]
os.write(log, ("|".join(said) + "\\n").encode())
os.fsync(log)
"""

OPS = """\
ID,Name,Type,Action,Watch,Counts,Current,Threshold,Health,Runs
1,note,,note,orders,,,,,
2,count,counter,nothing,,orders,0,1000,,
"""
SHOP = """\
ID,Name,Type,Action,Stage,Schedule,Health,Status,Last Run,Runs
a,order a,,nothing,new,every 2 seconds,,,,
b,order b,manual,nothing,new,,,,,
"""
HR = """\
ID,Name,Type,Action,Watch,Health
1,pry,,nothing,orders,
"""


class Shop:
    """A folder, its daemons, and what its rows did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[Daemon] = []
        files = (("rowd.toml", CONFIG), ("witness.py", WITNESS), ("ops.csv", OPS), ("shop.csv", SHOP), ("hr.csv", HR))
        for name, text in files:
            (folder / name).write_text(text.replace("PYTHON", sys.executable).replace("FOLDER", str(folder)))

    def start(self) -> Daemon:
        daemon = Daemon(self.folder, ["run", "--log", "json"], installed=True)
        self.daemons.append(daemon)
        return daemon

    def die_at(self, point: str) -> None:
        """A daemon that kills itself there."""
        daemon = FORKED[0].start(self.folder, ["run", "--log", "json"], self.folder / "died.jsonl", point)
        status = daemon.ended(PATIENCE)
        daemon.signal(signal.SIGKILL)
        assert status == -signal.SIGKILL, f"{point} was not reached"

    def seen(self) -> list[str]:
        file = self.folder / "seen"
        return file.read_text().splitlines() if file.exists() else []

    def row(self, table: str, name: str) -> dict[str, str]:
        rows = csv.DictReader(io.StringIO((self.folder / f"{table}.csv").read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)

    def edit(self, name: str, stage: str) -> None:
        answer = rowd("edit", f"shop/{name}", "--set", f"Stage={stage}", cwd=self.folder)
        assert answer.returncode == 0, answer.stderr

    def once(self) -> None:
        assert rowd("once", cwd=self.folder).returncode == 0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    for daemon in made.daemons:
        daemon.kill()


def test_what_people_do_in_the_other_table_runs_rows_once_over_kills_and_what_rowd_writes_never(shop: Shop) -> None:
    daemon = shop.start()
    daemon.until("watch.seen", lambda event: event["watch"] == "orders")
    daemon.until("run.ended", lambda event: event["task"] == "order a")
    shop.edit("order b", "paid")
    started = daemon.until("run.started", lambda event: event["task"] == "note")
    assert started["late_s"] < 20, "it is stirred, and does not wait for the next look, a minute later"
    eventually(lambda: shop.seen() == ["edited|order b|b|Stage|new|paid|1"])
    assert 'by "hr" in readable_by under [tables.shop] in rowd.toml' in shop.row("hr", "pry")["Health"]
    daemon.process.send_signal(signal.SIGKILL)
    daemon.ended()

    shop.edit("order b", "sent")
    assert (
        rowd("add", "order c", "--table", "shop", "--action", "nothing", "--schedule", "daily 07:00", cwd=shop.folder).returncode
        == 0
    )
    for point in ("rows.before", "rows.after", "events.before", "events.after", "claim.before"):
        shop.die_at(point)
    last = shop.start()
    eventually(lambda: len(shop.seen()) == 3)
    assert last.stop() == 0
    assert shop.seen()[1] == "edited|order b|b|Stage|paid|sent|1"
    assert shop.seen()[2].startswith("added|order c|")

    assert rowd("delete", "shop/order c", "--yes", cwd=shop.folder).returncode == 0
    again = shop.start()
    eventually(lambda: len(shop.seen()) == 4)
    assert again.stop() == 0
    assert shop.seen()[3].startswith("deleted|order c|")
    shop.once()
    assert len(shop.seen()) == 4
    assert float(shop.row("ops", "count")["Current"]) == 4

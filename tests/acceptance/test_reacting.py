"""The installed command and daemon: rows react to what is emitted, and to rows that fail, whatever is killed meanwhile."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import FORKED, PATIENCE, Daemon, rowd

CONFIG = """\
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[watch.ci]
kind = "events"
[watch.failures]
kind = "outcomes"
rows = ["b*d"]
[actions.deploy]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py", "deploy"]
[actions.page]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py", "page"]
[actions.break]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py", "break"]
[actions.nothing]
kind = "simulate"
"""

WITNESS = """\
import os, sys
log = os.open("FOLDER/seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
said = [os.environ.get("ROWD_EVENT_" + name, "") for name in ("BUILD", "ROW", "NUMBER")]
os.write(log, ("|".join([sys.argv[1], *said]) + "\\n").encode())
os.fsync(log)
sys.exit(sys.argv[1] in ("break", "page"))
"""

TABLE = """\
ID,Name,Type,Action,Watch,Counts,Current,Threshold,Condition,Health,Last Status,Runs
1,deploy,,deploy,ci,,,,,,,
2,builds,counter,nothing,,ci,0,1000,,,,
3,bad,manual,break,,,,,,,,
4,page_oncall,,page,failures,,,,,,,
5,failures today,counter,nothing,,failures,0,1000,,,,
"""


class Shop:
    """A folder, its daemons, and what its rows did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[Daemon] = []
        for name, text in (("rowd.toml", CONFIG), ("witness.py", WITNESS), ("tasks.csv", TABLE)):
            (folder / name).write_text(text.replace("PYTHON", sys.executable).replace("FOLDER", str(folder)))

    def start(self) -> Daemon:
        daemon = Daemon(self.folder, ["run", "--log", "json"], installed=True)
        self.daemons.append(daemon)
        return daemon

    def ready(self) -> Daemon:
        """A daemon that has looked at both sources for the first time."""
        daemon = self.start()
        for source in ("ci", "failures"):
            daemon.until("watch.seen", lambda event, source=source: event["watch"] == source)
        return daemon

    def emit(self, *words: str, installed: bool = False) -> subprocess.CompletedProcess[str]:
        answer = rowd("emit", "ci", *words, cwd=self.folder, installed=installed)
        assert answer.returncode == 0, answer.stderr
        return answer

    def seen(self, what: str) -> list[str]:
        file = self.folder / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.partition("|")[2] for line in lines if line.startswith(f"{what}|")]

    def row(self, name: str) -> dict[str, str]:
        rows = csv.DictReader(io.StringIO((self.folder / "tasks.csv").read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)

    def counted(self, name: str) -> float:
        return float(self.row(name)["Current"])

    def die_at(self, point: str) -> None:
        """A daemon that kills itself there."""
        daemon = FORKED[0].start(self.folder, ["run", "--log", "json"], self.folder / "died.jsonl", point)
        status = daemon.ended(PATIENCE)
        daemon.signal(signal.SIGKILL)
        assert status == -signal.SIGKILL, f"{point} was not reached"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    for daemon in made.daemons:
        daemon.kill()


def test_what_is_emitted_runs_and_counts_at_once_and_what_is_tried_again_once(shop: Shop) -> None:
    daemon = shop.ready()
    shop.emit("build=1; rm -rf", "--id", "a", "--count", "3", installed=True)
    shop.emit("build=1; rm -rf", "--id", "a")
    started = daemon.until("run.started", lambda event: event["task"] == "deploy")
    changed = daemon.until("watch.changed")
    daemon.until("run.ended", lambda event: event["task"] == "deploy")
    assert started["late_s"] < 20, "it is stirred, and does not wait for the next look, a minute later"
    assert changed["summary"] == "build 1; rm -rf"
    status = json.loads(rowd("status", "--json", cwd=shop.folder).stdout)
    assert [(w["watch"], w["trouble"]) for w in status["watches"]] == [("ci", None), ("failures", None)]
    assert daemon.stop() == 0
    assert shop.seen("deploy") == ["1; rm -rf||3"]
    assert shop.counted("builds") == 3


def test_what_is_emitted_while_none_runs_is_kept_over_kills_and_a_pass_takes_it_up_too(shop: Shop) -> None:
    shop.ready().process.send_signal(signal.SIGKILL)
    shop.daemons[-1].ended()
    shop.emit("build=1")
    for point in ("events.before", "events.after", "claim.before"):
        shop.die_at(point)
    assert shop.seen("deploy") == []
    daemon = shop.start()
    daemon.until("run.ended", lambda event: event["task"] == "deploy")
    assert daemon.stop() == 0
    assert shop.seen("deploy") == ["1||1"]
    shop.emit("build=2")
    assert rowd("once", cwd=shop.folder).returncode == 0
    assert rowd("once", cwd=shop.folder).returncode == 0
    assert shop.seen("deploy") == ["1||1", "2||1"]
    assert shop.counted("builds") == 2


def test_each_row_that_fails_pages_once_and_counts_over_kills_and_a_page_that_fails_pages_nobody(shop: Shop) -> None:
    daemon = shop.ready()
    rowd("run-now", "bad", cwd=shop.folder)
    daemon.until("run.ended", lambda event: event["task"] == "page_oncall")
    daemon.process.send_signal(signal.SIGKILL)
    daemon.ended()
    for point in ("outcome.before", "outcome.after", "events.before", "events.after"):
        asked = rowd("run-now", "bad", cwd=shop.folder) if point.startswith("outcome.b") or point == "events.before" else None
        assert asked is None or asked.returncode == 0, asked
        shop.die_at(point)
    last = shop.start()
    last.until("table.read")
    last.until("run.ended", lambda _: sum(int(line.rpartition("|")[2]) for line in shop.seen("page")) == 3)
    assert last.stop() == 0
    assert len(shop.seen("break")) == 3
    assert {line.split("|")[1] for line in shop.seen("page")} == {"bad"}
    assert shop.counted("failures today") == 3

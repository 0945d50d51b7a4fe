"""The installed daemon watches a web service and a database: each change runs once, whatever is killed, and no secret is told."""

from __future__ import annotations

import csv
import io
import json
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.site import Daemon, rowd
from tests.unit.watches.asking import Service, served

SECRET = "a-Key-of-the-service"

CONFIG = """\
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[watch.release]
kind = "url"
url = "URL/v.json?key=abc"
pointer = "/version"
every = "5s"
headers = { Authorization = "Bearer {secret.RELEASES_KEY}" }
secrets = ["RELEASES_KEY"]
allow_private = ["127.0.0.1"]
[watch.orders]
kind = "sql"
path = "shop.sqlite"
query = "SELECT id, who FROM orders"
new_rows = "id"
every = "1s"
[actions.told]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py"]
"""

WITNESS = """\
import os
log = os.open("FOLDER/seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
said = [os.environ.get("ROWD_EVENT_" + name, "") for name in ("ID", "WHO", "OLD", "NEW", "URL")]
os.write(log, ("|".join(said) + "\\n").encode())
os.fsync(log)
"""

TABLE = """\
ID,Name,Type,Action,Watch,Counts,Current,Threshold,Health,Last Status,Runs
1,upgrade,on_change,told,release,,,,,,
2,order,on_change,told,orders,,,,,,
3,each_fifth,counter,told,,orders,0,5,,,
"""


class Place:
    """A folder with rowd.toml, a database that somebody else writes, and what ran."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder, self.service = folder, service
        self.daemons: list[Daemon] = []
        config = CONFIG.replace("URL", service.url).replace("PYTHON", sys.executable).replace("FOLDER", str(folder))
        (folder / "rowd.toml").write_text(config)
        (folder / ".env").write_text(f"RELEASES_KEY={SECRET}\n")
        (folder / ".env").chmod(0o600)
        (folder / "witness.py").write_text(WITNESS.replace("FOLDER", str(folder)))
        (folder / "tasks.csv").write_text(TABLE)
        self.shop = sqlite3.connect(folder / "shop.sqlite", isolation_level=None)
        self.shop.execute("PRAGMA journal_mode = wal")
        self.shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, who)")
        self.order("old")

    def start(self) -> Daemon:
        daemon = Daemon(self.folder, ["run", "--log", "json"], installed=True)
        self.daemons.append(daemon)
        return daemon

    def order(self, *names: str) -> None:
        self.shop.executemany("INSERT INTO orders (who) VALUES (?)", [(name,) for name in names])

    def seen(self) -> list[str]:
        file = self.folder / "seen"
        return file.read_text().splitlines() if file.exists() else []

    def row(self, name: str) -> dict[str, str]:
        rows = csv.DictReader(io.StringIO((self.folder / "tasks.csv").read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with served() as service:
        service.body = b'{"version": "1.0"}'
        service.tag = lambda: f'"{sha256(service.body).hexdigest()[:12]}"'
        made = Place(tmp_path, service)
        with closing(made.shop):
            yield made
        for daemon in made.daemons:
            daemon.kill()


def test_another_version_is_a_run_and_a_service_that_is_away_is_none(place: Place) -> None:
    daemon, service = place.start(), place.service
    daemon.until("watch.seen", lambda event: event["watch"] == "release")
    assert service.asked[0]["authorization"] == f"Bearer {SECRET}"
    service.status = 503
    told = daemon.until("watch.unseen")
    assert "answers 503 Service Unavailable" in told["message"]
    status = rowd("status", "--json", cwd=place.folder)
    assert status.returncode == 1
    watches = {one["watch"]: one for one in json.loads(status.stdout)["watches"]}
    assert (watches["release"]["trouble"], watches["orders"]["trouble"]) == (told["message"], None)
    assert "503 Service Unavailable" in rowd("doctor", cwd=place.folder).stdout
    service.status, service.body = 200, b'{"version": "1.1 ' + SECRET.encode() + b'", "at": 1}'
    daemon.until("watch.recovered")
    daemon.until("run.ended", lambda event: event["task"] == "upgrade")
    assert service.asked[-1]["if-none-match"].strip('"') == sha256(b'{"version": "1.0"}').hexdigest()[:12]
    assert daemon.stop() == 0
    assert place.seen() == [f"||1.0|1.1 ***|{service.url}/v.json"]
    doctor = rowd("doctor", cwd=place.folder).stdout
    assert 'release can be looked at: 304 Not Modified, "1.1 ***"' in doctor
    assert place.row("upgrade")["Runs"] == "1"
    kept = b"".join(file.read_bytes() for file in place.folder.rglob("*") if file.is_file() and file.name != ".env")
    assert SECRET.encode() not in kept
    everything = "\n".join(map(str, [*daemon.events, *daemon.other]))
    assert SECRET not in everything
    assert "Traceback" not in everything


def test_each_new_row_runs_once_though_the_daemon_is_killed_again_and_again(place: Place) -> None:
    daemon = place.start()
    daemon.until("watch.seen", lambda event: event["watch"] == "orders")
    written = 1
    for nth, point in enumerate(("watch.changed", "request.taken", "run.started", "run.ended")):
        names = [f"{nth}{letter}" for letter in "abcde"]
        place.order(*names)
        written += len(names)
        daemon.until(point, lambda event: event.get("watch") == "orders" or event.get("task") in ("order", "each_fifth"))
        daemon.process.send_signal(signal.SIGKILL)
        daemon.ended()
        place.order("meanwhile")
        written += 1
        daemon = place.start()
    daemon.until("run.ended", lambda _: len({line.split("|")[0] for line in place.seen()} - {""}) == written - 1)
    assert daemon.stop() == 0
    ran = Counter(line.split("|")[0] for line in place.seen() if not line.startswith("|"))
    lost = json.loads(rowd("history", "order", "--limit", "1000", "--json", cwd=place.folder).stdout)["runs"]
    assert [run for run in lost if run["outcome"] == "lost"] == []
    assert ran == Counter(str(number) for number in range(2, written + 1))
    counter = place.row("each_fifth")
    assert float(counter["Current"]) == (written - 1) % 5
    assert "Traceback" not in "\n".join(daemon.other)

"""Conditions that ask for the world outside, with the installed daemon: facts of commands and of a web service; and what a row's
own tests cover, measured by coverage itself."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.acceptance.site import Daemon, eventually, rowd

HEADER = ["ID", "Name", "Type", "Schedule", "Action", "Depends On", "Condition", "Do", "Health", "Understood As", "Runs"]

CONFIG = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[actions.ok]
kind = "command"
argv = ["/bin/echo", "fine"]
"""

FACTS = """
[fact.disk]
kind = "command"
argv = ["/bin/sh", "-c", "echo x >> asked; cat disk"]
[fact.hangs]
kind = "command"
argv = ["/bin/sh", "-c", "echo $$ >> hung; sleep 1000 & wait"]
timeout = "1s"
[fact.api]
kind = "url"
url = "http://127.0.0.1:PORT/status"
headers = { Authorization = "Bearer {secret.API_TOKEN}" }
secrets = ["API_TOKEN"]
pointer = "/api/state"
max_age = "0s"
"""

PACKAGE = {
    "greeting/__init__.py": "",
    "greeting/words.py": """\
def greet(name, polite):
    if polite:
        words = "Good day"
        mark = "."
    else:
        words = "Hi"
        mark = "!"
    return f"{words}, {name}{mark}"
""",
    "test_words.py": """\
from greeting.words import greet

def test_politely():
    assert greet("Ada", True) == "Good day, Ada."
""",
    "more/test_both.py": """\
from greeting.words import greet

def test_briefly():
    assert greet("Ada", False) == "Hi, Ada!"
""",
    "measure.sh": """\
set -e
PYTHON="$1"
"$PYTHON" -m coverage run --data-file=.covered --source=greeting -m pytest -q -p no:cacheprovider -p no:randomly $(cat tests)
"$PYTHON" -m coverage json --data-file=.covered -o report.json -q
"$PYTHON" -c 'import json; print(json.dumps({"coverage": json.load(open("report.json"))["totals"]["percent_covered"]}))'
""",
    "tests": "test_words.py",
}


LATER = "it waited for a fact, and a newer one took its place"


class Table:
    """A CSV file, in the folder of a daemon."""

    def __init__(self, folder: Path, config: str, rows: list[dict[str, str]]) -> None:
        self.folder = folder
        self._file = folder / "tasks.csv"
        (folder / "rowd.toml").write_text(CONFIG + config)
        lines = io.StringIO()
        writer = csv.DictWriter(lines, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows({"Action": "ok", **row} for row in rows)
        self._file.write_text(lines.getvalue())

    def row(self, name: str) -> dict[str, str]:
        rows = csv.DictReader(io.StringIO(self._file.read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)


@pytest.fixture
def daemons() -> Iterator[list[Daemon]]:
    started: list[Daemon] = []
    yield started
    for one in started:
        one.kill()


@pytest.fixture
def service() -> Iterator[tuple[int, dict[str, object]]]:
    """A web service: its port, and what it answers."""
    answers: dict[str, object] = {"status": 200, "body": {"api": {"state": "up"}}, "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers["asked"] = [*answers["asked"], self.headers["Authorization"]]  # type: ignore[misc]  # a list of ours
            body = json.dumps(answers["body"]).encode()
            self.send_response(int(str(answers["status"])))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], answers
        server.shutdown()


def begun(daemons: list[Daemon], table: Table) -> Daemon:
    daemons.append(Daemon(table.folder, ["run", "--log", "json"], installed=True))
    return daemons[-1]


def recorded(daemon: Daemon, name: str, *, but: str = "") -> tuple[str, str]:
    event = daemon.until("occurrence.recorded", lambda event: event["task"] == name and event["reason"] != but)
    return event["outcome"], event["reason"]


def alive(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_send_notification_goes_by_what_coverage_measures(tmp_path: Path, daemons: list[Daemon]) -> None:
    for name, text in PACKAGE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    actions = f"""
[actions.measure]
kind = "command"
argv = ["/bin/sh", "measure.sh", "{sys.executable}"]
"""
    rows = [
        {"ID": "1", "Name": "run_tests", "Type": "manual", "Action": "measure"},
        {"ID": "2", "Name": "send_notification", "Depends On": "run_tests", "Condition": "coverage < 80%"},
    ]
    table = Table(tmp_path, actions, rows)
    daemon = begun(daemons, table)
    daemon.until("row.added", lambda event: event["task"] == "send_notification")
    assert rowd("run-now", "run_tests", cwd=tmp_path).returncode == 0
    assert daemon.until("run.ended", lambda event: event["task"] == "send_notification")["outcome"] == "succeeded"
    (tmp_path / "tests").write_text("test_words.py more/test_both.py")
    assert rowd("run-now", "run_tests", cwd=tmp_path).returncode == 0
    assert recorded(daemon, "send_notification") == ("skipped", "coverage = 100 %, needs < 80 %")
    assert daemon.stop() == 0
    history = rowd("history", "run_tests", "--json", cwd=tmp_path)
    measured = [run["outputs"]["coverage"] for run in json.loads(history.stdout)["runs"]]
    assert measured == [100, pytest.approx(71.43, abs=0.01)]
    assert table.row("send_notification")["Health"] == "SKIPPED: coverage = 100 %, needs < 80 %. Waits for run_tests"


def test_facts_of_commands_and_of_a_web_service_decide(
    tmp_path: Path, daemons: list[Daemon], service: tuple[int, dict[str, object]]
) -> None:
    port, answers = service
    (tmp_path / ".env").write_text("API_TOKEN=a-very-secret-token\n")
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "disk").write_text("93%\n")
    rows = [
        {"ID": "1", "Name": "full", "Schedule": "every 3 seconds", "Condition": "fact.disk > 90%"},
        {"ID": "2", "Name": "room", "Schedule": "every 3 seconds", "Condition": "fact.disk < 90%"},
        {"ID": "3", "Name": "up", "Schedule": "every 3 seconds", "Condition": 'fact.api == "up"'},
        {"ID": "4", "Name": "typo", "Schedule": "every 3 seconds", "Condition": "fact.dsk < 90%"},
    ]
    table = Table(tmp_path, FACTS.replace("PORT", str(port)), rows)
    daemon = begun(daemons, table)
    outcome, reason = recorded(daemon, "room")
    assert (outcome, reason.partition(" (asked ")[0]) == ("skipped", "fact.disk = 93 %, needs < 90 %")
    for name in ("full", "up"):
        assert daemon.until("run.ended", lambda event, name=name: event["task"] == name)["outcome"] == "succeeded"
    answers["status"] = 503
    _, reason = recorded(daemon, "up")
    why = "the fact api could not be asked: its server answered 503 Service Unavailable"
    assert reason.endswith(f": fact.api is not known: {why}; see whether it is well, or name the status in `expect`")
    answers["status"] = 200
    daemon.until("fact.recovered")
    told = json.loads(rowd("show", "room", "--json", cwd=tmp_path).stdout)["facts"]
    assert [(one["fact"], one["value"], one["trouble"]) for one in told] == [("disk", "93%", None)]
    assert 'Facts        disk = "93%" (asked today ' in rowd("show", "room", cwd=tmp_path).stdout
    checked = rowd("check", "--json", cwd=tmp_path)
    assert "fact.dsk is not known: there is no fact of this name; did you mean" in checked.stdout
    doctor = rowd("doctor", cwd=tmp_path)
    assert '✓ fact: disk = "93%", told in ' in doctor.stdout
    assert '✓ fact: api = "up", told in ' in doctor.stdout
    assert "✗ fact: hangs could not be asked: timed out after 1s" in doctor.stdout
    assert daemon.stop() == 0
    assert (tmp_path / "asked").read_text().count("x") == 2  # by the daemon, and by doctor: the answer holds for a minute
    assert set(answers["asked"]) == {"Bearer a-very-secret-token"}  # type: ignore[arg-type]  # a list of ours
    everything = "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file() and file.name != ".env")
    assert "a-very-secret-token" not in everything


def test_what_hangs_ends_with_a_stop_and_with_a_kill(tmp_path: Path, daemons: list[Daemon]) -> None:
    config = FACTS.partition("[fact.api]")[0].replace('timeout = "1s"', 'timeout = "5m"')
    rows = [
        {"ID": "1", "Name": "hangs", "Schedule": "every 3 seconds", "Condition": "fact.hangs > 1"},
        {"ID": "2", "Name": "plain", "Schedule": "every second"},
    ]
    table, hung = Table(tmp_path, config, rows), tmp_path / "hung"
    for nth, end in enumerate((lambda one: one.stop() == 0, lambda one: one.kill() or True), 1):
        daemon = begun(daemons, table)
        eventually(lambda nth=nth: hung.exists() and len(hung.read_text().split()) == nth)
        daemon.until("run.ended", lambda event: event["task"] == "plain")  # other rows go on
        assert end(daemon)
        pid = hung.read_text().split()[-1]
        eventually(lambda pid=pid: not alive(pid))
    assert (
        rowd("history", "hangs", "--json", cwd=tmp_path).stdout.count('"run"') == 0
    )  # nothing was decided, so nothing is recorded


def test_two_thousand_rows_ask_for_a_fact_once(tmp_path: Path, daemons: list[Daemon]) -> None:
    (tmp_path / "disk").write_text("93%\n")
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 10))
    rows = [{"ID": str(n), "Name": f"row{n}", "Schedule": at, "Type": "once", "Condition": "fact.disk < 90%"} for n in range(2_000)]
    table = Table(tmp_path, FACTS.partition("[fact.hangs]")[0], rows)
    daemon = begun(daemons, table)
    daemon.until("occurrence.recorded", lambda event: event["task"] == "row1999")
    assert daemon.stop() == 0
    skipped = [
        event["task"] for event in daemon.events if event["event"] == "occurrence.recorded" and event["outcome"] == "skipped"
    ]
    assert (len(skipped), len(set(skipped))) == (2_000, 2_000)
    assert (tmp_path / "asked").read_text().count("x") == 1

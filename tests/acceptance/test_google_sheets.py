"""The installed daemon on a spreadsheet: the emulator over HTTP with its quotas on, and a person who edits meanwhile."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import PATIENCE, Daemon, rowd
from tests.emulators.core.clock import RealClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, GoogleSheets, make
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.seeding import put_in

HEADER = [
    "ID",
    "Name",
    "Type",
    "Action",
    "Schedule",
    "Current",
    "Threshold",
    "Status",
    "Do",
    "Health",
    "Last Status",
    "Last Result",
]
HEADER += ["Next Run", "Runs"]
ROWS = [
    [1, "first", None, "greet", "now", None, None, "active"],
    [2, "counted", "counter", "greet", None, 1, 3, "active"],
    [3, "wrong", None, "greet", "evry monday", None, None, "active"],
    [None, "nightly", None, "greet", "daily 03:00", None, None, "active"],
]
ACTIONS = f"""
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.greet]
kind = "command"
argv = ["{sys.executable}", "-S", "-c", "print('hello')"]
"""


class Sheet:
    """A spreadsheet, and the folder of a daemon that has it as a table."""

    def __init__(
        self,
        service: GoogleSheets,
        base: str,
        folder: Path,
        lines: Sequence[Sequence[Any]] = (HEADER, *ROWS),
        actions: str = ACTIONS,
    ) -> None:
        self.service, self.folder = service, folder
        self.file = put_in(service, "Ops", {"Tasks": [list(line) for line in lines]}, OWNER, ROBOT)
        self.person = Person(service, self.file.id, "Tasks")
        text = service.snippet(base)  # as `python -m tests.emulators google_sheets` prints it
        (folder / "rowd.toml").write_text(f'{actions}\n{text}poll = "1s"\n')
        self._asked = threading.Event()
        service.before.append(lambda _: self._asked.set())

    def row(self, name: str) -> dict[str, str]:
        header, *rows = self.person.seen()
        whole = (dict(zip(header, [*row, *[""] * len(header)], strict=False)) for row in rows)
        return next(row for row in whole if row["Name"] == name)

    def stands(self, name: str, **cells: str) -> dict[str, str]:
        """The row, once it shows this: looked at again whenever the service is asked for something.   cells: `_` for a blank."""
        wanted = {column.replace("_", " "): text for column, text in cells.items()}
        while not wanted.items() <= (row := self.row(name)).items():
            assert self._asked.wait(PATIENCE), f"{row} doesn't come to show {wanted}"
            self._asked.clear()
        return row

    def cell(self, name: str, column: str) -> str:
        header, *rows = self.person.seen()
        at = next(n for n, row in enumerate(rows) if row[header.index("Name")] == name)
        return f"{chr(ord('A') + header.index(column))}{at + 2}"


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sheet]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the emulator's snippet leaves the key in a folder there
    service = make(RealClock())
    with Server(service) as server:
        yield Sheet(service, server.base, tmp_path)
    assert service.unserved == []
    assert [e for e in service.journal if e.answer.status in (400, 429, 500)] == []


@pytest.fixture
def daemon(sheet: Sheet) -> Iterator[Daemon]:
    one = Daemon(sheet.folder, ["run", "--log", "json"], installed=True)
    yield one
    one.kill()


def test_a_spreadsheet_as_a_crontab(sheet: Sheet, daemon: Daemon) -> None:
    assert daemon.until("run.ended")["outcome"] == "succeeded"
    person, stands = sheet.person, sheet.stands
    assert stands("first", Last_Status="succeeded", Last_Result="hello", Status="completed")["Health"].startswith("COMPLETED")
    assert stands("counted", Current="1")["Health"] == "OK, 1 of 3"
    assert 'ERROR: Schedule "evry monday"' in sheet.row("wrong")["Health"]
    night = sheet.row("nightly")
    assert night["Health"].startswith("OK, next ")
    assert night["Next Run"].endswith("T03:00:00Z")
    assert len(night["ID"]) == 6

    person.move_columns("C", "C", "A")  # a person at work: columns and rows move, a counter is filled, a typo mended
    person.sort("C", descending=True)
    person.type(sheet.cell("counted", "Current"), "3")
    assert daemon.until("run.ended", lambda event: event["task"] == "counted")["outcome"] == "succeeded"
    stands("counted", Last_Status="succeeded", Current="0", Runs="1")
    person.type(sheet.cell("wrong", "Schedule"), "daily 04:00")
    assert daemon.until("row.mended") is not None
    person.type(sheet.cell("nightly", "Do"), "run now")
    assert daemon.until("run.ended", lambda event: event["task"] == "nightly")["outcome"] == "succeeded"
    stands("nightly", Last_Status="succeeded", Last_Result="hello", Do="")
    stands("wrong", Schedule="daily 04:00")
    assert daemon.stop() == 0

    assert [row[sheet.person.seen()[0].index("Name")] for row in sheet.person.seen()[1:]] == [
        "wrong",
        "nightly",
        "first",
        "counted",
    ]
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble"))]
    added = rowd("add", "later", "--action", "greet", "--schedule", "daily 05:00", cwd=sheet.folder)
    assert added.returncode == 0, added.stderr
    assert sheet.row("later")["Schedule"] == "daily 05:00"


def test_a_spreadsheet_that_is_not_shared_any_more_and_then_is_again(sheet: Sheet, daemon: Daemon) -> None:
    daemon.until("run.ended")
    sheet.person.unshare(ROBOT)
    away = daemon.until("table.unreachable")
    assert away["needs_owner"] is True
    assert f"Share, and add {ROBOT}" in away["message"]
    sheet.person.share(ROBOT)
    daemon.until("table.recovered")
    assert daemon.stop() == 0


def test_the_snippet_is_a_table_of_rowd_toml(sheet: Sheet) -> None:
    said: dict[str, Any] = tomllib.loads((sheet.folder / "rowd.toml").read_text())
    assert said["tables"]["tasks"]["connector"] == "google_sheets"
    checked = rowd("check", "--json", cwd=sheet.folder)
    assert checked.returncode in (0, 1), checked.stderr
    assert json.loads(checked.stdout)

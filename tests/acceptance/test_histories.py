"""Histories beside tables, kept by the installed daemon over HTTP: each run stands there once, whatever is killed when."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import Daemon, rowd
from tests.acceptance.test_airtable import Office as Base
from tests.acceptance.test_google_sheets import Sheet
from tests.acceptance.test_notion import Office as Notion
from tests.emulators.airtable import SAMPLE_BASE
from tests.emulators.airtable import Person as AirtablePerson
from tests.emulators.core.clock import RealClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import GoogleSheets, make
from tests.emulators.google_sheets.person import Person

SIZE = 40


class Spreadsheet(Sheet):
    """A spreadsheet of which the history is to be kept in a tab."""

    def __init__(self, service: GoogleSheets, base: str, folder: Path) -> None:
        super().__init__(service, base, folder)
        self.daemons: list[Daemon] = []

    def started(self, die_at: str | None = None) -> Daemon:
        dying = {"ROWD_DIE_AT": die_at} if die_at is not None else {}
        self.daemons.append(Daemon(self.folder, ["run", "--log", "json"], dying))
        return self.daemons[-1]

    def lines(self) -> list[dict[str, str]]:
        """As a person sees them."""
        header, *rows = Person(self.service, self.file.id, "Runs").seen()
        whole = [dict(zip(header, [*row, *[""] * len(header)], strict=False)) for row in rows]
        return [line for line in whole if any(line.values())]

    def settles(self, daemon: Daemon) -> None:
        """Once a daemon has told what it owed, it is stopped: of what ends then it tells, too."""
        daemon.until("run.ended")
        assert daemon.stop() == 0


def recorded(folder: Path) -> list[str]:
    """The ids of all that has ended, by the ledger."""
    runs: list[dict[str, Any]] = json.loads(rowd("history", "--limit", "100000", "--json", cwd=folder).stdout)["runs"]
    return [run["run"] for run in runs if run["outcome"]]


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spreadsheet]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the emulator's snippet leaves the key in a folder there
    service = make(RealClock())
    with Server(service) as server:
        here = Spreadsheet(service, server.base, tmp_path)
        toml = tmp_path / "rowd.toml"
        toml.write_text(f'{toml.read_text()}history = "Runs"\nhistory_size = {SIZE}\n')
        for name in ("first", "nightly"):
            here.person.type(here.cell(name, "Schedule"), "every 2 seconds")
        yield here
        for daemon in here.daemons:
            daemon.kill()
    assert service.unserved == []


def test_each_run_stands_in_the_tab_once_although_the_daemon_is_killed_between_write_and_mark(sheet: Spreadsheet) -> None:
    looked = " ".join(rowd("doctor", cwd=sheet.folder).stdout.split())
    assert 'can\'t be kept in the tab "Runs": there is no such tab.' in looked
    assert "rowd setup` makes it" in looked
    said = rowd("setup", "tasks", "--column", "Last Runs", cwd=sheet.folder)
    assert f'make the tab "Runs" for the history, {SIZE} lines long' in said.stdout, said.stdout + said.stderr
    again = rowd("setup", "tasks", "--json", cwd=sheet.folder)
    assert json.loads(again.stdout)["tables"][0]["changes"] == []
    for hit in (2, 3, 2, 4):
        killed = sheet.started(f"table.after-write:{hit}")
        assert killed.ended() == -signal.SIGKILL, killed.events
    sheet.settles(sheet.started())
    told, known = Counter(line["Run"] for line in sheet.lines()), recorded(sheet.folder)
    assert 5 < len(known) <= SIZE
    assert told == Counter(known)
    line = next(line for line in sheet.lines() if line["Task"] == "nightly" and line["Outcome"] == "succeeded")
    assert (line["Result"], line["Table"], line["Attempts"]) == ("hello", "tasks", "1")
    assert line["Ended"][:2] == "20"
    assert len(line["Ended"]) == len("2026-11-23 09:00")
    newest = sheet.row("nightly")["Last Runs"].splitlines()
    assert 1 <= len(newest) <= 5
    assert all(" succeeded in " in one and one.endswith(": hello") for one in newest)
    assert newest == sorted(newest, reverse=True)


def test_a_tab_that_is_missing_holds_up_no_row_and_is_told_later(sheet: Spreadsheet) -> None:
    daemon = sheet.started()
    told = daemon.until("table.doubted")["message"]
    assert "rowd setup` makes it" in told
    sheet.stands("first", Last_Status="succeeded", Last_Result="hello")
    assert "there is no such tab" in " ".join(rowd("status", cwd=sheet.folder).stdout.split())
    assert daemon.stop() == 0
    assert [event for event in daemon.events if event["event"] == "table.unwritable"] == []
    assert len([event for event in daemon.events if event["event"] == "table.doubted"]) == 1
    assert rowd("setup", "tasks", cwd=sheet.folder).returncode == 0
    daemon = sheet.started()
    sheet.settles(daemon)
    assert Counter(line["Run"] for line in sheet.lines()) == Counter(recorded(sheet.folder))


class Killing(Base):
    """A base that kills whoever has just put something into its history, before the answer is out."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kills = 0
        self.known = 0
        toml = folder / "rowd.toml"
        toml.write_text(toml.read_text().replace("[tables.tasks]", '[tables.tasks]\nhistory = "Runs"'))
        self.airtable.committed.append(self._kill)

    def lines(self) -> list[dict[str, Any]]:
        return list(AirtablePerson(self.airtable, SAMPLE_BASE, "Runs").rows().values())

    def _kill(self, *_: object) -> None:
        runs = next((table for base in self.airtable.bases.values() for table in base.tables if table.name == "Runs"), None)
        if runs is None or len(runs.records) == self.known:
            return
        self.known = len(runs.records)
        if self.kills:
            self.kills -= 1
            os.kill(self.daemons[-1].process.pid, signal.SIGKILL)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Killing]:
    here = Killing(tmp_path)
    yield here
    here.close()
    assert here.airtable.unserved == []


def test_each_run_stands_in_the_base_once_although_its_answers_never_came(base: Killing) -> None:
    said = rowd("setup", "tasks", cwd=base.folder)
    assert 'make the table "Runs" for the history' in said.stdout, said.stdout + said.stderr
    base.person.insert({"Name": "often", "Action": "run_vitest", "Schedule": "every 2 seconds"})
    base.kills = 2
    for _ in range(2):
        killed = base.start()
        assert killed.ended() == -signal.SIGKILL
    daemon = base.start()
    daemon.until("run.ended")
    assert daemon.stop() == 0
    known = recorded(base.folder)
    assert len(known) > 5
    assert Counter(line["Run"] for line in base.lines()) == Counter(known)
    line = next(line for line in base.lines() if line["Outcome"] == "succeeded")
    assert (line["Task"], line["Result"], line["Attempts"]) == ("often", "48 tests passed", 1)
    assert [status for _, status in base.answers() if status == 429] == []


def test_a_full_base_holds_up_no_row_and_is_said(base: Killing) -> None:
    rowd("setup", "tasks", cwd=base.folder)
    base.person.insert({"Name": "often", "Action": "run_vitest", "Schedule": "every 2 seconds"})
    base.airtable.quotas.on = True
    base.airtable.workspace.plan = "free"
    held = sum(len(table.records) for table in base.airtable.bases[SAMPLE_BASE].tables)
    filler = AirtablePerson(base.airtable, SAMPLE_BASE, "Runs")
    for number in range(1000 - held):
        filler.insert({"Run": f"of a year ago {number}"})
    daemon = base.start()
    assert "holds as many records as its plan allows" in daemon.until("table.doubted")["message"]
    base.until("often", Last_Status="succeeded")
    assert len(base.lines()) == 1000 - held
    assert daemon.stop() == 0


def test_the_last_five_stand_in_one_property_of_the_page(tmp_path: Path) -> None:
    office = Notion(tmp_path)
    try:
        office.person.add_column(office.source, "Last Runs", {"rich_text": {}})
        daemon = office.start()
        office.until("guidelines_refresh", Health=...)
        office.type("guidelines_refresh", "Current", 5)
        row = office.until("guidelines_refresh", Last_Runs=...)
        assert row["Last Runs"].endswith(": 12 guidelines read")
        assert " succeeded in " in row["Last Runs"]
        office.type("guidelines_refresh", "Do", "run now")
        office.until("guidelines_refresh", Runs=2)
        assert len(office.row("guidelines_refresh")["Last Runs"].splitlines()) == 2
        assert daemon.stop() == 0
    finally:
        office.close()

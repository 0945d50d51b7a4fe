"""The installed daemon on the sample table of an Airtable base, over HTTP, with a person who edits it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.samples import ACTIONS, said
from tests.acceptance.site import PATIENCE, Daemon, rowd
from tests.emulators.airtable import SAMPLE_BASE, TASKS, TOKEN, Airtable, Person, make
from tests.emulators.airtable.seeds import add_samples
from tests.emulators.core.clock import RealClock
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server

TIME = {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "Europe/Berlin"}
OURS: dict[str, tuple[str, Any]] = {
    "Health": ("multilineText", None),
    "Next Run": ("dateTime", TIME),
    "Last Status": ("singleSelect", {"choices": [{"name": name} for name in ("running", "succeeded", "failed")]}),
    "Last Result": ("singleLineText", None),
    "Runs": ("number", {"precision": 0}),
    "Do": ("singleSelect", {"choices": [{"name": "run now"}, {"name": "cancel"}]}),
}


class Office:
    """The sample base on the real clock, with all of Airtable's limits; and a folder with rowd.toml for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.airtable: Airtable = make(RealClock(), {"rate_limit_body": "errors", "retry_after": "absent"}, 1)
        add_samples(self.airtable)
        self.person = Person(self.airtable, SAMPLE_BASE, TASKS)
        for name, (kind, options) in OURS.items():
            self.person.add_column(name, kind, options)
        self.server = Server(self.airtable)
        self._changed = threading.Condition()
        self.airtable.committed.append(self._tell)
        said = self.airtable.snippet(self.server.base).replace("[tables.tasks]", '[tables.tasks]\npoll = "1s"')
        said = said.replace(
            'plan = "team"', 'plan = "business"'
        )  # at a month's begin, a poll a minute is what a team's calls last for
        (folder / "rowd.toml").write_text(ACTIONS + said)
        (folder / ".env").write_text(f"AIRTABLE_TOKEN={TOKEN}\n")
        (folder / ".env").chmod(0o600)
        self.daemons: list[Daemon] = []

    def start(self, *, installed: bool = False) -> Daemon:
        self.daemons.append(Daemon(self.folder, ["run", "--log", "json"], installed=installed))
        return self.daemons[-1]

    def row(self, name: str) -> dict[str, Any]:
        """Its filled cells, as a person sees them."""
        return next(cells for cells in self.person.rows().values() if cells["Name"] == name)

    def until(self, name: str, **cells: Any) -> dict[str, Any]:
        """Wait until these cells of a row say so, and answer the row."""

        def stands() -> bool:
            row = self.row(name)
            return all(row.get(column.replace("_", " ")) == value for column, value in cells.items())

        with self._changed:
            assert self._changed.wait_for(stands, PATIENCE), f"{cells} never came:\n{self.row(name)}"
        return self.row(name)

    def answers(self) -> list[tuple[str, int]]:
        return [(entry.operation, entry.answer.status) for entry in self.airtable.journal]

    def _tell(self, *_: object) -> None:
        threading.Thread(target=self._wake).start()  # the emulator is locked here, and whoever waits wants to look into it

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
        self.server.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    here = Office(tmp_path)
    yield here
    here.close()
    assert here.airtable.unserved == []


def test_rows_of_a_base_run_and_show_it_while_a_person_edits_them(office: Office) -> None:
    daemon = office.start(installed=True)
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    assert office.row("coverage_check")["Next Run"].endswith("T09:00:00.000Z")

    office.person.type("guidelines_refresh", "Current", 7)  # past the threshold: it runs, and goes on with the remainder
    office.person.type("guidelines_refresh", "Description", "Refresh all guidelines")
    row = office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 2 of 5")
    assert (row["Current"], row["Last Result"]) == (2, "12 guidelines read")
    assert row["Description"] == "Refresh all guidelines"
    assert datetime.fromisoformat(row["Last Run"]).year >= 2026

    office.person.type("vitest_rerun", "Do", "run now")
    row = office.until("vitest_rerun", Runs=1, Last_Result="48 tests passed", Do=None)
    assert row["Current"] == 2  # a press is no tick

    office.person.insert({"Name": "later", "Type": "daily", "Action": "check_covrage", "Status": "active"})
    row = office.until("later", Runs=0)
    assert 'did you mean "check_coverage"?' in row["Health"]
    office.person.type("later", "Action", "check_coverage")
    daemon.until("row.mended")
    office.person.delete("later")

    refused = [answer for answer in office.answers() if answer[1] >= 400]
    assert daemon.stop() == 0
    assert [answer for answer in refused if answer[1] == 429] == []
    history = rowd("history", "--json", cwd=office.folder).stdout
    assert TOKEN not in said(daemon) + history


def test_a_connection_that_breaks_after_the_write_makes_nothing_happen_twice(office: Office) -> None:
    daemon = office.start()
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    office.airtable.faults.add(Fault("records.update", times=3, reset=True, committed=True))
    office.person.type("guidelines_refresh", "Current", 5)
    row = office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 0 of 5")
    assert row["Current"] == 0
    assert daemon.stop() == 0
    assert office.row("guidelines_refresh")["Runs"] == 1


def test_a_base_that_was_taken_away_is_told_and_goes_on_once_it_is_shared_again(office: Office) -> None:
    daemon = office.start()
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    office.person.unshare()
    told = daemon.until("table.unreachable")
    assert told["needs_owner"]
    assert "under Access, this base" in told["message"]
    office.person.type("guidelines_refresh", "Current", 5)
    office.person.share()
    daemon.until("table.recovered")
    office.until("guidelines_refresh", Runs=1, Last_Status="succeeded")
    assert daemon.stop() == 0


def test_without_a_token_it_says_where_to_put_one(office: Office) -> None:
    (office.folder / ".env").unlink()
    daemon = office.start()
    assert "AIRTABLE_TOKEN=… into .env" in daemon.until("table.unreachable")["message"]
    assert daemon.stop() == 0
    assert office.answers() == []


def test_commands_add_edit_and_delete_a_row_of_the_base(office: Office) -> None:
    said = rowd("add", "nightly", "--action", "run_vitest", "--type", "daily", "--set", "Current=3", cwd=office.folder)
    assert said.returncode == 0, said.stderr
    assert office.row("nightly") == {**office.row("nightly"), "Action": "run_vitest", "Type": "daily", "Current": 3}
    said = rowd("edit", "nightly", "--set", "Description=all of them", cwd=office.folder)
    assert said.returncode == 0, said.stderr
    assert office.row("nightly")["Description"] == "all of them"
    said = rowd("add", "odd", "--action", "run_vitest", "--draft", cwd=office.folder)
    assert 'has no option "draft"; add it' in said.stderr
    said = rowd("delete", "nightly", "--yes", cwd=office.folder)
    assert said.returncode == 0, said.stderr
    assert {cells["Name"] for cells in office.person.rows().values()} == {"guidelines_refresh", "vitest_rerun", "coverage_check"}

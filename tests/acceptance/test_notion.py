"""The installed daemon on the sample table of a Notion database, over HTTP with its limits on; a person edits it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.samples import ACTIONS, said
from tests.acceptance.site import PATIENCE, Daemon, rowd
from tests.acceptance.stores import seen
from tests.emulators.core.clock import RealClock
from tests.emulators.core.exchange import Json
from tests.emulators.core.server import Server
from tests.emulators.notion import fill, make
from tests.emulators.notion.emulator import TOKEN, Notion, Unanswered
from tests.emulators.notion.people import Connection
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.emulators.notion.world import Page

OURS: dict[str, Json] = {
    "Health": {"rich_text": {}},
    "Next Run": {"date": {}},
    "Last Status": {"select": {"options": [{"name": name} for name in ("running", "succeeded", "failed")]}},
    "Last Result": {"rich_text": {}},
    "Runs": {"number": {"format": "number"}},
    "Do": {"select": {"options": [{"name": "run now"}, {"name": "cancel"}]}},
}


class Office:
    """The sample database on the real clock, with all of Notion's limits; and a folder with rowd.toml for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notion: Notion = make(RealClock(), {"workspace_budget": "300"}, 1)
        fill(self.notion)
        self.person = Person(self.notion)
        self.source = source_called(self.notion, "Tasks")
        for name, form in OURS.items():
            self.person.add_column(self.source, name, form)
        self.server = Server(self.notion)
        self._asked = threading.Event()
        self.notion.before.append(lambda _: self._asked.set())
        said = self.notion.snippet(self.server.base).replace("[tables.tasks]", '[tables.tasks]\npoll = "1s"')
        (folder / "rowd.toml").write_text(ACTIONS + said)
        (folder / ".env").write_text(f"NOTION_TOKEN={TOKEN}\n")
        (folder / ".env").chmod(0o600)
        self.daemons: list[Daemon] = []

    @property
    def connection(self) -> Connection:
        return self.notion.api.connections[TOKEN]

    def start(self, *, installed: bool = False) -> Daemon:
        self.daemons.append(Daemon(self.folder, ["run", "--log", "json"], installed=installed))
        return self.daemons[-1]

    def names(self) -> list[str]:
        return [self._shown(row)["Name"] for row in self.person.rows(self.source)]

    def page(self, name: str) -> Page:
        return next(row for row in self.person.rows(self.source) if self._shown(row)["Name"] == name)

    def row(self, name: str) -> dict[str, Any]:
        """Its cells, as a person sees them."""
        return self._shown(self.page(name))

    def type(self, name: str, column: str, typed: Any) -> None:
        self.person.type(self.page(name), column, typed)

    def until(self, name: str, **cells: Any) -> dict[str, Any]:
        """The row, once it shows this, `...` for anything: looked at again whenever Notion is asked for something."""
        wanted = {column.replace("_", " "): value for column, value in cells.items()}
        while not all(row[h] == v or (v is ... and row[h]) for row in [self.row(name)] for h, v in wanted.items()):
            assert self._asked.wait(PATIENCE), f"{self.row(name)} doesn't come to show {wanted}"
            self._asked.clear()
        return self.row(name)

    def answers(self) -> list[tuple[str, int]]:
        return [(entry.operation, entry.answer.status) for entry in self.notion.journal]

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
        self.server.close()

    def _shown(self, page: Page) -> dict[str, Any]:
        with self.notion.lock:
            return {column.name: seen(column, page.values.get(column.id)) for column in self.source.properties.values()}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    here = Office(tmp_path)
    yield here
    here.close()
    assert here.notion.unserved == []


def test_rows_of_a_database_run_and_show_it_while_a_person_edits_them(office: Office) -> None:
    daemon = office.start(installed=True)
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    row = office.until("coverage_check", Next_Run=...)
    assert row["Next Run"].endswith("T09:00:00.000+00:00")

    office.type("guidelines_refresh", "Current", 7)  # past the threshold: it runs, and goes on with the remainder
    office.type("guidelines_refresh", "Description", "Refresh all guidelines")
    row = office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 2 of 5")
    assert (row["Current"], row["Last Result"]) == (2, "12 guidelines read")
    assert row["Description"] == "Refresh all guidelines"
    assert datetime.fromisoformat(row["Last Run"]).year >= 2026

    office.type("vitest_rerun", "Do", "run now")
    row = office.until("vitest_rerun", Runs=1, Last_Result="48 tests passed", Do=None)
    assert row["Current"] == 2  # a press is no tick

    office.person.insert(office.source, {"Name": "later", "Type": "daily", "Action": "check_covrage", "Status": "active"})
    row = office.until("later", Runs=0)
    assert 'did you mean "check_coverage"?' in row["Health"]
    office.type("later", "Action", "check_coverage")
    daemon.until("row.mended")
    office.person.rename(office.source, "Description", "What for")
    office.person.delete(office.page("later"))
    office.person.sort_view(office.source, "Name", "descending")

    assert daemon.stop() == 0
    refused = [answer for answer in office.answers() if answer[1] >= 400]
    assert set(refused) <= {("pages.update", 400)}  # the row that was deleted, perhaps, while it was being told that it is mended
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble"))]
    history = rowd("history", "--json", cwd=office.folder).stdout
    assert TOKEN not in said(daemon) + history


def test_a_write_that_was_saved_and_answered_503_makes_nothing_happen_twice(office: Office) -> None:
    daemon = office.start()
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    office.notion.faults.add(Unanswered("pages.update", times=3))
    office.type("guidelines_refresh", "Current", 5)
    row = office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 0 of 5")
    assert row["Current"] == 0
    assert daemon.stop() == 0
    assert office.row("guidelines_refresh")["Runs"] == 1


def test_a_database_that_was_taken_away_is_told_and_goes_on_once_it_is_shared_again(office: Office) -> None:
    daemon = office.start()
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    shared = set(office.connection.shared)
    office.connection.shared.clear()
    told = daemon.until("table.unreachable")
    assert told["needs_owner"]
    assert 'the connection "rowd" may see' in told["message"]
    assert "add the connection under ••• → Connections" in told["message"]
    office.type("guidelines_refresh", "Current", 5)
    office.connection.shared.update(shared)
    daemon.until("table.recovered")
    office.until("guidelines_refresh", Runs=1, Last_Status="succeeded")
    assert daemon.stop() == 0


def test_without_a_token_it_says_where_to_put_one(office: Office) -> None:
    (office.folder / ".env").unlink()
    daemon = office.start()
    assert "NOTION_TOKEN=… into .env" in daemon.until("table.unreachable")["message"]
    assert daemon.stop() == 0
    assert office.answers() == []


def test_commands_add_edit_and_delete_a_row_of_the_database(office: Office) -> None:
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
    assert office.names() == ["guidelines_refresh", "vitest_rerun", "coverage_check"]
    options = next(column.options for column in office.source.properties.values() if column.name == "Status")
    assert [option.name for option in options] == ["active", "paused", "completed"]

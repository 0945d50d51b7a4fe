"""Vendors' tables in the simulation: the emulator behind the real connector without a socket, and a person's hand on it."""

from __future__ import annotations

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.api import Gate, Table
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from connectors.notion import NotionSettings, NotionTable
from tests.conformance.sheets_bench import place as sheets_place
from tests.emulators import airtable, google_sheets, notion
from tests.emulators.airtable.model import Base
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.inprocess import Adapter, Transport
from tests.emulators.core.switches import Switch
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.notion import texts
from tests.emulators.notion.emulator import TOKEN
from tests.emulators.notion.person import Person as NotionPerson
from tests.emulators.notion.world import Page
from tests.fakes.virtual import VirtualClock
from tests.unit.airtable.conftest import place as airtable_place

HEADER = (
    *("ID", "Name", "Description", "Action", "Schedule", "Priority", "Status"),
    *("Health", "Next Run", "Last Run", "Last Status", "Runs", "Missed"),
)
NOWHERE = "https://emulated.invalid"

Cells = Mapping[str, str]


class Now:
    """An emulator's clock that is the simulation's."""

    def __init__(self, clock: VirtualClock) -> None:
        self.now = clock.now


class Cloud(ABC):
    """One table. A person knows its rows by Name."""

    service: Emulator

    @abstractmethod
    def open(self, gate: Gate) -> Table:
        """As a new process has it."""

    @abstractmethod
    def rows(self) -> dict[str, dict[str, str]]:
        """As people see them: Name → column → text, without what is blank."""

    @abstractmethod
    def type(self, name: str, column: str, text: str) -> None: ...

    @abstractmethod
    def insert(self, cells: Cells) -> None: ...

    @abstractmethod
    def copy(self, name: str, to: str) -> None:
        """Copy the whole row, and give the copy another Name."""

    @abstractmethod
    def delete(self, name: str) -> None: ...

    @abstractmethod
    def shuffle(self, rng: random.Random) -> None:
        """Put the rows into another order."""


class Sheets(Cloud):
    def __init__(self, clock: VirtualClock, switches: Mapping[str, str], rows: list[Cells], folder: Path) -> None:
        self.service: google_sheets.GoogleSheets = google_sheets.make(Now(clock), switches, 1)
        lines = [list(HEADER), *([row.get(column, "") for column in HEADER] for row in rows)]
        self._id = put_in(self.service, "Ops", {"Tasks": lines}, google_sheets.OWNER, google_sheets.ROBOT).id
        self._person = google_sheets.person.Person(self.service, self._id, "Tasks")
        self._folder = folder
        (folder / "key.json").write_text(json.dumps(self.service.accounts.service_account(google_sheets.ROBOT, NOWHERE)))

    def open(self, gate: Gate) -> Table:
        said = {"spreadsheet": self._id, "tab": "Tasks", "credentials": "key.json", "endpoint": NOWHERE}
        table: Any = BACKEND.open(GoogleSheetsSettings.model_validate(said), replace(sheets_place(self._folder), gate=gate))
        edge = table._sheet._edge
        made: Callable[[], Any] = edge._made

        def in_process() -> Any:
            client = made()
            edge._session.mount("https://", Adapter(self.service))
            return client

        edge._made = in_process
        opened: Table = table
        return opened

    def rows(self) -> dict[str, dict[str, str]]:
        header, *rows = self._person.seen()
        found = ({c: text for c, text in zip(header, row, strict=False) if text} for row in rows if any(row))
        return {cells.get("Name", ""): cells for cells in found}

    def type(self, name: str, column: str, text: str) -> None:
        self._person.type(f"{self._letter(column)}{self._line(name)}", text)

    def insert(self, cells: Cells) -> None:
        at = len(self._person.seen()) + 1
        self._person.paste(f"A{at}", [[cells.get(column, "") for column in HEADER]])

    def copy(self, name: str, to: str) -> None:
        at = len(self._person.seen()) + 1
        self._person.insert_rows(at)
        self._person.copy_row(self._line(name), at)
        self._person.type(f"{self._letter('Name')}{at}", to)

    def delete(self, name: str) -> None:
        self._person.delete_rows(self._line(name))

    def shuffle(self, rng: random.Random) -> None:
        self._person.sort(self._letter(rng.choice(["Name", "Description", "Schedule"])), descending=rng.random() < 0.5)

    def _line(self, name: str) -> int:
        at = HEADER.index("Name")
        return next(n for n, row in enumerate(self._person.seen(), 1) if len(row) > at and row[at] == name)

    @staticmethod
    def _letter(column: str) -> str:
        return chr(ord("A") + HEADER.index(column))


class Airtable(Cloud):
    def __init__(self, clock: VirtualClock, switches: Mapping[str, str], rows: list[Cells], folder: Path) -> None:
        self.service: airtable.Airtable = airtable.make(Now(clock), switches, 1)
        base = self.service.add_base(Base("appSimulated00001", "Ops", self.service.workspace))
        self.service.workspace.plan = "business"
        fields = [{"name": column, "type": "singleLineText"} for column in HEADER if column != "ID"]
        airtable.add_table(self.service, base, "Tasks", fields, [dict(row) for row in rows])
        self._person = airtable.Person(self.service, base.id, "Tasks")

    def open(self, gate: Gate) -> Table:
        settings = AirtableSettings.model_validate({"base": "appSimulated00001", "table": "Tasks", "plan": "business"})
        table: Any = AirtableTable(settings, replace(airtable_place(), gate=gate))
        table._client._api.session.mount("https://", Adapter(self.service))
        opened: Table = table
        return opened

    def rows(self) -> dict[str, dict[str, str]]:
        found = ({column: str(text) for column, text in cells.items() if text} for cells in self._person.rows().values())
        return {cells.get("Name", ""): cells for cells in found}

    def type(self, name: str, column: str, text: str) -> None:
        self._person.type(self._id(name), column, text)

    def insert(self, cells: Cells) -> None:
        self._person.insert({column: text for column, text in cells.items() if column != "ID"})

    def copy(self, name: str, to: str) -> None:
        self._person.type(self._person.duplicate(self._id(name)), "Name", to)

    def delete(self, name: str) -> None:
        self._person.delete(self._id(name))

    def shuffle(self, rng: random.Random) -> None:
        self._person.move(*rng.sample(list(self._person.rows()), 2))

    def _id(self, name: str) -> str:
        return next(key for key, cells in self._person.rows().items() if cells.get("Name") == name)


class Notion(Cloud):
    def __init__(self, clock: VirtualClock, switches: Mapping[str, str], rows: list[Cells], folder: Path) -> None:
        self.service: notion.Notion = notion.make(Now(clock), switches, 1)
        self._lag = int(switches.get("index_lag_s", "0"))
        self._person = NotionPerson(self.service)
        home = self._person.page("Home")
        self._person.share(home, self.service.api.connections[TOKEN])
        columns: dict[str, Any] = {c: {"title": {}} if c == "Name" else {"rich_text": {}} for c in HEADER if c != "ID"}
        self._source = self._person.database("Tasks", columns, home)
        for row in rows:
            self.insert(row)

    def open(self, gate: Gate) -> Table:
        said = {"database": self._source.parent[1], "endpoint": NOWHERE, "lag": f"{self._lag}s"}
        there = replace(airtable_place(), secret=lambda _: TOKEN, gate=gate)
        table: Any = NotionTable(NotionSettings.model_validate(said), there)
        vendors = table._client._vendors.client
        vendors._transport, vendors._mounts = Transport(self.service), {}
        opened: Table = table
        return opened

    def rows(self) -> dict[str, dict[str, str]]:
        with self.service.lock:
            found = [self._seen(page) for page in self._person.rows(self._source)]
        return {cells.get("Name", ""): cells for cells in found}

    def type(self, name: str, column: str, text: str) -> None:
        self._person.type(self._page(name), column, text)

    def insert(self, cells: Cells) -> None:
        self._person.insert(self._source, {column: text for column, text in cells.items() if text and column != "ID"})

    def copy(self, name: str, to: str) -> None:
        self.insert({**self._seen(self._page(name)), "Name": to})

    def delete(self, name: str) -> None:
        self._person.delete(self._page(name))

    def shuffle(self, rng: random.Random) -> None:
        """No API tells of an order."""

    def _page(self, name: str) -> Page:
        return next(page for page in self._person.rows(self._source) if self._seen(page).get("Name") == name)

    def _seen(self, page: Page) -> dict[str, str]:
        columns = self._source.properties.values()
        return {c.name: text for c in columns if (text := texts.plain(page.values.get(c.id) or []))}


CLOUDS: Mapping[str, Callable[[VirtualClock, Mapping[str, str], list[Cells], Path], Cloud]] = {
    "sheets": Sheets,
    "airtable": Airtable,
    "notion": Notion,
}

SWITCHES: Mapping[str, tuple[Switch, ...]] = {
    "sheets": google_sheets.switches.SWITCHES,
    "airtable": airtable.switches.SWITCHES,
    "notion": notion.switches.SWITCHES,
}

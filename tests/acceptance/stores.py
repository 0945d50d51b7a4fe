"""The four stores with the sample table, or an empty one like it: vendors' over HTTP, and each with a person's hand."""

from __future__ import annotations

import csv
import io
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.emulators.airtable import TOKEN as AIRTABLE_TOKEN
from tests.emulators.airtable import Person as AirtablePerson
from tests.emulators.airtable import add_table
from tests.emulators.airtable import make as make_airtable
from tests.emulators.airtable.model import Base as AirtableBase
from tests.emulators.airtable.seeds import TASK_FIELDS, TASK_ROWS
from tests.emulators.core.clock import RealClock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Json
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT
from tests.emulators.google_sheets import make as make_sheets
from tests.emulators.google_sheets.person import Person as SheetPerson
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.notion import make as make_notion
from tests.emulators.notion import texts
from tests.emulators.notion.emulator import TOKEN as NOTION_TOKEN
from tests.emulators.notion.person import Person as NotionPerson
from tests.emulators.notion.samples import COLUMNS as NOTION_COLUMNS
from tests.emulators.notion.world import Page, Property

HEADER = ["ID", "Name", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata", "Due", "Done"]
"""The sample table's columns, and two of people's own: in Airtable and Notion a date without a time, and a checkbox."""

SAMPLES: list[dict[str, Any]] = [
    {**row, "Due": f"2026-03-0{number}", "Done": number == 1} for number, row in enumerate(TASK_ROWS, 1)
]

SECRETS = f"AIRTABLE_TOKEN={AIRTABLE_TOKEN}\nNOTION_TOKEN={NOTION_TOKEN}\n"


class Store(ABC):
    """One table of a store. What a person sees is text, by Name and column; what they don't see is left out."""

    @abstractmethod
    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None: ...

    @abstractmethod
    def definition(self, name: str) -> str:
        """Its part of rowd.toml."""

    @abstractmethod
    def rows(self) -> dict[str, dict[str, str]]:
        """Every row, by its Name."""

    @abstractmethod
    def type(self, name: str, column: str, text: Any) -> None: ...

    @abstractmethod
    def insert(self, cells: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def delete(self, name: str) -> None: ...

    service: Emulator
    """Of a vendor's."""

    def refused(self) -> list[int]:
        """The statuses of requests that the vendor refused by itself."""
        return [entry.answer.status for entry in self.service.journal if entry.answer.status >= 400 and not entry.faulty]

    def lose_answers(self, chance: float) -> Fault:
        """From now on, of that many requests in all the connection breaks after they were carried out."""
        return self.service.faults.add(Fault(chance=chance, committed=True, reset=True))

    @abstractmethod
    def close(self) -> None:
        """Let go of what it is served by."""


def words(cells: Mapping[str, Any]) -> dict[str, str]:
    """Cells as a person would read them aloud, alike in every store: without blank ones, and boxes that aren't ticked."""
    found = {column: _word(cell) for column, cell in cells.items() if not isinstance(cell, list)}
    return {column: cell for column, cell in found.items() if cell}


def _word(cell: Any) -> str:
    if cell is None or cell is False or cell in ("FALSE", "no"):
        return ""
    return "yes" if cell is True or cell == "TRUE" else str(cell)


class Local(Store):
    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self._file = folder / f"table-{len(list(folder.iterdir()))}.csv"
        self._hand = threading.Lock()  # people who sit at one program
        self._save([{"ID": str(n), **row} for n, row in enumerate(rows, 1)])

    def definition(self, name: str) -> str:
        return f'[tables.{name}]\nconnector = "local"\npath = "{self._file.name}"\n'

    def rows(self) -> dict[str, dict[str, str]]:
        return {row["Name"]: words(row) for row in self._lines()}

    def type(self, name: str, column: str, text: Any) -> None:
        with self._hand:
            self._save([{**row, column: text} if row["Name"] == name else row for row in self._lines()])

    def insert(self, cells: Mapping[str, Any]) -> None:
        with self._hand:
            self._save([*self._lines(), dict(cells)])

    def delete(self, name: str) -> None:
        with self._hand:
            self._save([row for row in self._lines() if row["Name"] != name])

    def refused(self) -> list[int]:
        return []

    def close(self) -> None:
        pass

    def _lines(self) -> list[dict[str, Any]]:
        return list(csv.DictReader(io.StringIO(self._file.read_text(encoding="utf-8"), newline="")))

    def _save(self, rows: list[dict[str, Any]]) -> None:
        saved = io.StringIO(newline="")
        lines = csv.DictWriter(saved, HEADER, restval="", lineterminator="\n")
        lines.writeheader()
        lines.writerows(
            {column: "yes" if cell is True else "" if cell is None or cell is False else cell for column, cell in row.items()}
            for row in rows
        )
        draft = self._file.with_name(f".{self._file.name}.draft")
        draft.write_text(saved.getvalue(), encoding="utf-8")
        draft.replace(self._file)


class Sheet(Store):
    def __init__(self, folder: Path, rows: list[dict[str, Any]], *, tab: str = "Tasks") -> None:
        """tab: another than Tasks has no columns yet."""
        self.service = make_sheets(RealClock())
        lines = [[n, *(row.get(column) for column in HEADER[1:])] for n, row in enumerate(rows, 1)]
        tabs: dict[str, list[list[Any]]] = {"Tasks": [HEADER, *lines], tab: []} if tab != "Tasks" else {"Tasks": [HEADER, *lines]}
        self.id = put_in(self.service, "Ops", tabs, OWNER, ROBOT).id
        self._person = SheetPerson(self.service, self.id, tab)
        self._server = Server(self.service)
        self._key = folder / "service-account.json"
        self._key.write_text(json.dumps(self.service.accounts.service_account(ROBOT, self._server.base)))
        self._key.chmod(0o600)

    def definition(self, name: str) -> str:
        where = f'spreadsheet = "{self.id}"\ntab = "Tasks"\ncredentials = "{self._key}"\nendpoint = "{self._server.base}"'
        return f'[tables.{name}]\nconnector = "google_sheets"\n{where}\n'

    def rows(self) -> dict[str, dict[str, str]]:
        header, *rows = self._person.seen()
        return {row[header.index("Name")]: words(dict(zip(header, row, strict=False))) for row in rows if any(row)}

    def type(self, name: str, column: str, text: Any) -> None:
        self._person.type(f"{chr(ord('A') + HEADER.index(column))}{self._line(name)}", str(text))

    def insert(self, cells: Mapping[str, Any]) -> None:
        at = len(self._person.seen()) + 1
        for column, text in cells.items():
            self._person.type(f"{chr(ord('A') + HEADER.index(column))}{at}", str(text))

    def delete(self, name: str) -> None:
        self._person.delete_rows(self._line(name))

    def _line(self, name: str) -> int:
        return next(n for n, row in enumerate(self._person.seen(), 1) if name in row)

    def close(self) -> None:
        self._server.close()
        assert self.service.unserved == []


class Base(Store):
    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.service = make_airtable(RealClock(), {"rate_limit_body": "errors"}, 1)
        base = self.service.add_base(AirtableBase("appOpsOpsOpsOps01", "Ops", self.service.workspace))
        own = [
            {"name": "Due", "type": "date", "options": {"dateFormat": {"name": "iso"}}},
            {"name": "Done", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
        ]
        add_table(self.service, base, "Tasks", [*TASK_FIELDS, *own], rows)
        self._person = AirtablePerson(self.service, base.id, "Tasks")
        self._server = Server(self.service)

    def definition(self, name: str) -> str:
        said = self.service.snippet(self._server.base).replace('plan = "team"', 'plan = "business"')  # no month to be spread
        return said.replace("[tables.tasks]", f"[tables.{name}]")

    def rows(self) -> dict[str, dict[str, str]]:
        return {cells["Name"]: words(cells) for cells in self._person.rows().values()}

    def type(self, name: str, column: str, text: Any) -> None:
        self._person.type(name, column, text)

    def insert(self, cells: Mapping[str, Any]) -> None:
        self._person.insert(cells)

    def delete(self, name: str) -> None:
        self._person.delete(name)

    def close(self) -> None:
        self._server.close()
        assert self.service.unserved == []


class Database(Store):
    def __init__(self, folder: Path, rows: list[dict[str, Any]], *, lag_s: int = 0) -> None:
        self._lag = lag_s
        self.service = make_notion(RealClock(), {"index_lag_s": str(lag_s)}, 1)
        self._person = NotionPerson(self.service)
        home = self._person.page("Home")
        self._person.share(home, self.service.api.connections[NOTION_TOKEN])
        columns: dict[str, Json] = {**NOTION_COLUMNS, "Due": {"date": {}}, "Done": {"checkbox": {}}}
        self._source = self._person.database("Tasks", columns, home)
        for row in rows:
            self._person.insert(self._source, row)
        self._server = Server(self.service)

    def definition(self, name: str) -> str:
        said = self.service.snippet(self._server.base).replace("[tables.tasks]", f"[tables.{name}]")
        return f'{said}lag = "{self._lag}s"\n'

    def rows(self) -> dict[str, dict[str, str]]:
        found = [self._shown(page) for page in self._person.rows(self._source)]
        return {cells["Name"]: words(cells) for cells in found}

    def type(self, name: str, column: str, text: Any) -> None:
        self._person.type(self._page(name), column, text)

    def insert(self, cells: Mapping[str, Any]) -> None:
        self._person.insert(self._source, cells)

    def delete(self, name: str) -> None:
        self._person.delete(self._page(name))

    def _page(self, name: str) -> Page:
        return next(page for page in self._person.rows(self._source) if self._shown(page)["Name"] == name)

    def _shown(self, page: Page) -> dict[str, Any]:
        with self.service.lock:
            return {column.name: seen(column, page.values.get(column.id)) for column in self._source.properties.values()}

    def close(self) -> None:
        self._server.close()
        assert self.service.unserved == []


def seen(column: Property, value: Any) -> Any:
    """A cell of a Notion page as a person sees it."""
    match column.type:
        case "title" | "rich_text":
            return texts.plain(value or [])
        case "select":
            option = column.option(value)
            return option.name if option is not None else None
        case "date":
            return value["start"] if value else None
    return value


STORES: Mapping[str, Callable[[Path, list[dict[str, Any]]], Store]] = {
    "local": Local,
    "sheets": Sheet,
    "airtable": Base,
    "notion": Database,
}

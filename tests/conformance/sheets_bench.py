"""The bench of Google Sheets: the emulator behind a real socket, and a person at its page, through no API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from connectors.api import Cell, Place, Table
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from engine.journal import COLUMNS as COLUMNS_OF_A_JOURNAL
from tests.conformance.suite import COLUMNS, START, Bench
from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, GoogleSheets, a1, make, serials
from tests.emulators.google_sheets.accounts import Key
from tests.emulators.google_sheets.grid import ROWS, Formula
from tests.emulators.google_sheets.grid import Cell as SheetCell
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.seeding import put_in

TAB = "The team's tasks"
UNCOUNTED = ("drive", "token")
"""Operations that don't count against the quota of Sheets."""


def no_secret(name: str) -> str:
    raise KeyError(name)


def place(base: Path) -> Place:
    return Place(name="Ops", base=base, id_column="ID", name_column="Name", secret=no_secret, journal=COLUMNS_OF_A_JOURNAL)


@dataclass(frozen=True)
class World:
    """switches: how the vendor answers where nobody knows.   dated: columns that show dates.   settings: of the table besides.

    height: rows of a tab. With a column of dates each is formatted, and so told in every answer.
    """

    switches: Mapping[str, str] = field(default_factory=dict)
    dated: tuple[str, ...] = ()
    zone: str = "Etc/GMT"
    settings: Mapping[str, object] = field(default_factory=dict)
    height: int = ROWS


class SheetsBench(Bench):
    """quotas: whether there are any; a suite asks faster than anybody."""

    def __init__(self, folder: Path, world: World | None = None, *, quotas: bool = False) -> None:
        world = world or World()
        self.clock = SetClock(datetime.now(UTC).replace(microsecond=0))  # google-auth goes by the machine's
        self.service: GoogleSheets = make(self.clock, world.switches)
        self.service.quotas.on = quotas
        rows = [list(COLUMNS), *([row.get(header) for header in COLUMNS] for row in START)]
        self.file = put_in(self.service, "Ops", {"Other": [["x"]], TAB: rows}, OWNER, ROBOT, world.height)
        assert self.file.book is not None
        self.file.book.properties["timeZone"] = world.zone
        self.zone = world.zone
        self.person = Person(self.service, self.file.id, TAB)
        for header in world.dated:
            self._format(header, {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"})
        self.server = Server(self.service)
        self.folder = folder
        (folder / "key.json").write_text(json.dumps(_key(self.service, self.server.base)))
        self._settings = world.settings
        self.table: Table = self.reopened()

    def close(self) -> None:
        self.table.close()
        self.server.close()

    def reopened(self) -> Table:
        return self.opened(**self._settings)

    def opened(self, **said: object) -> Table:
        """A table with these settings besides, or instead."""
        usual = {"spreadsheet": self.file.id, "tab": TAB, "credentials": "key.json", "endpoint": self.server.base}
        there = replace(place(self.folder), gate=self.gate)
        return BACKEND.open(GoogleSheetsSettings.model_validate({**usual, **said}), there)

    def counted(self) -> int:
        return sum(not entry.operation.startswith(UNCOUNTED) for entry in self.service.journal)

    def peek(self) -> list[dict[str, Cell]]:
        sheet = self.person.sheet
        headers = self._headers()
        rows = ({h: self._shown(sheet.cell(r, c)) for c, h in enumerate(headers) if h} for r in range(1, sheet.last_filled_row()))
        return [row for row in rows if any(value is not None for value in row.values())]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        for header, value in cells.items():
            self.person.type(self.at(name, header), "" if value is None else str(value))

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        self.person.insert_rows(at + 2)
        self.person.paste(f"A{at + 2}", [["" if (v := cells.get(h)) is None else str(v) for h in self._headers()]])

    def delete(self, name: str) -> None:
        self.person.delete_rows(self._row(name) + 1)

    def sort_by(self, header: str) -> None:
        self.person.sort(self.letters(header))

    def rename(self, header: str, to: str) -> None:
        self.person.rename_column(header, to)

    def move(self, header: str, to: int) -> None:
        at = self._headers().index(header)
        self.person.move_columns(a1.letters(at), a1.letters(at), a1.letters(to if to < at else to + 1))

    def formula(self, name: str, header: str) -> bool:
        return isinstance(self._cell(name, header).entered, Formula)

    def at(self, name: str, header: str) -> str:
        """A cell as the page calls it."""
        return f"{self.letters(header)}{self._row(name) + 1}"

    def asked(self, *operations: str) -> list[str]:
        """Which requests of Sheets came, since this was last asked; without Drive and tokens."""
        found = [entry.operation for entry in self.service.journal if not entry.operation.startswith(UNCOUNTED)]
        self.service.journal.clear()
        return found

    def _headers(self) -> list[str]:
        sheet = self.person.sheet
        return [str(sheet.cell(0, c).entered or "") for c in range(sheet.filled_width(0))]

    def letters(self, header: str) -> str:
        """What the page calls a column."""
        return a1.letters(self._headers().index(header))

    def _row(self, name: str) -> int:
        sheet, at = self.person.sheet, self._headers().index("Name")
        return next(r for r in range(1, sheet.height) if sheet.cell(r, at).entered == name)

    def _cell(self, name: str, header: str) -> SheetCell:
        return self.person.sheet.cell(self._row(name), self._headers().index(header))

    def _shown(self, cell: SheetCell) -> Cell:
        entered = cell.entered
        if isinstance(entered, float):
            if cell.format.get("numberFormat", {}).get("type") in ("DATE", "DATE_TIME"):
                return serials.moment(entered).replace(tzinfo=ZoneInfo(self.zone))
            return int(entered) if entered.is_integer() else entered
        assert not isinstance(entered, Formula)
        return entered

    def _format(self, header: str, number_format: Mapping[str, str]) -> None:
        sheet, column = self.person.sheet, self._headers().index(header)
        for row in range(1, sheet.height):
            cell = sheet.cell(row, column)
            sheet.put(row, column, SheetCell(cell.entered, {"numberFormat": dict(number_format)}, "", None))


_PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 (of nothing that anybody has)
"""A key pair takes a moment to make: all benches have the same. One of 2048 bits takes seven times as long to be read, by each."""


def _key(service: GoogleSheets, base: str) -> dict[str, str]:
    key = Key(service.accounts.account(ROBOT, robot=True), "one-for-all")
    key.__dict__["private"] = _PRIVATE
    service.accounts.keys[key.id] = key
    return service.accounts.service_account(ROBOT, base)

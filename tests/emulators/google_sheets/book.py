"""A spreadsheet: its tabs, names, developer metadata, and how all of it is put back when a request fails half-way."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import a1
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import MOST_CELLS, MOST_COLUMNS, Area, Column, Row, Sheet


class Entry(NamedTuple):
    """Developer metadata.   sheet: None for what is the spreadsheet's.   line: the row or column; None for what is the tab's."""

    id: int
    key: str
    value: str
    visibility: str
    project: str
    sheet: Sheet | None
    line: Row | Column | None


@dataclass(eq=False)
class Book:
    """properties: the API's SpreadsheetProperties, with `title`, `locale` and `timeZone`.   names: the API's NamedRange, by id."""

    id: str
    properties: dict[str, Json]
    sheets: list[Sheet]
    names: dict[str, Json] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        return str(self.properties["locale"])

    def sheet(self, number: int) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.id == number), None)

    def titled(self, title: str) -> Sheet:
        """Raises KeyError."""
        for sheet in self.sheets:
            if sheet.title == title:
                return sheet
        raise KeyError(title)

    def place(self, text: str) -> a1.Place:
        """Raises Refused."""
        return a1.place(text, self.sheets, self.named_places())

    def named_places(self) -> dict[str, tuple[Sheet, Area]]:
        found = {}
        for name in self.names.values():
            if (sheet := self.sheet(name["range"].get("sheetId", 0))) is not None:
                found[name["name"].lower()] = (sheet, from_json(name["range"], sheet))
        return found

    def room(self, sheet: Sheet, height: int, width: int) -> None:
        """Whether `sheet` may become that large. Raises Refused."""
        if width > MOST_COLUMNS:
            raise invalid(f"This action would increase the number of columns above the limit of {MOST_COLUMNS} columns.")
        others = sum(other.height * other.width for other in self.sheets if other is not sheet)
        if others + height * width > MOST_CELLS:
            raise invalid(f"This action would increase the number of cells in the workbook above the limit of {MOST_CELLS} cells.")

    def sweep(self) -> None:
        """Metadata of what is gone goes with it (discovery document: DeveloperMetadata)."""
        if not self.entries:
            return
        lines: set[Row | Column] = set()
        for sheet in self.sheets:
            lines.update(sheet.rows)
            lines.update(sheet.columns)
        here = set(map(id, self.sheets))
        for entry in list(self.entries.values()):
            if (entry.sheet is not None and id(entry.sheet) not in here) or (entry.line is not None and entry.line not in lines):
                del self.entries[entry.id]

    def keep(self) -> Callable[[], None]:
        """What puts everything back as it is now."""
        properties, names, entries = deepcopy(self.properties), deepcopy(self.names), dict(self.entries)
        sheets = list(self.sheets)
        kept = [(sheet, _kept(sheet)) for sheet in sheets]

        def back() -> None:
            self.properties, self.names, self.entries, self.sheets[:] = properties, names, entries, sheets
            for sheet, state in kept:
                _put_back(sheet, *state)

        return back


def _kept(sheet: Sheet) -> tuple[Any, ...]:
    rows = [(row, list(row.cells), row.size, row.hidden) for row in sheet.rows]
    columns = [(column, column.size, column.hidden) for column in sheet.columns]
    return sheet.title, rows, columns, deepcopy(sheet.properties), deepcopy(sheet.parts)


def _put_back(
    sheet: Sheet,
    title: str,
    rows: list[tuple[Row, Any, int, bool]],
    columns: list[tuple[Column, int, bool]],
    properties: dict[str, Json],
    parts: dict[str, Json],
) -> None:
    for row, cells, size, hidden in rows:
        row.cells, row.size, row.hidden = list(cells), size, hidden
    for column, size, hidden in columns:
        column.size, column.hidden = size, hidden
    sheet.rows[:] = [row for row, *_ in rows]
    sheet.columns[:] = [column for column, *_ in columns]
    sheet.title, sheet.properties, sheet.parts = title, properties, parts


def from_json(given: Json, sheet: Sheet) -> Area:
    """A GridRange's area; what is left out is open, and closed by the grid."""
    return Area(
        given.get("startRowIndex") or 0,
        _end(given.get("endRowIndex"), sheet.height),
        given.get("startColumnIndex") or 0,
        _end(given.get("endColumnIndex"), sheet.width),
    )


def _end(given: int | None, size: int) -> int:
    return size if given is None else given


def to_json(sheet: Sheet, area: Area) -> Json:
    """A GridRange as answers have it: without the tab's id where that is 0 (gspread's recordings of protected and named ranges)."""
    bounds = {
        "startRowIndex": area.top,
        "endRowIndex": area.bottom,
        "startColumnIndex": area.left,
        "endColumnIndex": area.right,
    }
    return {"sheetId": sheet.id, **bounds} if sheet.id else bounds

"""Cells by ranges: what `spreadsheets.values` reads, writes and clears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import a1, entering, errors, formulas, guards
from tests.emulators.google_sheets.a1 import Place
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.grid import Area, Cell, Entered, Formula, Sheet
from tests.emulators.google_sheets.locales import Locale, locale
from tests.emulators.google_sheets.rendering import Renderer

COLUMNS = "COLUMNS"


class Written(NamedTuple):
    """What a write has done.   cells: where something was written; nulls are passed over."""

    sheet: Sheet
    area: Area
    cells: frozenset[tuple[int, int]]


def on_grid(place: Place) -> Area:
    """The part of it that there is. Raises Refused where it begins beyond the grid."""
    sheet, area = place.sheet, place.area
    if area.top >= sheet.height or area.left >= sheet.width:
        cells = place.text.rpartition("!")[2]
        raise errors.beyond_grid(f"{a1.quoted(sheet.title)}!{a1.tidy(cells)}", sheet.height, sheet.width)
    return area._replace(bottom=min(area.bottom, sheet.height), right=min(area.right, sheet.width))


def read(sheet: Sheet, area: Area, renderer: Renderer, dimension: str = "ROWS") -> Json:
    """A ValueRange: without the empty cells at the end of a row, without the empty rows at the end, without `values` for none."""
    rows = [_trimmed(renderer.line(sheet, row, area.left, area.right)) for row in range(area.top, area.bottom)]
    if dimension == COLUMNS:
        width = max(map(len, rows), default=0)
        rows = [_trimmed([row[column] if column < len(row) else "" for row in rows]) for column in range(width)]
    while rows and not rows[-1]:
        rows.pop()
    found = {"range": a1.written(sheet, area), "majorDimension": dimension}
    return {**found, "values": rows} if rows else found


def _trimmed(cells: list[Json]) -> list[Json]:
    while cells and cells[-1] == "":
        cells.pop()
    return cells


class Writer:
    """How texts become cells in one spreadsheet at one moment.   option: ValueInputOption.   email: who writes."""

    def __init__(self, book: Book, at: datetime, option: str, email: str, strict: bool) -> None:
        self._book, self._option, self._email, self._strict = book, option, email, strict
        self._today = at.astimezone(ZoneInfo(str(book.properties["timeZone"]))).date()
        self._locale: Locale = locale(book.locale)

    def write(self, place: Place, values: Sequence[Sequence[Json]], dimension: str | None) -> Written:
        """From the range's first cell on. Raises Refused, having written some, and NotEmulated."""
        rows = _turned(values) if dimension == COLUMNS else [list(row) for row in values]
        sheet, start = place.sheet, place.area
        width = max(map(len, rows), default=0)
        area = Area(start.top, start.top + max(len(rows), 1), start.left, start.left + max(width, 1))
        self._fits(place, area)
        guards.check(sheet, area, self._email)
        done = set()
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    self.put(sheet, area.top + r, area.left + c, value, f"values[{r}][{c}]")
                    done.add((area.top + r, area.left + c))
        return Written(sheet, area, frozenset(done))

    def put(self, sheet: Sheet, row: int, column: int, value: Json, path: str) -> None:
        """One value into one cell."""
        if isinstance(value, dict | list):
            kind = "struct_value" if isinstance(value, dict) else "list_value"
            raise errors.invalid(f"Invalid {path}: {kind} {{\n}}\n")
        if isinstance(value, str):
            guards.fits(value)
        if value != "":
            guards.covered(sheet, row, column)
        cell = self.cell(sheet.cell(row, column), value)
        if self._strict and not guards.allows(cell.rule, cell.entered):
            name = a1.corner(row, column)
            raise errors.invalid(f"The data you entered in cell {name} violates the data validation rules set on this cell.")
        sheet.put(row, column, cell)

    def cell(self, cell: Cell, value: Json) -> Cell:
        """The cell with another value, and with the number format that comes with it, where it has none."""
        if self._option == "RAW":
            return replace(cell, entered=entering.raw(value).value)
        own = cell.format.get("numberFormat", {})
        found = entering.typed(value, self._locale, self._today, own)
        entered: Entered | None = found.value
        if isinstance(entered, Formula):
            formulas.check(entered.text)
        if own.get("type") == "PERCENT" and isinstance(value, str) and isinstance(entered, float) and found.format is None:
            entered = entered / 100
        if found.format is None or own:
            return replace(cell, entered=entered)
        return replace(cell, entered=entered, format={**cell.format, "numberFormat": found.format})

    def _fits(self, place: Place, area: Area) -> None:
        sheet, given = place.sheet, place.area
        if given.top >= sheet.height or given.left >= sheet.width:
            on_grid(place)
        right, bottom = (sheet.width, sheet.height) if place.anchor else (given.right, given.bottom)
        where = f"Requested writing within range [{a1.written(sheet, given)}], but tried writing to"
        if area.right > min(right, sheet.width):
            raise errors.invalid(f"{where} column [{a1.letters(min(right, sheet.width))}]")
        if area.bottom > min(bottom, sheet.height):
            raise errors.invalid(f"{where} row [{min(bottom, sheet.height) + 1}]")


def _turned(columns: Sequence[Sequence[Json]]) -> list[list[Json]]:
    height = max(map(len, columns), default=0)
    return [[column[row] if row < len(column) else None for column in columns] for row in range(height)]


def clear(sheet: Sheet, area: Area, email: str) -> str:
    """The values go; formats, notes and rules stay. The range that was cleared."""
    guards.check(sheet, area, email)
    for row in range(area.top, area.bottom):
        cells = sheet.rows[row].cells
        for column in range(area.left, min(area.right, len(cells))):
            if cells[column].entered is not None:
                cells[column] = replace(cells[column], entered=None)
    return a1.written(sheet, area)


def update_answer(book: Book, written: Written) -> dict[str, Json]:
    """An UpdateValuesResponse. Rows and columns count where something was written (gspread: test_update_cells_noncontiguous)."""
    counts = {
        "updatedRows": len({row for row, _ in written.cells}),
        "updatedColumns": len({column for _, column in written.cells}),
        "updatedCells": len(written.cells),
    }
    found: dict[str, Json] = {"spreadsheetId": book.id, "updatedRange": a1.written(written.sheet, written.area)}
    return {**found, **{name: number for name, number in counts.items() if number}}


def totals(book: Book, writes: Iterable[Written]) -> dict[str, Json]:
    """What a batch has written, each row, column and cell counted once (gspread: test_batch_update, 4 columns in two rows)."""
    cells = {(written.sheet.id, *cell) for written in writes for cell in written.cells}
    counts = {
        "totalUpdatedRows": len({(sheet, row) for sheet, row, _ in cells}),
        "totalUpdatedColumns": len({(sheet, column) for sheet, _, column in cells}),
        "totalUpdatedCells": len(cells),
        "totalUpdatedSheets": len({sheet for sheet, *_ in cells}),
    }
    return {"spreadsheetId": book.id, **{name: number for name, number in counts.items() if number}}

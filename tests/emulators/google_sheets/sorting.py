"""Sorting rows: numbers before texts before truths, empty cells last either way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets.book import from_json
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.formula_text import carried
from tests.emulators.google_sheets.grid import EMPTY, Area, Cell, Failure, Formula, Sheet
from tests.emulators.google_sheets.rendering import Renderer


def covers(sheet: Sheet, area: Area) -> bool:
    """Whether the range has everything that stands in its rows, so that whole rows are sorted, and not some of their cells."""
    for row in range(area.top, area.bottom):
        cells = sheet.rows[row].cells
        outside = [*cells[: area.left], *cells[area.right :]]
        if any(cell.entered is not None for cell in outside):
            return False
    return True


def order(sheet: Sheet, area: Area, specs: Sequence[Json], renderer: Renderer) -> list[int]:
    """The rows in their new order, by their old index. Equal ones stay as they are. Raises Refused."""
    if any(area.meets(from_json(one, sheet)) for one in sheet.parts.get("merges", [])):
        raise NotEmulated("sorting merged cells")
    rows = list(range(area.top, area.bottom))
    for spec in reversed(specs):
        column = spec.get("dimensionIndex", 0)
        if not area.left <= column < area.right:
            raise invalid(f"Sort column {column} is not in the range.")
        if set(spec) - {"dimensionIndex", "sortOrder"}:
            raise NotEmulated("sorting by colour")
        falls = spec.get("sortOrder") == "DESCENDING"
        values = {row: renderer.result(sheet, row, column).value for row in rows}
        filled = [row for row in rows if values[row] is not None]
        empty = [row for row in rows if values[row] is None]
        filled.sort(key=lambda row: _key(values[row]), reverse=falls)
        rows = filled + empty
    return rows


def _key(value: object) -> tuple[int, float | str]:
    if isinstance(value, bool):
        return 2, float(value)
    if isinstance(value, float):
        return 0, value
    if isinstance(value, Failure):
        return 3, 0.0
    return 1, str(value).lower()


def sort(sheet: Sheet, area: Area, rows: Sequence[int], rows_follow: bool) -> None:
    """Put the cells in that order.   rows_follow: the rows themselves go, and with them what is attached to them."""
    old = [(list(row.cells), row.size, row.hidden) for row in sheet.rows[area.top : area.bottom]]
    if rows_follow:
        sheet.rows[area.top : area.bottom] = [sheet.rows[row] for row in rows]
    for offset, source in enumerate(rows):
        cells, size, hidden = old[offset]
        new = list(cells) + [EMPTY] * (area.right - len(cells))
        for column in range(area.left, area.right):
            moved = old[source - area.top][0]
            cell = moved[column] if column < len(moved) else EMPTY
            new[column] = _carried(cell, area.top + offset - source)
        row = sheet.rows[area.top + offset]
        while new and new[-1].bare:
            new.pop()
        row.cells, row.size, row.hidden = new, size, hidden


def _carried(cell: Cell, rows: int) -> Cell:
    if rows and isinstance(cell.entered, Formula):
        return replace(cell, entered=Formula(carried(cell.entered.text, rows, 0)))
    return cell

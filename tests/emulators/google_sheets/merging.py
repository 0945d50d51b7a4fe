"""Cells that are shown as one."""

from __future__ import annotations

from dataclasses import replace

from tests.emulators.google_sheets.book import from_json, to_json
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import Area, Sheet


def merge(sheet: Sheet, area: Area, kind: str = "MERGE_ALL") -> None:
    """What the other cells of a merge have is lost. A merge takes the place of those that lie within it."""
    if not area.height or not area.width:
        return
    kept = _outside(sheet, area)
    match kind:
        case "MERGE_ROWS":
            new = [area._replace(top=row, bottom=row + 1) for row in range(area.top, area.bottom)]
        case "MERGE_COLUMNS":
            new = [area._replace(left=column, right=column + 1) for column in range(area.left, area.right)]
        case _:
            new = [area]
    for one in new:
        for row in range(one.top, one.bottom):
            for column in range(one.left, one.right):
                if (row, column) != (one.top, one.left) and sheet.filled(row, column):
                    sheet.put(row, column, replace(sheet.cell(row, column), entered=None))
    sheet.parts["merges"] = [to_json(sheet, one) for one in [*kept, *new]]


def unmerge(sheet: Sheet, area: Area) -> None:
    """Each cell is shown for itself again."""
    sheet.parts["merges"] = [to_json(sheet, one) for one in _outside(sheet, area)]


def _outside(sheet: Sheet, area: Area) -> list[Area]:
    """The merges that don't lie within. Raises Refused where one lies there in part."""
    merges = [from_json(one, sheet) for one in sheet.parts.get("merges", [])]
    if any(area.meets(one) and not one.within(area) for one in merges):
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    return [one for one in merges if not area.meets(one)]

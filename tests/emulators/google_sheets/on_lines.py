"""Requests about rows and columns: insert, delete, move, append, sort, hide, group."""

from __future__ import annotations

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import following, guards, masks, sorting
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import Cell, Column, Row, Sheet


def _span(call: Call, given: Json) -> tuple[Sheet, bool, int, int]:
    """Tab, whether rows, start and end. Raises Refused."""
    sheet = call.sheet(given.get("sheetId"))
    if given.get("dimension") not in ("ROWS", "COLUMNS"):
        raise invalid("No dimension specified.")
    rows = given["dimension"] == "ROWS"
    size = sheet.height if rows else sheet.width
    start, end = given.get("startIndex", 0), given.get("endIndex", size)
    if start < 0 or end < 0:
        raise invalid("DimensionRange indexes must be >= 0")  # nithinmurali/pygsheets#361
    if end <= start:
        raise invalid(f"Invalid dimension range: startIndex {start} must be less than endIndex {end}.")
    return sheet, rows, start, end


def insert_dimension(call: Call) -> None:
    sheet, rows, start, end = _span(call, call.given["range"])
    size = sheet.height if rows else sheet.width
    before = bool(call.given.get("inheritFromBefore"))
    if start >= size and not before:
        raise invalid(f"range.startIndex[{start}] must be less than the grid size ({size}) if inheritFromBefore is false.")
    if start > size:
        raise invalid(f"range.startIndex[{start}] must be at most the grid size ({size}).")
    if before and start == 0:
        raise invalid("inheritFromBefore cannot be true if inserting at index 0.")
    guards.check_insert(sheet, rows, start, call.email)
    insert(call, sheet, rows, start, end - start, before)


def insert(call: Call, sheet: Sheet, rows: bool, at: int, count: int, before: bool) -> None:
    """New ones look as their neighbour does: format and rule, no values."""
    height, width = (sheet.height + count, sheet.width) if rows else (sheet.height, sheet.width + count)
    call.book.room(sheet, height, width)
    sheet.insert(rows, at, count)
    model = at - 1 if before else at + count
    for offset in range(count):
        if rows:
            cells = [Cell(None, cell.format, "", cell.rule) for cell in sheet.rows[model].cells]
            sheet.rows[at + offset].cells = cells if not all(cell.bare for cell in cells) else []
        else:
            sheet.columns[at + offset].size = sheet.columns[model].size
            for row in range(sheet.height):
                cell = sheet.cell(row, model)
                sheet.put(row, at + offset, Cell(None, cell.format, "", cell.rule))
    following.follow(call.book, sheet, rows, following.inserted(at, count))


def delete_dimension(call: Call) -> None:
    sheet, rows, start, end = _span(call, call.given["range"])
    size, word = (sheet.height, "row") if rows else (sheet.width, "column")
    if end > size:
        raise invalid(
            f"Cannot delete a {word} that doesn't exist. Tried to delete {word} index {end - 1} but there are only {size} {word}s."
        )
    if end - start == size:
        raise invalid(f"You can't delete all the {word}s on the sheet.")
    frozen = sheet.properties.get("gridProperties", {}).get("frozenRowCount" if rows else "frozenColumnCount", 0)
    if frozen and start <= frozen and end == size:
        raise invalid(f"Sorry, it is not possible to delete all non-frozen {word}s.")
    guards.check_lines(sheet, rows, start, end, call.email)
    sheet.delete(rows, start, end)
    if frozen > start:
        grid = sheet.properties["gridProperties"]
        grid["frozenRowCount" if rows else "frozenColumnCount"] = frozen - (min(end, frozen) - start)
    following.follow(call.book, sheet, rows, following.deleted(start, end))


def move_dimension(call: Call) -> None:
    sheet, rows, start, end = _span(call, call.given["source"])
    size, to = sheet.height if rows else sheet.width, call.given.get("destinationIndex", 0)
    if end > size or not 0 <= to <= size:
        raise invalid("Cannot move dimensions outside of the grid.")
    if start < to < end:
        raise invalid("Cannot move dimensions into themselves.")
    guards.check_lines(sheet, rows, start, end, call.email)
    guards.check_insert(sheet, rows, to, call.email)
    sheet.move(rows, start, end, to)
    following.follow(call.book, sheet, rows, following.carried(size, start, end, to))


def append_dimension(call: Call) -> None:
    sheet, count = call.sheet(call.given.get("sheetId")), call.given.get("length", 0)
    rows = call.given.get("dimension") == "ROWS"
    if count < 1 or call.given.get("dimension") not in ("ROWS", "COLUMNS"):
        raise invalid("length must be at least 1 and the dimension specified.")
    height, width = (sheet.height + count, sheet.width) if rows else (sheet.height, sheet.width + count)
    call.book.room(sheet, height, width)
    sheet.resize(height, width)


def update_dimension_properties(call: Call) -> None:
    sheet, rows, start, end = _span(call, call.given["range"])
    lines: list[Row] | list[Column] = sheet.rows if rows else sheet.columns
    said = call.given.get("properties", {})
    for path in masks.leaves(call.fields(), "DimensionProperties", "properties"):
        if path not in (("pixelSize",), ("hiddenByUser",)):
            raise NotEmulated(f"updateDimensionProperties of {'.'.join(path)}")
        for line in lines[start:end]:
            if path == ("pixelSize",):
                line.size = said.get("pixelSize", line.size)
            else:
                line.hidden = bool(said.get("hiddenByUser"))


def sort_range(call: Call) -> None:
    sheet, area = call.area(call.given["range"])
    specs = call.given.get("sortSpecs", [])
    if not specs:
        raise invalid("No sort spec specified.")
    guards.check(sheet, area, call.email)
    rows_follow = sorting.covers(sheet, area) or call.service.switches["partial_sort"] == "rows"
    sorting.sort(sheet, area, sorting.order(sheet, area, specs, call.service.renderer(call.book)), rows_follow)


def add_group(call: Call) -> Json:
    """One level only."""
    sheet, rows, start, end = _span(call, call.given["range"])
    groups = sheet.parts.setdefault("rowGroups" if rows else "columnGroups", [])
    if any(one["range"]["startIndex"] < end and start < one["range"]["endIndex"] for one in groups):
        raise NotEmulated("groups of rows or columns within each other")
    span = {"dimension": "ROWS" if rows else "COLUMNS", "startIndex": start, "endIndex": end}
    if sheet.id:
        span = {"sheetId": sheet.id, **span}
    groups.append({"range": span, "depth": 1})
    groups.sort(key=lambda one: int(one["range"]["startIndex"]))
    name = "rowGroupControlAfter" if rows else "columnGroupControlAfter"
    sheet.properties.setdefault("gridProperties", {})[name] = True
    return {"dimensionGroups": [dict(one) for one in groups]}


def delete_group(call: Call) -> Json:
    sheet, rows, start, end = _span(call, call.given["range"])
    name = "rowGroups" if rows else "columnGroups"
    groups = sheet.parts.get(name, [])
    kept = [one for one in groups if (one["range"]["startIndex"], one["range"]["endIndex"]) != (start, end)]
    if len(kept) == len(groups):
        raise NotEmulated("deleting a part of a group of rows or columns")
    sheet.parts[name] = kept
    return {"dimensionGroups": [dict(one) for one in kept]} if kept else {}


HANDLERS = {
    "insertDimension": insert_dimension,
    "deleteDimension": delete_dimension,
    "moveDimension": move_dimension,
    "appendDimension": append_dimension,
    "updateDimensionProperties": update_dimension_properties,
    "sortRange": sort_range,
    "addDimensionGroup": add_group,
    "deleteDimensionGroup": delete_group,
}

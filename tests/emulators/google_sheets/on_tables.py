"""Requests about tables: a range with a name, a header and types of columns."""

from __future__ import annotations

from dataclasses import replace

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import masks
from tests.emulators.google_sheets.book import from_json, to_json
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import EMPTY, Area, Sheet
from tests.emulators.google_sheets.on_cells import cell_paths, write_rows

TYPES = (
    "COLUMN_TYPE_UNSPECIFIED",
    "DOUBLE",
    "CURRENCY",
    "PERCENT",
    "DATE",
    "TIME",
    "DATE_TIME",
    "TEXT",
    "BOOLEAN",
    "DROPDOWN",
)


def add_table(call: Call) -> Json:
    given = call.given.get("table", {})
    if set(given) - {"name", "range", "columnProperties", "tableId"}:
        raise NotEmulated(f"a table with {', '.join(sorted(set(given) - {'name', 'range', 'columnProperties', 'tableId'}))}")
    sheet, area = call.area(given.get("range", {}))
    tables = [one for other in call.book.sheets for one in other.parts.get("tables", [])]
    if any(area.meets(from_json(one["range"], sheet)) for one in sheet.parts.get("tables", [])):
        raise invalid("A table cannot overlap another table.")
    key = given.get("tableId") or f"{call.service.random.getrandbits(48):x}"
    name = given.get("name") or f"Table{len(tables) + 1}"
    if any(one["tableId"] == key or one["name"].lower() == name.lower() for one in tables):
        raise invalid(f'A table with the name "{name}" or the id {key} already exists.')
    one = {
        "tableId": key,
        "name": name,
        "range": to_json(sheet, area),
        "columnProperties": _columns(call, sheet, area, given.get("columnProperties", [])),
    }
    sheet.parts.setdefault("tables", []).append(one)
    return {"table": one}


def _columns(call: Call, sheet: Sheet, area: Area, given: list[Json]) -> list[Json]:
    """One for each column; where none is named, the header's text is its name."""
    said = {one.get("columnIndex", 0): one for one in given}
    renderer = call.service.renderer(call.book)
    found = []
    for index in range(area.width):
        one = said.get(index, {})
        kind = one.get("columnType", "")
        if kind and kind not in TYPES:
            raise NotEmulated(f"a table's column of type {kind}")
        if kind == "DROPDOWN" and "dataValidationRule" not in one:
            raise invalid("A dropdown column needs a data validation rule.")
        name = one.get("columnName") or renderer.given(sheet, area.top, area.left + index) or f"Column {index + 1}"
        column: dict[str, Json] = {**({"columnIndex": index} if index else {}), "columnName": name}
        column.update({key: one[key] for key in ("columnType", "dataValidationRule") if one.get(key)})
        found.append(column)
        header = sheet.cell(area.top, area.left + index)
        if header.entered != name:
            sheet.put(area.top, area.left + index, replace(header, entered=str(name)))
    return found


def _find(call: Call, key: str) -> tuple[Sheet, Json]:
    for sheet in call.book.sheets:
        for one in sheet.parts.get("tables", []):
            if one["tableId"] == key:
                return sheet, one
    raise invalid(f"No table with id: {key}")


def update_table(call: Call) -> None:
    given = call.given.get("table", {})
    sheet, one = _find(call, given.get("tableId", ""))
    for path in masks.leaves(call.fields(), "Table", "table"):
        match path:
            case ("name",):
                one["name"] = given.get("name", one["name"])
            case ("range",):
                other, area = call.area(given.get("range", {}))
                if other is not sheet or area.left != from_json(one["range"], sheet).left:
                    raise NotEmulated("a table that goes elsewhere")
                one["range"] = to_json(sheet, area)
                one["columnProperties"] = _columns(call, sheet, area, one["columnProperties"])
            case ("columnProperties",):
                area = from_json(one["range"], sheet)
                one["columnProperties"] = _columns(call, sheet, area, given.get("columnProperties", []))
            case ("tableId",):
                continue
            case _:
                raise NotEmulated(f"updateTable of {'.'.join(path)}")


def delete_table(call: Call) -> None:
    """With what stands in it (discovery document: DeleteTableRequest)."""
    sheet, one = _find(call, call.given.get("tableId", ""))
    sheet.parts["tables"].remove(one)
    sheet.change(from_json(one["range"], sheet), lambda _: EMPTY)


def append_to_table(call: Call) -> None:
    """Below the table's last row with data; the table grows with them. What stands below it isn't pushed down: that is 501."""
    sheet, one = _find(call, call.given["tableId"])
    area = from_json(one["range"], sheet)
    rows = call.given.get("rows", [])
    top = area.bottom
    while top > area.top + 1 and not any(sheet.filled(top - 1, column) for column in range(area.left, area.right)):
        top -= 1
    target = Area(top, top + len(rows), area.left, area.right)
    if max((len(row.get("values", [])) for row in rows), default=0) > area.width:
        raise invalid(f"Attempting to write column: {area.right}, beyond the last requested column of: {area.right - 1}")
    below = range(area.bottom, min(target.bottom, sheet.height))
    if any(sheet.filled(row, column) for row in below for column in range(area.left, area.right)):
        raise NotEmulated("appending to a table with something below it")
    if target.bottom > sheet.height:
        call.book.room(sheet, target.bottom, sheet.width)
        sheet.resize(target.bottom, sheet.width)
    write_rows(call, sheet, target, rows, cell_paths(call.fields()))
    one["range"] = to_json(sheet, area._replace(bottom=max(area.bottom, target.bottom)))


HANDLERS = {"addTable": add_table, "updateTable": update_table, "deleteTable": delete_table}

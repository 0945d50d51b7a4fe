"""Requests that write cells: updateCells, appendCells, repeatCell, setDataValidation, findReplace, merging."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import a1, conditions, formulas, guards, masks, merging
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.formula_text import carried
from tests.emulators.google_sheets.grid import Area, Cell, Entered, Formula, Sheet
from tests.emulators.google_sheets.locales import locale
from tests.emulators.google_sheets.looks import painted
from tests.emulators.google_sheets.rendering import Renderer

FIELDS = ("userEnteredValue", "userEnteredFormat", "note", "dataValidation")
Paths = list[tuple[str, ...]]


def cell_paths(fields: str) -> Paths:
    """What of a CellData an update means. Raises Refused, and NotEmulated for what isn't emulated."""
    paths = masks.leaves(fields, "CellData", "userEnteredCellData")
    if fields == "*":
        return [(name,) for name in FIELDS]
    if unknown := [path[0] for path in paths if path[0] not in FIELDS]:
        raise NotEmulated(f"writing a cell's {', '.join(unknown)}")
    return paths


def changed(cell: Cell, given: Json, paths: Paths) -> Cell:
    """The cell with what `paths` says taken from a CellData, or taken away where that hasn't got it."""
    for path in paths:
        match path[0]:
            case "userEnteredValue":
                cell = replace(cell, entered=entered(given.get("userEnteredValue")))
            case "note":
                cell = replace(cell, note=given.get("note", ""))
            case "dataValidation":
                if (rule := given.get("dataValidation")) is not None:
                    conditions.check_rule(rule)
                cell = replace(cell, rule=rule)
            case "userEnteredFormat":
                cell = replace(cell, format=_format(cell, given, path))
    return cell


def _format(cell: Cell, given: Json, path: tuple[str, ...]) -> dict[str, Json]:
    if len(path) == 1:
        new = given.get("userEnteredFormat", {})
    else:
        target = {"userEnteredFormat": _without_twin({name: _copied(value) for name, value in cell.format.items()}, path[1:])}
        masks.put(target, given, path)
        new = target.get("userEnteredFormat", {})
    painted_: dict[str, Json] = painted(new)
    return painted_


def _without_twin(given: dict[str, Json], path: tuple[str, ...]) -> dict[str, Json]:
    """A colour that is set by one of its names loses what it was by the other."""
    *way, last = path
    here = given
    for name in way:
        here = here.get(name, {})
    if last.endswith(("Color", "ColorStyle")):
        here.pop(last.removesuffix("Style"), None)
        here.pop(last.removesuffix("Style") + "Style", None)
    return given


def _copied(value: Json) -> Json:
    return {name: _copied(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def entered(given: Json) -> Entered | None:
    """From an ExtendedValue; nothing is parsed, and an empty text is no value."""
    if not given:
        return None
    (kind, value), *_ = given.items()
    match kind:
        case "numberValue":
            return float(value)
        case "boolValue":
            return bool(value)
        case "stringValue":
            guards.fits(str(value))
            return str(value) or None
        case "formulaValue":
            guards.fits(value)
            formulas.check(value)
            return Formula(value)
    raise invalid(f"{kind} cannot be written.")


def update_cells(call: Call) -> None:
    paths = cell_paths(call.fields())
    rows = call.given.get("rows", [])
    if "range" in call.given:
        sheet, area = call.area(call.given["range"])
    elif "start" in call.given:
        start = call.given["start"]
        sheet = call.sheet(start.get("sheetId"))
        top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
        area = Area(top, top + len(rows), left, sheet.width)
        area = area._replace(bottom=min(area.bottom, sheet.height))
    else:
        raise invalid("Must specify a range or a start.")
    _fits(area, rows)
    guards.check(sheet, area, call.email)
    for r in range(area.height):
        cells = rows[r].get("values", []) if r < len(rows) else []
        for c in range(area.width if "range" in call.given else len(cells)):
            given = cells[c] if c < len(cells) else {}
            _put(sheet, area.top + r, area.left + c, given, paths)


def _put(sheet: Sheet, row: int, column: int, given: Json, paths: Paths) -> None:
    new = changed(sheet.cell(row, column), given, paths)
    if new.entered is not None and ("userEnteredValue",) in paths:
        guards.covered(sheet, row, column)
    sheet.put(row, column, new)


def _fits(area: Area, rows: list[Json]) -> None:
    """Seen in OpenRefine/OpenRefine#2760 and AMWA-TV/nmos-testing#578."""
    width = max((len(row.get("values", [])) for row in rows), default=0)
    if width > area.width:
        raise invalid(f"Attempting to write column: {area.right}, beyond the last requested column of: {area.right - 1}")
    if len(rows) > area.height:
        raise invalid(f"Attempting to write row: {area.bottom}, beyond the last requested row of: {area.bottom - 1}")


def append_cells(call: Call) -> None:
    """After the last row with data, from column A."""
    if "tableId" in call.given:
        from tests.emulators.google_sheets.on_tables import append_to_table

        append_to_table(call)
        return
    sheet = call.sheet(call.given.get("sheetId"))
    rows, paths = call.given.get("rows", []), cell_paths(call.fields())
    top = sheet.last_filled_row()
    area = Area(top, top + len(rows), 0, sheet.width)
    _fits(area, rows)
    if area.bottom > sheet.height:
        call.book.room(sheet, area.bottom, sheet.width)
        sheet.resize(area.bottom, sheet.width)
    write_rows(call, sheet, area, rows, paths)


def write_rows(call: Call, sheet: Sheet, area: Area, rows: list[Json], paths: Paths) -> None:
    guards.check(sheet, area, call.email)
    for r, line in enumerate(rows):
        for c, given in enumerate(line.get("values", [])):
            _put(sheet, area.top + r, area.left + c, given, paths)


def repeat_cell(call: Call) -> None:
    paths = cell_paths(call.fields())
    sheet, area = call.area(call.given["range"])
    guards.check(sheet, area, call.email)
    given = call.given.get("cell", {})
    formula = given.get("userEnteredValue", {}).get("formulaValue")
    for row in range(area.top, area.bottom):
        for column in range(area.left, area.right):
            here = given
            if formula is not None:
                text = carried(formula, row - area.top, column - area.left)
                here = {**given, "userEnteredValue": {"formulaValue": text}}
            _put(sheet, row, column, here, paths)


def set_data_validation(call: Call) -> None:
    sheet, area = call.area(call.given["range"])
    guards.check(sheet, area, call.email)
    rule = call.given.get("rule")
    if rule is not None:
        conditions.check_rule(rule)
    sheet.change(area, lambda cell: replace(cell, rule=rule))


def merge_cells(call: Call) -> None:
    merging.merge(*call.area(call.given["range"]), call.given.get("mergeType", "MERGE_ALL"))


def unmerge_cells(call: Call) -> None:
    merging.unmerge(*call.area(call.given["range"]))


def find_replace(call: Call) -> Json:
    """Texts and numbers as they are shown; formulas are passed over."""
    said = call.given
    if said.get("includeFormulas"):
        raise NotEmulated("findReplace within formulas")
    if not said.get("find"):
        raise invalid("No find text specified.")
    pattern = said["find"] if said.get("searchByRegex") else re.escape(said["find"])
    replacement = said.get("replacement", "")
    if not said.get("searchByRegex"):
        replacement = replacement.replace("\\", "\\\\")
    elif re.search(r"\$\d", replacement):
        raise NotEmulated("groups in a replacement")
    matcher = re.compile(f"^(?:{pattern})$" if said.get("matchEntireCell") else pattern, 0 if said.get("matchCase") else re.I)
    counts = {"valuesChanged": 0, "rowsChanged": 0, "sheetsChanged": 0, "occurrencesChanged": 0}
    for sheet, area in _searched(call):
        changes = _replaced(call, sheet, area, matcher, replacement)
        counts["occurrencesChanged"] += sum(changes.values())
        counts["valuesChanged"] += len(changes)
        counts["rowsChanged"] += len({row for row, _ in changes})
        counts["sheetsChanged"] += bool(changes)
    return {name: number for name, number in counts.items() if number}


def _searched(call: Call) -> list[tuple[Sheet, Area]]:
    if "range" in call.given:
        return [call.area(call.given["range"])]
    if call.given.get("allSheets"):
        return [(sheet, sheet.whole) for sheet in call.book.sheets]
    if "sheetId" not in call.given:
        raise invalid("Must specify a range, a sheet or all sheets.")
    sheet = call.sheet(call.given["sheetId"])
    return [(sheet, sheet.whole)]


def _replaced(call: Call, sheet: Sheet, area: Area, matcher: re.Pattern[str], replacement: str) -> dict[tuple[int, int], int]:
    from tests.emulators.google_sheets.values import Writer

    locale(call.book.locale)
    writer = Writer(call.book, call.service.clock.now(), "USER_ENTERED", call.email, False)
    renderer: Renderer = call.service.renderer(call.book)
    changes = {}
    for row in range(area.top, area.bottom):
        for column in range(area.left, min(area.right, sheet.filled_width(row))):
            cell = sheet.cell(row, column)
            if cell.entered is None or isinstance(cell.entered, Formula):
                continue
            text, count = matcher.subn(replacement, renderer.given(sheet, row, column))
            if count:
                guards.check(sheet, Area(row, row + 1, column, column + 1), call.email)
                writer.put(sheet, row, column, text, a1.corner(row, column))
                changes[row, column] = count
    return changes


HANDLERS = {
    "updateCells": update_cells,
    "appendCells": append_cells,
    "repeatCell": repeat_cell,
    "setDataValidation": set_data_validation,
    "mergeCells": merge_cells,
    "unmergeCells": unmerge_cells,
    "findReplace": find_replace,
}

"""Copy and cut, then paste: whole cells, or only their values, formats, formulas or rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import guards
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.formula_text import carried
from tests.emulators.google_sheets.grid import EMPTY, Area, Cell, Failure, Formula, Sheet

if TYPE_CHECKING:
    from tests.emulators.google_sheets.rendering import Renderer

Cells = list[list[Cell]]


def lifted(sheet: Sheet, area: Area) -> Cells:
    return [[sheet.cell(row, column) for column in range(area.left, area.right)] for row in range(area.top, area.bottom)]


def values_only(sheet: Sheet, area: Area, renderer: Renderer) -> Cells:
    """Formulas as what they come to."""
    cells = lifted(sheet, area)
    for r, row in enumerate(cells):
        for c, cell in enumerate(row):
            if isinstance(cell.entered, Formula):
                value = renderer.result(sheet, area.top + r, area.left + c).value
                row[c] = replace(cell, entered=value.text if isinstance(value, Failure) else value)
    return cells


def moved(cell: Cell, rows: int, columns: int) -> Cell:
    """The cell as its copy has it so far away."""
    if isinstance(cell.entered, Formula):
        return replace(cell, entered=Formula(carried(cell.entered.text, rows, columns)))
    return cell


def laid(old: Cell, new: Cell, kind: str) -> Cell:
    """What pasting `new` makes of `old`. Raises NotEmulated."""
    match kind:
        case "PASTE_NORMAL":
            return new
        case "PASTE_VALUES" | "PASTE_FORMULA":
            return replace(old, entered=new.entered)
        case "PASTE_FORMAT":
            return replace(old, format=new.format)
        case "PASTE_DATA_VALIDATION":
            return replace(old, rule=new.rule)
    raise NotEmulated(f"pasting with {kind}")


def copy_paste(call: Call) -> None:
    source, area = call.area(call.given["source"])
    target, wanted = call.area(call.given["destination"])
    kind = call.given.get("pasteType", "PASTE_NORMAL")
    cells = values_only(source, area, call.service.renderer(call.book)) if kind == "PASTE_VALUES" else lifted(source, area)
    turned = call.given.get("pasteOrientation") == "TRANSPOSE"
    if turned:
        if any(isinstance(cell.entered, Formula) for row in cells for cell in row):
            raise NotEmulated("formulas that are turned when they are pasted")
        cells = [list(column) for column in zip(*cells, strict=True)]
    height, width = len(cells), len(cells[0])
    bottom = wanted.top + max(height, wanted.height // height * height)
    right = wanted.left + max(width, wanted.width // width * width)
    if bottom > target.height or right > target.width:
        raise invalid(f"GridRange exceeds grid limits. Max rows: {target.height}, max columns: {target.width}")
    guards.check(target, Area(wanted.top, bottom, wanted.left, right), call.email)
    for row in range(wanted.top, bottom):
        for column in range(wanted.left, right):
            r, c = (row - wanted.top) % height, (column - wanted.left) % width
            cell = moved(cells[r][c], row - area.top - r, column - area.left - c)
            target.put(row, column, laid(target.cell(row, column), cell, kind))


def cut_paste(call: Call) -> None:
    source, area = call.area(call.given["source"])
    to: Json = call.given["destination"]
    target = call.sheet(to.get("sheetId"))
    wanted = Area(
        to.get("rowIndex", 0), to.get("rowIndex", 0) + area.height, to.get("columnIndex", 0), to.get("columnIndex", 0) + area.width
    )
    if wanted.bottom > target.height or wanted.right > target.width:
        raise invalid(f"GridRange exceeds grid limits. Max rows: {target.height}, max columns: {target.width}")
    guards.check(source, area, call.email)
    guards.check(target, wanted, call.email)
    follows = call.service.switches["cut_paste"] == "follows"
    cut(source, area, target, wanted, call.given.get("pasteType", "PASTE_NORMAL"), follows)


def cut(source: Sheet, area: Area, target: Sheet, wanted: Area, kind: str, follows: bool) -> None:
    """follows: whole rows take with them what is attached to them. Within one tab only."""
    cells = lifted(source, area)
    for row in range(area.top, area.bottom):
        for column in range(area.left, area.right):
            source.put(row, column, EMPTY if kind == "PASTE_NORMAL" else replace(source.cell(row, column), entered=None))
    for r, line in enumerate(cells):
        for c, cell in enumerate(line):
            row, column = wanted.top + r, wanted.left + c
            target.put(row, column, laid(target.cell(row, column), cell, kind))
    if follows and source is target and area.left == 0 and not any(source.filled_width(r) > area.right for r in _rows(area)):
        _swap(target, area, wanted)


def _rows(area: Area) -> range:
    return range(area.top, area.bottom)


def _swap(sheet: Sheet, area: Area, wanted: Area) -> None:
    """The rows change places; their cells are where they were."""
    for old, new in zip(_rows(area), _rows(wanted), strict=True):
        one, other = sheet.rows[old], sheet.rows[new]
        one.cells, other.cells = other.cells, one.cells
        sheet.rows[old], sheet.rows[new] = other, one


HANDLERS = {"copyPaste": copy_paste, "cutPaste": cut_paste}

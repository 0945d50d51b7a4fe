"""Cells, rows and columns as `spreadsheets.get` gives them. Nothing is worked out that the field mask doesn't ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import metadata
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formulas import Result
from tests.emulators.google_sheets.grid import Area, Cell, Column, Failure, Formula, Row, Sheet, Value
from tests.emulators.google_sheets.looks import DEFAULT_FORMAT
from tests.emulators.google_sheets.masks import Tree, below, kept, wants
from tests.emulators.google_sheets.rendering import Renderer

OF_CELLS = (
    "userEnteredValue",
    "effectiveValue",
    "formattedValue",
    "userEnteredFormat",
    "effectiveFormat",
    "note",
    "dataValidation",
)
WORKED_OUT = ("effectiveValue", "formattedValue", "effectiveFormat")


def data(book: Book, sheet: Sheet, area: Area, mask: Tree, renderer: Renderer, project: str) -> dict[str, Json]:
    """A GridData, of which only what `mask` wants."""
    found: dict[str, Json] = {}
    if area.top and wants(mask, "startRow"):
        found["startRow"] = area.top
    if area.left and wants(mask, "startColumn"):
        found["startColumn"] = area.left
    if wants(mask, "rowData") and (rows := _row_data(sheet, area, below(below(mask, "rowData"), "values"), renderer)):
        found["rowData"] = rows
    for name, lines in (
        ("rowMetadata", sheet.rows[area.top : area.bottom]),
        ("columnMetadata", sheet.columns[area.left : area.right]),
    ):
        if wants(mask, name):
            own = _by_line(book, sheet, project) if wants(mask, name, "developerMetadata") else {}
            found[name] = _lines(lines, own, below(mask, name))
    return found


def _by_line(book: Book, sheet: Sheet, project: str) -> Mapping[Row | Column, list[Json]]:
    found: dict[Row | Column, list[Json]] = {}
    places = metadata.Places()
    for entry in metadata.visible(book, project):
        if entry.sheet is sheet and entry.line is not None:
            found.setdefault(entry.line, []).append(metadata.to_json(book, entry, places))
    return found


def _lines(lines: Iterable[Row | Column], own: Mapping[Row | Column, list[Json]], mask: Tree) -> list[Json]:
    found: list[Json] = []
    sized = wants(mask, "pixelSize")
    for line in lines:
        one: dict[str, Json] = {"pixelSize": line.size} if sized else {}
        if line.hidden:
            one["hiddenByUser"] = True
        if line in own:
            one["developerMetadata"] = own[line]
        found.append(kept(one, mask) if one else one)
    return found


def _row_data(sheet: Sheet, area: Area, mask: Tree, renderer: Renderer) -> list[Json]:
    wanted = {name: below(mask, name) for name in OF_CELLS if wants(mask, name)}
    formats: dict[int, Json] = {}  # what is wanted of the effective one, by the format that cells share
    only_texts = list(wanted) == ["formattedValue"]  # what most readers want: a short way
    rows: list[Json] = []
    for row in range(area.top, area.bottom):
        if not (cells := sheet.rows[row].cells):  # most of a tab
            rows.append({})
            continue
        right = min(area.right, len(cells))
        while right > area.left and cells[right - 1].bare:
            right -= 1
        if only_texts:
            shown = [renderer.one(sheet, row, column, cells[column]) for column in range(area.left, right)]
            values: list[Json] = [{"formattedValue": text} if text != "" else {} for text in shown]
        else:
            values = [_cell(sheet, row, column, cells[column], wanted, renderer, formats) for column in range(area.left, right)]
        rows.append({"values": values} if values else {})
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _cell(
    sheet: Sheet, row: int, column: int, cell: Cell, wanted: Mapping[str, Tree], renderer: Renderer, formats: dict[int, Json]
) -> dict[str, Json]:
    found: dict[str, Json] = {}
    entered = cell.entered
    if entered is not None:
        if "userEnteredValue" in wanted:
            found["userEnteredValue"] = extended(entered)
        if not wanted.keys().isdisjoint(WORKED_OUT):
            found.update(_worked_out(cell, renderer.result(sheet, row, column), wanted, renderer, formats))
    if cell.format:
        if entered is None and "effectiveFormat" in wanted:
            found["effectiveFormat"] = _effective_of(cell, wanted["effectiveFormat"], formats)
        if "userEnteredFormat" in wanted:
            found["userEnteredFormat"] = kept(dict(cell.format), wanted["userEnteredFormat"])
    if cell.note and "note" in wanted:
        found["note"] = cell.note
    if cell.rule is not None and "dataValidation" in wanted:
        found["dataValidation"] = kept(cell.rule, wanted["dataValidation"])
    return found


def _worked_out(
    cell: Cell, result: Result, wanted: Mapping[str, Tree], renderer: Renderer, formats: dict[int, Json]
) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if "effectiveValue" in wanted:
        found["effectiveValue"] = kept(extended(result.value if result.value is not None else ""), wanted["effectiveValue"])
    if "formattedValue" in wanted:
        found["formattedValue"] = renderer.text(result)
    if "effectiveFormat" in wanted and result.format:
        effective = {**_effective(cell), "numberFormat": dict(result.format)}
        found["effectiveFormat"] = kept(effective, wanted["effectiveFormat"])
    elif "effectiveFormat" in wanted:
        found["effectiveFormat"] = _effective_of(cell, wanted["effectiveFormat"], formats)
    return found


def _effective_of(cell: Cell, mask: Tree, formats: dict[int, Json]) -> Json:
    if (found := formats.get(id(cell.format))) is None:
        found = formats[id(cell.format)] = kept(_effective(cell), mask)
    return found


def _effective(cell: Cell) -> dict[str, Json]:
    text = {**DEFAULT_FORMAT["textFormat"], **cell.format.get("textFormat", {})}
    return {**DEFAULT_FORMAT, **cell.format, "textFormat": text}


def extended(value: Value | Formula) -> dict[str, Json]:
    """An ExtendedValue."""
    if isinstance(value, Formula):
        return {"formulaValue": value.text}
    if isinstance(value, Failure):
        return {"errorValue": {"type": value.kind, "message": value.message}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"numberValue": int(value) if value == int(value) and abs(value) < 1e15 else value}

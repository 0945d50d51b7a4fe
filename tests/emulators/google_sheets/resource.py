"""A spreadsheet as `spreadsheets.get` gives it, as far as the field mask asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import metadata
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formulas import Result
from tests.emulators.google_sheets.grid import Area, Cell, Column, Failure, Formula, Row, Sheet, Value
from tests.emulators.google_sheets.looks import DEFAULT_FORMAT, THEME
from tests.emulators.google_sheets.masks import Tree, below, kept, wants
from tests.emulators.google_sheets.rendering import Renderer

URL = "https://docs.google.com/spreadsheets/d/{}/edit"
PARTS = (
    "merges",
    "conditionalFormats",
    "filterViews",
    "protectedRanges",
    "basicFilter",
    "rowGroups",
    "columnGroups",
    "tables",
)


class View(NamedTuple):
    """Who looks.   project: whose PROJECT metadata is seen."""

    renderer: Renderer
    project: str
    email: str


class Part(NamedTuple):
    """Cells that are wanted."""

    sheet: Sheet
    area: Area


def spreadsheet(book: Book, mask: Tree, view: View, parts: Sequence[Part] | None, grid: bool) -> Json:
    """mask: empty for all.   parts: the only tabs and cells that are wanted; None for all.   grid: cells too, if no mask says."""
    grid = wants(mask, "sheets", "data") if mask else grid
    chosen = [part.sheet for part in parts] if parts is not None else book.sheets
    sheets = [sheet for sheet in book.sheets if sheet in chosen]
    found: dict[str, Json] = {
        "spreadsheetId": book.id,
        "properties": properties(book),
        "sheets": [_sheet(book, sheet, below(mask, "sheets"), view, parts, grid) for sheet in sheets],
    }
    if book.names:
        found["namedRanges"] = list(book.names.values())
    found["spreadsheetUrl"] = URL.format(book.id)
    if own := [entry for entry in metadata.visible(book, view.project) if entry.sheet is None]:
        found["developerMetadata"] = [metadata.to_json(book, entry) for entry in own]
    return kept(found, mask)


def properties(book: Book) -> Json:
    return {**book.properties, "defaultFormat": DEFAULT_FORMAT, "spreadsheetTheme": THEME}


def sheet_properties(book: Book, sheet: Sheet) -> dict[str, Json]:
    """With the id even where it is 0, without what is false (gspread's recordings)."""
    grid = {"rowCount": sheet.height, "columnCount": sheet.width, **sheet.properties.get("gridProperties", {})}
    others = {name: value for name, value in sheet.properties.items() if name != "gridProperties"}
    return {
        "sheetId": sheet.id,
        "title": sheet.title,
        "index": book.sheets.index(sheet),
        "sheetType": "GRID",
        "gridProperties": {name: value for name, value in grid.items() if value},
        **{name: value for name, value in others.items() if value},
    }


def _sheet(book: Book, sheet: Sheet, mask: Tree, view: View, parts: Sequence[Part] | None, grid: bool) -> dict[str, Json]:
    found: dict[str, Json] = {"properties": sheet_properties(book, sheet)}
    if grid:
        wanted = [part.area for part in parts or [] if part.sheet is sheet] or [sheet.whole]
        found["data"] = [_data(book, sheet, area, below(mask, "data"), view) for area in wanted]
    found.update((name, sheet.parts[name]) for name in PARTS if sheet.parts.get(name))
    if "protectedRanges" in found:
        found["protectedRanges"] = [_protection(one, view.email) for one in found["protectedRanges"]]
    if own := [entry for entry in metadata.visible(book, view.project) if entry.sheet is sheet and entry.line is None]:
        found["developerMetadata"] = [metadata.to_json(book, entry) for entry in own]
    return found


def _protection(one: Json, email: str) -> Json:
    if one.get("warningOnly") or email in one["editors"]["users"]:
        return one
    return {name: value for name, value in one.items() if name not in ("requestingUserCanEdit", "editors")}


def _data(book: Book, sheet: Sheet, area: Area, mask: Tree, view: View) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if area.top:
        found["startRow"] = area.top
    if area.left:
        found["startColumn"] = area.left
    if wants(mask, "rowData") and (rows := _row_data(sheet, area, below(below(mask, "rowData"), "values"), view.renderer)):
        found["rowData"] = rows
    own = _by_line(book, sheet, view.project)
    if wants(mask, "rowMetadata"):
        found["rowMetadata"] = _lines(sheet.rows[area.top : area.bottom], own)
    if wants(mask, "columnMetadata"):
        found["columnMetadata"] = _lines(sheet.columns[area.left : area.right], own)
    return found


def _by_line(book: Book, sheet: Sheet, project: str) -> Mapping[Row | Column, list[Json]]:
    found: dict[Row | Column, list[Json]] = {}
    places = metadata.Places()
    for entry in metadata.visible(book, project):
        if entry.sheet is sheet and entry.line is not None:
            found.setdefault(entry.line, []).append(metadata.to_json(book, entry, places))
    return found


def _lines(lines: Iterable[Row | Column], own: Mapping[Row | Column, list[Json]]) -> list[Json]:
    found = []
    for line in lines:
        one: dict[str, Json] = {"pixelSize": line.size}
        if line.hidden:
            one["hiddenByUser"] = True
        if line in own:
            one["developerMetadata"] = own[line]
        found.append(one)
    return found


def _row_data(sheet: Sheet, area: Area, mask: Tree, renderer: Renderer) -> list[Json]:
    rows: list[Json] = []
    for row in range(area.top, area.bottom):
        cells = sheet.rows[row].cells
        right = min(area.right, len(cells))
        while right > area.left and cells[right - 1].bare:
            right -= 1
        values = [_cell(sheet, row, column, cells[column], mask, renderer) for column in range(area.left, right)]
        rows.append({"values": values} if values else {})
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _cell(sheet: Sheet, row: int, column: int, cell: Cell, mask: Tree, renderer: Renderer) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if cell.entered is not None:
        if wants(mask, "userEnteredValue"):
            found["userEnteredValue"] = extended(cell.entered)
        result = renderer.result(sheet, row, column)
        if wants(mask, "effectiveValue"):
            found["effectiveValue"] = extended(result.value if result.value is not None else "")
        if wants(mask, "formattedValue"):
            found["formattedValue"] = renderer.text(result)
        if wants(mask, "effectiveFormat"):
            found["effectiveFormat"] = _effective(cell, result)
    elif cell.format:
        found["effectiveFormat"] = {**DEFAULT_FORMAT, **cell.format}
    if cell.format:
        found["userEnteredFormat"] = dict(cell.format)
    if cell.note:
        found["note"] = cell.note
    if cell.rule is not None:
        found["dataValidation"] = cell.rule
    return found


def _effective(cell: Cell, result: Result) -> Json:
    found = {**DEFAULT_FORMAT, **cell.format}
    return {**found, "numberFormat": dict(result.format)} if result.format else found


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

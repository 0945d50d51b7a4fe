"""A spreadsheet as `spreadsheets.get` gives it, as far as the field mask asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import griddata, metadata
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.grid import Area, Sheet
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
    found: dict[str, Json] = {"spreadsheetId": book.id, "properties": properties(book), "sheets": []}
    if book.names:
        found["namedRanges"] = list(book.names.values())
    found["spreadsheetUrl"] = URL.format(book.id)
    if own := [entry for entry in metadata.visible(book, view.project) if entry.sheet is None]:
        found["developerMetadata"] = [metadata.to_json(book, entry) for entry in own]
    found = kept(found, mask)
    if "sheets" in found:
        found["sheets"] = [_sheet(book, sheet, below(mask, "sheets"), view, parts, grid) for sheet in sheets]
    return found


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
    data: list[Json] = []
    if grid:
        wanted = [part.area for part in parts or [] if part.sheet is sheet] or [sheet.whole]
        data = [griddata.data(book, sheet, area, below(mask, "data"), view.renderer, view.project) for area in wanted]
    found.update((name, sheet.parts[name]) for name in PARTS if sheet.parts.get(name))
    if "protectedRanges" in found:
        found["protectedRanges"] = [_protection(one, view.email) for one in found["protectedRanges"]]
    if own := [entry for entry in metadata.visible(book, view.project) if entry.sheet is sheet and entry.line is None]:
        found["developerMetadata"] = [metadata.to_json(book, entry) for entry in own]
    found = kept(found, mask)
    return {**found, "data": data} if data else found


def _protection(one: Json, email: str) -> Json:
    if one.get("warningOnly") or email in one["editors"]["users"]:
        return one
    return {name: value for name, value in one.items() if name not in ("requestingUserCanEdit", "editors")}

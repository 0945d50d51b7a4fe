"""Requests about tabs, and about the spreadsheet as a whole."""

from __future__ import annotations

from copy import deepcopy
from zoneinfo import ZoneInfo

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import following, guards, masks
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import COLUMNS, ROWS, Sheet
from tests.emulators.google_sheets.locales import locale
from tests.emulators.google_sheets.looks import colour
from tests.emulators.google_sheets.resource import sheet_properties

OURS = ("frozenRowCount", "frozenColumnCount", "hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter")


def add_sheet(call: Call) -> Json:
    said = call.given.get("properties", {})
    if said.get("sheetType", "GRID") != "GRID":
        raise NotEmulated(f"a tab of type {said['sheetType']}")
    taken = [sheet.id for sheet in call.book.sheets]
    number = said.get("sheetId")
    if number is None:
        number = call.service.new_number(taken)
    elif number in taken:
        raise invalid(f"A sheet with id {number} already exists. Please enter another id.")
    title = said.get("title") or _free_title(call.book)
    _check_title(call.book, title, None)
    grid = said.get("gridProperties", {})
    sheet = Sheet.blank(number, title, grid.get("rowCount") or ROWS, grid.get("columnCount") or COLUMNS)
    call.book.room(sheet, sheet.height, sheet.width)
    set_sheet_properties(sheet, said)
    index = said.get("index", len(call.book.sheets))
    _check_index(index, len(call.book.sheets))
    call.book.sheets.insert(index, sheet)
    return {"properties": sheet_properties(call.book, sheet)}


def _free_title(book: Book) -> str:
    titles = {sheet.title.lower() for sheet in book.sheets}
    number = len(book.sheets) + 1
    while f"sheet{number}" in titles:
        number += 1
    return f"Sheet{number}"


def _check_title(book: Book, title: str, own: Sheet | None) -> None:
    if any(sheet is not own and sheet.title.lower() == title.lower() for sheet in book.sheets):
        raise invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')


def _check_index(index: int, size: int) -> None:
    if not 0 <= index <= size:
        raise invalid(f"Sheet index {index} is out of bounds.")


def set_sheet_properties(sheet: Sheet, said: Json) -> None:
    """What a new tab may be told besides its size."""
    for name in ("hidden", "rightToLeft"):
        if name in said:
            sheet.properties[name] = said[name]
    grid = {name: value for name, value in said.get("gridProperties", {}).items() if name in OURS}
    if grid:
        sheet.properties["gridProperties"] = grid
    _colour(sheet, said)


def _colour(sheet: Sheet, said: Json) -> None:
    style = said.get("tabColorStyle") or ({"rgbColor": said["tabColor"]} if "tabColor" in said else None)
    if style is None:
        return
    if "rgbColor" not in style:
        raise NotEmulated("a theme's colour for a tab")
    sheet.properties["tabColor"] = colour(style["rgbColor"])
    sheet.properties["tabColorStyle"] = {"rgbColor": colour(style["rgbColor"])}


def delete_sheet(call: Call) -> None:
    sheet = call.sheet(call.given.get("sheetId"))
    if len(call.book.sheets) == 1 or all(other.properties.get("hidden") for other in call.book.sheets if other is not sheet):
        raise invalid("You can't remove all the visible sheets in a document.")
    call.book.sheets.remove(sheet)
    following.retitled(call.book, sheet.title, None)
    call.book.names = {key: name for key, name in call.book.names.items() if name["range"].get("sheetId", 0) != sheet.id}


def duplicate_sheet(call: Call) -> Json:
    """The copy has values, formats and rules, and no developer metadata (VENDORS.md A4)."""
    source = call.sheet(call.given.get("sourceSheetId"))
    number = call.given.get("newSheetId")
    if number is None:
        number = call.service.new_number([sheet.id for sheet in call.book.sheets])
    elif call.book.sheet(number) is not None:
        raise invalid(f"A sheet with id {number} already exists. Please enter another id.")
    title = call.given.get("newSheetName") or copied_title(call.book, source.title)
    _check_title(call.book, title, None)
    copy = copied(source, number, title)
    call.book.room(copy, copy.height, copy.width)
    index = call.given.get("insertSheetIndex", 0)
    _check_index(index, len(call.book.sheets))
    call.book.sheets.insert(index, copy)
    return {"properties": sheet_properties(call.book, copy)}


def copied(source: Sheet, number: int, title: str) -> Sheet:
    """Raises NotEmulated for a tab with more than cells and merges."""
    copy = source.like(number, title)
    if set(copy.parts) - {"merges"}:
        raise NotEmulated(f"copying a tab with {', '.join(sorted(set(copy.parts) - {'merges'}))}")
    for merge in copy.parts.get("merges", []):
        merge["sheetId"] = number
    return copy


def copied_title(book: Book, title: str) -> str:
    wanted, number = f"Copy of {title}", 1
    while any(sheet.title.lower() == wanted.lower() for sheet in book.sheets):
        number += 1
        wanted = f"Copy of {title} {number}"
    return wanted


def update_sheet_properties(call: Call) -> None:
    said = call.given.get("properties", {})
    sheet = call.sheet(said.get("sheetId"))
    for path in masks.leaves(call.fields(), "SheetProperties", "properties"):
        if path == ("gridProperties",):
            for name in said.get("gridProperties", {}):
                _set(call, sheet, ("gridProperties", name), said)
        else:
            _set(call, sheet, path, said)


def _set(call: Call, sheet: Sheet, path: tuple[str, ...], said: Json) -> None:
    match path:
        case ("title",):
            if not said.get("title"):
                raise invalid("Sheet title cannot be empty.")
            _check_title(call.book, said["title"], sheet)
            old, sheet.title = sheet.title, said["title"]
            following.retitled(call.book, old, sheet.title)
        case ("index",):
            _move(call.book, sheet, said.get("index", 0))
        case ("hidden",):
            _hide(call.book, sheet, bool(said.get("hidden")))
        case ("gridProperties", "rowCount" | "columnCount"):
            _resize(call, sheet, said.get("gridProperties", {}), path[1])
        case ("gridProperties", name) if name in OURS:
            _grid(sheet, name, said.get("gridProperties", {}).get(name))
        case ("tabColor" | "tabColorStyle", *_):
            sheet.properties.pop("tabColor", None)
            sheet.properties.pop("tabColorStyle", None)
            _colour(sheet, said)
        case ("rightToLeft",):
            sheet.properties["rightToLeft"] = bool(said.get("rightToLeft"))
        case ("sheetId",) | ("sheetType",) | ("dataSourceSheetProperties", *_):
            return
        case _:
            raise NotEmulated(f"updateSheetProperties of {'.'.join(path)}")


def _move(book: Book, sheet: Sheet, index: int) -> None:
    """index: counted before the tab is taken out (discovery document: SheetProperties.index)."""
    _check_index(index, len(book.sheets))
    now = book.sheets.index(sheet)
    book.sheets.remove(sheet)
    book.sheets.insert(index if index <= now else index - 1, sheet)


def _hide(book: Book, sheet: Sheet, hidden: bool) -> None:
    if hidden and all(other.properties.get("hidden") for other in book.sheets if other is not sheet):
        raise invalid("You can't hide all the sheets in a document.")
    sheet.properties["hidden"] = hidden


def _resize(call: Call, sheet: Sheet, grid: Json, name: str) -> None:
    """What is cut off at the end is deleted: formulas and ranges lose it."""
    size = grid.get(name, 0)
    if size < 1:
        raise invalid(f"{name} must be at least 1.")
    height, width = (size, sheet.width) if name == "rowCount" else (sheet.height, size)
    call.book.room(sheet, height, width)
    frozen = sheet.properties.get("gridProperties", {}).get("frozenRowCount" if name == "rowCount" else "frozenColumnCount", 0)
    if frozen and size <= frozen:
        raise invalid(f"Sorry, it is not possible to delete all non-frozen {'rows' if name == 'rowCount' else 'columns'}.")
    before = sheet.height if name == "rowCount" else sheet.width
    if size < before:
        guards.check_lines(sheet, name == "rowCount", size, before, call.email)
    sheet.resize(height, width)
    if size < before:
        following.follow(call.book, sheet, name == "rowCount", following.deleted(size, before))


def _grid(sheet: Sheet, name: str, value: Json) -> None:
    size = {"frozenRowCount": sheet.height, "frozenColumnCount": sheet.width}.get(name)
    if size is not None and (value or 0) >= size:
        raise invalid("You can't freeze all visible rows on the sheet.")
    sheet.properties.setdefault("gridProperties", {})[name] = value


def update_spreadsheet_properties(call: Call) -> None:
    said = call.given.get("properties", {})
    paths = masks.leaves(call.fields(), "SpreadsheetProperties", "properties")
    chosen = {path[0]: said.get(path[0]) for path in paths if path[0] in ("title", "locale", "timeZone", "autoRecalc")}
    others = {path[0] for path in paths} - set(chosen)
    if others and call.given["fields"] != "*":
        raise NotEmulated(f"updateSpreadsheetProperties of {', '.join(sorted(others))}")
    set_properties(call.book, {name: value for name, value in chosen.items() if value})
    call.file.name = str(call.book.properties["title"])


def set_properties(book: Book, said: Json) -> None:
    """Raises Refused for a zone that there isn't, and NotEmulated for a locale that isn't emulated."""
    if "locale" in said:
        locale(said["locale"])
    if "timeZone" in said:
        try:
            ZoneInfo(said["timeZone"])
        except (KeyError, ValueError, OSError) as exc:
            raise invalid(f"Invalid time zone: {said['timeZone']}") from exc
    book.properties = {**book.properties, **deepcopy(said)}


HANDLERS = {
    "addSheet": add_sheet,
    "deleteSheet": delete_sheet,
    "duplicateSheet": duplicate_sheet,
    "updateSheetProperties": update_sheet_properties,
    "updateSpreadsheetProperties": update_spreadsheet_properties,
}

"""A1 notation, in full: with and without a tab, open ranges, whole columns and rows, quoted titles, R1C1, names of ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets.errors import unread_range
from tests.emulators.google_sheets.grid import Area, Sheet

CORNER = re.compile(r"\$?([A-Za-z]{1,3})?\$?(0*[1-9][0-9]*)?")
R1C1 = re.compile(r"R([1-9][0-9]*)C([1-9][0-9]*)", re.IGNORECASE)
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Titles that need no quotes. Everything else gets them (gspread's recordings: '🌵 test_values_get 1'!A1:C2)."""
CELLISH = re.compile(r"[A-Za-z]{1,3}[0-9]+|R[0-9]+C[0-9]+", re.IGNORECASE)


class Place(NamedTuple):
    """What a range stands for.   anchor: it was one cell, from where a write may go on as it likes.   text: as it was given."""

    sheet: Sheet
    area: Area
    anchor: bool
    text: str


def letters(column: int) -> str:
    """From 0: A, B … Z, AA."""
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def number(name: str) -> int:
    """The other way."""
    column = 0
    for letter in name.upper():
        column = column * 26 + ord(letter) - 64
    return column - 1


def quoted(title: str) -> str:
    if PLAIN.fullmatch(title) and not CELLISH.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def corner(row: int, column: int) -> str:
    return f"{letters(column)}{row + 1}"


def written(sheet: Sheet, area: Area) -> str:
    """As answers have it: one cell alone, else both corners."""
    first = corner(area.top, area.left)
    last = corner(max(area.bottom - 1, area.top), max(area.right - 1, area.left))
    return f"{quoted(sheet.title)}!{first if first == last else f'{first}:{last}'}"


def opened(area: Area, given: Mapping[str, Json]) -> str:
    """A GridRange with its open ends."""
    last = letters(area.right - 1) if "endColumnIndex" in given else ""
    last += str(area.bottom) if "endRowIndex" in given else ""
    return f"{corner(area.top, area.left)}:{last}" if last else corner(area.top, area.left)


def tidy(cells: str) -> str:
    """Cells as a refusal names them: capitals, no `$`, no leading zeros (nithinmurali/pygsheets#416: tab01 is TAB1)."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", cells.replace("$", "").upper())


def place(text: str, sheets: Iterable[Sheet], names: Mapping[str, tuple[Sheet, Area]]) -> Place:
    """What `text` stands for. Its end may lie beyond the grid, its open ends are closed by the grid.

    names: ranges with a name, in lower case. Raises Refused.
    """
    tabs = list(sheets)
    title, cells = _split(text)
    if title is not None:
        sheet = _titled(title, tabs)
        if sheet is None:
            raise unread_range(text)
        if cells is None:
            return Place(sheet, sheet.whole, False, text)
        found = _area(cells, sheet)
        if found is None and cells.lower() in names and names[cells.lower()][0] is sheet:
            found = names[cells.lower()][1]
        if found is None:
            raise unread_range(text)
        return Place(sheet, found, _single(cells), text)
    cells = cells or ""
    if (area := _area(cells, tabs[0])) is not None:
        return Place(tabs[0], area, _single(cells), text)
    if (sheet := _titled(cells, tabs)) is not None:
        return Place(sheet, sheet.whole, False, text)
    if cells.lower() in names:
        return Place(*names[cells.lower()], False, text)
    raise unread_range(text)


def _split(text: str) -> tuple[str | None, str | None]:
    """Title and cells. Without a `!` an unquoted text is in the second, whatever it is."""
    if text.startswith("'"):
        match = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text, re.DOTALL)
        if match is None:
            return None, text
        return match[1].replace("''", "'"), match[2]
    title, bang, cells = text.rpartition("!")
    return (title, cells) if bang else (None, text)


def _titled(title: str, sheets: list[Sheet]) -> Sheet | None:
    same = [sheet for sheet in sheets if sheet.title == title]
    like = [sheet for sheet in sheets if sheet.title.lower() == title.lower()]
    return next(iter(same + like), None)


def _single(cells: str) -> bool:
    return ":" not in cells


def _area(cells: str, sheet: Sheet) -> Area | None:
    first, colon, second = cells.partition(":")
    if (start := R1C1.fullmatch(first)) is not None:
        end = R1C1.fullmatch(second) if colon else start
        if end is None:
            return None
        return _box(int(start[1]), int(end[1]), int(start[2]) - 1, int(end[2]) - 1)
    start, end = CORNER.fullmatch(first), CORNER.fullmatch(second if colon else first)
    if start is None or end is None or not (start[1] or start[2]) or not (end[1] or end[2]):
        return None
    if not colon and not (start[1] and start[2]):
        return None  # neither "A" nor "1" is a range
    top, left = start[2], start[1]
    bottom, right = end[2], end[1]
    if (top is None) != (bottom is None) and (left is None) != (right is None):
        return None  # "A:1"
    rows = sorted((int(top or bottom or 1), int(bottom or sheet.height))) if top and bottom else None
    columns = sorted((number(left or "A"), number(right or "A"))) if left and right else None
    first_row, last_row = rows or (int(top or bottom or 1), sheet.height)
    first_column, last_column = columns or (number(left or right or "A"), sheet.width - 1)
    return _box(first_row, max(last_row, first_row), first_column, max(last_column, first_column))


def _box(row: int, other_row: int, column: int, other_column: int) -> Area:
    """Rows from 1, columns from 0."""
    top, bottom = sorted((row, other_row))
    left, right = sorted((column, other_column))
    return Area(top - 1, bottom, left, right + 1)

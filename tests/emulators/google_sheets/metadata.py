"""Developer metadata, and the data filters that select cells and entries by it, by A1 ranges and by grid ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets.book import Book, Entry, from_json
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import Area, Column, Row, Sheet, places

MOST_LETTERS = 30_000
"""Keys and values together, for each tab and for the spreadsheet (Google's guide to metadata)."""


class Spot(NamedTuple):
    """Cells that a filter has selected."""

    sheet: Sheet
    area: Area


class Places:
    """Where lines stand, looked up once for each tab."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bool], dict[Row | Column, int]] = {}

    @classmethod
    def of(cls, sheet: Sheet, line: Row | Column, index: int) -> Places:
        """Of this line, which stands there."""
        only = cls()
        only._known[sheet.id, isinstance(line, Row)] = {line: index}
        return only

    def index(self, sheet: Sheet, line: Row | Column) -> int:
        key = (sheet.id, isinstance(line, Row))
        if key not in self._known:
            lines: Sequence[Row | Column] = sheet.rows if isinstance(line, Row) else sheet.columns
            self._known[key] = places(lines)
        return self._known[key][line]


def visible(book: Book, project: str) -> list[Entry]:
    """What a project sees: PROJECT entries of others don't exist for it."""
    return [entry for entry in book.entries.values() if _seen(entry, project)]


def _seen(entry: Entry, project: str) -> bool:
    return entry.visibility == "DOCUMENT" or entry.project == project


def kind(entry: Entry) -> str:
    if entry.sheet is None:
        return "SPREADSHEET"
    if entry.line is None:
        return "SHEET"
    return "ROW" if isinstance(entry.line, Row) else "COLUMN"


def to_json(book: Book, entry: Entry, where: Places | None = None) -> Json:
    """A DeveloperMetadata."""
    found = {"metadataId": entry.id, "metadataKey": entry.key}
    if entry.value:
        found["metadataValue"] = entry.value
    return {**found, "location": _location(entry, where or Places()), "visibility": entry.visibility}


def _location(entry: Entry, where: Places) -> Json:
    name = kind(entry)
    if entry.sheet is None:
        return {"locationType": name, "spreadsheet": True}
    if entry.line is None:
        return {"locationType": name, "sheetId": entry.sheet.id}
    index = where.index(entry.sheet, entry.line)
    dimension: dict[str, Json] = {"dimension": f"{name}S", "startIndex": index, "endIndex": index + 1}
    if entry.sheet.id:
        dimension = {"sheetId": entry.sheet.id, **dimension}
    return {"locationType": name, "dimensionRange": dimension}


def spot(entry: Entry, where: Places) -> Spot | None:
    """The cells it stands for: a whole row, column or tab; None for the spreadsheet's."""
    if entry.sheet is None:
        return None
    whole = entry.sheet.whole
    if entry.line is None:
        return Spot(entry.sheet, whole)
    index = where.index(entry.sheet, entry.line)
    if isinstance(entry.line, Row):
        return Spot(entry.sheet, whole._replace(top=index, bottom=index + 1))
    return Spot(entry.sheet, whole._replace(left=index, right=index + 1))


def at(book: Book, location: Json) -> tuple[Sheet | None, Row | Column | None]:
    """Where a DeveloperMetadataLocation points. Raises Refused."""
    if location.get("spreadsheet"):
        return None, None
    if "dimensionRange" in location:
        given = location["dimensionRange"]
        sheet = _sheet(book, given.get("sheetId", 0))
        start, end = given.get("startIndex"), given.get("endIndex")
        if given.get("dimension") not in ("ROWS", "COLUMNS"):
            raise invalid("No dimension specified.")
        if start is None or end is None or end - start != 1:
            raise invalid("Developer metadata may only be associated with a single row or column.")
        lines: list[Row] | list[Column] = sheet.rows if given.get("dimension") == "ROWS" else sheet.columns
        if not 0 <= start < len(lines):
            raise invalid("The specified dimension range is outside of the grid.")
        return sheet, lines[start]
    if "sheetId" in location:
        return _sheet(book, location["sheetId"]), None
    raise invalid("A location must be specified.")


def _sheet(book: Book, number: int) -> Sheet:
    sheet = book.sheet(number)
    if sheet is None:
        raise invalid(f"No sheet with id: {number}")
    return sheet


def room(book: Book, sheet: Sheet | None, more: int) -> None:
    """Whether there is still room for so many letters. Raises Refused."""
    used = sum(len(entry.key) + len(entry.value) for entry in book.entries.values() if entry.sheet is sheet)
    if used + more > MOST_LETTERS:
        raise invalid(f"The total size of developer metadata may not exceed {MOST_LETTERS} characters.")


def entries(book: Book, given: Json, project: str, where: Places | None = None) -> list[Entry]:
    """The entries that a data filter selects. A range selects those of the rows and columns that it meets. Raises Refused."""
    lookup = given.get("developerMetadataLookup")
    if lookup is not None:
        _check_lookup(lookup)
        number = lookup.get("metadataId")
        among = book.entries.values() if number is None else [entry for entry in [book.entries.get(number)] if entry is not None]
        return [entry for entry in among if _seen(entry, project) and _matches(book, entry, lookup)]
    where = where or Places()
    found = []
    for wanted in spots(book, given, project):
        for entry in visible(book, project):
            place = spot(entry, where)
            if place is not None and place.sheet is wanted.sheet and place.area.meets(wanted.area):
                found.append(entry)
    return found


def _check_lookup(lookup: Json) -> None:
    """What may not stand together, as the discovery document has it; the wording is a guess. Raises Refused."""
    exact = lookup.get("locationMatchingStrategy") == "EXACT_LOCATION"
    if "locationMatchingStrategy" in lookup and "metadataLocation" not in lookup:
        raise invalid("A metadataLocation must be specified with a locationMatchingStrategy.")
    if exact and "locationType" in lookup:
        raise invalid("A locationType cannot be specified with the locationMatchingStrategy EXACT_LOCATION.")
    elsewhere = "metadataLocation" in lookup and not lookup["metadataLocation"].get("spreadsheet")
    if lookup.get("locationType") == "SPREADSHEET" and elsewhere:
        raise invalid("A locationType of SPREADSHEET cannot be specified with the location of something else.")


def _matches(book: Book, entry: Entry, lookup: Json) -> bool:
    if lookup.get("metadataKey", entry.key) != entry.key or lookup.get("metadataValue", entry.value) != entry.value:
        return False
    if lookup.get("visibility", entry.visibility) != entry.visibility:
        return False
    if "locationType" in lookup and lookup["locationType"] != kind(entry):
        return False
    if "metadataLocation" not in lookup:
        return True
    sheet, line = at(book, lookup["metadataLocation"])
    if lookup.get("locationMatchingStrategy") == "EXACT_LOCATION" or sheet is None or entry.sheet is None:
        return entry.sheet is sheet and entry.line is line
    if entry.sheet is not sheet:
        return False
    return line is None or entry.line is None or entry.line is line or isinstance(line, Row) != isinstance(entry.line, Row)


def spots(book: Book, given: Json, project: str, where: Places | None = None) -> list[Spot]:
    """The cells that a data filter selects, each once, in the order of the entries. Raises Refused.

    where: kept from filter to filter, as long as nothing moves.
    """
    if "a1Range" in given:
        place = book.place(given["a1Range"])
        return [Spot(place.sheet, place.area)]
    if "gridRange" in given:
        sheet = _sheet(book, given["gridRange"].get("sheetId", 0))
        return [Spot(sheet, from_json(given["gridRange"], sheet))]
    if "developerMetadataLookup" in given:
        where = where or Places()
        found = [spot(entry, where) for entry in entries(book, given, project)]
        return list(dict.fromkeys(one for one in found if one is not None))
    raise invalid("Must specify a filter.")

"""One request of a batchUpdate, with what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import a1
from tests.emulators.google_sheets.book import Book, from_json
from tests.emulators.google_sheets.errors import beyond_grid, invalid
from tests.emulators.google_sheets.files import File
from tests.emulators.google_sheets.grid import Area, Sheet

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets


class Call(NamedTuple):
    """email: who asks.   given: the request's own object."""

    service: GoogleSheets
    file: File
    book: Book
    email: str
    given: dict[str, Json]

    def sheet(self, number: int | None) -> Sheet:
        """Raises Refused. Left out, an id is 0."""
        sheet = self.book.sheet(number or 0)
        if sheet is None:
            raise invalid(f"No sheet with id: {number or 0}")
        return sheet

    def area(self, given: Json) -> tuple[Sheet, Area]:
        """The cells of a GridRange that there are; it may be none. Raises Refused where it begins beyond the grid.

        As somebody measured it in September 2026: a range that ends beyond is taken as far as the grid goes, one without cells does
        nothing, one that begins beyond is refused by its name, `T!A1001:B` for open rows, `T!AA1:2` for open columns.
        """
        sheet = self.sheet(given.get("sheetId"))
        area = from_json(given, sheet)
        if area.top < 0 or area.left < 0 or area.bottom < 0 or area.right < 0:
            raise invalid("GridRange indexes must be >= 0")
        if area.top >= sheet.height or area.left >= sheet.width:
            raise beyond_grid(f"{a1.quoted(sheet.title)}!{a1.opened(area, given)}", sheet.height, sheet.width)
        bottom, right = min(area.bottom, sheet.height), min(area.right, sheet.width)
        return sheet, Area(area.top, max(bottom, area.top), area.left, max(right, area.left))

    def fields(self) -> str:
        """Raises Refused where an update doesn't say what it is about."""
        if not self.given.get("fields"):
            raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
        return str(self.given["fields"])

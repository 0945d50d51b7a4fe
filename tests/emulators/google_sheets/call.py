"""One request of a batchUpdate, with what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets.book import Book, from_json
from tests.emulators.google_sheets.errors import invalid
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
        """A GridRange, which has to be on the grid. Raises Refused."""
        sheet = self.sheet(given.get("sheetId"))
        area = from_json(given, sheet)
        if area.top < 0 or area.left < 0 or area.bottom <= area.top or area.right <= area.left:
            raise invalid(f"Invalid range: {given}")
        if area.bottom > sheet.height or area.right > sheet.width:
            raise invalid(f"GridRange exceeds grid limits. Max rows: {sheet.height}, max columns: {sheet.width}")
        return sheet, area

    def fields(self) -> str:
        """Raises Refused where an update doesn't say what it is about."""
        if not self.given.get("fields"):
            raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
        return str(self.given["fields"])

"""`spreadsheets`: create, get, getByDataFilter, batchUpdate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Answer, Json, NotEmulated, Request
from tests.emulators.google_sheets import batch, errors, masks, metadata, on_sheets, resource, schema, values
from tests.emulators.google_sheets.accounts import SHEETS_READ, SHEETS_WRITE
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import COLUMNS, ROWS, Sheet
from tests.emulators.google_sheets.locales import locale
from tests.emulators.google_sheets.masks import answer_mask, kept
from tests.emulators.google_sheets.resource import Part, View

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

BASE = "/v4/spreadsheets"
TRUE = ("true", "True", True)


class SpreadsheetsApi:
    def __init__(self, service: GoogleSheets) -> None:
        self._service = service
        on = service.serve
        on("POST", BASE, "spreadsheets.create", "write", SHEETS_WRITE, self.create)
        on("GET", BASE + "/{file_id}", "spreadsheets.get", "read", SHEETS_READ, self.get)
        on("POST", BASE + "/{file_id}:getByDataFilter", "spreadsheets.getByDataFilter", "read", SHEETS_WRITE, self.get_filtered)
        on("POST", BASE + "/{file_id}/sheets/{sheet}:copyTo", "sheets.copyTo", "write", SHEETS_WRITE, self.copy_to)
        on("POST", BASE + "/{file_id}:batchUpdate", "spreadsheets.batchUpdate", "write", SHEETS_WRITE, self.batch_update)

    def create(self, request: Request) -> Answer:
        given = schema.body(request.json, "Spreadsheet")
        mask = answer_mask(request.first("fields"), "Spreadsheet")
        grant = self._service.grant(request)
        if grant.account.robot and self._service.switches["robots_create"] == "refused":
            raise errors.not_shared()
        said = given.get("properties", {})
        for name in set(given) - {"properties", "sheets"} | set(said) - {"title", "locale", "timeZone", "autoRecalc"}:
            raise NotEmulated(f"creating a spreadsheet with {name}")
        sheets = [self._sheet(one, index, given["sheets"]) for index, one in enumerate(given.get("sheets", []))]
        file = self._service.new_spreadsheet(said.get("title") or "Untitled spreadsheet", grant.account.email, sheets)
        assert file.book is not None
        on_sheets.set_properties(file.book, said)
        locale(file.book.locale)
        return Answer.of(200, self._told(request, file.book, mask, [Part(sheet, sheet.whole) for sheet in sheets] or None, False))

    def _sheet(self, given: Json, index: int, all_: list[Json]) -> Sheet:
        said = given.get("properties", {})
        if set(given) - {"properties"}:
            raise NotEmulated(f"creating a tab with {', '.join(set(given) - {'properties'})}")
        taken = [one.get("properties", {}).get("sheetId", 0) for one in all_]
        number = said.get("sheetId", self._service.new_number(taken) if index else 0)
        grid = said.get("gridProperties", {})
        title = said.get("title") or f"Sheet{index + 1}"
        sheet = Sheet.blank(number, title, grid.get("rowCount") or ROWS, grid.get("columnCount") or COLUMNS)
        on_sheets.set_sheet_properties(sheet, said)
        return sheet

    def get(self, request: Request, file_id: str) -> Answer:
        book = self._service.open(request, file_id, write=False).book
        mask = answer_mask(request.first("fields"), "Spreadsheet")
        places = [book.place(text) for text in request.all("ranges")]
        parts = [Part(place.sheet, values.on_grid(place)) for place in places]
        if not parts:
            return Answer.of(200, self._told(request, book, mask, None, request.first("includeGridData") in TRUE))
        return Answer.of(200, self._told(request, book, mask, parts, request.first("includeGridData") in TRUE))

    def get_filtered(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "GetSpreadsheetByDataFilterRequest")
        book = self._service.open(request, file_id, write=False).book
        mask = answer_mask(request.first("fields"), "Spreadsheet")
        parts = []
        for index, wanted in enumerate(given.get("dataFilters", [])):
            spots = metadata.spots(book, wanted, self._service.project)
            if not spots and self._service.switches["unmatched_filter"] == "refused":
                raise invalid(f"Invalid dataFilters[{index}]: No data matched the data filter.")
            parts += [Part(spot.sheet, spot.area) for spot in spots]
        return Answer.of(200, self._told(request, book, mask, parts, given.get("includeGridData") in TRUE))

    def _told(self, request: Request, book: Book, mask: masks.Tree, parts: list[Part] | None, grid: bool) -> Json:
        email = self._service.grant(request).account.email
        view = View(self._service.renderer(book), self._service.project, email)
        return resource.spreadsheet(book, mask, view, parts, grid)

    def copy_to(self, request: Request, file_id: str, sheet: str) -> Answer:
        given = schema.body(request.json, "CopySheetToAnotherSpreadsheetRequest")
        book = self._service.open(request, file_id, write=False).book
        source = book.sheet(int(sheet)) if sheet.isdigit() else None
        if source is None:
            raise errors.not_found()
        with self._service.writing(request, given.get("destinationSpreadsheetId", "")) as target:
            number = self._service.new_number([one.id for one in target.book.sheets])
            copy = on_sheets.copied(source, number, on_sheets.copied_title(target.book, source.title))
            target.book.room(copy, copy.height, copy.width)
            target.book.sheets.append(copy)
        return Answer.of(200, resource.sheet_properties(target.book, copy))

    def batch_update(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "BatchUpdateSpreadsheetRequest")
        if not given.get("requests"):
            raise invalid("Must specify at least one request.")
        with self._service.writing(request, file_id) as opened:
            replies = batch.apply(self._service, opened, given["requests"])
        answer: dict[str, Json] = {"spreadsheetId": file_id, "replies": replies}
        if given.get("includeSpreadsheetInResponse"):
            places = [opened.book.place(text) for text in given.get("responseRanges", [])]
            parts = [Part(place.sheet, values.on_grid(place)) for place in places] or None
            grid = bool(given.get("responseIncludeGridData"))  # "ignored if a field mask was set in the request"
            mask = answer_mask(request.first("fields"), "BatchUpdateSpreadsheetResponse")
            wanted = masks.below(mask, "updatedSpreadsheet") if masks.wants(mask, "updatedSpreadsheet") else {}
            answer["updatedSpreadsheet"] = self._told(request, opened.book, wanted, parts, grid)
        return Answer.of(200, kept(answer, answer_mask(request.first("fields"), "BatchUpdateSpreadsheetResponse")))

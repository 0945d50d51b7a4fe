"""`spreadsheets.developerMetadata`: get and search. Both are POSTs or GETs that want a scope which may write (VENDORS.md A4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Answer, Json, Request
from tests.emulators.google_sheets import metadata, schema
from tests.emulators.google_sheets.accounts import SHEETS_WRITE
from tests.emulators.google_sheets.book import Entry
from tests.emulators.google_sheets.errors import not_found
from tests.emulators.google_sheets.masks import answer_mask, kept

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

BASE = "/v4/spreadsheets/{file_id}/developerMetadata"


class MetadataApi:
    def __init__(self, service: GoogleSheets) -> None:
        self._service = service
        service.serve("POST", BASE + ":search", "developerMetadata.search", "read", SHEETS_WRITE, self.search)
        service.serve("GET", BASE + "/{number}", "developerMetadata.get", "read", SHEETS_WRITE, self.get)

    def get(self, request: Request, file_id: str, number: str) -> Answer:
        book = self._service.open(request, file_id, write=False).book
        for entry in metadata.visible(book, self._service.project):
            if str(entry.id) == number:
                mask = answer_mask(request.first("fields"), "DeveloperMetadata")
                return Answer.of(200, kept(metadata.to_json(book, entry), mask))
        raise not_found()

    def search(self, request: Request, file_id: str) -> Answer:
        given = schema.body(request.json, "SearchDeveloperMetadataRequest")
        book = self._service.open(request, file_id, write=False).book
        found: dict[Entry, list[Json]] = {}
        for wanted in given.get("dataFilters", []):
            for entry in metadata.entries(book, wanted, self._service.project):
                found.setdefault(entry, []).append(wanted)
        where = metadata.Places()
        matched = [
            {"developerMetadata": metadata.to_json(book, entry, where), "dataFilters": filters} for entry, filters in found.items()
        ]
        answer = {"matchedDeveloperMetadata": matched} if matched else {}
        return Answer.of(200, kept(answer, answer_mask(request.first("fields"), "SearchDeveloperMetadataResponse")))

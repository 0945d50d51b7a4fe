"""What tests ask of an emulator, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from google.oauth2.credentials import Credentials
from gspread import Client
from gspread.http_client import HTTPClient

from tests.emulators.core.exchange import Answer, Json, Request
from tests.emulators.core.journal import Entry
from tests.emulators.google_sheets import OWNER, GoogleSheets, schema

DRIVE_SCHEMAS = {
    "drive.about": "About",
    "drive.create": "File",
    "drive.get": "File",
    "drive.update": "File",
    "drive.copy": "File",
    "drive.list": "FileList",
    "drive.comments": "CommentList",
    "permissions.list": "PermissionList",
    "permissions.create": "Permission",
}


def answer_faults(entry: Entry) -> list[str]:
    """What in an answer is not as Google's discovery document has it."""
    if entry.answer.status != 200 or entry.faulty:
        return []
    if entry.operation in schema.ANSWERS:
        return schema.answer_faults(entry.answer.json, schema.ANSWERS[entry.operation], entry.operation)
    if entry.operation in DRIVE_SCHEMAS:
        return schema.answer_faults(entry.answer.json, DRIVE_SCHEMAS[entry.operation], entry.operation, "drive.v3")
    return []


class Calls:
    """As somebody, about one spreadsheet, which is made where no id is given."""

    def __init__(self, service: GoogleSheets, file_id: str | None = None, token: str | None = None) -> None:
        self.service = service
        self.token = token or service.accounts.token(OWNER)
        self.id = file_id or service.new_spreadsheet("Ops", OWNER).id

    def ask(self, method: str, target: str, body: Json = None, **query: Any) -> Answer:
        """target: from the base on."""
        words = urlencode([(key, one) for key, value in query.items() for one in (value if isinstance(value, list) else [value])])
        return self.service.answer(Request.of(method, target + ("?" + words if words else ""), token=self.token, json=body))

    def sheets(self, method: str, rest: str = "", body: Json = None, **query: Any) -> Json:
        """What is answered, which has to be 200."""
        answer = self.ask(method, f"/v4/spreadsheets/{self.id}{rest}", body, **query)
        assert answer.status == 200, answer.json
        return answer.json

    def refused(self, method: str, rest: str = "", body: Json = None, **query: Any) -> tuple[int, str]:
        answer = self.ask(method, f"/v4/spreadsheets/{self.id}{rest}", body, **query)
        return answer.status, answer.json["error"]["message"]

    def get(self, cells: str, **query: Any) -> Json:
        return self.sheets("GET", f"/values/{quote(cells, safe='')}", **query).get("values")

    def put(self, cells: str, rows: Sequence[Sequence[Json]], option: str = "RAW", **query: Any) -> Json:
        return self.sheets("PUT", f"/values/{quote(cells, safe='')}", {"values": rows}, valueInputOption=option, **query)

    def typed(self, cells: str, *texts: str) -> None:
        """Texts beside each other, USER_ENTERED."""
        self.put(cells, [texts], "USER_ENTERED")

    def append(self, cells: str, rows: Sequence[Sequence[Json]], **query: Any) -> Json:
        return self.sheets("POST", f"/values/{quote(cells, safe='')}:append", {"values": rows}, valueInputOption="RAW", **query)

    def batch(self, *requests_: Json) -> list[Json]:
        replies: list[Json] = self.sheets("POST", ":batchUpdate", {"requests": requests_})["replies"]
        return replies

    def no_batch(self, *requests_: Json) -> tuple[int, str]:
        return self.refused("POST", ":batchUpdate", {"requests": requests_})

    def drive(self, method: str, rest: str = "", body: Json = None, **query: Any) -> Answer:
        return self.ask(method, f"/drive/v3/files{rest}", body, **query)


def towards(base: str) -> type[HTTPClient]:
    """gspread's HTTP client, for a service elsewhere."""

    class Elsewhere(HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **named: Any) -> Any:
            for real in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                endpoint = endpoint.replace(real, base, 1)
            return super().request(method, endpoint, *args, **named)

    return Elsewhere


def gspread_client(base: str, token: str) -> Client:
    """gspread as it is, with a token that needs no refreshing."""
    return Client(auth=credentials(token=token), http_client=towards(base))


def credentials(**said: Any) -> Any:
    """google-auth's, of someone who has signed in."""
    untyped: Any = Credentials
    return untyped(**said)

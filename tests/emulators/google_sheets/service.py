"""Sheets v4, Drive v3 and the token endpoint as one service: who is let in, what is counted, what serves what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import NamedTuple
from urllib.parse import parse_qsl

from tests.emulators.core.clock import Clock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, Json, NotEmulated, Refused, Request
from tests.emulators.core.routes import Routes
from tests.emulators.core.switches import Switches
from tests.emulators.google_sheets import (
    accounts,
    drive_api,
    errors,
    masks,
    metadata_api,
    schema,
    spreadsheets_api,
    switches,
    values_api,
)
from tests.emulators.google_sheets.accounts import Accounts, Grant
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.consent import Consent
from tests.emulators.google_sheets.errors import DRIVE
from tests.emulators.google_sheets.files import SPREADSHEET, File, Files
from tests.emulators.google_sheets.grid import Sheet
from tests.emulators.google_sheets.quotas import Quotas
from tests.emulators.google_sheets.rendering import FORMATTED, Renderer

LAGS = {"none": timedelta(0), "30s": timedelta(seconds=30), "120s": timedelta(seconds=120)}
ROBOT = "rowd@emulated.iam.gserviceaccount.com"
OWNER = "owner@example.com"
ZONE = "Etc/GMT"
Handler = Callable[..., Answer]


class Opened(NamedTuple):
    """A spreadsheet that a request may see."""

    file: File
    book: Book
    grant: Grant


class Operation(NamedTuple):
    """quota: read, write or drive.   scopes: any of which will do."""

    quota: str
    scopes: frozenset[str]


class GoogleSheets(Emulator):
    """project: of the credentials in use: PROJECT metadata belongs to it.   enabled: whether the Sheets API is switched on.

    folders: of keys that snippets name.
    """

    def __init__(self, clock: Clock, chosen: Mapping[str, str] | None = None, seed: int = 0) -> None:
        super().__init__(clock, Switches(switches.SWITCHES, chosen), seed)
        self.random = Random(seed)  # noqa: S311 (ids, told again with the same seed)
        self.accounts = Accounts(clock, self.random)
        self.files = Files(self.random)
        self.quotas = Quotas(self.switches)
        self.project = "emulated"
        self.enabled = True
        self.folders: list[Path] = []
        self._operations: dict[str, Operation] = {}
        self.routes = Routes(colon_ends=True)
        self.routes.on("POST", "/token", "token", self._token)
        self.consent = Consent(self)
        for api in (values_api.ValuesApi, metadata_api.MetadataApi, spreadsheets_api.SpreadsheetsApi, drive_api.DriveApi):
            api(self)

    def answer(self, request: Request) -> Answer:
        """Clients send a GET that is too long for one as a POST that says so (googleapiclient, from 2,048 characters on)."""
        if request.method == "POST" and (method := request.headers.get("x-http-method-override")):
            headers = {name: value for name, value in request.headers.items() if name != "x-http-method-override"}
            query = (*request.query, *parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            request = Request(method, request.path, query, headers)
        if request.path.endswith("/"):  # so asks grouparoo's client in its recordings
            request = replace(request, path=request.path.rstrip("/"))
        return super().answer(request)

    def serve(self, method: str, template: str, operation: str, quota: str, scopes: frozenset[str], handler: Handler) -> None:
        """One method of the API. What it answers with is known by its name: a bad field mask is refused before anything is done."""
        self._operations[operation] = Operation(quota, scopes)
        name = schema.ANSWERS.get(operation, "")

        @wraps(handler)
        def serves(request: Request, **values: str) -> Answer:
            if name:
                schema.check_query([given for given, _ in request.query], operation)
                masks.answer_mask(request.first("fields"), name)
            return handler(request, **values)

        self.routes.on(method, template, operation, serves)

    def not_emulated(self, what: str) -> Answer:
        return Answer.of(501, {"error": {"code": 501, "message": f"{what} is not emulated", "status": "UNIMPLEMENTED"}})

    def admit(self, request: Request, operation: str) -> None:
        known = self._operations.get(operation)
        if known is None:
            return
        grant = self._known(request)
        if grant is None:
            raise self._stranger(request)
        if not request.path.startswith(DRIVE) and not self.enabled:
            raise _switched_off()
        if known.scopes and not known.scopes & grant.scopes:
            info = {
                "@type": errors.ERROR_INFO,
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": "sheets.googleapis.com"},
            }
            if request.path.startswith(DRIVE):
                raise errors.drive(403, "insufficientPermissions", "Insufficient Permission")
            raise errors.sheets(403, "Request had insufficient authentication scopes.", [info])
        full = self.quotas.take(known.quota, operation, grant.account.quota_user, self.clock.now())
        if full is not None:
            raise full

    def _token(self, request: Request) -> Answer:
        by_code = request.form.get("grant_type") == "authorization_code"
        return self.consent.token(request) if by_code else self.accounts.endpoint(request)

    def _known(self, request: Request) -> Grant | None:
        token = request.bearer or request.first("access_token")
        if token is None and (key := _api_key(request)) is not None:
            return self.accounts.api_key(key)
        return self.accounts.grant(token)

    def _stranger(self, request: Request) -> Refused:
        if request.bearer is None and _api_key(request) is not None:
            info = {"@type": errors.ERROR_INFO, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            return errors.sheets(400, "API key not valid. Please pass a valid API key.", [info])
        if request.path.startswith(DRIVE):
            return errors.drive_stranger(request.bearer is not None)
        if request.bearer is None:
            return errors.sheets(403, errors.UNREGISTERED)
        return errors.sheets(401, errors.UNAUTHENTICATED)

    def no_json(self, why: str) -> Answer:
        return errors.sheets(400, f"Invalid JSON payload received. {why}").answer

    def grant(self, request: Request) -> Grant:
        """Of a request that was let in."""
        grant = self._known(request)
        assert grant is not None
        return grant

    def open(self, request: Request, file_id: str, *, write: bool) -> Opened:
        """Raises Refused."""
        grant = self.grant(request)
        file = self.files.get(file_id)
        if file is None:
            raise errors.not_found()
        if not file.may_read(grant.account.email) or (write and not file.may_write(grant.account.email)):
            raise errors.not_shared()
        if file.book is None:
            raise errors.no_spreadsheet()
        return Opened(file, file.book, grant)

    @contextmanager
    def writing(self, request: Request, file_id: str) -> Iterator[Opened]:
        """All of it or nothing; Drive hears of it."""
        opened = self.open(request, file_id, write=True)
        back, name = opened.book.keep(), opened.file.name
        try:
            yield opened
        except (Refused, NotEmulated):
            back()
            opened.file.name = name
            raise
        opened.file.changed(self.clock.now())

    def renderer(self, book: Book, option: str | None = None, times: str | None = None) -> Renderer:
        return Renderer(book, self.clock.now(), option or FORMATTED, times or "SERIAL_NUMBER")

    def new_number(self, taken: Collection[int] = ()) -> int:
        """An id as tabs, protected ranges and metadata have, and none of those that are taken."""
        while True:
            number = self.random.randrange(1, 2**31 - 1)
            if number not in taken:
                return number

    def new_spreadsheet(self, title: str, owner: str, sheets: list[Sheet] | None = None, file_id: str | None = None) -> File:
        """One as someone makes it, through no API."""
        file = self.files.add(title, SPREADSHEET, owner, self.clock.now(), file_id)
        properties: dict[str, Json] = {"title": title, "locale": "en_US", "autoRecalc": "ON_CHANGE", "timeZone": ZONE}
        file.book = Book(file.id, properties, sheets or [Sheet.blank(0, "Sheet1")])
        return file

    def snippet(self, base: str) -> str:
        from tests.emulators.google_sheets.seeding import snippet

        return snippet(self, base, ROBOT)

    def close(self) -> None:
        for folder in self.folders:
            rmtree(folder, ignore_errors=True)
        self.folders.clear()


def _api_key(request: Request) -> str | None:
    return request.first("key") or request.headers.get("x-goog-api-key")


def _switched_off() -> Refused:
    info = {
        "@type": errors.ERROR_INFO,
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com", "consumer": "projects/123456789012"},
    }
    return errors.sheets(
        403,
        "Google Sheets API has not been used in project 123456789012 before or it is disabled. Enable it by visiting "
        "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=123456789012 then retry. If you "
        "enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.",
        [info],
    )


__all__ = ["GoogleSheets", "Opened", "accounts"]

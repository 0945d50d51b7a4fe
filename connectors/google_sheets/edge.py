"""The edge to HTTP: each method is one request to Sheets or Drive, with time-outs, never tried again, its failure translated.

gspread's HTTP client carries the requests. What it makes of refusals isn't used: it breaks on some bodies, and loses others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connectors.api import Gate, Place, Request, open_gate
from connectors.causes import cause, unreachable
from connectors.errors import Bug, OutcomeUnknown, TableError, TryLater
from connectors.google_sheets.credentials import Credentials
from connectors.google_sheets.errors import Refusal, Subject, Unasked, no_token, refused
from connectors.google_sheets.grid import MASK
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.tokens import Account
from connectors.whole import Watch

if TYPE_CHECKING:
    import requests
    from gspread.http_client import HTTPClient

_SHEETS = "https://sheets.googleapis.com"
_GOOGLE = "https://www.googleapis.com"
_ANSWER = "responses(dataFilter,updatedData(range,values))"

OVERVIEW = "properties(title),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)))"

Json = dict[str, Any]

MOST = 256 * 1024 * 1024
"""Bytes of one answer, unpacked: a tab of some hundred thousand rows."""

ISSUER = "Google's token service"
"""What messages call where access tokens come from."""


class Edge:
    """One table's connection. Nothing is opened, read or imported before the first request."""

    def __init__(self, settings: GoogleSheetsSettings, place: Place, label: str) -> None:
        self._settings, self._place, self._label = settings, place, label
        self.credentials = Credentials(settings, place, label)
        self._watch = Watch(settings.read_timeout, "read_timeout", MOST)
        self._account: Account | None = None
        self._client: HTTPClient | None = None
        self._session: requests.Session | None = None
        self._refused = False  # Google didn't accept the credentials: they are read anew, in case they are others by now
        self._last: requests.Response | None = None  # as it came, whatever gspread makes of it

    @property
    def subject(self) -> Subject:
        asks, login = self._account, self.credentials.login
        return Subject(self._label, asks.address if asks else "", self._settings.id, asks.project if asks else "", login)

    def overview(self) -> Json:
        """`spreadsheets.get` without a cell: its title, and how its tabs are called and how large they are. One read."""
        return self._ask("get", self._url, writing=False, params={"fields": OVERVIEW})

    def spreadsheet(self, tab: int | str, mask: str = MASK) -> Json:
        """`spreadsheets.get` of one tab: by its title; by its number through data filters, which the plain get hasn't. One read."""
        if isinstance(tab, str):
            return self._ask("get", self._url, writing=False, params={"ranges": quoted(tab), "fields": mask})
        body = {"dataFilters": [{"gridRange": {"sheetId": tab}}]}
        return self._ask("post", f"{self._url}:getByDataFilter", writing=False, params={"fields": mask}, body=body)

    def put(self, data: Sequence[Json]) -> list[Json]:
        """`values:batchUpdateByDataFilter`, RAW: the answers, each with its filter and what stands there now. One write."""
        body = {
            "valueInputOption": "RAW",
            "includeValuesInResponse": True,
            "responseValueRenderOption": "UNFORMATTED_VALUE",
            "responseDateTimeRenderOption": "SERIAL_NUMBER",
            "data": list(data),
        }
        url = f"{self._url}/values:batchUpdateByDataFilter"
        answer = self._ask("post", url, writing=True, params={"fields": _ANSWER}, body=body)
        found: list[Json] = answer.get("responses", [])
        return found

    def change(self, requests_: Sequence[Json], title: str) -> Json:
        """`spreadsheets:batchUpdate`, all or nothing: its replies, and the tab of that title as it stands now. One write."""
        body = {
            "requests": list(requests_),
            "includeSpreadsheetInResponse": True,
            "responseIncludeGridData": True,
            "responseRanges": [quoted(title)],
        }
        params = {"fields": f"replies,updatedSpreadsheet({MASK})"}
        return self._ask("post", f"{self._url}:batchUpdate", writing=True, params=params, body=body)

    def alter(self, requests_: Sequence[Json]) -> None:
        """The same, without a look at what stands there then. One write."""
        body = {"requests": list(requests_)}
        self._ask("post", f"{self._url}:batchUpdate", writing=True, params={"fields": "spreadsheetId"}, body=body)

    def file(self) -> Json:
        """Drive's `files.get`: `version` and `trashed`. Counts against Drive's quota alone, 5 of 325,000 units a minute: no gate.

        Raises Unasked for every refusal: what is wrong with the access, Sheets itself says better.
        """
        return self._file("version,trashed", self._unasked)

    def rights(self) -> Json:
        """The same: `capabilities(canEdit)`, and `trashed`. A refusal is said as what to do about it."""
        return self._file("capabilities(canEdit),trashed", None)

    def _file(self, fields: str, refusal: Callable[[Refusal], TableError] | None) -> Json:
        url = f"{_GOOGLE}/drive/v3/files/{self._settings.id}"
        params = {"fields": fields, "supportsAllDrives": "true"}
        return self._ask("get", url, writing=False, params=params, refusal=refusal, gate=open_gate)

    @property
    def _url(self) -> str:
        return f"{_SHEETS}/v4/spreadsheets/{self._settings.id}"

    def _unasked(self, refusal: Refusal) -> TableError:
        return Unasked(f"{self._label}: Drive answered {refusal.status}: {refusal.message}")

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = self._client = None

    def _ask(
        self,
        method: str,
        url: str,
        *,
        writing: bool,
        params: Mapping[str, str],
        body: Json | None = None,
        refusal: Callable[[Refusal], TableError] | None = None,
        gate: Gate | None = None,
    ) -> Json:
        """refusal: what a refusal means; None: what it means of Sheets.   gate: None for that of Sheets.

        Raises TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """
        client, gate = self._opened(), gate or self._place.gate
        kind: Request = "write" if writing else "read"
        for last in (False, True):
            with gate(kind), self._translated(writing=writing), self._watch.within(self._label, writing=writing):
                answer = self._sent(client, method, url, params, body)
                if answer.status_code == 401 and self._account is not None and not last:
                    self._account.drop()  # a token may be taken back before its time; nothing was done
                    continue
                self._refused = answer.status_code == 401
                if not answer.ok:
                    headers = {name.lower(): value for name, value in answer.headers.items()}
                    said = Refusal(answer.status_code, headers, answer.content)
                    raise refusal(said) if refusal is not None else refused(said, self.subject, writing=writing)
                found: Any = answer.json()
                if not isinstance(found, dict):
                    raise self._doubtful(writing, "the answer is none of Google's")
                return found
        raise Bug("not reached: the second answer is taken, whatever it says")

    def _sent(self, client: HTTPClient, method: str, url: str, params: Mapping[str, str], body: Json | None) -> requests.Response:
        from gspread.exceptions import APIError

        if self._settings.endpoint is not None:
            url = self._settings.endpoint + url.removeprefix(_SHEETS if url.startswith(_SHEETS) else _GOOGLE)
        self._forget()
        try:
            return client.request(method, url, params=dict(params), json=body)
        except (APIError, TypeError, KeyError):  # gspread 6.2.1 breaks on an error that isn't as Google's own are
            if self._last is None:
                raise
            return self._last

    def _forget(self) -> None:
        self._last = None

    def _opened(self) -> HTTPClient:
        """Raises NeedsOwner."""
        if self._client is None or self._refused:
            self.close()
            self._client, self._refused = self._made(), False
        return self._client

    def _made(self) -> HTTPClient:
        import requests
        from google.auth.transport.requests import Request
        from gspread.http_client import HTTPClient

        from connectors.over_requests import watched

        account = self._account = self.credentials.account()
        self._session = session = requests.Session()
        transport: Any = Request
        seconds = self._settings.read_timeout.total_seconds()

        def authorised(request: requests.PreparedRequest) -> requests.PreparedRequest:
            ask = transport(session=session)
            token = account.token(lambda url, **said: ask(url, **{**said, "timeout": seconds, "auth": _nobody}))
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        def came(response: requests.Response, **_said: object) -> None:
            self._last = response

        watched(session, self._watch)
        session.auth = authorised
        session.hooks["response"].append(came)
        nobody: Any = None
        client = HTTPClient(nobody, session)
        client.timeout = (self._settings.connect_timeout.total_seconds(), seconds)
        return client

    @contextmanager
    def _translated(self, *, writing: bool) -> Iterator[None]:
        import requests
        from google.auth.exceptions import GoogleAuthError, RefreshError

        try:
            yield
        except RefreshError as exc:
            self._refused = not exc.retryable
            raise no_token(str(exc.args[0]) if exc.args else "", bool(exc.retryable), self.subject) from exc
        except GoogleAuthError as exc:  # no token yet, so nothing was sent
            raise TryLater(f"{self._label}: {unreachable(ISSUER, exc)}") from exc
        except requests.exceptions.JSONDecodeError as exc:
            raise self._doubtful(writing, f"the answer is torn or none of Google's ({exc})") from exc
        except requests.RequestException as exc:
            if never_sent(exc):
                raise TryLater(f"{self._label}: {unreachable('Google', exc)}") from exc
            raise self._doubtful(writing, f"no whole answer came ({cause(exc)})") from exc

    def _doubtful(self, writing: bool, why: str) -> TableError:
        return OutcomeUnknown(f"{self._label}: {why}") if writing else TryLater(f"{self._label}: {why}")


def never_sent(exc: requests.RequestException) -> bool:
    """Whether the request has certainly not reached anybody: no connection came about."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

    if isinstance(exc, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    if isinstance(exc, requests.exceptions.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(exc)
    if isinstance(exc, requests.exceptions.InvalidURL | requests.exceptions.InvalidProxyURL):
        return True
    cause: Any = exc.args[0] if exc.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)


def quoted(title: str) -> str:
    """A tab's title as A1 notation has it."""
    return "'" + title.replace("'", "''") + "'"


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """What asks for a token bears none."""
    return request

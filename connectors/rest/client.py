"""One request to the service through `httpx`, which is imported with the first of them.

An answer is read as far as it may go and no further: its bytes are counted as they come, and none is unpacked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from connectors.api import Place
from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.reaching import RELOAD, on_this_machine
from connectors.rest.cells import Odd
from connectors.rest.errors import Asking, Refused, Where, retry_after, translated
from connectors.rest.settings import RestSettings
from connectors.showing import shown
from connectors.whole import Watch

if TYPE_CHECKING:
    import httpx

MOST = 16 * 1024 * 1024
"""Bytes of one answer."""
MOST_REFUSED = 64 * 1024
"""Bytes of a refusal: what is beyond says nothing more."""

UNMODIFIED = 304


class Answer(Struct, frozen=True):
    """document: its JSON; None where there is none.   size: in bytes."""

    status: int
    document: Any
    headers: Mapping[str, str]
    size: int = 0

    @property
    def etag(self) -> str | None:
        return self.headers.get("ETag") or None


class Client:
    """Sends one request, once, through the gate. It follows no redirect, and goes to no other service than the operator's."""

    def __init__(self, settings: RestSettings, place: Place, transport: httpx.BaseTransport | None = None) -> None:
        """transport: what takes requests instead of a network, for tests."""
        secret = settings.auth.secret if settings.auth is not None else None
        self.where = Where(place.name, settings.url, secret, settings.scope if settings.counts else None)
        self._settings = settings
        self._place = place
        self._transport = transport
        self._watch = Watch(settings.timeout, "timeout", MOST)

    def ask(
        self,
        asking: Asking,
        method: str,
        target: str,
        *,
        body: Any = None,
        type: str = "application/json",  # noqa: A002 (as HTTP calls it)
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer.   target: path and query below the service's address.   body: its JSON; None for none.   type: of the body.

        Raises Refused for what `asking` heeds; TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """
        http = self._http
        sent = {**self._shown, **(headers or {})}
        content = None
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), type
        with (
            self._place.gate("write" if asking.writing else "read"),
            translated(self.where, asking),
            self._watch.within(self.where, writing=asking.writing),
            http.stream(method, self._settings.url + target, content=content, headers=sent) as response,
        ):
            return self._taken(response, asking)

    def within(self, address: str) -> str:
        """Path and query, below the service's address, of an address that the service has given. Raises NeedsOwner for others'."""
        if address.startswith("?"):
            address = urlsplit(self._settings.url + self._settings.list).path + address
        if address.startswith("/") and not address.startswith("//"):
            address = self._origin + address
        steps = unquote(urlsplit(address).path).split("/")
        if not address.startswith(self._settings.url + "/") or ".." in steps:
            raise NeedsOwner(
                f"{self.where}: the list goes on at another address ({shown(address)}), and rowd follows nobody there. Let the"
                " service tell addresses as it is called in `url`, or write that one there; or say another kind of `paging`."
            )
        return address.removeprefix(self._settings.url)

    def close(self) -> None:
        """Let go of the connections. Another request would make new ones."""
        if "_http" in self.__dict__:
            self._http.close()
            del self._http

    def _taken(self, response: httpx.Response, asking: Asking) -> Answer:
        """Raises Refused, and a TableError for what is no answer of a JSON service."""
        status = response.status_code
        if status == UNMODIFIED:
            return Answer(status, None, response.headers)
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            doubtful = OutcomeUnknown if asking.writing else NeedsOwner
            raise doubtful(
                f"{self.where}: the answer to {asking.line} is packed, though rowd asks for none such; let it come plain"
            )
        whole = self._body(response, asking)
        if status >= 300:
            place = response.headers.get("Location", "")
            raise Refused(
                asking, status, _error_of(self._masked(whole.decode("utf-8", "replace"))), retry_after(response.headers), place
            )
        if status == 202 and asking.writing:
            raise OutcomeUnknown(f"{self.where}: {asking.line} was taken, to be carried out later")
        return Answer(status, self._document(whole, asking), response.headers, len(whole))

    def _body(self, response: httpx.Response, asking: Asking) -> bytes:
        most = MOST if response.status_code < 300 else MOST_REFUSED
        parts, size = [], 0
        for part in response.iter_raw():
            size += len(part)
            if size > most:
                if response.status_code >= 300:
                    break
                what = f"{self.where}: the answer to {asking.line} is longer than {most // 1024**2} MB"
                raise (
                    OutcomeUnknown(what) if asking.writing else NeedsOwner(f"{what}. Let it come in pages: `paging` in rowd.toml.")
                )
            parts.append(part)
        return b"".join(parts)

    def _document(self, whole: bytes, asking: Asking) -> Any:
        """None where a write is answered with no JSON, as may be. Raises NeedsOwner, OutcomeUnknown, TryLater."""
        if not whole.strip():
            if asking.writing:
                return None
        else:
            try:
                return json.loads(whole.decode("utf-8-sig"), parse_int=_whole, parse_constant=Odd)
            except RecursionError:
                what = f"{self.where}: the answer to {asking.line} holds lists in lists beyond all measure"
                raise OutcomeUnknown(what) if asking.writing else NeedsOwner(f"{what}; mend it in the service") from None
            except ValueError as exc:
                html = whole.lstrip()[:1] == b"<"
                if asking.writing and not html:
                    return None
                if asking.writing or not html:
                    doubtful = OutcomeUnknown if asking.writing else TryLater
                    raise doubtful(f"{self.where}: the answer to {asking.line} is no JSON ({exc})") from exc
        raise NeedsOwner(
            f"{self.where}: {asking.line} was answered with {'a web page' if whole else 'nothing'}, not with JSON. Correct `url`"
            f" and `{asking.setting}` in rowd.toml; perhaps what answers is a page to sign in at, or a proxy's."
        )

    def _masked(self, text: str) -> str:
        """Without our own secret: some services quote what they were sent."""
        for each in filter(None, (*self._credentials.values(), self._secret)):
            text = text.replace(each, "***").replace(json.dumps(each, ensure_ascii=False)[1:-1], "***")
        return text

    @property
    def _origin(self) -> str:
        parts = urlsplit(self._settings.url)
        return f"{parts.scheme}://{parts.netloc}"

    @cached_property
    def _secret(self) -> str | None:
        auth = self._settings.auth
        if auth is None:
            return None
        try:
            secret = self._place.secret(auth.secret).strip()
        except KeyError:
            secret = ""
        if not secret or not secret.isprintable() or not (secret.isascii() or auth.by == "basic"):
            raise NeedsOwner(
                f"{self.where}: {auth.secret} {'holds what no header can' if secret else 'has no value'}; put {auth.secret}=…"
                f" into .env beside rowd.toml; {RELOAD}"
            )
        return secret

    @property
    def _credentials(self) -> dict[str, str]:
        auth, secret = self._settings.auth, self._secret
        return auth.headers(secret) if auth is not None and secret is not None else {}

    @cached_property
    def _shown(self) -> dict[str, str]:
        """Headers of every request, the secret's among them."""
        said = {name.lower(): value for name, value in self._settings.headers.items()}
        return {"accept": "application/json", "user-agent": "rowd", **said, "accept-encoding": "identity", **self._credentials}

    @cached_property
    def _http(self) -> httpx.Client:
        """It keeps no cookies, for a session would put itself in the place of the credentials. Without encryption there is no
        certificate, and reading the authorities takes a moment. To this machine itself no proxy leads.
        """
        import httpx

        from connectors.over_httpx import Watched

        settings, service = self._settings, urlsplit(self._settings.url)
        self._shown  # noqa: B018 (a secret without a value is told before anything is opened)
        return httpx.Client(
            timeout=httpx.Timeout(settings.timeout.total_seconds(), connect=settings.connect_timeout.total_seconds()),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            verify=service.scheme == "https",
            trust_env=not on_this_machine(service.hostname or ""),
            follow_redirects=False,
            event_hooks={"request": [Watched(self._watch).goes]},
            transport=self._transport,
        )


def _whole(text: str) -> int | Odd:
    """Beyond what a float holds, a number would lose digits somewhere on its way; a very long one takes Python its time."""
    return int(text) if len(text) <= 15 else Odd(text)


def _error_of(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return text

"""One request to Notion through `notion_client`, which is imported with the first of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.api import Place
from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.notion.errors import CONNECTIONS, Asking, Where, translated
from connectors.notion.settings import NotionSettings
from connectors.reaching import RELOAD, on_this_machine
from connectors.whole import Watch

if TYPE_CHECKING:
    import httpx
    from notion_client import Client as Vendors

VERSION = "2026-03-11"
"""The newest; notion-client's own is older. developers.notion.com/reference/versioning (VENDORS.md C)."""

MOST = 64 * 1024 * 1024
"""Bytes of one answer: a hundred pages, many of them as long as they may be."""


class Client:
    """Sends one request, once, through the gate: notion-client's own retries wait in vain up to a minute each (VENDORS.md C8).

    told: when Notion gave its last answer, by its own clock; None where it doesn't say.
    """

    def __init__(self, settings: NotionSettings, place: Place) -> None:
        self.where = Where(place.name, settings.id, settings.token)
        self.told: datetime | None = None
        self._settings = settings
        self._place = place
        self._watch = Watch(settings.timeout, "timeout", MOST)

    def ask(self, asking: Asking, method: str, *path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's JSON object.   path: after `/v1`.

        By `request`, not by the endpoints' own methods, which drop what they don't know (VENDORS.md C8).
        Raises Refused for what `asking` heeds; TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """
        vendors = self._vendors
        with (
            self._place.gate("write" if asking.writing else "read"),
            translated(self.where, asking),
            self._watch.within(self.where, writing=asking.writing),
        ):
            answer = vendors.request(path="/".join(path), method=method, body=dict(body) if body is not None else None)
        if not isinstance(answer, dict):
            doubtful = OutcomeUnknown if asking.writing else TryLater
            raise doubtful(f"{self.where}: Notion's answer is no JSON object")
        return answer

    def close(self) -> None:
        """Let go of the connections. Another request would make new ones."""
        if "_vendors" in self.__dict__:
            self._vendors.close()
            del self._vendors

    @cached_property
    def _vendors(self) -> Vendors:
        """Made once: each more would log everything once more (VENDORS.md C8)."""
        import httpx
        from notion_client import Client as Vendors

        from connectors.over_httpx import Watched

        settings = self._settings
        log = logging.Logger("notion_client")  # of our own: what went wrong is told by what is raised
        log.addHandler(logging.NullHandler())
        said = {"auth": self._token(), "base_url": settings.endpoint, "notion_version": VERSION, "retry": False, "logger": log}
        there = urlsplit(settings.endpoint)
        straight = on_this_machine(there.hostname or "")  # no proxy leads there (VENDORS.md C8)
        known = there.scheme == "https"  # else there is no certificate, and reading the authorities takes a moment
        watched = Watched(self._watch)
        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [watched.goes, watched.packed],
            "response": [self._hears, watched.unpacked],
        }
        client = httpx.Client(verify=known, trust_env=not straight, event_hooks=hooks)
        vendors = Vendors(said, client=client)
        vendors.client.timeout = httpx.Timeout(settings.timeout.total_seconds(), connect=settings.connect_timeout.total_seconds())
        return vendors

    def _hears(self, response: httpx.Response) -> None:
        """The Date header (RFC 9110, 6.6.1): notion-client gives back the body alone."""
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            told = None
        self.told = told if told is not None and told.tzinfo is not None else None

    def _token(self) -> str:
        try:
            token = self._place.secret(self.where.secret).strip()
        except KeyError:
            token = ""
        if not token or not token.isascii() or not token.isprintable():
            raise NeedsOwner(
                f"{self.where}: {self.where.secret} {'holds no token' if token else 'has no value'}; copy the token from"
                f" {CONNECTIONS}, put {self.where.secret}=… into .env beside rowd.toml; {RELOAD}"
            )
        return token

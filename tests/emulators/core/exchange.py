"""A request and its answer, as values: the same with and without a socket between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Json = Any
"""What `json.loads` gives."""


class NoJson(Exception):
    """The body can't be read as JSON. The text says why."""


@dataclass(frozen=True)
class Request:
    """One request as it came.

    method: in capitals.   path: still percent-encoded.   query: decoded pairs in order.   headers: by lower-case name.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, target: str, *, token: str | None = None, json: Json = None, **headers: str) -> Request:
        """A request written by hand.   target: path and query.   headers: `notion_version` is `Notion-Version`."""
        parts = urlsplit(target)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        return cls(method, parts.path, tuple(parse_qsl(parts.query, keep_blank_values=True)), sent, _body(json))

    def first(self, name: str) -> str | None:
        """The first value of a query parameter; None without."""
        return next((value for key, value in self.query if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every value of a query parameter, in order."""
        return [value for key, value in self.query if key == name]

    @cached_property
    def json(self) -> Json:
        """The body as JSON; None for an empty one. Raises NoJson."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError as exc:  # UnicodeDecodeError is one
            raise NoJson(str(exc)) from exc

    @property
    def form(self) -> dict[str, str]:
        """The body as a form (application/x-www-form-urlencoded)."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer …`; None without."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip() else None

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")


@dataclass(frozen=True)
class Answer:
    """What goes back, and how.

    delay: seconds before the first byte.   drip: seconds between bytes.   cut: so many bytes of the body go out, of which all were
    promised; None for all.   reset: no byte goes out, the connection is torn down.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    cut: int | None = None
    reset: bool = False

    @classmethod
    def of(cls, status: int, value: Json, /, **headers: str) -> Answer:
        """An answer in JSON.   headers: `retry_after` is `Retry-After`."""
        sent = {name.replace("_", "-").title(): text for name, text in headers.items()}
        return cls(status, _body(value), {"Content-Type": "application/json; charset=utf-8", **sent})

    @classmethod
    def html(cls, status: int, text: str) -> Answer:
        """A page, as load balancers give."""
        return cls(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    @property
    def json(self) -> Json:
        return json.loads(self.body) if self.body else None

    def but(self, **changes: Any) -> Answer:
        """The same, but for this."""
        return replace(self, **changes)


class Refused(Exception):
    """A handler refuses: this is the answer. Nothing may have been changed before."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode("utf-8", "replace"))
        self.answer = answer


class NotEmulated(Exception):
    """The real service would do it, and this one doesn't: 501. The text says what, and goes on with "is not emulated"."""


encoded: Callable[[Json], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as bodies have it."""


def _body(value: Json) -> bytes:
    return b"" if value is None else encoded(value).encode()

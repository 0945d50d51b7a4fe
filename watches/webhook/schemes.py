"""How senders prove who they are, and what they call a delivery and an event. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

Headers = Mapping[str, str]
"""By names in small letters."""

WINDOW = timedelta(minutes=5)
"""How far a signed time may be from ours, either way: what Slack and Standard Webhooks recommend."""

BAD = "its signature doesn't fit"
"""Said of every proof that doesn't hold: which part of it is no sender's business."""


class Scheme(Struct, frozen=True):
    """One way.

    key: from the secret's value; raises ValueError for a wrong one.   refusal: why a delivery isn't the sender's; "" for one that
    is.   delivery: its id.   event: its name.   Both are given the headers and the body as JSON (None where it isn't), and
    answer "" where there is none.   named: each delivery has an id, if only the digest of what is signed.
    """

    key: Callable[[str], bytes]
    refusal: Callable[[bytes, Headers, bytes, datetime], str]
    delivery: Callable[[Headers, Any], str]
    event: Callable[[Headers, Any], str] = lambda _headers, _content: ""
    names_events: bool = True
    named: bool = True


def same(given: str, expected: str) -> bool:
    """Whether they are the same text; how long that takes says nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _hex(key: bytes, signed: bytes) -> str:
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


def _body_signed(header: str, prefix: str) -> Callable[[bytes, Headers, bytes, datetime], str]:
    """The header is the prefix and the hexadecimal HMAC-SHA256 of the body."""

    def refusal(key: bytes, headers: Headers, body: bytes, _now: datetime) -> str:
        return "" if same(headers.get(header, ""), prefix + _hex(key, body)) else BAD

    return refusal


def _stale(seconds: str, now: datetime) -> str:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return "it says no time"
    off = now.timestamp() - int(seconds)
    if abs(off) <= WINDOW.total_seconds():
        return ""
    return "it is too old" if off > 0 else "its time lies ahead; look at the clocks of both machines"


def _slack(key: bytes, headers: Headers, body: bytes, now: datetime) -> str:
    at = headers.get("x-slack-request-timestamp", "")
    signed = b"v0:" + at.encode("latin-1", "replace") + b":" + body
    if not same(headers.get("x-slack-signature", ""), "v0=" + _hex(key, signed)):
        return BAD
    return _stale(at, now)


def _standard(key: bytes, headers: Headers, body: bytes, now: datetime) -> str:
    """One of the signatures must fit: while a secret is changed, there are several."""
    name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = f"{name}.{at}.".encode("latin-1", "replace") + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    fits = [same(one, expected) for one in headers.get("webhook-signature", "").split(" ")]
    if not (name and any(fits)):
        return BAD
    return _stale(at, now)


def _bearer(key: bytes, headers: Headers, _body: bytes, _now: datetime) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return "" if same(token.strip(), key.decode()) and kind.lower() == "bearer" else "its token isn't right"


def _gitlab(key: bytes, headers: Headers, _body: bytes, _now: datetime) -> str:
    return "" if same(headers.get("x-gitlab-token", ""), key.decode()) else "its token isn't right"


def _plain(secret: str) -> bytes:
    return secret.encode()


def _base64(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError("is no base64, as the sender gives it")
    return key


def _at(content: Any, *path: str) -> str:
    """The text that stands there; "" where none does."""
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content if isinstance(content, str) else ""


def _header(name: str) -> Callable[[Headers, Any], str]:
    return lambda headers, _content: headers.get(name, "")


def _own(headers: Headers, _content: Any) -> str:
    return headers.get("idempotency-key", "")


SCHEMES: Mapping[str, Scheme] = {
    "github": Scheme(
        _plain, _body_signed("x-hub-signature-256", "sha256="), _header("x-github-delivery"), _header("x-github-event")
    ),
    "bitbucket": Scheme(_plain, _body_signed("x-hub-signature", "sha256="), lambda _headers, _content: "", _header("x-event-key")),
    "gitlab": Scheme(_plain, _gitlab, _own, _header("x-gitlab-event")),
    "slack": Scheme(
        _plain,
        _slack,
        lambda _, content: _at(content, "event_id"),
        lambda _, content: _at(content, "event", "type") or _at(content, "type"),
    ),
    "standard": Scheme(_base64, _standard, _header("webhook-id"), lambda _, content: _at(content, "type")),
    "airtable": Scheme(
        _base64, _body_signed("x-airtable-content-mac", "hmac-sha256="), lambda _headers, _content: "", names_events=False
    ),
    "notion": Scheme(
        _plain,
        _body_signed("x-notion-signature", "sha256="),
        lambda _, content: _at(content, "id"),
        lambda _, content: _at(content, "type"),
    ),
    "token": Scheme(_plain, _bearer, _own, names_events=False, named=False),
    "none": Scheme(_plain, lambda _key, _headers, _body, _now: "", _own, names_events=False, named=False),
}
"""Sources: GitHub, Validating webhook deliveries; GitLab, Webhooks (Idempotency-Key stays the same when it tries again,
X-Gitlab-Event-UUID is shared by different deliveries); Bitbucket, Manage webhooks (whether X-Request-UUID stays the same when it
tries again is not said, so what it sends goes by its body); Slack, Verifying requests from Slack; the Standard Webhooks
specification; Airtable, Webhooks overview; Notion, Webhooks.
"""

"""What an answer says of itself: how it is known again, and when to ask again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from actions.telling import Mask

VERSION = 1

LONGEST_VALIDATOR = 500
"""Characters of an ETag or a date that is given back to the server; a longer one is not used."""

LONGEST_WAIT = timedelta(days=1)
"""As long as a server may have itself left alone."""

_COARSE = timedelta(seconds=2)
"""A date of change younger than this may be that of another content as well: dates have whole seconds (RFC 9110, 8.8.2.2)."""


class State(Struct, frozen=True):
    """How it was found.

    mark: of what counted of it.   shown: that in short; "" where all of it counts.
    etag, modified: what the server knows that content by, as it said; "" for nothing.
    """

    version: int
    mark: str
    shown: str = ""
    etag: str = ""
    modified: str = ""

    def text(self) -> str:
        """The state to keep."""
        return msgspec.json.encode(self).decode()

    @property
    def conditions(self) -> dict[str, str]:
        """Headers by which a server needn't answer what is known already (RFC 9110, 13.1)."""
        said = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in said.items() if value}


def understood(text: str | None) -> State | None:
    """A kept state; None for none, and for one of another version: then it is first sight."""
    try:
        state = msgspec.json.decode(text or "", type=State)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return state if state.version == VERSION else None


def validator(said: str, mask: Mask) -> str:
    """What a server said of its content, where that can be kept and given back; else ""."""
    fits = said.isascii() and said.isprintable() and len(said) <= LONGEST_VALIDATOR and mask.text(said) == said
    return said if fits else ""


def settled(modified: str, date: str) -> str:
    """The date of change, where by the server's own clock nothing else can have come to bear it meanwhile; else ""."""
    changed, now = _read(modified), _read(date)
    return modified if changed is not None and now is not None and now - changed >= _COARSE else ""


def retry_after(said: str, now: datetime) -> timedelta:
    """How long to leave the server alone (RFC 9110, 10.2.3: seconds, or a date), within LONGEST_WAIT; 0 where it says nothing."""
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    until = _read(said)
    return min(max(until - now, timedelta(0)), LONGEST_WAIT) if until is not None else timedelta(0)


def address(url: str) -> str:
    """An address as it is told: without user, query and fragment, in which there may be keys; "" for none."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme and host else parts.path


def _read(date: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)

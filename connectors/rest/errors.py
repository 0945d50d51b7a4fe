"""How a request to a JSON service failed, said as what to do next.

What a status means: RFC 9110, 15; 422 to 429 and 507: RFC 4918, 6585 and 8470. What the service says besides is repeated, never
understood: no two have the same error bodies.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from connectors.causes import cause, unreachable
from connectors.errors import Bug, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.reaching import RELOAD
from connectors.showing import said as fit

SAID = 200
"""Characters of the service's own words that a message repeats."""

PAUSE = timedelta(minutes=1)
"""After too many requests, where it isn't said how long."""
_SAYS = ("message", "detail", "error", "title", "errors", "error_description")
"""Members of an error body that say it best."""
LONGEST = timedelta(hours=24)
"""A longer pause than that is taken for a mistake."""


class Where(Struct, frozen=True):
    """What is being done, for messages.   name: the table's in rowd.toml.   url: the service.   secret: its name; None without.

    scope: as `Window` has it; None where the operator has said of no window.
    """

    name: str
    url: str
    secret: str | None
    scope: str | None

    def __str__(self) -> str:
        return f'table "{self.name}" ({self.url})'


class Asking(Struct, frozen=True):
    """setting: which one says how it is asked.   line: method and path, for messages.

    writing: whether it changes rows, so that one without an answer may have done so.   heeds: statuses that the caller deals with.
    """

    setting: str
    line: str
    writing: bool = False
    heeds: frozenset[int] = frozenset()


class Refused(Exception):
    """The service said no. Inside this package only.

    asking: what to.   body: its JSON, or text.   wait: Retry-After.   place: the Location that it sends on to; "" without.
    """

    def __init__(self, asking: Asking, status: int, body: Any = None, wait: timedelta | None = None, place: str = "") -> None:
        words = fit(words_of(body), SAID).rstrip(". ")
        super().__init__(f"{status}: {words}" if words else str(status))
        self.asking, self.status, self.wait, self.place = asking, status, wait, place


def words_of(body: Any, deep: int = 4) -> str:
    """What an error body says to people, as far as that can be told; "" for nothing.   deep: levels that are looked into."""
    if isinstance(body, str):
        return "" if body.lstrip()[:1] == "<" else body
    if not deep:
        return ""
    if isinstance(body, dict):
        told = next((found for name in _SAYS if (found := words_of(body.get(name), deep - 1))), "")
        return told or next((f"{name}: {found}" for name, each in body.items() if (found := words_of(each, deep - 1))), "")
    if isinstance(body, list):
        return "; ".join(found for each in body[:5] if (found := words_of(each, deep - 1)))
    return ""


@contextmanager
def translated(where: Where, asking: Asking) -> Iterator[None]:
    """Say what to do next, once, at the edge. Raises Refused for what `asking` heeds, else a TableError with the cause."""
    import httpx

    doubtful = OutcomeUnknown if asking.writing else TryLater
    try:
        yield
    except Refused as refused:
        if refused.status in asking.heeds:
            raise
        raise said(refused, where) from refused
    except (httpx.LocalProtocolError, UnicodeError):  # which may quote the secret, so they are no cause to be shown
        raise NeedsOwner(f"{where}: a header of the request holds what no header can; mend {where.secret or '`headers`'}") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as exc:
        raise NeedsOwner(f"{where}: {exc}. Mend `url` in rowd.toml.") from exc
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as exc:
        if _untrusted(exc):
            raise NeedsOwner(
                f"{where}: the service's certificate isn't trusted here ({cause(exc)}). Renew it, or name its authority's file in"
                " the environment: SSL_CERT_FILE=…"
            ) from exc
        raise TryLater(f"{where}: {unreachable('the service', exc)}") from exc
    except (httpx.RequestError, httpx.StreamError) as exc:  # timed out, broken off, torn
        raise doubtful(f"{where}: no whole answer came to {asking.line} ({cause(exc)})") from exc


def said(refused: Refused, where: Where) -> TableError:
    """The refusal as what to do next."""
    asking, status = refused.asking, refused.status
    what = f"{where}: {asking.line} was answered {refused}"
    if status == 429:
        says, wait = f"{what}; the service wants a pause", refused.wait or PAUSE
        return Limited(says, wait=wait, scope=where.scope) if where.scope is not None else TryLater(says, wait=wait)
    if status == 507:
        return NoRoom(f"{what}. The service is full: make room there.")
    if status in (423, 425):
        return TryLater(f"{what}; nothing was written", wait=refused.wait)
    if (remedy := _REMEDIES.get(status)) is not None:
        return NeedsOwner(f"{what}. {remedy(refused, where)}")
    if status >= 500 or status == 408:
        return OutcomeUnknown(what) if asking.writing else TryLater(what, wait=refused.wait)
    if 300 <= status < 400:
        return NeedsOwner(f"{what}. {_elsewhere(refused, where)}")
    return Bug(f"{what}. Compare `{asking.setting}` in rowd.toml with the service's documentation.")


def _unknown(_refused: Refused, where: Where) -> str:
    if where.secret is None:
        return "The service wants credentials: add `auth` in rowd.toml."
    return f"The service doesn't know what {where.secret} holds: put another into .env beside rowd.toml; {RELOAD}."


def _forbidden(refused: Refused, where: Where) -> str:
    whose = f"the owner of {where.secret}" if where.secret is not None else "everybody, or add `auth` in rowd.toml"
    return f"Let the service allow {'writing' if refused.asking.writing else 'reading'} to {whose}."


def _nothing(refused: Refused, _where: Where) -> str:
    return f"Nothing is there: correct `url` or `{refused.asking.setting}` in rowd.toml, or restore what was deleted."


def _not_so(refused: Refused, _where: Where) -> str:
    return f"The service doesn't take it so: correct method, path and type of `{refused.asking.setting}` in rowd.toml."


def _not_understood(refused: Refused, _where: Where) -> str:
    return f"Correct `{refused.asking.setting}` in rowd.toml: the service doesn't take its path, query or body."


def _unpaid(*_: object) -> str:
    return "The service wants to be paid."


def _proxy(*_: object) -> str:
    return "A proxy on the way wants credentials: see to the environment's HTTPS_PROXY, or to NO_PROXY."


def _unconditional(*_: object) -> str:
    return "The service takes only writes that name a version: say by `get` in rowd.toml how one row is read."


def _elsewhere(refused: Refused, _where: Where) -> str:
    """Nothing is followed: credentials stay with the service that the operator has named."""
    to = f"to {fit(refused.place)}" if refused.place else "elsewhere"
    setting = refused.asking.setting
    return f"It sends {to}, and rowd follows nobody: if that is the service, write it into `url` or `{setting}` in rowd.toml."


_REMEDIES: dict[int, Callable[[Refused, Where], str]] = {
    400: _not_understood,
    401: _unknown,
    402: _unpaid,
    403: _forbidden,
    404: _nothing,
    405: _not_so,
    406: _not_so,
    407: _proxy,
    409: _not_understood,
    410: _nothing,
    411: _not_so,
    412: _not_understood,
    413: _not_understood,
    414: _not_so,
    415: _not_so,
    422: _not_understood,
    428: _unconditional,
    431: _not_so,
    501: _not_so,
    505: _not_so,
    511: _proxy,
}
"""By status: what a person must do."""


def retry_after(headers: Any) -> timedelta | None:
    """The Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); a date counts from the answer's own Date."""
    text = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return min(timedelta(seconds=int(text)), LONGEST)
    until, now = _date(text), _date(str(headers.get("Date") or ""))
    if until is None or now is None:
        return None
    return min(max(until - now, timedelta(0)), LONGEST)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


def _untrusted(exc: BaseException | None) -> bool:
    while exc is not None:
        if isinstance(exc, ssl.SSLCertVerificationError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False

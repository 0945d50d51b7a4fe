"""How a request to Airtable failed, said as what to do next. The only place that knows Airtable's error bodies.

Their shapes and meanings: airtable.com/developers/web/api/errors, and what was seen on the wire (VENDORS.md B9).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from connectors.causes import cause, unreachable
from connectors.errors import Bug, Expired, Limited, MonthSpent, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.reaching import RELOAD

if TYPE_CHECKING:
    import requests

LOCK_OUT = timedelta(seconds=30)
"""How long nothing succeeds once the limit per second was broken; airtable.com/developers/web/api/rate-limits (VENDORS.md B1)."""

SITE = "https://airtable.com"
"""Below it, an address is base, table, record; support.airtable.com, "Finding Airtable IDs"."""

TOKENS = f"{SITE}/create/tokens"

ROW_GONE = frozenset({"ROW_DOES_NOT_EXIST", "MODEL_ID_NOT_FOUND"})
"""One of the records that were named isn't there."""
PERHAPS_GONE = ROW_GONE | {"NOT_FOUND", "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}
"""The same, or something else that Airtable doesn't tell from it (VENDORS.md B4, B6)."""
FIELDS_CHANGED = frozenset({"UNKNOWN_FIELD_NAME", "INVALID_VALUE_FOR_COLUMN", "INVALID_MULTIPLE_CHOICE_OPTIONS"})
"""What was written doesn't fit the fields; where it did when they were read last, they were changed since."""

_CREATORS = frozenset({"webhook:manage", "schema.bases:write"})
"""Scopes that are good only for a user who may shape the base (VENDORS.md B3, B6)."""

_EXPIRED = frozenset({"LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "INVALID_OFFSET_VALUE"})
_FULL = re.compile(r"(RECORD|ROW|BASE|PLAN|STORAGE)\w*LIMIT|LIMIT\w*(RECORD|ROW)")
_SPENT = re.compile(r"billing|this month", re.IGNORECASE)


class Where(Struct, frozen=True):
    """What is being done, for messages.

    name: the table's in rowd.toml.   base, table: as the operator named them.   view: None without.   secret: the token's name.
    id: of the base, once it is known.
    """

    name: str
    base: str
    table: str
    view: str | None
    secret: str
    id: str | None = None

    @property
    def scope(self) -> str:
        """What the limit per second is counted by."""
        return f"Airtable base {self.id or self.base}"

    def __str__(self) -> str:
        return f'table "{self.name}" (Airtable base {self.base}, table "{self.table}")'


class Refused(Exception):
    """Airtable said no. Inside this package only.

    kind: its word for it, as `ROW_DOES_NOT_EXIST`; "" where it gave none.   message: its sentence, or "".   wait: Retry-After.
    """

    def __init__(self, status: int, kind: str, message: str, wait: timedelta | None) -> None:
        super().__init__(f"{status} {kind}: {message}" if message else f"{status} {kind}".strip())
        self.status, self.kind, self.message, self.wait = status, kind, message, wait


class Asking(Struct, frozen=True):
    """scope: the token's that the request needs.   heeds: which refusals the caller deals with itself.

    writing: whether it changes rows, so that one without an answer may have done so.
    """

    scope: str
    writing: bool = False
    heeds: Callable[[Refused], bool] = lambda _: False


@contextmanager
def translated(where: Where, asking: Asking) -> Iterator[None]:
    """Say what to do next, once, at the edge. Raises Refused for what `asking` heeds, else a TableError with the cause."""
    import requests

    doubtful = OutcomeUnknown if asking.writing else TryLater
    try:
        yield
    except requests.HTTPError as exc:
        refused = _refused(exc)
        if asking.heeds(refused):
            raise refused from exc
        raise said(refused, where, asking) from exc
    except (requests.exceptions.InvalidHeader, UnicodeError):  # which quote the token, so they are no cause to be shown
        raise NeedsOwner(f"{where}: {where.secret} holds no token; {_put_a_token(where)}") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema) as exc:
        raise NeedsOwner(f"{where}: {exc}. Mend `endpoint` in rowd.toml.") from exc
    except requests.ConnectionError as exc:
        if _never_sent(exc):
            raise TryLater(f"{where}: {unreachable('Airtable', exc)}") from exc
        raise doubtful(f"{where}: the connection to Airtable broke ({cause(exc)})") from exc
    except requests.RequestException as exc:  # time-outs, torn bodies, answers that are no JSON
        raise doubtful(f"{where}: no whole answer came from Airtable ({cause(exc)})") from exc


def said(refused: Refused, where: Where, asking: Asking) -> TableError:
    """The refusal as what to do next. `wait` of a TryLater is Airtable's own, or the lock-out."""
    if refused.status == 429:
        return _too_many(refused, where)
    if refused.status >= 500 or refused.status == 408:
        what = f"{where}: Airtable has a trouble of its own ({refused})"
        return OutcomeUnknown(what) if asking.writing else TryLater(what, wait=refused.wait)
    if refused.kind in _EXPIRED:
        return Expired(f"{where}: Airtable has forgotten how far the reading was ({refused.kind})")
    if _FULL.search(refused.kind):
        remedy = "Delete rows that nobody needs from any of the base's tables, or take a larger plan."
        return NoRoom(f"{where}: the base holds as many records as its plan allows ({refused}). {remedy}")
    if (remedy_for := _REMEDIES.get(refused.kind) or _REMEDIES.get(str(refused.status))) is not None:
        return NeedsOwner(f"{where}: {remedy_for(refused, where, asking)}")
    return Bug(f"{where}: Airtable refuses the request ({refused})")


def _too_many(refused: Refused, where: Where) -> TableError:
    if "BILLING" in refused.kind or _SPENT.search(refused.message):
        remedy = "It goes on by itself when the month turns; sooner with a larger plan. Make `poll` longer, so that a month lasts."
        return MonthSpent(
            f"{where}: the workspace has spent the calls that its plan has for this month, by whatever program. {remedy}"
        )
    wait = refused.wait if refused.wait is not None else LOCK_OUT
    what = f"{where}: too many requests to the base in a second, by whomever; Airtable wants a pause"
    return Limited(what, wait=wait, scope=where.scope)


def _put_a_token(where: Where) -> str:
    return f"make one at {TOKENS}, put {where.secret}=… into .env beside rowd.toml; {RELOAD}"


def _unauthorized(_refused: Refused, where: Where, _asking: Asking) -> str:
    return f"Airtable doesn't know the token in {where.secret}: it was revoked, has expired, or was mistyped; {_put_a_token(where)}"


def _forbidden(_refused: Refused, where: Where, asking: Asking) -> str:
    """Which of these it is, Airtable doesn't tell (VENDORS.md B6)."""
    needs = _role(asking) if asking.writing or asking.scope in _CREATORS else "read access"
    return (
        f"Airtable refuses the token in {where.secret}, and doesn't say why. See at {TOKENS} that the token has the scope"
        f" {asking.scope} and, under Access, this base; that its user still has {needs} on the base; and that base and table are"
        " still there."
    )


def _role(asking: Asking) -> str:
    return "Creator" if asking.scope in _CREATORS else "Editor"


def _locked(refused: Refused, where: Where, asking: Asking) -> str:
    if "field" in refused.message:
        remedy = "In Airtable, open the field's menu, Edit permissions, and allow the token's user."
        return f"a field may not be written by the token in {where.secret}: {refused.message.rstrip('.')}. {remedy}"
    return (
        f"the user of the token in {where.secret} has too few rights on the base ({refused.message or refused.kind});"
        f" share the base with that user as {_role(asking)}"
    )


def _not_found(_refused: Refused, where: Where, _asking: Asking) -> str:
    return f"there is no such base or table (any more). Correct `base` and `table` in rowd.toml; {where.base} is what it says now."


def _no_view(_refused: Refused, where: Where, _asking: Asking) -> str:
    return no_view(where)


def no_view(where: Where) -> str:
    """That the view isn't there, without the table."""
    return f'there is no view "{where.view}" (any more). Correct `view` in rowd.toml, or leave it out.'


def _no_option(refused: Refused, _where: Where, _asking: Asking) -> str:
    return f"a select field lacks an option ({refused.message.rstrip('.')}). Add the option in the field's menu."


def _no_value(refused: Refused, _where: Where, _asking: Asking) -> str:
    return f"a field doesn't take what belongs there ({refused.message.rstrip('.')}). Change the field's type to Single line text."


_REMEDIES: dict[str, Callable[[Refused, Where, Asking], str]] = {
    "401": _unauthorized,
    "403": _forbidden,
    "404": _not_found,
    "INVALID_PERMISSIONS": _locked,
    "VIEW_NAME_NOT_FOUND": _no_view,
    "INVALID_MULTIPLE_CHOICE_OPTIONS": _no_option,
    "INVALID_VALUE_FOR_COLUMN": _no_value,
}
"""By kind, else by status: what a person must do."""


def _refused(exc: requests.HTTPError) -> Refused:
    response = exc.response
    if response is None:  # only as the type has it: pyairtable raises from an answer
        return Refused(0, "", str(exc), None)
    kind, message = kind_of(_json(response))
    return Refused(response.status_code, kind, message, retry_after(response.headers.get("Retry-After")))


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def kind_of(body: Any) -> tuple[str, str]:
    """Airtable's word and its sentence.

    The body has `error` as a text, as an object with or without a message, or `errors`, a list (VENDORS.md B9).
    """
    if not isinstance(body, dict):
        return "", ""
    error = body.get("error")
    if isinstance(listed := body.get("errors"), list) and listed:
        error = listed[0]
    if isinstance(error, str):
        return error, str(body.get("message") or "")
    if isinstance(error, dict):
        return str(error.get("type") or error.get("error") or ""), str(error.get("message") or "")
    return "", ""


def retry_after(text: str | None) -> timedelta | None:
    """The Retry-After header, when it is given in seconds (RFC 9110, 10.2.3)."""
    return timedelta(seconds=int(text)) if text is not None and re.fullmatch(r"\d{1,6}", text.strip(), re.ASCII) else None


def _never_sent(exc: requests.ConnectionError) -> bool:
    """Whether there was no connection over which it could have gone out: no address, refused, no proxy."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

    if isinstance(exc, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    inner = exc.args[0] if exc.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)

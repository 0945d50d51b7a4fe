"""How a request to Notion failed, said as what to do next. The only place that knows Notion's error bodies.

Their shapes and meanings: developers.notion.com/reference/status-codes and /request-limits (VENDORS.md C1, C8, C9).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from connectors.causes import cause, unreachable
from connectors.errors import Bug, Expired, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.reaching import RELOAD
from connectors.showing import said as fit

MINUTE = timedelta(minutes=1)
"""A connection's budget is whole again after it; developers.notion.com/reference/request-limits (VENDORS.md C1)."""

SITE = "https://www.notion.so"
"""Below it, a page's or a database's address is its id without dashes; developers.notion.com, "Working with page content"."""

CONNECTIONS = f"{SITE}/profile/integrations"

UPDATES, INSERTS = "Update content", "Insert content"
"""Capabilities of a connection, as that page calls them."""

BLOCKED = "public_api_request_blocked"
"""The one reason of a 429 after which nothing must be tried again (VENDORS.md C1)."""

SAID = 200
"""Characters of Notion's own sentence that a message repeats."""

_NAMED = re.compile(r'your integration "(.+?)"\.?\s*$')


class Where(Struct, frozen=True):
    """What is being done, for messages.   name: the table's in rowd.toml.   database: its id.   secret: the token's name."""

    name: str
    database: str
    secret: str

    @property
    def scope(self) -> str:
        """Whose requests Notion counts, as `Window` names it."""
        return f"Notion token {self.secret}"

    def __str__(self) -> str:
        return f'table "{self.name}" (Notion database {self.database})'


class Refused(Exception):
    """Notion said no. Inside this package only.

    code: its word for it, as `object_not_found`; "" where it gave none.   message: its sentence, or "".
    more: `additional_data`.   wait: what it asks for, in a header or in the body.
    """

    def __init__(self, status: int, code: str, message: str, more: Mapping[str, Any], wait: timedelta | None) -> None:
        super().__init__(f"{status} {code}: {fit(message, SAID)}" if message else f"{status} {code}".strip())
        self.status, self.code, self.message, self.more, self.wait = status, code, message, more, wait

    @property
    def advice(self) -> str:
        """What it says is to be done, on one line; "" for nothing."""
        guidance = self.more.get("retry_guidance")
        return " ".join(map(str, guidance)) if isinstance(guidance, list) else ""


class Asking(Struct, frozen=True):
    """capability: the connection's that the request needs, as Notion's page calls it.

    writing: whether it changes rows or columns, so that one without an answer may have done so.
    heeds: which refusals the caller deals with itself.
    access: to the database, that the user of a personal access token needs.
    """

    capability: str
    writing: bool = False
    heeds: Callable[[Refused], bool] = field(default=lambda _: False)
    access: str = "Can edit content"


@contextmanager
def translated(where: Where, asking: Asking) -> Iterator[None]:
    """Say what to do next, once, at the edge. Raises Refused for what `asking` heeds, else a TableError with the cause.

    What notion-client raises has no base in common (VENDORS.md C8).
    """
    import httpx
    from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

    doubtful = OutcomeUnknown if asking.writing else TryLater
    try:
        yield
    except HTTPResponseError as exc:
        refused = refused_by(exc.status, exc.headers, exc.body)
        if asking.heeds(refused):
            raise refused from exc
        raise said(refused, where, asking) from exc
    except RequestTimeoutError as exc:  # it has put its own sentence in the place of httpx's
        if isinstance(exc.__context__, httpx.ConnectTimeout | httpx.PoolTimeout):
            raise TryLater(f"{where}: {unreachable('Notion', exc.__context__)}") from exc
        raise doubtful(f"{where}: no whole answer came from Notion in time") from exc
    except InvalidPathParameterError as exc:
        raise Bug(f"{where}: {exc}") from exc
    except (httpx.LocalProtocolError, UnicodeError):  # which quote the token, so they are no cause to be shown
        raise NeedsOwner(f"{where}: {where.secret} holds no token; {_put_a_token(where)}") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as exc:
        raise NeedsOwner(f"{where}: {exc}. Mend `endpoint` in rowd.toml.") from exc
    except (httpx.ConnectError, httpx.ProxyError) as exc:
        raise TryLater(f"{where}: {unreachable('Notion', exc)}") from exc
    except (httpx.RequestError, ValueError) as exc:  # broken off, torn, or an answer that is no JSON
        raise doubtful(f"{where}: no whole answer came from Notion ({cause(exc)})") from exc


def said(refused: Refused, where: Where, asking: Asking) -> TableError:
    """The refusal as what to do next."""
    if refused.status == 429:
        return _too_many(refused, where)
    if refused.status == 529:  # which no client knows
        return TryLater(f"{where}: Notion is overloaded, and wants a pause ({refused})", wait=refused.wait or MINUTE)
    if refused.status >= 500 or refused.status == 408:
        return _trouble(refused, where, asking)
    if refused.code == "conflict_error":
        return TryLater(f"{where}: Notion was saving another change of the same row, and wrote nothing ({refused})")
    if refused.code == "validation_error" and "start_cursor" in refused.message:
        return Expired(f"{where}: Notion has forgotten how far the reading was ({refused})")
    if refused.more.get("block_limit") is not None:
        return NoRoom(
            f"{where}: the workspace has used all the blocks that its plan will ever have, so Notion makes no row more; deleting"
            " gives none back. Take a paid plan, or put a personal access token in the place of the connection's."
        )
    if (remedy := _REMEDIES.get(refused.status)) is not None:
        return NeedsOwner(f"{where}: {remedy(refused, where, asking) if refused.code else _elsewhere(refused)}")
    return Bug(f"{where}: Notion refuses the request ({refused})")


def _too_many(refused: Refused, where: Where) -> TableError:
    reason = str(refused.more.get("rate_limit_reason") or "")
    if reason == BLOCKED:
        return NeedsOwner(
            f"{where}: Notion has blocked the requests of {where.secret}, and trying again makes it worse. Stop what else uses this"
            " token, and write to Notion's support."
        )
    whose = "of the workspace's connections together" if "space" in reason else f"with {where.secret}, by whatever program"
    what = f"{where}: too many requests {whose}; Notion wants a pause"
    return Limited(what, wait=refused.wait or MINUTE, scope=where.scope)


def _trouble(refused: Refused, where: Where, asking: Asking) -> TableError:
    if not asking.writing:
        return TryLater(f"{where}: Notion has a trouble of its own ({refused})", wait=refused.wait)
    kept = refused.more.get("committed_resource_id") or refused.more.get("committed_child_ids")
    if kept is not None or "Do not repeat" in refused.advice:
        return OutcomeUnknown(f"{where}: Notion has saved the change, but didn't come to show it ({refused})")
    return OutcomeUnknown(f"{where}: Notion has a trouble of its own, and may have saved the change ({refused})")


def _put_a_token(where: Where) -> str:
    return f"copy one from {CONNECTIONS}, put {where.secret}=… into .env beside rowd.toml; {RELOAD}"


def _unauthorized(_refused: Refused, where: Where, _asking: Asking) -> str:
    return (
        f"Notion doesn't know the token in {where.secret}: it was renewed or revoked, was mistyped, or is a personal access token"
        f" that has expired; {_put_a_token(where)}"
    )


def _restricted(refused: Refused, where: Where, asking: Asking) -> str:
    """Which of the two it is, is told only by the wording (VENDORS.md C6, C9)."""
    return (
        f"Notion refuses the token in {where.secret} ({fit(refused.message, SAID).rstrip('.')}). See at {CONNECTIONS} that the"
        f' connection has the capability "{asking.capability}", and in the database under ••• → Connections that it was added.'
        f" A personal access token can do what its user can: share the database with that user, with {asking.access}."
    )


def _not_found(refused: Refused, where: Where, _asking: Asking) -> str:
    """That it isn't there, and that it isn't shared, Notion doesn't tell apart (VENDORS.md C6)."""
    named = _NAMED.search(refused.message)
    whom = f'the connection "{fit(named[1])}"' if named else f"the connection of {where.secret}"
    return (
        f"Notion finds nothing there that {whom} may see. Open the database as a full page, and add the connection under ••• →"
        " Connections. If it is there already, the database was deleted for good, or `database` in rowd.toml is the address of"
        " something else: copy the browser's address anew."
    )


def _elsewhere(refused: Refused, *_: object) -> str:
    """Notion's own refusals have a code, and it sends nobody elsewhere."""
    return (
        f"what answers there ({refused}) isn't Notion's API. Mend `endpoint` in rowd.toml, or let the proxy on the way pass"
        " requests to api.notion.com."
    )


_REMEDIES: dict[int, Callable[[Refused, Where, Asking], str]] = {
    301: _elsewhere,
    302: _elsewhere,
    307: _elsewhere,
    308: _elsewhere,
    401: _unauthorized,
    403: _restricted,
    404: _not_found,
    407: _elsewhere,
}
"""By status: what a person must do."""


def refused_by(status: int, headers: Mapping[str, str], body: str) -> Refused:
    """What an answer says. notion-client drops the details of codes that it doesn't know, but not the body (VENDORS.md C8)."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    told = found if isinstance(found, dict) else {}
    more = told.get("additional_data")
    more = more if isinstance(more, dict) else {}
    wait = _seconds(headers.get("retry-after")) or _seconds(more.get("retry_after"))
    return Refused(status, str(told.get("code") or ""), str(told.get("message") or ""), more, wait)


def _seconds(text: Any) -> timedelta | None:
    """A span that is given in seconds: the header (RFC 9110, 10.2.3), or the body's, which is a text too."""
    return timedelta(seconds=int(text)) if text is not None and re.fullmatch(r"\s*\d{1,6}\s*", str(text), re.ASCII) else None

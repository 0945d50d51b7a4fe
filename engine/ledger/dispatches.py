"""What endpoints have yet to be told, what they could not be told, and how those stand.

What has ended, and what was done to rows, is durable by itself (`ends`, `alterations`): each endpoint goes by it, and what it is to
be told is put down in the commit in which it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from engine.ledger.codec import instant, instant_or_none, micros, prose
from engine.ledger.records import Dispatch, EndpointMark
from engine.ledger.statements import insert, with_columns
from engine.ledger.store import Store
from engine.ledger.values import OCCURRENCE_COLUMNS, occurrence_of
from engine.model import Occurrence

KEPT_DEAD = 1000
"""So many of an endpoint's dead letters are kept, the newest."""

KEEP_DEAD = timedelta(days=30)
"""And for so long."""


class Ended(Struct, frozen=True):
    """What has ended.   n: rises; never used twice.   number: of a record that has grown, what came to it."""

    n: int
    number: int
    occurrence: Occurrence


class Dispatches(Store):
    """The daemon puts down and takes out; commands revive dead letters, and drop them."""

    # --- endpoints

    def endpoint_marks(self) -> dict[str, EndpointMark]:
        """How each stands, by name."""
        numbers = {row[0]: row[1:] for row in self._rows(_COUNTS)}
        found = {}
        for name, ended, altered, taken, taken_at, trouble, since, gone_at, dropped in self._rows(_MARKS):
            at, gone = instant_or_none(taken_at), instant_or_none(gone_at)
            waiting, dead = numbers.get(name, (0, 0))
            found[name] = EndpointMark(name, ended, altered, taken, at, trouble, instant(since), gone, dropped, waiting, dead)
        return found

    def begin_endpoint(self, name: str, url: str, now: datetime) -> None:
        """It is told what happens from now on. One that is elsewhere now stands as a new one.   url: a mark of where it is."""
        self._write(_BEGIN, {"name": name, "url": url, "now": micros(now)})
        self._write(_MOVE, {"name": name, "url": url, "now": micros(now)})

    def forget_endpoints(self, kept: Iterable[str]) -> None:
        """Forget how all others stand, what they have yet to be told and what they could not be told."""
        names = {"kept": json.dumps(list(kept))}
        self._write(_FORGET_DISPATCHES, names)
        self._write(_FORGET_ENDPOINTS, names)

    def enable_endpoint(self, name: str, now: datetime) -> bool:
        """It is there again, says a person. False: it never said that it is gone."""
        return self._write(_ENABLE, {"name": name, "now": micros(now)}) > 0

    def trouble_endpoint(self, name: str, trouble: str, now: datetime, *, gone: bool = False) -> None:
        """Nothing is taken there.   gone: for good, it said."""
        values = {"name": name, "trouble": prose(trouble), "now": micros(now), "gone_at": micros(now) if gone else None}
        self._write(_TROUBLE, values)

    # --- what they are told

    def ended_after(self, n: int, most: int) -> list[Ended]:
        """What has ended after this number, in the order in which that became durable."""
        rows = self._rows(_ENDED, {"after": n, "most": most})
        return [Ended(row[0], row[1], occurrence_of(row[2:])) for row in rows]

    def go_by(self, name: str, ended: int, altered: int, dropped: int) -> None:
        """The endpoint has gone by all of it up to these numbers.   dropped: so much more was not put down for it."""
        self._write(_GO_BY, {"name": name, "ended": ended, "altered": altered, "dropped": dropped})

    def put_dispatches(self, dispatches: Iterable[Dispatch]) -> None:
        """Endpoints are to be told so; each gets its number here."""
        self._write(
            _PUT,
            [
                {
                    "id": one.id,
                    "endpoint": one.endpoint,
                    "type": one.type,
                    "about": prose(one.about),
                    "body": one.body,
                    "at": micros(one.at),
                    "attempts": one.attempts,
                    "due_at": micros(one.due_at),
                    "expires_at": micros(one.expires_at),
                    "why": prose(one.why),
                }
                for one in dispatches
            ],
        )

    def next_dispatch(self, name: str) -> Dispatch | None:
        """What this endpoint is to be told next; None of nothing, and of one that is gone."""
        return next((_dispatch(row) for row in self._rows(_NEXT, {"endpoint": name})), None)

    def take_dispatch(self, one: Dispatch, now: datetime) -> None:
        """The endpoint took it."""
        self._write(_TAKE_OUT, {"n": one.number})
        self._write(_TAKEN, {"name": one.endpoint, "now": micros(now)})

    def put_off(self, one: Dispatch) -> None:
        """It was tried in vain, and is tried again."""
        values = {"n": one.number, "attempts": one.attempts, "due_at": micros(one.due_at), "why": prose(one.why)}
        self._write(_PUT_OFF, values)

    def bury(self, name: str, why: str, now: datetime, *, everything: bool = False) -> int:
        """What was to be told by now is a dead letter: how many are.   everything: also what could still be tried."""
        values = {"endpoint": name, "why": prose(why), "now": micros(now), "everything": int(everything)}
        buried = self._write(_BURY, values)
        self._write(_THIN, {"endpoint": name, "kept": KEPT_DEAD})
        return buried

    def dead_letters(self, name: str) -> list[Dispatch]:
        """What this endpoint could not be told, oldest first."""
        return [_dispatch(row) for row in self._rows(_DEAD, {"endpoint": name})]

    def revive(self, name: str, ids: Sequence[str], now: datetime, expires_at: datetime) -> int:
        """These dead letters are tried again, from now on, under their ids: how many are."""
        values = {"endpoint": name, "ids": json.dumps(list(ids)), "now": micros(now), "expires_at": micros(expires_at)}
        return self._write(_REVIVE, values)

    def drop_dead(self, name: str, ids: Sequence[str]) -> int:
        """Forget these dead letters: how many there were."""
        return self._write(_DROP, {"endpoint": name, "ids": json.dumps(list(ids))})

    def _forget_dead(self, now: datetime) -> None:
        self._write(_FORGET_DEAD, {"before": micros(now - KEEP_DEAD)})


def _dispatch(row: Sequence[object]) -> Dispatch:
    n, id_, endpoint, type_, about, body, at, attempts, due_at, expires_at, dead_at, why = row
    return Dispatch(
        number=int(str(n)),
        id=str(id_),
        endpoint=str(endpoint),
        type=str(type_),
        about=str(about),
        body=str(body),
        at=instant(int(str(at))),
        attempts=int(str(attempts)),
        due_at=instant(int(str(due_at))),
        expires_at=instant(int(str(expires_at))),
        dead_at=None if dead_at is None else instant(int(str(dead_at))),
        why=str(why),
    )


_TOLD = ("id", "endpoint", "type", "about", "body", "at", "attempts", "due_at", "expires_at")
_DISPATCH = ("n", *_TOLD, "dead_at", "why")

_MARKS = "SELECT name, ended, altered, taken, taken_at, trouble, since, gone_at, dropped FROM endpoints"
_COUNTS = "SELECT endpoint, sum(dead_at IS NULL), sum(dead_at IS NOT NULL) FROM dispatches GROUP BY endpoint"
_BEGIN = """
    INSERT INTO endpoints (name, url, ended, altered, taken, trouble, since, dropped)
    SELECT
        :name, :url, (SELECT coalesce(max(n), 0) FROM ends), (SELECT coalesce(max(n), 0) FROM alterations), 0, '', :now, 0
    WHERE true
    ON CONFLICT (name) DO NOTHING
"""
_MOVE = "UPDATE endpoints SET url = :url, trouble = '', since = :now, gone_at = NULL WHERE name = :name AND url <> :url"
_FORGET_DISPATCHES = "DELETE FROM dispatches WHERE endpoint NOT IN (SELECT value FROM json_each(:kept))"
_FORGET_ENDPOINTS = "DELETE FROM endpoints WHERE name NOT IN (SELECT value FROM json_each(:kept))"
_ENABLE = "UPDATE endpoints SET trouble = '', since = :now, gone_at = NULL WHERE name = :name AND gone_at IS NOT NULL"
_TROUBLE = """
    UPDATE endpoints
    SET since = iif(trouble = '', :now, since), trouble = :trouble, gone_at = :gone_at
    WHERE name = :name
"""
_ENDED = with_columns(
    """
    SELECT ends.n, ends.number, {occurrences}
    FROM ends
    JOIN occurrences ON occurrences.id = ends.run
    WHERE ends.n > :after
    ORDER BY ends.n
    LIMIT :most
    """,
    occurrences=OCCURRENCE_COLUMNS,
)
_GO_BY = "UPDATE endpoints SET ended = :ended, altered = :altered, dropped = dropped + :dropped WHERE name = :name"
_PUT = insert("dispatches", (*_TOLD, "why"))
_NEXT = with_columns(
    """
    SELECT {dispatches}
    FROM dispatches
    WHERE endpoint = :endpoint
        AND dead_at IS NULL
        AND EXISTS (SELECT * FROM endpoints WHERE name = :endpoint AND gone_at IS NULL)
    ORDER BY due_at, n
    LIMIT 1
    """,
    dispatches=_DISPATCH,
)
_TAKE_OUT = "DELETE FROM dispatches WHERE n = :n"
_TAKEN = """
    UPDATE endpoints
    SET taken = taken + 1, taken_at = :now, since = iif(trouble = '', since, :now), trouble = ''
    WHERE name = :name
"""
_PUT_OFF = "UPDATE dispatches SET attempts = :attempts, due_at = :due_at, why = :why WHERE n = :n"
_BURY = """
    UPDATE dispatches
    SET dead_at = :now, why = :why
    WHERE endpoint = :endpoint AND dead_at IS NULL AND (expires_at <= :now OR :everything)
"""
_THIN = """
    DELETE FROM dispatches
    WHERE endpoint = :endpoint
        AND dead_at IS NOT NULL
        AND n <= (
            SELECT n
            FROM dispatches
            WHERE endpoint = :endpoint AND dead_at IS NOT NULL
            ORDER BY n DESC
            LIMIT 1 OFFSET :kept
        )
"""
_DEAD = with_columns(
    "SELECT {dispatches} FROM dispatches WHERE endpoint = :endpoint AND dead_at IS NOT NULL ORDER BY n", dispatches=_DISPATCH
)
_REVIVE = """
    UPDATE dispatches
    SET dead_at = NULL, attempts = 0, due_at = :now, expires_at = :expires_at
    WHERE endpoint = :endpoint AND dead_at IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
"""
_DROP = """
    DELETE FROM dispatches
    WHERE endpoint = :endpoint AND dead_at IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
"""
_FORGET_DEAD = "DELETE FROM dispatches WHERE dead_at < :before"

"""What endpoints can be told: a fact, from what the ledger or the daemon tells of it, and what is sent of it. Pure.

Names are those of the log. What stands in cells is not told, but for the names of rows; who may read the table can look there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from msgspec import Struct

from actions.telling import Mask
from engine.events import Event
from engine.ledger.dispatches import Ended
from engine.model import Occurrence
from watches.api import Alteration
from watches.itself.settings import TOLD
from watches.saying import cleaned, one_line

ENDED, RECORDED = "run.ended", "occurrence.recorded"
ROWS = ("row.added", "row.deleted", "row.edited")
OF_THE_LEDGER = frozenset({ENDED, RECORDED, *ROWS})
"""What is durable by itself: an endpoint misses none of it, whatever is killed."""

HEARD = frozenset({*TOLD, "approval.given", "draft.expired", "run.started", "workflow.ended"})
"""What the daemon tells while it happens."""

NAMES = tuple(sorted(OF_THE_LEDGER | HEARD))
"""All events that an endpoint can be told."""

LONGEST = 1_000
"""Characters of one text."""

_SHOWN = 100


class Fact(Struct, frozen=True):
    """Something that has happened.   about: whose it is, in a few words.   table, outcome, endpoint: "" of what has none."""

    type: str
    at: datetime
    about: str
    data: Mapping[str, object]
    table: str = ""
    outcome: str = ""
    endpoint: str = ""


class Wanted(Struct, frozen=True):
    """What one endpoint is told.   events: names, and patterns with `*`.   outcomes, tables: none for all."""

    events: tuple[str, ...]
    outcomes: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()

    def names(self, event: str) -> bool:
        """Whether it is told of events of this name."""
        return any(fnmatchcase(event, one) for one in self.events)

    def takes(self, fact: Fact, endpoint: str) -> bool:
        """Whether it is told of this.   endpoint: its name; how it stands itself is no news to it."""
        if fact.endpoint == endpoint or not self.names(fact.type):
            return False
        fits = not fact.table or not self.tables or fact.table in self.tables
        return fits and (not fact.outcome or not self.outcomes or fact.outcome in self.outcomes)


def of_end(ended: Ended, now: datetime) -> Fact:
    """A run is over, with all its attempts; or occurrences were skipped or missed."""
    one = ended.occurrence
    data = _whose(one.table, one.key, one.task) | {"run": one.id, "outcome": str(one.outcome), "reason": one.reason}
    if one.started_at is not None:
        data |= {"attempt": one.attempt, "action": one.action, "due": one.due, "started_at": one.started_at} | _lasted(one)
    else:
        data |= {"count": ended.number, "due": one.last_due or one.due}
    name = ENDED if one.started_at is not None else RECORDED
    return Fact(name, one.ended_at or now, f"{one.table}/{one.task}", data, one.table, str(one.outcome))


def _lasted(one: Occurrence) -> dict[str, object]:
    return {} if one.duration is None else {"duration_s": one.duration}


def of_alteration(one: Alteration, now: datetime) -> Fact:
    """People have added, edited or deleted a row.   now: the ledger doesn't say when."""
    data = _whose(one.table, one.id, one.row) | ({"column": one.column} if one.column else {})
    return Fact(f"row.{one.change}", now, f"{one.table}/{one.row}", data, one.table)


def of_event(event: Event) -> Fact:
    """Whatever else the daemon tells."""
    fields = event.fields()
    table, task = (str(fields.get(name) or "") for name in ("table", "task"))
    about = f"{table}/{task}" if task else table
    return Fact(event.name, event.at, about, fields, table, str(fields.get("outcome") or ""), str(fields.get("endpoint") or ""))


def _whose(table: str, key: str, task: str) -> dict[str, object]:
    return {"table": table, "key": key, "task": task}


def about_of(fact: Fact, mask: Mask) -> str:
    """Whose it is, for a list."""
    return one_line(mask.text(fact.about), _SHOWN)


def body_of(fact: Fact, mask: Mask) -> str:
    """What is sent of it: JSON as Standard Webhooks has it, in ASCII, without secrets."""
    data = {name: _plain(value, mask) for name, value in fact.data.items() if value is not None}
    said = {"type": fact.type, "timestamp": _instant(fact.at), "data": data}
    return json.dumps(said, separators=(",", ":"), allow_nan=False)


def _plain(value: object, mask: Mask) -> object:
    match value:
        case bool() | int() | float():
            return value
        case datetime():
            return _instant(value)
        case timedelta():
            return round(value.total_seconds(), 3)
        case tuple():
            return [_plain(one, mask) for one in value]
    return cleaned(mask.text(str(value)), LONGEST)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The numbers of one daemon, as values: what it counted, and how it stands now. Labels are what the operator named, never rows."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product

from msgspec import Struct

from actions.api import Outcome
from engine.keeper import Keeper
from engine.ledger import Reach
from engine.loop import Daemon
from engine.model import Stage, Status, Task
from engine.reacting import REACTIONS
from rowd import __version__
from rowd.counting import Classes, Counts
from rowd.hooks import GREETED, PUT_OFF, REFUSED, TAKEN
from rowd.vitals import Vitals

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"


class Measure(Struct, frozen=True):
    """What is measured.   kind: COUNTER, GAUGE or HISTOGRAM.   says: for people, one sentence."""

    name: str
    kind: str
    labels: tuple[str, ...]
    says: str


_TABLE = ("table",)
BUILD = Measure("rowd_build_info", GAUGE, ("version", "python"), "Always 1; the labels say what runs.")
SINCE = Measure("rowd_start_time_seconds", GAUGE, (), "When the daemon began, in seconds since 1970.")
TURNS = Measure("rowd_turns_total", COUNTER, (), "Turns that have ended.")
LIVES = Measure("rowd_live", GAUGE, (), "1 while turns end, as /healthz says.")
READY = Measure("rowd_ready", GAUGE, (), "1 while it does all its work, as /readyz says.")
STARTED = Measure("rowd_attempts_started_total", COUNTER, _TABLE, "Attempts that have begun.")
ENDED = Measure("rowd_runs_ended_total", COUNTER, ("table", "outcome"), "Occurrences that have their outcome.")
LATE = Measure("rowd_run_lateness_seconds", HISTOGRAM, _TABLE, "How long after it came due a first attempt began.")
UNDER_WAY = Measure("rowd_runs_under_way", GAUGE, _TABLE, "Attempts that run now.")
WAITING = Measure("rowd_runs_waiting", GAUGE, _TABLE, "What came due, or was asked by events, and has not started.")
WORKERS = Measure("rowd_workers", GAUGE, (), "Attempts that may run at once (daemon.max_parallel).")
ROWS = Measure("rowd_rows", GAUGE, ("table", "state"), "Rows by what they are.")
TABLE_OK = Measure("rowd_table_ok", GAUGE, _TABLE, "1 while the table is read, trusted and written.")
READ_AT = Measure("rowd_table_last_read_timestamp_seconds", GAUGE, _TABLE, "When it was last read whole: only after a change.")
LOOKED_AT = Measure("rowd_table_last_look_timestamp_seconds", GAUGE, _TABLE, "When it was last asked whether it has changed.")
REQUESTS = Measure("rowd_store_requests_total", COUNTER, ("table", "kind"), "Requests to the store, answered or not.")
QUOTA_LEFT = Measure("rowd_quota_left", GAUGE, ("table", "kind", "span"), "What rowd may still ask of the vendor within the span.")
QUOTA_SIZE = Measure("rowd_quota_size", GAUGE, ("table", "kind", "span"), "What rowd may ask of the vendor within the span at all.")
WATCH_OK = Measure("rowd_watch_ok", GAUGE, ("watch",), "1 while the watched source can be looked at.")
DELIVERIES = Measure("rowd_deliveries_total", COUNTER, ("watch", "result"), "What was brought to a webhook.")
LEDGER_BYTES = Measure("rowd_ledger_bytes", GAUGE, (), "The ledger's files on disk.")
LEDGER_OK = Measure("rowd_ledger_writable", GAUGE, (), "0 while the ledger can't be written, so that nothing starts.")
REFUSALS = Measure("rowd_ledger_refusals_total", COUNTER, (), "How often the ledger began to refuse.")

MEASURES = (
    *(BUILD, SINCE, TURNS, LIVES, READY, STARTED, ENDED, LATE, UNDER_WAY, WAITING, WORKERS, ROWS, TABLE_OK, READ_AT, LOOKED_AT),
    *(REQUESTS, QUOTA_LEFT, QUOTA_SIZE, WATCH_OK, DELIVERIES, LEDGER_BYTES, LEDGER_OK, REFUSALS),
)

DEFECT = "defect"
"""A row's state where it isn't understood; the others are those of Status."""


class Sample(Struct, frozen=True):
    """labels: in the order of the measure's."""

    of: Measure
    labels: tuple[str, ...]
    value: float | Classes


class Watched(Struct, frozen=True):
    """Whose numbers they are.   answered: see `Hooks`.   since: when it began, aware UTC."""

    made: Daemon
    vitals: Vitals
    counts: Counts
    answered: Counter[tuple[str, str]]
    since: datetime


def measured(of: Watched) -> list[Sample]:
    """How they stand now, but for the ledger's files. On the event loop: it waits for nothing."""
    return [*_of_all(of), *(sample for keeper in of.made.keepers.values() for sample in _of_table(of, keeper)), *_of_sources(of)]


def _of_all(of: Watched) -> Iterator[Sample]:
    yield Sample(BUILD, (__version__, platform.python_version()), 1)
    yield Sample(SINCE, (), of.since.timestamp())
    yield Sample(TURNS, (), of.made.turns)
    yield Sample(LIVES, (), not of.vitals.hangs)
    yield Sample(READY, (), not of.vitals.unready)
    yield Sample(WORKERS, (), of.made.parts.max_parallel)
    yield Sample(LEDGER_OK, (), not of.made.refused)
    yield Sample(REFUSALS, (), of.counts.refusals)


def _of_table(of: Watched, keeper: Keeper) -> Iterator[Sample]:
    table, counts, under_way = keeper.name, of.counts, of.made.under_way
    yield Sample(STARTED, (table,), counts.started[table])
    for outcome in Outcome:
        yield Sample(ENDED, (table, outcome), counts.ended[table, outcome])
    yield Sample(LATE, (table,), counts.late[table].now())
    yield Sample(UNDER_WAY, (table,), under_way.at(table, Stage.RUNNING))
    yield Sample(WAITING, (table,), under_way.at(table, Stage.CLAIMED, Stage.WAITING) + _asked(keeper))
    for state, number in rows_by_state(keeper).items():
        yield Sample(ROWS, (table, state), number)
    yield Sample(TABLE_OK, (table,), keeper.access.reach(of.made.clock.now())[0] is Reach.OK)
    for measure, at in ((READ_AT, keeper.access.last_read), (LOOKED_AT, of.made.looked_at.get(table))):
        if at is not None:
            yield Sample(measure, (table,), at.timestamp())
    for (whose, what), number in of.made.governor.requests.items():
        if whose == table:
            yield Sample(REQUESTS, (table, what), number)
    for (kind, span), (left, size) in _quota(of.made, table).items():
        yield Sample(QUOTA_LEFT, (table, kind, span), left)
        yield Sample(QUOTA_SIZE, (table, kind, span), size)


def _of_sources(of: Watched) -> Iterator[Sample]:
    for name, mark in of.made.watches.items():
        yield Sample(WATCH_OK, (name,), not mark.trouble)
    webhooks = [name for name, source in of.made.parts.sources.items() if source.door is not None]
    for name, result in product(webhooks, (TAKEN, REFUSED, PUT_OFF, GREETED)):
        yield Sample(DELIVERIES, (name, result), of.answered[name, result])


def rows_by_state(keeper: Keeper) -> Mapping[str, int]:
    """Of one table: how many rows are active, paused, draft, completed, or can't be understood."""
    unclear = keeper.sight.doubtful
    tasks = Counter(one.status for key, one in keeper.understood.items() if isinstance(one, Task) and key not in unclear)
    _, defects, drafts = keeper.counts()
    return {**{str(status): tasks[status] for status in Status}, str(Status.DRAFT): tasks[Status.DRAFT] + drafts, DEFECT: defects}


def _asked(keeper: Keeper) -> int:
    """What events want of its rows, and nobody has answered yet."""
    return sum(request.wish in REACTIONS for requests in keeper.requests.values() for request in requests)


def _quota(made: Daemon, table: str) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Kind and span → what is left, of how much. Where several count the same, the one that has least left."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one in made.allowances(table):
        shut = one.span is not None and one.until is not None
        place = one.kind, f"{one.span.total_seconds():g}s" if one.span is not None else "month"
        found[place] = min(found.get(place, (one.size, one.size)), (0 if shut else one.left, one.size))
    return found


def sized(number: int) -> Sample:
    """The ledger has so many bytes."""
    return Sample(LEDGER_BYTES, (), number)

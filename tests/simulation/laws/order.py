"""Who starts when there are more than can run at once: the best first; and nobody waits without a reason."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.simulation.book import Book, Record, Try
from tests.simulation.laws.brakes import full
from tests.simulation.laws.breakers import tripped, trips
from tests.simulation.laws.covered import Covered, covered, micros, well_until
from tests.simulation.laws.retries import shortest_wait
from tests.simulation.machine import MICRO
from tests.simulation.operator import APPROVED
from tests.simulation.world import World


class Crowd:
    """How many attempts were under way at every instant, by the ledger."""

    def __init__(self, tries: Sequence[Try]) -> None:
        steps = sorted((at, step) for t in tries for at, step in ((t.started_at, 1), (t.ended_at, -1)) if at is not None)
        self.at: list[int] = []
        self.number: list[int] = []  # from that instant on
        running = 0
        for at, step in steps:
            running += step
            self.at.append(at)
            self.number.append(running)

    def full(self, room: int, low: int, high: int) -> Iterator[tuple[int, int]]:
        """The stretches of [low, high] in which so many or more were under way."""
        first = max(0, bisect_right(self.at, low) - 1)
        for n in range(first, bisect_left(self.at, high)):
            if self.number[n] >= room:
                yield self.at[n], self.at[n + 1] if n + 1 < len(self.at) else high


@dataclass(frozen=True)
class Wait:
    """From when an attempt could start until it did, or until it was given up; in microseconds since 1970."""

    record: Record
    since: int
    until: int


def _waits(row: Covered, book: Book) -> Iterator[Wait]:
    """For each attempt of a row, while all was well with it and nobody had changed it."""
    for record in row.all:
        tries = book.of_run[record.id]
        if record.action in APPROVED:
            yield from _approved(row, record, tries)
            continue
        ready = [record.claimed_at] if record.ran else []
        ready += [t.ended_at + shortest_wait(record, t.n) * 5 // 4 for t in tries[: record.attempts - 1] if t.ended_at is not None]
        for n, since in enumerate(ready):
            until = tries[n].started_at if n < len(tries) else record.ended_at
            if until is not None:
                yield Wait(record, since, min(until, well_until(row, since), row.meant_until(since)))


def _approved(row: Covered, record: Record, tries: Sequence[Try]) -> Iterator[Wait]:
    """Of one that was to be approved first, and was: it waits since then."""
    given = json.loads(record.approval or "{}").get("given_at")
    until = tries[0].started_at if tries else record.ended_at
    if given is not None and until is not None:
        since = micros(datetime.fromisoformat(given))
        yield Wait(record, since, min(until, well_until(row, since), row.meant_until(since)))


def _longest_free(wait: Wait, taken: list[tuple[int, int]]) -> int:
    """The longest stretch of a wait in which nothing stood in its way."""
    reached, longest = wait.since, 0
    for begin, end in [*sorted(taken), (wait.until, wait.until)]:
        longest = max(longest, min(begin, wait.until) - reached)
        reached = max(reached, end)
    return longest


def _parallel(row: Covered, wait: Wait) -> bool:
    """Whether the row's other runs were surely no reason to wait."""
    meanings = (row.meant(wait.since), row.meant(wait.until))
    return all(meaning is not None and meaning.overlap == "parallel" for meaning in meanings)


def nothing_waits_without_a_reason(world: World, book: Book) -> Iterator[str]:
    """What was claimed, or is to be tried again, starts within seconds, unless the workers, its action or its row have no room."""
    if world.jumpy:
        return
    patience = (12 if world.disk.stalling else 2) * MICRO
    everyone, actions = Crowd(book.tries), book.of_action
    crowds = {action: Crowd(tries) for action, tries in actions.items()}
    tables = {table: Crowd([t for t in book.tries if book.by_id[t.run].table == table]) for table in world.operator.brakes}
    shut = {
        action: [(t.opened, t.closed or 1 << 62) for t in tripped(tries, success_last=False)] for action, tries in actions.items()
    }
    for row in covered(world, book):
        for wait in _waits(row, book):
            since, until, record = wait.since, wait.until, wait.record
            if until - since <= patience:
                continue
            taken = [(o.claimed_at, o.ended_at or until) for o in row.all if o.ran and o is not record and not _parallel(row, wait)]
            taken += [*everyone.full(world.least_parallel, since, until), *shut.get(record.action, ())]
            taken += full(world, book, record.table)
            if (brake := world.operator.brakes.get(record.table)) is not None and brake.at_once is not None:
                taken += tables[record.table].full(brake.at_once, since, until)
            if record.action in world.least and record.action in crowds:
                taken += crowds[record.action].full(world.least[record.action], since, until)
            if (free := _longest_free(wait, taken)) > patience:
                yield f"{row.bench.name}/{row.key}: {record.trigger} ({record.id}) waited {free / MICRO} s for nothing"


def the_best_starts_first(world: World, book: Book) -> Iterator[str]:
    """Of two that wait, the one of the higher priority starts first: unless its action has no room, or its row."""
    if world.jumpy:
        return
    free = {action for action, tries in book.of_action.items() if action not in world.least and not trips(book, action)}
    waiting: defaultdict[str, list[Wait]] = defaultdict(list)
    for row in covered(world, book):
        for wait in _waits(row, book) if row.bench.name not in world.operator.brakes else ():
            record = wait.record
            beside = [o.ended_at or wait.until for o in row.all if o.ran and o is not record and o.claimed_at < wait.until]
            since = max([wait.since, *beside])
            if since < wait.until and wait.since == record.claimed_at:
                waiting[record.action].append(Wait(record, since, wait.until))
    everything = _starts(book, book.tries)
    for action, tries in book.of_action.items():
        starts = everything if action in free else _starts(book, tries)
        for wait in waiting[action]:
            for at, priority, run in starts[bisect_left(starts, (wait.since,)) : bisect_left(starts, (wait.until,))]:
                if priority < wait.record.priority and (at > wait.since or _come_together(wait.record, book.by_id[run])):
                    yield f"{run} ({priority}) started before {wait.record.id} of {action} ({wait.record.priority}) that waited"


def _starts(book: Book, tries: Sequence[Try]) -> list[tuple[int, int, str]]:
    return sorted((t.started_at, book.by_id[t.run].priority, t.run) for t in tries)


def _come_together(record: Record, other: Record) -> bool:
    """Whether both came due and were decided on at the same instant, so that the better one had its turn first."""
    return (record.cause, record.due, record.claimed_at) == ("schedule", other.due, other.claimed_at) and other.cause == "schedule"


def a_queue_keeps_its_order(world: World, book: Book) -> Iterator[str]:
    """Of one row's occurrences that wait to start, the one that was claimed first starts first."""
    for row in covered(world, book) if not world.jumpy else ():
        ran = [r for r in row.all if r.ran and r.started_at is not None]
        for n, record in enumerate(ran):
            start = record.started_at or 0
            for before in ran[max(0, n - 10) : n]:
                waits = (before.started_at or 0) > start and before.claimed_at < start
                meaning = row.meant(start) if waits else None
                asked = record.approval or before.approval  # what is approved doesn't wait behind what isn't
                if meaning is not None and meaning.understood and meaning.overlap != "parallel" and not asked:
                    yield f"{row.bench.name}/{row.key}: {record.trigger} started before {before.trigger}, which had waited longer"


LAWS = (nothing_waits_without_a_reason, the_best_starts_first, a_queue_keeps_its_order)

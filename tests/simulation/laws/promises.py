"""Deadlines: told once where nothing succeeded in time, and never else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.events import DeadlineMissed
from tests.fakes.promises import broken
from tests.simulation.book import Book, Record
from tests.simulation.laws.covered import Covered, covered, micros
from tests.simulation.machine import MICRO
from tests.simulation.spans import DEADLINES
from tests.simulation.world import World

HEARD = 45 * MICRO
"""Within this a daemon that lives has told of a deadline: ten seconds after its start what runs is known, and disks may stall."""

LONGEST_LIFE = 300 * MICRO


@dataclass(frozen=True)
class Said:
    """That a deadline was missed, in microseconds since 1970.   at: when that was told."""

    at: int
    due: int
    by: int
    number: int


def _said(world: World, row: Covered) -> list[Said]:
    """Of one row, in the order in which it was told."""
    start = world.machine.origin
    events = [(start + one.moment, one.event) for one in world.heard if isinstance(one.event, DeadlineMissed)]
    return [Said(at, micros(e.due), micros(e.by), e.count) for at, e in events if (e.table, e.key) == (row.bench.name, row.key)]


def _successes(row: Covered) -> list[tuple[int, int]]:
    return [(r.due, r.ended_at) for r in row.all if r.outcome == "succeeded" and r.ended_at is not None]


def a_missed_deadline_is_told_once(world: World, book: Book) -> Iterator[str]:
    """No deadline of a row is told twice, nor one that lies before another that was told; none before it has passed.

    What waited in the ledger for its turn counts from when it happened or was asked for, and is told once that turn has come
    (docs/reference/deadlines.md): it may lie before what was told meanwhile. Of the same instants, it is told once, too.
    """
    for row in covered(world, book) if not world.jumpy else ():
        said = _said(world, row)
        for number, other in enumerate(said):
            for one in said[:number]:
                before = other.due <= one.due or other.by <= one.by
                if (one.due, one.by) == (other.due, other.by) or (before and not _came_later(row, other, one.at)):
                    yield f"{row.bench.name}/{row.key}: told of {one}, and then of {other}"
        for one in said:
            if one.at < one.by:
                yield f"{row.bench.name}/{row.key}: told of {one} before it had passed"
            if one.number == 1 and (one.by - one.due) / MICRO not in DEADLINES.values():
                yield f"{row.bench.name}/{row.key}: told of {one}, which is no deadline"


def _came_later(row: Covered, said: Said, at: int) -> bool:
    """Whether the oldest that this says was missed is a reaction, or a counter's, that got its turn only after that instant."""
    return any(r.due == said.due and r.cause in ("event", "counter") and r.claimed_at >= at for r in row.all)


def what_succeeded_in_time_is_not_told(world: World, book: Book) -> Iterator[str]:
    """No deadline is said to be missed before which a run had succeeded that came due with it, or later.

    At the very instant either may be heard of first.
    """
    for row in covered(world, book) if not world.jumpy else ():
        successes = _successes(row)
        for one in _said(world, row):
            newest = one.due if one.number == 1 else one.by - max(DEADLINES.values()) * MICRO
            kept = [(due, ended) for due, ended in successes if due >= max(newest, one.due) and ended < one.by]
            if kept and (one.number == 1 or any(due >= one.by - min(DEADLINES.values()) * MICRO for due, _ in kept)):
                yield f"{row.bench.name}/{row.key}: told of {one}, and {kept[0]} had succeeded"


def what_is_owed_is_told(world: World, book: Book) -> Iterator[str]:
    """Where something came due while the row had a deadline, and nothing succeeded in time, that is told once a daemon is there."""
    for row in covered(world, book) if not world.jumpy else ():
        said, successes = _said(world, row), _successes(row)
        for span in row.spans:
            seconds = DEADLINES.get(span.meaning.deadline) if span.meaning.kind != "none" else None
            if seconds is None:
                continue
            length = seconds * MICRO
            owed = [due for record in row.all if (due := _owes(row, record, span.meaning.deadline, length)) is not None]
            for by, due in broken(owed, length.__add__, successes, micros(world.machine.wall())).items():
                if not any(one.due <= due and by <= one.by for one in said) and _must_be_told(row, by):
                    yield f"{row.bench.name}/{row.key}: nobody was told that what came due at {due} had not succeeded by {by}"


def _owes(row: Covered, record: Record, deadline: str, length: int) -> int | None:
    """When it came due, where it surely owes a success until its deadline is told, and the row's is this one all the time."""
    owes = record.cause in ("schedule", "event", "counter") and (record.ran or (record.outcome == "missed" and record.count == 1))
    means = row.meant(record.claimed_at) if owes else None
    if means is None or means.deadline != deadline or means.kind == "none" or means.one_off:
        return None
    at_last = max(record.due + length, record.claimed_at) + 2 * HEARD
    return record.due if row.meant_until(record.claimed_at) > at_last else None


def _must_be_told(row: Covered, by: int) -> bool:
    """Whether a daemon was surely there, and well, to tell of it, and lived on; or came later, and none had gone just before."""
    world, moment = row.world, by - row.world.machine.origin
    for looked, ended in row.bench.well:
        if looked + HEARD <= moment and moment + HEARD <= ended:
            return _undisturbed(world, moment - HEARD, moment + HEARD)
        if moment < looked:
            births = [birth for birth in world.births if moment - LONGEST_LIFE <= birth <= looked]
            return (
                len(births) == 1
                and births[0] > moment
                and looked + HEARD <= ended
                and _undisturbed(world, births[0], looked + HEARD)
            )
    return False


def _undisturbed(world: World, low: int, high: int) -> bool:
    troubles: Sequence[tuple[int, int]] = [*world.disturbed, *((at, at) for at in (*world.disk.refused, *world.disk.stalled))]
    return not any(a <= high and low <= b for a, b in troubles)


LAWS = (a_missed_deadline_is_told_once, what_succeeded_in_time_is_not_told, what_is_owed_is_told)

"""What really ran: known, witnessed, ended, never twice, never too much at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise, product, zip_longest

from tests.simulation.book import Book
from tests.simulation.machine import MICRO
from tests.simulation.operator import SPACED
from tests.simulation.witness import Seen
from tests.simulation.world import World

LATELY = 120 * MICRO
"""For how long settings may be felt that hold no more: a process that was let in by them waits for a disk that is full."""


def no_attempt_runs_twice_or_unknown(world: World, book: Book) -> Iterator[str]:
    """Every attempt that really ran is known to the ledger. That none runs twice, the witness checks at once."""
    known = {(one.run, one.n): one for one in book.tries}
    for seen in world.witness.seen:
        if seen.place not in known:
            yield f"{seen.place} of {seen.request.task} ran, and the ledger doesn't know of it"


def success_was_witnessed(world: World, book: Book) -> Iterator[str]:
    """What the ledger calls succeeded really ran and came to that; what came to an end by itself is called that."""
    for one in book.tries:
        seen = world.witness.by_place.get((one.run, one.n))
        came_to = seen.came_to if seen is not None else None
        if one.outcome == "succeeded" and came_to != "succeeded":
            yield f"{one.run} attempt {one.n} is called succeeded, but it came to {came_to}"
        if one.outcome == "failed" and came_to == "succeeded":
            yield f"{one.run} attempt {one.n} is called failed, but it succeeded"
        if one.outcome == "lost" and seen is not None and seen.process and came_to is not None and not world.rebooted:
            yield f"{one.run} attempt {one.n} is called lost, but it left its exit file: {came_to}"


def everything_has_ended(world: World, book: Book) -> Iterator[str]:
    """At the end every occurrence has one outcome, and every attempt its end."""
    for record in book.records:
        if record.stage != "ended" or record.outcome is None:
            yield f"{record.id} ({record.trigger} of {record.key}) is still {record.stage}"
    for one in book.tries:
        if one.ended_at is None and book.by_id[one.run].stage == "ended":
            yield f"{one.run} attempt {one.n} has no end"
    triggers = Counter((r.table, r.key, r.trigger) for r in book.records)
    yield from (f"{place} has {number} records" for place, number in triggers.items() if number > 1)


def one_at_a_time(world: World, book: Book) -> Iterator[str]:
    """Of a row that was never `parallel`, no two attempts ran at the same time."""
    parallel = {(b.name, s.key) for b in world.benches for s in b.spans.all if s.meaning.overlap == "parallel" or not s.sure}
    by_row: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for seen in world.witness.seen:
        if (record := book.by_id.get(seen.request.run)) is not None and (record.table, record.key) not in parallel:
            by_row[record.table, record.key].append(seen)
    for place, those in by_row.items():
        those.sort(key=lambda s: s.began)
        for one, other in pairwise(those):
            if one.ended is None or one.ended > other.began:
                yield f"{place}: {other.place} began while {one.place} ran"


def no_more_than_allowed(world: World, book: Book) -> Iterator[str]:
    """Never more attempts at once than `max_parallel`, nor of an action than its `parallel`, by the highest that held lately."""
    steps: list[tuple[int, int, str]] = []
    for seen in world.witness.seen:
        steps.append((seen.began, 1, seen.request.action))
        if seen.ended is not None:
            steps.append((seen.ended, -1, seen.request.action))
    running: Counter[str] = Counter()
    for moment, step, action in sorted(steps):
        running[action] += step
        if step < 0:
            continue
        parallel, limit = _allowed(world, moment, action)
        if running.total() > parallel:
            yield f"{running.total()} attempts at once at {world.machine.wall(moment)}, {parallel} allowed"
            return
        if limit is not None and running[action] > limit:
            yield f"{running[action]} attempts of {action} at once, {limit} allowed"
            return


def _allowed(world: World, moment: int, action: str) -> tuple[int, int | None]:
    """How many at once, by the highest settings that held then or lately, in all and of this action; None for no such limit."""
    until = [since for since, _, _ in world.settings[1:]]
    held = [its for its, end in zip_longest(world.settings, until) if its[0] <= moment and (end is None or end > moment - LATELY)]
    limits = [limits.get(action) for _, _, limits in held]
    known = [limit for limit in limits if limit is not None]
    return max(parallel for _, parallel, _ in held), max(known) if len(known) == len(limits) else None


def seldom_enough(world: World, book: Book) -> Iterator[str]:
    """A row whose action allows one run in so many seconds starts no two runs closer together, but for a twentieth."""
    if world.jumpy:
        return
    for ((table, key), records), (action, seconds) in product(book.by_row.items(), SPACED.items()):
        starts = sorted(r.started_at for r in records if r.started_at is not None and r.action == action)
        for one, other in pairwise(starts):
            if other - one < 0.95 * seconds * MICRO:
                yield f"{table}/{key} started {action} after {(other - one) / MICRO} s"


LAWS = (
    no_attempt_runs_twice_or_unknown,
    success_was_witnessed,
    everything_has_ended,
    one_at_a_time,
    no_more_than_allowed,
    seldom_enough,
)

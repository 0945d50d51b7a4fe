"""The circuit breaker of each action: what fails again and again is left alone for a while, then tried one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tests.simulation.book import Book, Try
from tests.simulation.machine import MICRO
from tests.simulation.world import World

FAILURES = 6
SHORTEST = 20 * MICRO
LONGEST = 120 * MICRO
"""As the simulated operator has it: so many failures in a row open it; how long it stays shut then, and at the most."""


@dataclass(frozen=True)
class Tripped:
    """A time in which an action was not trusted, in microseconds since 1970.

    shut: (from, until) of the times in which nothing of it may start.   closed: when it was trusted again; None if never.
    """

    opened: int
    shut: Sequence[tuple[int, int]]
    closed: int | None

    def covers(self, instant: int) -> bool:
        """Strictly: at the very instants at which it opens and closes, either order of things may be right."""
        return self.opened < instant and (self.closed is None or instant < self.closed)


def tripped(tries: Sequence[Try], *, success_last: bool) -> list[Tripped]:
    """Of one action's attempts. Of what ended at one instant a success is taken to be the last, or the first."""
    counted = [t for t in tries if t.outcome in ("failed", "timed out", "succeeded")]
    ends = sorted((t.ended_at, (t.outcome == "succeeded") == success_last) for t in counted if t.ended_at is not None)
    found: list[Tripped] = []
    streak, shut = 0, list[tuple[int, int]]()
    for at, last in ends:
        if last == success_last:
            if shut:
                found.append(Tripped(shut[0][0], shut, at))
            streak, shut = 0, []
            continue
        streak += 1
        if streak >= FAILURES:
            shut.append((at, at + min(SHORTEST << min(streak - FAILURES, 10), LONGEST)))
    if shut:
        found.append(Tripped(shut[0][0], shut, None))
    return found


@lru_cache(32)
def ways(book: Book, action: str) -> Sequence[Sequence[Tripped]]:
    """Of one action, by either way in which what ended at one instant may have been taken."""
    return [tripped(book.of_action.get(action, ()), success_last=last) for last in (True, False)]


def trips(book: Book, action: str) -> Sequence[Tripped]:
    """Of one action, both ways together."""
    return [trip for way in ways(book, action) for trip in way]


def nothing_starts_while_a_breaker_is_open(world: World, book: Book) -> Iterator[str]:
    """After six failures in a row nothing of an action starts for a while; the wait doubles with each further failure."""
    for action, tries in book.of_action.items() if not world.jumpy else ():
        for trip in tripped(tries, success_last=True):
            for one in tries:
                for begin, end in trip.shut if trip.covers(one.started_at) else ():
                    if begin < one.started_at < end:
                        yield f"{one.run} attempt {one.n} of {action} began {(end - one.started_at) / MICRO} s before it might"


def a_breaker_is_tried_one_at_a_time(world: World, book: Book) -> Iterator[str]:
    """Once the wait is over, one attempt at a time is let through, until one succeeds."""
    for action, tries in book.of_action.items() if not world.jumpy else ():
        for trip in tripped(tries, success_last=True):
            for one in (t for t in tries if trip.covers(t.started_at)):
                beside = [
                    t
                    for t in tries
                    if t is not one and t.started_at <= one.started_at and (t.ended_at is None or one.started_at < t.ended_at)
                ]
                if beside:
                    yield f"{one.run} attempt {one.n} of {action} began beside {beside[0].run}, while {action} was only tried"


LAWS = (nothing_starts_while_a_breaker_is_open, a_breaker_is_tried_one_at_a_time)

"""One row's records held against its spans: what surely came due, what may have, and when all was well with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from engine.blackout import Blackout
from tests.simulation import dues
from tests.simulation.benches import Bench
from tests.simulation.book import Book, Record
from tests.simulation.machine import MICRO
from tests.simulation.operator import SPACED
from tests.simulation.spans import SLACK, Meaning, Span
from tests.simulation.stretches import Kept
from tests.simulation.world import World

GRACE = 600

SLACK_S = int(SLACK.total_seconds())


def at(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%m-%d %H:%M:%S")


class Covered:
    """One row's records of what came due by time, held against its spans."""

    def __init__(self, world: World, bench: Bench, key: str, records: Sequence[Record]) -> None:
        self.world, self.bench, self.key, self.all = world, bench, key, records
        self.spans = bench.spans.by_key.get(key, [])
        self.records = [r for r in records if r.cause == "schedule"]
        self._reached: dict[int, tuple[int, int]] = {}
        self.end = dues.seconds(world.machine.highest(0)) + 1

    def meant(self, instant: int) -> Meaning | None:
        """What rowd surely took the row to mean at that instant (microseconds since 1970); None where that can't be told."""
        span = self._span(instant)
        return span.meaning if span is not None else None

    def meant_until(self, instant: int) -> int:
        """Until when the row surely meant what it did at that instant (microseconds since 1970)."""
        span = self._span(instant)
        if span is None:
            return instant
        return 1 << 62 if span.ended is None else span.ended + self.world.machine.origin

    def _span(self, instant: int) -> Span | None:
        if self.world.jumpy:
            return None
        moment = instant - self.world.machine.origin
        for span in self.spans:
            known = span.sure and span.known_at is not None and span.known_at < moment
            if known and (span.ended is None or moment < span.ended):
                return span
        return None

    def sure(self, span: Span) -> Sequence[int]:
        """What came due in this span, and must have its record."""
        meaning = span.meaning
        if (self.bench.name, self.key) in self.world.rivalled:  # with ours away at that time, ours records it, too
            return ()
        if meaning.kind != "time" or not span.sure or span.known is None:
            return ()
        if isinstance(meaning.dues, int) or (meaning.one_off and self.may_wait):
            return ()
        high = max(dues.seconds(span.settled) - SLACK_S - meaning.jitter if span.settled else 0, self._left_behind(span))
        return meaning.dues.within(dues.seconds(span.known) + 1, high)

    def _left_behind(self, span: Span) -> int:
        """Up to which second all has its record, since rowd then read that the row was paused or its schedule changed; or 0."""
        after = self.spans[self.spans.index(span) + 1 :][:1]
        if self.world.jumpy or span.ended is None or span.settled is None or span.meaning.one_off or not after:
            return 0
        held = self.bench.spans.kept.over[Kept.HELD, ""]  # a row that bears the name of one that is missing is no task then
        if any(begun < span.ended and span.begun < ended for begun, ended in held):
            return 0
        then = after[0]
        anew = then.meaning.anew != span.meaning.anew or then.meaning.status == "paused"
        if not then.sure or then.known is None or not then.meaning.understood or not anew or then.begun != span.ended:
            return 0
        return dues.seconds(self.world.machine.wall(span.ended)) - 1

    @property
    def may_wait(self) -> bool:
        """Whether a one-off may be kept waiting by a blackout, a snooze, or the operator's frequency."""
        return bool(self.world.operator.blackouts) or self.key in self.world.snoozed or self.spans[-1].meaning.action in SPACED

    def possible(self, span: Span, low: int, high: int) -> Sequence[int]:
        """What may have come due in this span, in [low, high]."""
        latent = span.meaning.latent
        if latent == dues.NEVER:
            return ()
        begins, ends = self._reach(span)
        first, last = max(low - 1, begins - 1), min(high, ends)
        if isinstance(latent, int):
            return range(max(low, begins - 1 + latent), min(high, last + latent) + 1)
        return latent.within(first, last) if last > first else ()

    def _reach(self, span: Span) -> tuple[int, int]:
        """From when to when it may have meant something, in whole seconds."""
        if (found := self._reached.get(id(span))) is None:
            begins = min(span.low, self.world.machine.lowest(span.begun))  # a clock that is set back shows earlier instants again
            found = dues.seconds(begins), self.end if span.high is None else dues.seconds(span.high) + 1
            self._reached[id(span)] = found
        return found


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@lru_cache(1)
def covered(world: World, book: Book) -> Sequence[Covered]:
    """Every row that is known, or ever was."""
    return list(_covered(world, book))


def _covered(world: World, book: Book) -> Iterator[Covered]:
    for bench in world.benches if not world.far else ():
        places = {key for table, key in book.by_row if table == bench.name} | bench.spans.by_key.keys()
        for key in sorted(places):
            yield Covered(world, bench, key, book.by_row.get((bench.name, key), []))


LEADS = {"life": 2 * MICRO, "disturbed": 10 * MICRO, "refused": 15 * MICRO, "stalled": 12 * MICRO, "touched": 40 * MICRO}
"""For how long it may be felt that a daemon began, that something happened to it, that the disk refused or stalled, that a row was
changed."""


def well_until(row: Covered, instant: int, *, swift: bool = False) -> int:
    """Up to which instant (microseconds since 1970) all stays well with this row, from this one on; 0 for never.

    swift: a disk that stalls is not well.
    """
    world = row.world
    touches = [*row.bench.spans.touches.get(row.key, ()), *(span.begun for span in row.spans)]  # a row that gets its id is new
    start = world.machine.origin
    moment = instant - start
    end = next((ended for looked, ended in row.bench.well if looked + LEADS["life"] <= moment <= ended), 0)
    for begin, over in world.disturbed:
        if begin <= end and moment <= over + LEADS["disturbed"]:
            end = begin
    troubles = [at for at in world.disk.refused if moment <= at + LEADS["refused"]]
    troubles += [at for at in world.disk.stalled if swift and moment <= at + LEADS["stalled"]]
    troubles += [at for at in touches if moment <= at + LEADS["touched"]]
    return start + min([end, *troubles])


def span_of(row: Covered, second: int) -> Span | None:
    """The one span in which this surely came due; None where it isn't sure."""
    found = [span for span in row.spans if len(row.possible(span, second, second))]
    if len(found) != 1 or found[0].meaning.kind != "time":
        return None
    span = found[0]
    if span.known is None or span.settled is None or not dues.seconds(span.known) < second <= dues.seconds(span.settled) - SLACK_S:
        return None
    return span


def grace(span: Span, second: int) -> float:
    """How many seconds later than that this may still start."""
    assert not isinstance(span.meaning.dues, int)
    ahead = span.meaning.dues.within(second, second + GRACE)
    return ahead[0] - second if ahead else GRACE


def within(blackout: Blackout, instant: int) -> bool:
    """Of a blackout of every day, in UTC, that may go on beyond midnight."""
    clock = datetime.fromtimestamp(instant / MICRO, UTC).time()
    begin, end = blackout.start or time(0), blackout.end or time(0)
    return begin <= clock < end if begin < end else clock >= begin or clock < end

"""How a zone's wall clock runs beside real time, in whole seconds: the only place that asks a zone for its offsets.

An *instant* is seconds since 1970-01-01 00:00 UTC. A *wall* is what a clock in the zone shows, counted in the same way as if it
were UTC. Between two changes of the clock they differ by a constant: that is a *stretch*.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400
LAST = 32_503_680_000
"""The year 3000: no schedule looks further."""

_CHUNK_BITS = 28  # 8.5 years: what is learnt of a zone at a time, about a millisecond's worth of questions
_OVERHANG = 2 * DAY  # a clock set back just before a chunk still repeats walls within it; no zone ever moved by more than a day


class Stretch(Struct, frozen=True):
    """A span of real time with one offset.

    start, end: instants, [start, end).   offset: wall minus instant.
    fresh: the first wall that the clock did not already show before `start`: later than `start + offset` after it was set back.
    """

    start: int
    end: int
    offset: int
    fresh: int


class Walls:
    """One zone's stretches, learnt as they are needed."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._fixed = zone is UTC or isinstance(zone, timezone)
        self._chunks: dict[int, tuple[list[int], list[Stretch]]] = {}

    def stretch(self, instant: int) -> Stretch:
        """The stretch that holds this instant. Its end may be no real change of the clock: then the next has the same offset."""
        chunk = instant >> _CHUNK_BITS
        starts, stretches = self._chunks.get(chunk) or self._learn(chunk)
        return stretches[bisect_right(starts, instant) - 1]

    def instant(self, wall: int) -> int:
        """When the clock shows this: the first time of two; right after the gap where it never does."""
        found = self.stretch(wall - 2 * DAY)
        while wall - found.offset >= found.end:
            found = self.stretch(found.end)
            if wall < found.start + found.offset:
                return found.start
        return wall - found.offset

    def _offset(self, instant: int) -> int:
        offset = (EPOCH + timedelta(seconds=instant)).astimezone(self._zone).utcoffset()
        return 0 if offset is None else offset.days * DAY + offset.seconds

    def _learn(self, chunk: int) -> tuple[list[int], list[Stretch]]:
        begin, end = (chunk << _CHUNK_BITS) - _OVERHANG, (chunk + 1) << _CHUNK_BITS
        offset = before = self._offset(begin)
        found = []
        start = begin
        if not self._fixed:
            for day in range(begin, end, DAY):  # the changes closest together so far, in Morocco, are weeks apart
                until = min(day + DAY, end)
                if (then := self._offset(until)) != offset:
                    change = self._change(day, until, offset)
                    found.append(Stretch(start, change, offset, start + max(offset, before)))
                    start, before, offset = change, offset, then
        if start < end:
            found.append(Stretch(start, end, offset, start + max(offset, before)))
        opening = chunk << _CHUNK_BITS  # what lies before it was only looked at for what it repeats within
        found = [replace(s, start=max(s.start, opening)) for s in found if s.end > opening]
        self._chunks[chunk] = [s.start for s in found], found
        return self._chunks[chunk]

    def _change(self, early: int, late: int, offset: int) -> int:
        """The first instant in (early, late] with another offset."""
        while late - early > 1:
            middle = (early + late) // 2
            if self._offset(middle) == offset:
                early = middle
            else:
                late = middle
        return late


@lru_cache(maxsize=1024)
def walls(zone: tzinfo) -> Walls:
    """The one `Walls` of this zone."""
    return Walls(zone)


def instant_of(when: datetime) -> int:
    """The whole seconds of an aware datetime, rounded down."""
    since = when - EPOCH
    return since.days * DAY + since.seconds


def moment_of(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return EPOCH + timedelta(seconds=instant)


def wall_of(year: int, month: int, day: int, second: int = 0) -> int:
    """What a clock shows on this day of the calendar, `second` seconds after midnight."""
    return (datetime(year, month, day, tzinfo=UTC) - EPOCH).days * DAY + second

"""The walk: from an instant to the next occurrence. Bit masks, so that it jumps and never steps; whole seconds, since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from msgspec import Struct

from engine.model import Schedule
from engine.schedule.days import FARTHEST, Days
from engine.schedule.zones import DAY, LAST, Stretch, Walls, instant_of, moment_of, walls

LATEST = timedelta(minutes=10)
"""An occurrence that is later than this is never forgiven."""

MOST_WALKED = 100_000
"""So many occurrences within one span are walked through; the newest of more isn't found."""


@dataclass(frozen=True)
class Calendar:
    """Certain times of certain days on a wall clock.

    minutes: bits 0 to 1439 of a day.   seconds: bits 0 to 59 of each of those minutes.   begins: no occurrence before this instant.
    real: the times run on real time: none in a skipped hour, all of them again in a repeated one. Otherwise they are fixed: a
    skipped one comes due right after the gap, a repeated one only the first time. (The rule of Debian's cron.)
    words: as `text`, where more can be said for a person.
    """

    text: str
    zone: tzinfo
    days: Days
    minutes: int
    seconds: int = 1
    real: bool = False
    begins: int | None = None
    words: str = field(default="", compare=False)
    _walls: Walls = field(init=False, repr=False, compare=False)
    _opening: int = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        second = (self.seconds & -self.seconds).bit_length() - 1
        object.__setattr__(self, "_walls", walls(self.zone))
        object.__setattr__(self, "_opening", ((self.minutes & -self.minutes).bit_length() - 1) * 60 + second)
        object.__setattr__(
            self, "_hash", hash((self.text, self.zone, self.days, self.minutes, self.seconds, self.real, self.begins))
        )

    def __hash__(self) -> int:
        return self._hash

    @property
    def one_off(self) -> bool:
        return False

    def next(self, after: datetime) -> datetime | None:
        """See `engine.model.Schedule`."""
        return _next(self, instant_of(after))

    def find(self, instant: int) -> datetime | None:
        """`next`, worked out."""
        if not -LAST < instant < LAST:
            return None
        farthest = instant + FARTHEST * DAY
        if self.begins is not None and instant < self.begins:
            instant = self.begins - 1
        stretch = self._walls.stretch(instant)
        due = self._real(instant, stretch) if self.real else self._fixed(instant, stretch)
        return None if due is None or due > farthest else moment_of(due)

    def _fixed(self, instant: int, stretch: Stretch) -> int | None:
        wall = self._after(max(instant + stretch.offset, stretch.fresh - 1))
        if wall is None:
            return None
        while wall - stretch.offset >= stretch.end:
            stretch = self._walls.stretch(stretch.end)
            if wall < stretch.start + stretch.offset:
                return stretch.start
        return wall - stretch.offset

    def _real(self, instant: int, stretch: Stretch) -> int | None:
        limit = instant + FARTHEST * DAY
        wall = self._after(instant + stretch.offset)
        while wall is not None and wall - stretch.offset >= stretch.end:
            if stretch.end > limit:
                return None
            stretch = self._walls.stretch(stretch.end)
            wall = self._after(stretch.start + stretch.offset - 1)
        return None if wall is None else wall - stretch.offset

    def _after(self, wall: int) -> int | None:
        """The first matching wall after this one."""
        day, second = divmod(wall + 1, DAY)
        found = self.days.next(day)
        if found != day:
            return None if found is None else found * DAY + self._opening
        minute, second = divmod(second, 60)
        rest = self.minutes >> minute
        if rest & 1 and (left := self.seconds >> second):
            return day * DAY + minute * 60 + second + (left & -left).bit_length() - 1
        if rest := rest >> 1:
            return day * DAY + (minute + (rest & -rest).bit_length()) * 60 + self._opening % 60
        found = self.days.next(day + 1)
        return None if found is None else found * DAY + self._opening


@lru_cache(maxsize=512)
def _next(calendar: Calendar, instant: int) -> datetime | None:
    """Rows that come due together mostly have one schedule, and each asks several times: what is due, and what comes then.

    By the instant: datetimes of one zone are equal also where the clock shows the same twice.
    """
    return calendar.find(instant)


class Span(Struct, frozen=True):
    """Every so many seconds of real time, counted from `first` (an instant); never before it where `bounded`."""

    text: str
    zone: tzinfo
    every_s: int
    first: int = 0
    bounded: bool = False

    @property
    def words(self) -> str:
        return self.text

    @property
    def one_off(self) -> bool:
        return False

    def next(self, after: datetime) -> datetime | None:
        """See `engine.model.Schedule`."""
        instant = instant_of(after)
        if not -LAST < instant < LAST:
            return None
        due = instant + self.every_s - (instant - self.first) % self.every_s
        if self.bounded:
            due = max(due, self.first)
        return None if due - instant > FARTHEST * DAY else moment_of(due)


@dataclass(frozen=True)
class Once:
    """One instant (aware, UTC). words: as `text`, where more can be said for a person.

    wall: what a clock in the zone was to show then, which it may skip or show twice; None where an instant was named, or a span.
    said: what was written, `in 2 hours`, where that counts from when the row was last edited or activated; "" where a date stands.
    """

    text: str
    zone: tzinfo
    due: datetime
    words: str = field(default="", compare=False)
    wall: int | None = field(default=None, compare=False)
    said: str = field(default="", compare=False)

    @property
    def one_off(self) -> bool:
        return True

    def next(self, after: datetime) -> datetime | None:
        """See `engine.model.Schedule`."""
        return self.due.astimezone(UTC) if after < self.due else None


def as_counted(schedule: Schedule) -> str | None:
    """What was written, `in 2 hours`, of a one-off that counts from when its row was last edited or activated; None of others."""
    return schedule.said or None if isinstance(schedule, Once) else None


def uncounted(schedule: Schedule) -> Schedule:
    """The schedule of a row that time starts no more: it names no instant that would only hold if it were activated just now."""
    if not isinstance(schedule, Once) or not schedule.said:
        return schedule
    return replace(schedule, text=schedule.said, words=f"once, {schedule.said}, counted from when the row is activated")


def clocked(schedule: Schedule) -> bool:
    """Whether it comes due at fixed times of the day, and not every so often."""
    return isinstance(schedule, Calendar) and not schedule.real


def grace(schedule: Schedule, due: datetime) -> timedelta:
    """How late the occurrence `due` may still start: up to the next one, 10 minutes at the most, and for a one-off."""
    then = None if schedule.one_off else schedule.next(due)
    return LATEST if then is None else min(LATEST, then - due)


class Counted(Struct, frozen=True):
    """The occurrences in a span. first, newest: of them; None without.   following: the one after the newest, None where it was
    not looked for (the limit was reached) or there is none.
    """

    number: int
    first: datetime | None
    newest: datetime | None
    following: datetime | None


def count(schedule: Schedule, after: datetime, until: datetime, limit: int) -> Counted:
    """The occurrences in (after, until]. Stops at `limit`: the newest is then the limit-th."""
    number, newest = 0, None
    first = due = schedule.next(after)
    while due is not None and due <= until:
        number, newest = number + 1, due
        if number >= limit:
            return Counted(number, first, newest, None)
        due = schedule.next(due)
    return Counted(number, first if number else None, newest, due)


def newest_before(schedule: Schedule, after: datetime, due: datetime) -> datetime | None:
    """The newest occurrence in (after, due), looked for over growing spans; None for none."""
    just = due - timedelta(microseconds=1)
    span = timedelta(minutes=10)
    while due - span > after:
        if (newest := count(schedule, due - span, just, MOST_WALKED).newest) is not None:
            return newest
        span *= 8
    return count(schedule, after, just, MOST_WALKED).newest

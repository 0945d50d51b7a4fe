"""Windows in which nothing scheduled starts: nights, weekends, holidays. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from msgspec import Struct

FARTHEST = timedelta(days=400)
"""No window is followed for longer; a blackout of every day would otherwise have no end."""


class Blackout(Struct, frozen=True):
    """A window on the wall clock of `zone`.

    start, end: times of day; an end at or before the start is on the next day. Both None: whole days.
    days: weekdays it begins on, Monday is 0; dates: days it begins on. Both empty: every day.   tables: empty for all.
    """

    name: str
    zone: tzinfo
    start: time | None = None
    end: time | None = None
    days: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    tables: frozenset[str] = frozenset()

    def until(self, instant: datetime) -> datetime | None:
        """The end (UTC) of the window that covers this instant; None where none does."""
        local = instant.astimezone(self.zone)
        for day in (local.date() - timedelta(days=1), local.date()):
            if not self._begins_on(day):
                continue
            begin, end = _bounds(self.start, self.end, self.zone, day)
            if begin <= instant < end:
                return end
        return None

    def _begins_on(self, day: date) -> bool:
        if not self.days and not self.dates:
            return True
        return day.weekday() in self.days or day in self.dates


@lru_cache(10_000)  # windows of one year are asked for again and again
def _bounds(begins: time | None, ends: time | None, zone: tzinfo, day: date) -> tuple[datetime, datetime]:
    """When the window that begins on this day begins and ends, in UTC."""
    start, end = begins or time(0), ends or time(0)
    last = day if end > start else day + timedelta(days=1)
    return datetime.combine(day, start, zone).astimezone(UTC), datetime.combine(last, end, zone).astimezone(UTC)


def covering(blackouts: Iterable[Blackout], table: str, instant: datetime) -> tuple[str, datetime] | None:
    """The name of the blackout that covers the instant for this table, and when the last of them ends; None for none."""
    mine = tuple(b for b in blackouts if not b.tables or table in b.tables)
    covers = [(b.name, until) for b in mine if (until := b.until(instant)) is not None]
    return (covers[0][0], _followed(mine, max(until for _, until in covers))) if covers else None


@lru_cache(1000)  # all instants of one window ask the same
def _followed(blackouts: tuple[Blackout, ...], end: datetime) -> datetime:
    """When the last window ends of those that follow one that ends so, without a gap."""
    farthest = end + FARTHEST
    while end < farthest:
        later = max((until for b in blackouts if (until := b.until(end)) is not None), default=end)
        if later <= end:
            break
        end = later
    return end

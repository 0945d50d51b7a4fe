"""When rows ought to come due, worked out by brute force and simple arithmetic: nothing of `engine.schedule` is asked.

Instants are whole seconds since 1970 (UTC). Every reading of a Schedule cell is written down twice: as the text that a person
types, and as what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol

DAY = 86_400
FIRST_MONDAY = date(1970, 1, 5)


def seconds(instant: datetime) -> int:
    """Whole seconds since 1970, cut."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


class Dues(Protocol):
    """When something comes due."""

    def within(self, low: int, high: int) -> Sequence[int]:
        """Every due instant in (low, high], in order."""


@dataclass(frozen=True)
class Never:
    def within(self, low: int, high: int) -> Sequence[int]:
        return []


NEVER = Never()


@dataclass(frozen=True)
class Every:
    """So many seconds of real time, from 1970 on."""

    step: int

    def within(self, low: int, high: int) -> Sequence[int]:
        return range((low // self.step + 1) * self.step, high + 1, self.step)


@dataclass(frozen=True)
class At:
    instant: int

    def within(self, low: int, high: int) -> Sequence[int]:
        return [self.instant] if low < self.instant <= high else []


@dataclass(frozen=True)
class Fixed:
    """Times of the wall clock on some days: after a gap where they fall into it, the first time where they come twice."""

    zone: tzinfo
    times: tuple[int, ...]  # minutes of the day
    days: Callable[[date], bool]

    def within(self, low: int, high: int) -> Sequence[int]:
        first = datetime.fromtimestamp(low, self.zone).date() - timedelta(days=1)
        found: set[int] = set()
        for n in range((high - low) // DAY + 4):
            found.update(_on(self, first + timedelta(days=n)))
        return sorted(t for t in found if low < t <= high)


@lru_cache(100_000)
def _on(fixed: Fixed, day: date) -> tuple[int, ...]:
    if not fixed.days(day):
        return ()
    return tuple(_instant(day, minute, fixed.zone) for minute in fixed.times)


def _instant(day: date, minute: int, zone: tzinfo) -> int:
    """The first instant at which the wall clock shows this minute, or has just passed over it."""
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 (a wall clock has no zone)
    instant = seconds(wanted.replace(tzinfo=UTC)) - 26 * 3600
    while True:  # by the quarter hour, which every gap of these zones is a multiple of; then by the minute
        shown = datetime.fromtimestamp(instant + 900, zone).replace(tzinfo=None)
        if shown >= wanted:
            break
        instant += 900
    while datetime.fromtimestamp(instant, zone).replace(tzinfo=None) < wanted:
        instant += 60
    return instant


@dataclass(frozen=True)
class Real:
    """Whatever minute of real time reads so on the wall clock, as often as it does. seconds: in that minute."""

    zone: tzinfo
    reads: Callable[[datetime], bool]
    offsets: tuple[int, ...] = (0,)

    def within(self, low: int, high: int) -> Sequence[int]:
        found: list[int] = []
        for hour in range(low // 3600, high // 3600 + 1):
            found += _in_hour(self, hour)
        return [t for t in found if low < t <= high]


@lru_cache(100_000)
def _in_hour(real: Real, hour: int) -> tuple[int, ...]:
    minutes = range(hour * 3600, hour * 3600 + 3600, 60)
    return tuple(m + o for m in minutes if real.reads(datetime.fromtimestamp(m, real.zone)) for o in real.offsets)


def _any_day(_: date) -> bool:
    return True


def _weekdays(*days: int) -> Callable[[date], bool]:
    return lambda day: day.weekday() in days


_working = _weekdays(0, 1, 2, 3, 4)
_mon_thu = _weekdays(0, 3)


def _third_days(day: date) -> bool:
    return (day - FIRST_MONDAY).days % 3 == 0


def _last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _second_tuesday(day: date) -> bool:
    return day.weekday() == 1 and 8 <= day.day <= 14


def _13th_or_friday(day: date) -> bool:
    return day.day == 13 or day.weekday() == 4


def _every_minute(_: datetime) -> bool:
    return True


def _by_five(at: datetime) -> bool:
    return at.minute % 5 == 0


def _by_twenty(at: datetime) -> bool:
    return at.minute % 20 == 0


def _office(at: datetime) -> bool:
    return at.minute % 10 == 0 and 9 <= at.hour <= 17 and at.weekday() < 5


def _two_hourly(at: datetime) -> bool:
    return at.minute == 0 and at.hour % 2 == 0


def _hourly(at: datetime) -> bool:
    return at.minute == 0


def _half(at: datetime) -> bool:
    return at.minute == 30


def _nights(at: datetime) -> bool:
    return at.minute % 15 == 0 and 1 <= at.hour <= 3


INTERVALS: Mapping[str, int] = {
    "every 5 seconds": 5,
    "every 7s": 7,
    "every 10 seconds": 10,
    "every 15 seconds": 15,
    "every 20s": 20,
    "every 30 seconds": 30,
    "every 45 sec": 45,
    "every minute": 60,
    "every 90s": 90,
    "every 2 minutes": 120,
    "every 5 minutes": 300,
    "every 7 min": 420,
    "every 15 minutes": 900,
    "hourly": 3600,
    "every 90 minutes": 5400,
    "every 7 hours": 25_200,
    "every 36 hours": 129_600,
}

REAL: Mapping[str, tuple[Callable[[datetime], bool], tuple[int, ...]]] = {
    "* * * * *": (_every_minute, (0,)),
    "*/5 * * * *": (_by_five, (0,)),
    "*/20 * * * * *": (_every_minute, (0, 20, 40)),
    "30 */20 * * * *": (_by_twenty, (30,)),
    "*/10 9-17 * * mon-fri": (_office, (0,)),
    "0 */2 * * *": (_two_hourly, (0,)),
    "@hourly": (_hourly, (0,)),
    "30 * * * *": (_half, (0,)),
    "*/15 1-3 * * *": (_nights, (0,)),
}

FIXED: Mapping[str, tuple[tuple[int, ...], Callable[[date], bool]]] = {
    "30 2 * * *": ((150,), _any_day),
    "0 2,3 * * *": ((120, 180), _any_day),
    "15 1-4 * * *": ((75, 135, 195, 255), _any_day),
    "0-58/2 1,2 * * *": (tuple(range(60, 180, 2)), _any_day),
    "45 1 * * mon-fri": ((105,), _working),
    "0 0 13 * fri": ((0,), _13th_or_friday),
    "daily 02:30": ((150,), _any_day),
    "daily 01:15, 02:15 and 03:15": ((75, 135, 195), _any_day),
    "daily 07:00": ((420,), _any_day),
    "daily 12:00 and 18:30": ((720, 1110), _any_day),
    "weekdays 9:30": ((570,), _working),
    "mon,thu 18:00": ((1080,), _mon_thu),
    "every 3 days 08:00": ((480,), _third_days),
    "last day of month 18:00": ((1080,), _last_of_month),
    "2nd tuesday 09:00": ((540,), _second_tuesday),
}

GARBAGE = ("evry monday", "every 15", "07:00", "soon", "61 * * * *", "every 0 minutes", "biweekly")
"""What a person may type by mistake. None of it is a schedule."""

RELATIVE: Mapping[str, int] = {"now": 2, "in 90 seconds": 90, "in 5 minutes": 300, "in 2 hours": 7200}
"""Counted from the moment at which rowd takes note of the row."""


def once(instant: datetime) -> str:
    """The text of a row that happens once, to the minute."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def read(text: str, zone: tzinfo) -> Dues | int | None:
    """What a Schedule cell means; a number of seconds for what counts from when it is seen; None for garbage."""
    if text in INTERVALS:
        return Every(INTERVALS[text])
    if text in REAL:
        return Real(zone, *REAL[text])
    if text in FIXED:
        return Fixed(zone, *FIXED[text])
    if text in RELATIVE:
        return RELATIVE[text]
    if text.endswith("Z") and len(text) == 17:
        return At(seconds(datetime.strptime(text, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)))
    return None

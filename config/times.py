"""Field types for the calendar: zones, times of day, weekdays and dates, as they are written in `rowd.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, PlainSerializer

from config.mistakes import closest

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Monday is 0, as in `datetime.weekday`."""

LONGEST_RANGE = timedelta(days=366)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_ZONES = "zoneinfo/"


def zone(value: object) -> ZoneInfo:
    """The zone of an IANA name. Raises ValueError, with a sentence for a person."""
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str) and value.strip():
        try:
            return ZoneInfo(value.strip())
        except (OSError, ValueError, KeyError):  # a folder, a path that leaves the folder of zones, an unknown name
            if (meant := closest(value, available_timezones())) is not None:
                raise ValueError(f'"{value}" is not a time zone; did you mean "{meant}"?') from None
    raise ValueError(f'"{value}" is not a time zone; write an IANA name like "Europe/Berlin", or "UTC"')


def system_zone(localtime: Path = Path("/etc/localtime")) -> ZoneInfo:
    """The machine's zone, by the name that the link `localtime` points to (localtime(5)); UTC where it has no name."""
    try:
        target = str(localtime.readlink())
        return ZoneInfo(target[target.index(_ZONES) + len(_ZONES) :])
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def time_of_day(value: object) -> time:
    """`09:00`, `9:00`, `23:59:30`, or TOML's own local time. Raises ValueError, with a sentence for a person."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and (read := _CLOCK.fullmatch(value.strip())):
        return time(int(read[1]), int(read[2]), int(read[3] or 0))
    raise ValueError(f'"{value}" is not a time of day; write hours and minutes like "09:00" (midnight is "00:00")')


def weekdays(value: object) -> frozenset[int]:
    """A list of `sat`, `Sunday`, `mon-fri`. Raises ValueError, with a sentence for a person."""
    chosen: set[int] = set()
    for item in _listed(value, 'weekdays, like ["sat", "sun"]'):
        if isinstance(item, int) and item in range(7):  # read already
            chosen.add(item)
            continue
        first, *last = [_weekday(part, item) for part in str(item).split("-", 1)]
        days = (last[0] - first) % 7 if last else 0
        chosen.update((first + n) % 7 for n in range(days + 1))
    return frozenset(chosen)


def dates(value: object) -> frozenset[date]:
    """A list of `2026-12-24`, `2026-12-31..2027-01-01` (both ends belong to it), or TOML's own dates.

    Raises ValueError, with a sentence for a person.
    """
    chosen: set[date] = set()
    for item in _listed(value, 'dates, like ["2026-12-24", "2026-12-31..2027-01-01"]'):
        first, *rest = [_date(part, item) for part in str(item).split("..", 1)]
        last = rest[0] if rest else first
        if last < first:
            raise ValueError(f'"{item}" ends before it begins; write the earlier date first')
        if last - first > LONGEST_RANGE:
            raise ValueError(f'"{item}" is longer than a year; write a range of at most {LONGEST_RANGE.days} days')
        chosen.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(chosen)


def _listed(value: object, what: str) -> Iterable[object]:
    if isinstance(value, list | tuple | set | frozenset):
        return value
    raise ValueError(f"must be a list; write {what}")


def _weekday(text: str, item: object) -> int:
    word = text.strip().casefold()
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if len(word) >= 3 and (found := [n for n, name in enumerate(names) if name.startswith(word)]):
        return found[0]
    raise ValueError(f'"{item}" is not a weekday; write {", ".join(WEEKDAYS)}, or a range like "mon-fri"')


def _date(text: str, item: object) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 (a calendar date has no zone)
    except ValueError:
        raise ValueError(f'"{item}" is not a date; write it like "2026-12-24"') from None


Zone = Annotated[ZoneInfo, BeforeValidator(zone), PlainSerializer(str)]
"""A time zone, by its IANA name."""

TimeOfDay = Annotated[time, BeforeValidator(time_of_day)]
"""A time on the wall clock."""

Weekdays = Annotated[frozenset[int], BeforeValidator(weekdays)]
"""Days of the week, Monday is 0."""

Dates = Annotated[frozenset[date], BeforeValidator(dates)]
"""Days of the calendar."""

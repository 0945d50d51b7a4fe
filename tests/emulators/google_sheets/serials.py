"""Dates as Sheets counts them: days since 1899-12-30, the time of day as a fraction, without a zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

START = datetime(1899, 12, 30)  # noqa: DTZ001 (a serial has no zone)
DAY = 86_400


def serial(day: date | None, at: time | None = None) -> float:
    """day: None for a time of day alone."""
    days = (day - START.date()).days if day is not None else 0
    seconds = 0.0
    if at is not None:
        seconds = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    return days + seconds / DAY


def moment(value: float) -> datetime:
    """Without a zone; the millisecond is rounded, as fractions of a day are no more exact. Raises OverflowError."""
    return START + timedelta(milliseconds=round(value * DAY * 1000))


def now(at: datetime, zone: str) -> float:
    """An instant as the clock on the wall in `zone` shows it."""
    here = at.astimezone(_zone(zone)).replace(tzinfo=None)
    return (here - START) / timedelta(days=1)


def _zone(name: str) -> tzinfo:
    """A custom one is called like `GMT-07:00`. What lies behind a name that this machine doesn't know, can't be told here: UTC."""
    if found := re.fullmatch(r"GMT([+-]\d\d):(\d\d)", name):
        return timezone(timedelta(hours=int(found[1]), minutes=int(found[1][0] + found[2])))
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC

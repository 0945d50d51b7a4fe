"""Dates as Sheets counts them: days since 1899-12-30, the time of day as a fraction, without a zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
    here = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (here - START) / timedelta(days=1)

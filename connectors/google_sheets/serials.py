"""Dates as Sheets counts them: days since 1899-12-30 on the spreadsheet's wall clock, the time of day as a fraction. Pure.

Source: the Sheets discovery document, rev. 20261019 (DateTimeRenderOption, SpreadsheetProperties.timeZone).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

_START = datetime(1899, 12, 30)  # noqa: DTZ001 (a serial has no zone)
_DAY = timedelta(days=1)


def instant_of(serial: float, zone: tzinfo) -> datetime:
    """The instant (UTC) of a serial on the wall clock of `zone`; of a repeated hour it is the first.

    Rounded to a millisecond: a fraction of a day is no more exact. Raises OverflowError beyond the years 1 to 9999.
    """
    wall = _START + timedelta(milliseconds=round(serial * 86_400_000))
    return wall.replace(tzinfo=zone).astimezone(UTC)


def day_of(serial: float) -> date:
    """The day of a whole serial. Raises OverflowError beyond the years 1 to 9999."""
    return (_START + timedelta(days=int(serial))).date()


def clock_of(serial: float) -> str:
    """A time of day, or a duration, as text: `09:30`, `09:30:15`, `26:00`; with a minus before it where it is one."""
    seconds = round(abs(serial) * 86_400)
    hours, rest = divmod(seconds, 3600)
    minutes, second = divmod(rest, 60)
    return f"{'-' if serial < 0 and seconds else ''}{hours:02}:{minutes:02}" + (f":{second:02}" if second else "")


def serial_of(value: datetime | date, zone: tzinfo) -> float:
    """The serial of a day, or of an instant (aware) on the wall clock of `zone`."""
    if isinstance(value, datetime):
        return (value.astimezone(zone).replace(tzinfo=None) - _START) / _DAY
    return float((value - _START.date()).days)

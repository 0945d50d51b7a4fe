"""Dates: how a value is written and read, and what the filters on them mean."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tests.emulators.core.exchange import Json
from tests.emulators.notion.errors import UNDEFINED, bad, invalid

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ZONES = available_timezones()
_TWO = [f"{number:02}" for number in range(60)]
MINUTE = timedelta(minutes=1)

Instant = date | datetime
"""A plain date where no time was given, else aware."""


def stamp(at: datetime, *, floor: bool) -> str:
    """A page's time: `2026-06-27T17:01:00.000Z`."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    if floor:  # each row in an answer has two: put together so, they take a quarter of the time
        return f"{utc.year}-{_TWO[utc.month]}-{_TWO[utc.day]}T{_TWO[utc.hour]}:{_TWO[utc.minute]}:00.000Z"
    return f"{utc.isoformat(timespec='milliseconds')[:23]}Z"


def database_stamp(at: datetime) -> str:
    """A database's time keeps its milliseconds, and ends in +00:00 (recordings of both versions)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def floored(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def parse(text: object) -> Instant | None:
    """A date, or a time, which is UTC where it has no offset; None for neither."""
    if not isinstance(text, str):
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def read(value: Json, path: str, *, floor: bool) -> dict[str, Any]:
    """A date property's value as stored and answered. Raises Refused.

    The zone that was given is answered as an offset: `time_zone` reads back as null (recorded by ultimate-notion, test_date_query).
    """
    if not isinstance(value, dict):
        raise bad(path, "an object or `null`", value)
    for key in value:
        if key not in ("start", "end", "time_zone"):
            raise bad(f"{path}.{key}", "not present", value[key])
    if "start" not in value:
        raise bad(f"{path}.start", "defined", UNDEFINED)
    zone = value.get("time_zone")
    if zone is not None and zone not in _ZONES:
        raise bad(f"{path}.time_zone", "a valid time zone", zone)
    start = _moment(value["start"], f"{path}.start", zone, floor)
    end = None if value.get("end") is None else _moment(value["end"], f"{path}.end", zone, floor)
    if end is not None and key_of(parse(end)) < key_of(parse(start)):
        raise invalid("Invalid date range: the end date must not be before the start date.")
    return {"start": start, "end": end, "time_zone": None}


def _moment(text: Json, path: str, zone: str | None, floor: bool) -> str:
    at = parse(text)
    if at is None:
        raise bad(path, "a valid ISO 8601 date string", text)
    if not isinstance(at, datetime):
        return str(text)
    if zone is not None:
        there = at.replace(tzinfo=ZoneInfo(zone))
        if datetime.fromisoformat(text).tzinfo is not None and there != at:  # recorded: Z is taken together with UTC
            raise invalid(f'The date "{text}" must not have an offset where a time zone is given.')
        at = there
    return written(at, floor=floor)


def written(at: datetime, *, floor: bool) -> str:
    """`2026-06-27T18:01:00.000+01:00`: UTC is +00:00 here, never Z."""
    return (floored(at) if floor else at).isoformat(timespec="milliseconds")


def key_of(at: Instant | None) -> datetime:
    """To order by; a day is its midnight in UTC."""
    if at is None:
        return datetime.min.replace(tzinfo=UTC)
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def compare(one: Instant, other: Instant) -> int:
    """-1, 0 or 1. To the day where either has no time, else to the minute (recorded: `equals` with seconds finds one without)."""
    a: Any = one
    b: Any = other
    if isinstance(one, datetime) and isinstance(other, datetime):
        a, b = floored(one.astimezone(UTC)), floored(other.astimezone(UTC))
    else:
        a, b = day(one), day(other)
    return 0 if a == b else 1 if a > b else -1


def day(at: Instant) -> date:
    return at.astimezone(UTC).date() if isinstance(at, datetime) else at


def span(name: str, today: date, week_begins: str) -> tuple[date, date] | None:
    """First and last day of what a relative filter means, or None. Recorded: past_week has the same day a week ago, and today."""
    if name == "this_week":
        first = today - timedelta(days=today.weekday() if week_begins == "monday" else today.isoweekday() % 7)
        return first, first + timedelta(days=6)
    sides = {"past_week": (0, -7), "next_week": (0, 7), "past_month": (-1, 0), "next_month": (1, 0), "past_year": (-12, 0)}
    if name not in sides and name != "next_year":
        return None
    months, days = sides.get(name, (12, 0))
    other = _months(today, months) + timedelta(days=days)
    return min(today, other), max(today, other)


def _months(at: date, count: int) -> date:
    year, month = divmod(at.year * 12 + at.month - 1 + count, 12)
    return date(year, month + 1, min(at.day, calendar.monthrange(year, month + 1)[1]))

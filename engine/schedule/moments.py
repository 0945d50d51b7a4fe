"""Points in time and spans as people write them: dates with and without a time, `2 hours`, `1h 30m`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from config.fields import LONGEST as LONGEST_SPAN
from engine.schedule.reader import Reader
from engine.schedule.said import When
from engine.schedule.spelling import WEEKDAYS
from engine.schedule.tokens import MONTH, UNITS, WEEKDAY, Kind
from engine.schedule.unreadable import two_readings

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
YEARS = range(1970, 2200)


def when(reader: Reader) -> When | None:
    """A date, with a time after it or before it, and with an offset; None for something else."""
    start = reader.at
    time = reader.time(at=reader.word("at") is not None)
    if time is not None:
        reader.word("on")
    day = day_of(reader)
    if day is None:
        reader.at = start
        return None
    reader.word(",")
    if time is None:
        before = reader.at
        time = reader.time(at=reader.word("at") is not None)
        if time is None:
            reader.at = before
            return When(day)
    offset = _offset(reader)
    return When(day, time[0], time[1], offset)


def _offset(reader: Reader) -> timedelta | None:
    if reader.word("utc", "z"):
        return timedelta(0)
    token = reader.take(Kind.OFFSET)
    if token is None:
        return None
    if token.text == "z":
        return timedelta(0)
    hours, minutes = int(token.text[1:3]), int(token.text[-2:])
    if hours > 23 or minutes > 59:
        raise reader.refused(f'"{token.text}" is no offset from UTC; write it like +01:00')
    return timedelta(hours=hours, minutes=minutes) * (-1 if token.text[0] == "-" else 1)


def day_of(reader: Reader) -> date | None:
    """`2026-12-24`, `24.12.2026`, `24 dec 2026`, `dec 24, 2026`, with a weekday that agrees; None for something else."""
    start = reader.at
    weekday = reader.one_of(WEEKDAY)
    if weekday:
        reader.word(",")
    reader.word("the")
    token = reader.take(Kind.DATE)
    found = _numeric(reader, token.text) if token else _named(reader)
    if found is None:
        reader.at = start
    elif weekday and found.weekday() != WEEKDAY[weekday]:
        raise reader.refused(f"{found} is a {WEEKDAYS[found.weekday()]}; change the date or the weekday")
    return found


def _named(reader: Reader) -> date | None:
    day = reader.ordinal() or reader.whole()
    if day is not None:
        reader.word("of")
    name = reader.one_of(MONTH)
    if name is None:
        return None
    if day is None:
        day = reader.ordinal() or reader.whole()
    reader.word(",")
    year = reader.peek()
    if day is None or year is None or not re.fullmatch(r"\d{4}", year.text):
        return None
    reader.at += 1
    return _day(reader, int(year.text), MONTH[name], day)


def _numeric(reader: Reader, said: str) -> date:
    parts = [int(p) for p in re.findall(r"\d+", said)]
    if parts[0] > 31:
        return _day(reader, *parts)
    first, second, year = parts
    if "/" in said and first != second and first <= 12 and second <= 12:
        one, other = (reader.text.replace(said, str(_day(reader, year, *d)), 1) for d in ((second, first), (first, second)))
        raise two_readings(
            reader.text, f'"{one}" for day {first} of month {second}', f'"{other}" for day {second} of month {first}'
        )
    return _day(reader, year, first, second) if "/" in said and second > 12 else _day(reader, year, second, first)


def _day(reader: Reader, year: int, month: int, day: int) -> date:
    if year not in YEARS:
        raise reader.refused(f"the year {year} is out of reach; years go from {YEARS[0]} to {YEARS[-1]}")
    try:
        return date(year, month, day)
    except ValueError:
        raise reader.refused(f"there is no day {day} in month {month} of {year}; write the date like 2026-12-24") from None


def span(reader: Reader) -> tuple[int, timedelta] | None:
    """`2 hours`, `1h 30m`, `3 days`: whole days, and real time; None for something else. Each unit is smaller than the last."""
    days, real, start = 0, timedelta(0), reader.at
    smaller = ["second", "minute", "hour", "day", "week"]
    while (token := reader.take(Kind.NUMBER)) is not None:
        unit = UNITS.get(reader.one_of(UNITS) or "")
        if unit not in smaller:
            break
        smaller = smaller[: smaller.index(unit)]
        if unit in SECONDS:
            real += timedelta(seconds=float(token.text) * SECONDS[unit])
        elif "." not in token.text:
            days += int(token.text) * (7 if unit == "week" else 1)
        else:
            break
        if days > LONGEST_SPAN.days or timedelta(days=days) + real > LONGEST_SPAN:
            raise reader.refused("is longer than ten years")
        start = reader.at
        reader.separator()
    reader.at = start
    return (days, real) if days or real else None

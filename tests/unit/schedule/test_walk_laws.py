"""Laws of the walk, for expressions drawn by lot: against brute force over a year, against croniter and cronsim, and by itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.model import Schedule
from engine.schedule import Unreadable, count, parse
from engine.schedule.zones import instant_of, moment_of, walls

YEAR = 2026
MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
# the days on which the clock changes in that year, and one without
CHANGES = {
    "Europe/Berlin": ((3, 29), (10, 25), (7, 1)),
    "America/New_York": ((3, 8), (11, 1), (7, 1)),
    "Australia/Lord_Howe": ((4, 5), (10, 4), (7, 1)),
}


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> str:
    """One field: a star, a step, values, ranges; ranges always go up and have two ends that differ."""

    def span() -> str:
        first = draw(st.integers(low, high - 1))
        return f"{first}-{draw(st.integers(first + 1, high))}"

    match draw(st.integers(0, 5)):
        case 0 | 1:
            return "*"
        case 2:
            return f"*/{draw(st.integers(2, high - low))}"
        case 3:
            return ",".join(str(v) for v in sorted(draw(st.sets(st.integers(low, high), min_size=1, max_size=3))))
        case 4:
            return f"{span()}/{draw(st.integers(1, 7))}"
        case _:
            return span()


@st.composite
def expressions(draw: st.DrawFn) -> str:
    dates = draw(st.one_of(st.just("*"), fields(1, 28), st.sampled_from(["L", "31", "1,L"])))
    weekdays = draw(st.one_of(st.just("*"), fields(0, 6), st.sampled_from(["5#2", "mon", "L1"])))
    months = draw(st.sampled_from(["*", "*", "*", "3,10", "4-11", "*/2"]))
    return f"{draw(fields(0, 59))} {draw(fields(0, 23))} {dates} {months} {weekdays}"


instants = st.integers(0, 3_000_000_000).map(moment_of)  # up to 2065


def read(text: str, name: str) -> Schedule:
    try:
        return parse(text, type=None, zone=ZoneInfo(name), since=datetime(YEAR, 1, 1, tzinfo=UTC)).schedule
    except Unreadable as exc:
        assume("never comes due" not in str(exc))  # a lot like the 1st to 20th being a last Monday
        raise


# --- the oracle: every minute of the year, one by one, by what the zone itself says of it


@cache
def minutes_of(name: str) -> dict[date, list[tuple[datetime, int, bool]]]:
    """Local day → (instant, minute of the day, whether the clock shows it for the second time), in order."""
    start, zone = datetime(YEAR, 1, 1, tzinfo=UTC), ZoneInfo(name)
    locals_ = ((start + i * MINUTE, (start + i * MINUTE).astimezone(zone)) for i in range(365 * 1440))
    return {
        day: [(utc, local.hour * 60 + local.minute, bool(local.fold)) for utc, local in group]
        for day, group in groupby(locals_, key=lambda pair: pair[1].date())
    }


def values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("-".join((str(low), str(high))) if span == "*" else span).partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def day_matches(day: date, dates: str, months: str, weekdays: str) -> bool:
    if day.month not in values(months, 1, 12):
        return False
    ends = (day + timedelta(days=1)).month != day.month
    by_date = any((p == "L" and ends) or (p != "L" and day.day in values(p, 1, 31)) for p in dates.split(","))
    cron_weekday = day.isoweekday() % 7
    match weekdays:
        case "5#2":
            by_weekday = cron_weekday == 5 and 8 <= day.day <= 14
        case "L1":
            by_weekday = cron_weekday == 1 and (day + timedelta(days=7)).month != day.month
        case "mon":
            by_weekday = cron_weekday == 1
        case _:
            by_weekday = cron_weekday in values(weekdays, 0, 6)
    if dates.startswith("*") or weekdays.startswith("*"):
        return by_date and by_weekday
    return by_date or by_weekday


def brute(text: str, name: str) -> list[datetime]:
    minute, hour, dates, months, weekdays = text.split()
    wanted = {60 * h + m for h in values(hour, 0, 23) for m in values(minute, 0, 59)}
    real = minute.startswith("*") or hour.startswith("*")
    return sorted(set(_instants(name, wanted, real, dates, months, weekdays)))


def _instants(name: str, wanted: set[int], real: bool, dates: str, months: str, weekdays: str) -> Iterator[datetime]:
    for day, clock in minutes_of(name).items():
        if not day_matches(day, dates, months, weekdays):
            continue
        yield from (utc for utc, minute, again in clock if minute in wanted and (real or not again))
        if not real and 1300 < len(clock) < 1440:  # a day with a gap: what lies in it comes right after it
            shown = {minute for _, minute, _ in clock}
            for missing in wanted - shown:
                later = [utc for utc, minute, _ in clock if minute > missing]
                yield from later[:1]


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=expressions(), starts=st.lists(st.integers(3 * 1440, 362 * 1440), min_size=30, max_size=30))
def test_the_walk_agrees_with_brute_force_over_the_minutes_of_a_year(name: str, text: str, starts: list[int]) -> None:
    expected = brute(text, name)
    assume(expected)
    schedule = read(text, name)
    for minutes in starts:
        start = datetime(YEAR, 1, 1, tzinfo=UTC) + minutes * MINUTE
        at = bisect_right(expected, start)
        if at < len(expected):
            assert schedule.next(start) == expected[at]
    for month, day in CHANGES[name]:
        cursor = datetime(YEAR, month, day, tzinfo=UTC) - timedelta(hours=16)
        at, end = bisect_right(expected, cursor), bisect_right(expected, cursor + timedelta(hours=44))
        for due in expected[at : min(end, at + 400)]:
            cursor = schedule.next(cursor)  # type: ignore[assignment]  # None would differ from `due`
            assert cursor == due


@settings(max_examples=40, deadline=None)
@given(text=expressions(), start=instants)
def test_away_from_clock_changes_croniter_agrees(text: str, start: datetime) -> None:
    _, _, dates, _, weekdays = text.split()
    if dates != "*" and weekdays != "*":
        assume("*/" not in dates + weekdays)  # there croniter has OR, where Debian's cron has AND
        assume("#" not in weekdays and "L" not in weekdays)  # and here AND, where all else is OR
    schedule = read(text, "UTC")
    other, cursor = croniter(text, start), start
    for _ in range(4):
        due = schedule.next(cursor)
        assert due == other.get_next(datetime)
        cursor = due


@settings(max_examples=100, deadline=None)
@given(text=expressions(), name=st.sampled_from(["Europe/Berlin", "America/New_York"]), minutes=st.integers(0, 4 * 525_600))
def test_cronsim_agrees_through_clock_changes(text: str, name: str, minutes: int) -> None:
    # not in Lord Howe: cronsim steps by whole hours, so that a change of half an hour makes it miss the beginning of an hour
    assume("L1" not in text)  # cronsim writes it 1L
    start = datetime(2024, 1, 1, tzinfo=UTC) + minutes * MINUTE
    local = start.astimezone(ZoneInfo(name))
    assume(not local.fold)  # cronsim starts wrongly within the second pass of a repeated hour
    other, cursor, schedule = CronSim(text, local), start, read(text, name)
    for _ in range(4):
        due = schedule.next(cursor)
        assert due == next(other)
        cursor = due


@pytest.mark.parametrize("name", [*ZONES, "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "UTC"])
def test_the_stretches_of_a_zone_join_without_gap_or_overlap(name: str) -> None:
    clock, zone = walls(ZoneInfo(name)), ZoneInfo(name)
    found = clock.stretch(instant_of(datetime(1990, 1, 1, tzinfo=UTC)))
    while found.end < instant_of(datetime(2060, 1, 1, tzinfo=UTC)):
        for instant in (found.start, found.end - 1):
            assert clock.stretch(instant) == found
            assert moment_of(instant).astimezone(zone).utcoffset() == timedelta(seconds=found.offset)
        following = clock.stretch(found.end)
        assert following.start == found.end
        if following.offset != found.offset:
            assert following.fresh == following.start + max(following.offset, found.offset)
        found = following


def test_nothing_is_lost_where_what_is_known_of_a_zone_grows() -> None:
    schedule = read("* * * * *", "Europe/Berlin")
    boundary = datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)  # 2**31 seconds, the beginning of a chunk
    assert schedule.next(boundary - timedelta(seconds=8)) == boundary + timedelta(seconds=52)
    assert count(schedule, boundary - timedelta(hours=1), boundary + timedelta(hours=1), 1000).number == 120


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        expressions(),
        st.sampled_from(
            ["every 7 hours", "daily 02:30", "every 3 days 01:45", "last day of month 02:15", "every other sunday 02:30"]
        ),
    ),
    name=st.sampled_from((*ZONES, "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu")),
    start=instants,
)
def test_each_occurrence_lies_after_the_one_before(text: str, name: str, start: datetime) -> None:
    schedule, cursor = read(text, name), start
    for _ in range(8):
        due = schedule.next(cursor)
        assert due is not None
        assert due > cursor
        assert schedule.next(due - timedelta(microseconds=1)) == due
        cursor = due


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(ZONES),
    hour=st.integers(0, 3),
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=4),
)
def test_a_fixed_time_never_comes_twice_in_a_repeated_hour_nor_misses_a_day(name: str, hour: int, minutes: set[int]) -> None:
    schedule = read(f"{','.join(map(str, sorted(minutes)))} {hour} * * *", name)
    for month, day in CHANGES[name]:
        midnight = datetime(YEAR, month, day, tzinfo=ZoneInfo(name))
        following = (midnight + timedelta(days=1)).astimezone(UTC)
        start = midnight.astimezone(UTC) - timedelta(microseconds=1)
        number = count(schedule, start, following - timedelta(microseconds=1), 1000).number
        assert 1 <= number <= len(minutes)
        if (month, day) == CHANGES[name][2]:
            assert number == len(minutes)

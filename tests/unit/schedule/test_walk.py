"""The walk over known ground: instants that other schedulers' own tests assert, the edges of the calendar, count and grace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from engine.model import Schedule
from engine.schedule import Unreadable, count, grace, parse
from engine.schedule.walk import Counted

EARLY = datetime(1990, 1, 1, tzinfo=UTC)


def zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def schedule(text: str, name: str = "UTC") -> Schedule:
    return parse(text, type=None, zone=zone(name), since=EARLY).schedule


def walked(text: str, name: str, start: str, number: int) -> list[str]:
    found, due = [], datetime.fromisoformat(start)
    for _ in range(number):
        following = schedule(text, name).next(due)
        assert following is not None
        due = following
        found.append(due.astimezone(zone(name)).isoformat(timespec="minutes" if due.second == 0 else "seconds"))
    return found


# Asserted by cronsim's own tests (cuu508/cronsim, tests/test_cronsim.py): Debian's rule. In Riga the clock goes from 03:00 to 04:00
# on 2021-03-28, and from 04:00 back to 03:00 on 2021-10-31.
RIGA = [
    ("0 * * * *", "2021-03-28T01:30+02:00", ["2021-03-28T02:00+02:00", "2021-03-28T04:00+03:00"]),
    ("*/30 * * * *", "2021-03-28T02:10+02:00", ["2021-03-28T02:30+02:00", "2021-03-28T04:00+03:00"]),
    ("*/15 * * * *", "2021-10-31T03:30+03:00", ["2021-10-31T03:45+03:00", "2021-10-31T03:00+02:00", "2021-10-31T03:15+02:00"]),
    ("0 */2 * * *", "2021-10-31T01:30+03:00", ["2021-10-31T02:00+03:00", "2021-10-31T04:00+02:00", "2021-10-31T06:00+02:00"]),
    ("0 */3 * * *", "2021-10-31T01:30+03:00", ["2021-10-31T03:00+03:00", "2021-10-31T03:00+02:00", "2021-10-31T06:00+02:00"]),
    ("0 1,2,3,4,5 * * *", "2021-10-31T01:30+03:00", ["2021-10-31T02:00+03:00", "2021-10-31T03:00+03:00", "2021-10-31T04:00+02:00"]),
    ("0 2 * * *", "2021-03-28T01:30+02:00", ["2021-03-28T02:00+02:00", "2021-03-29T02:00+03:00"]),
    ("0 3 * * *", "2021-03-27T01:30+02:00", ["2021-03-27T03:00+02:00", "2021-03-28T04:00+03:00", "2021-03-29T03:00+03:00"]),
    ("0 3 * * *", "2021-10-31T01:30+03:00", ["2021-10-31T03:00+03:00", "2021-11-01T03:00+02:00"]),
    ("15 3 * * *", "2021-03-27T12:00+02:00", ["2021-03-28T04:00+03:00", "2021-03-29T03:15+03:00"]),
    ("0 1-5 * * *", "2021-03-28T01:30+02:00", ["2021-03-28T02:00+02:00", "2021-03-28T04:00+03:00", "2021-03-28T05:00+03:00"]),
    ("* * * * *", "2021-03-28T02:58+02:00", ["2021-03-28T02:59+02:00", "2021-03-28T04:00+03:00"]),
    ("* 1-6 * * *", "2021-10-31T03:58+03:00", ["2021-10-31T03:59+03:00", "2021-10-31T03:00+02:00", "2021-10-31T03:01+02:00"]),
]

# Asserted by Cronos's own tests (HangfireIO/Cronos, Vixie's rule). New York: 02:00 to 03:00 on 2016-03-13, 02:00 back to 01:00 on
# 2016-11-06. Lord Howe: 02:00 to 02:30 on 2017-10-01, 02:00 back to 01:30 on 2017-04-02. Amman: 00:00 to 01:00 on 2019-03-29.
CRONOS = [
    ("0 0,30 0-23/2 * * *", "America/New_York", "2016-03-13T00:30-05:00", ["2016-03-13T03:00-04:00"]),
    ("0 0,30 2 * * *", "America/New_York", "2016-03-12T02:30-05:00", ["2016-03-13T03:00-04:00", "2016-03-14T02:00-04:00"]),
    ("0,30 1 * * *", "America/New_York", "2016-11-06T01:00-04:00", ["2016-11-06T01:30-04:00", "2016-11-07T01:00-05:00"]),
    ("0,30 1 * 1/2 *", "America/New_York", "2016-11-06T00:59-05:00", ["2016-11-07T01:00-05:00"]),
    ("30 * * * *", "America/New_York", "2016-11-06T01:30-04:00", ["2016-11-06T01:30-05:00", "2016-11-06T02:30-05:00"]),
    ("*/30 1 * * *", "America/New_York", "2016-11-06T01:00-04:00", ["2016-11-06T01:30-04:00", "2016-11-06T01:00-05:00"]),
    ("0,30 02 01 10 *", "Australia/Lord_Howe", "2017-10-01T01:45+10:30", ["2017-10-01T02:30+11:00"]),
    ("*/30 */2 * * *", "Australia/Lord_Howe", "2017-10-01T01:59+10:30", ["2017-10-01T02:30+11:00"]),
    ("*/30 * * * *", "Australia/Lord_Howe", "2017-04-02T01:59+11:00", ["2017-04-02T01:30+10:30", "2017-04-02T02:00+10:30"]),
    ("30 1 * * *", "Australia/Lord_Howe", "2017-04-02T01:29+10:30", ["2017-04-03T01:30+10:30"]),
    ("30 0 29 * *", "Asia/Amman", "2019-03-28T23:59+02:00", ["2019-03-29T01:00+03:00"]),
    ("30 0 LW * *", "Asia/Amman", "2015-10-30T00:29+03:00", ["2015-10-30T00:30+03:00"]),
    ("57,20/20,30/20,32-34/2,58 * * * *", "America/New_York", "2017-04-17T17:34-04:00", ["2017-04-17T17:40-04:00"]),
    ("* * * * tue/2", "America/New_York", "2016-12-09T00:00-05:00", ["2016-12-10T00:00-05:00"]),
    ("* * * * 0#2", "America/New_York", "2017-01-01T00:00-05:00", ["2017-01-08T00:00-05:00"]),
    ("* * L * *", "America/New_York", "2099-12-30T23:59-05:00", ["2099-12-31T00:00-05:00"]),
    ("* * * 2-4,JUN,7,SEP-nov *", "America/New_York", "2016-12-01T00:00-05:00", ["2017-02-01T00:00-05:00"]),
]

# Asserted by the tests of robfig/cron, APScheduler and croniter. São Paulo: 00:00 back to 23:00 on the evening of 2018-02-17.
OTHERS = [
    ("0 1 * * *", "America/New_York", "2012-03-11T01:00-05:00", ["2012-03-12T01:00-04:00"]),
    ("0 0 */5 Oct Mon", "UTC", "2012-07-09T23:35+00:00", ["2012-10-01T00:00+00:00"]),
    ("0 0 29 Feb *", "UTC", "2012-07-09T23:35+00:00", ["2016-02-29T00:00+00:00"]),
    ("20-35/15 * * * *", "UTC", "2012-07-09T23:45+00:00", ["2012-07-10T00:20+00:00"]),
    ("0 8 * * *", "America/New_York", "2013-03-09T12:00-05:00", ["2013-03-10T08:00-04:00"]),
    ("0 * * * *", "Europe/Warsaw", "2017-10-29T04:00+01:00", ["2017-10-29T05:00+01:00"]),
    ("0 0 * * *", "America/Sao_Paulo", "2018-02-17T22:05-02:00", ["2018-02-18T00:00-03:00", "2018-02-19T00:00-03:00"]),
    ("0 0 * * 6,7", "UTC", "2013-01-28T00:00+00:00", ["2013-02-02T00:00+00:00", "2013-02-03T00:00+00:00"]),
]

# Worked out by hand from the calendar and the zone's own changes.
EDGES = [
    # Samoa left out 2011-12-30: it moved from 24:00 of the 29th to 00:00 of the 31st
    ("30 12 * * *", "Pacific/Apia", "2011-12-29T13:00-10:00", ["2011-12-31T00:00+14:00", "2011-12-31T12:30+14:00"]),
    ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T13:00-10:00", ["2011-12-31T00:00+14:00", "2012-12-30T12:00+14:00"]),
    ("0 */6 * * *", "Pacific/Apia", "2011-12-29T18:00-10:00", ["2011-12-31T00:00+14:00"]),
    # 29 February on a Sunday (both, since the weekday begins with a star): every 28 years
    ("0 0 29 2 */7", "UTC", "2024-03-01T00:00+00:00", ["2032-02-29T00:00+00:00", "2060-02-29T00:00+00:00"]),
    ("0 0 29 2 *", "UTC", "2096-03-01T00:00+00:00", ["2104-02-29T00:00+00:00"]),  # 2100 is no leap year
    ("0 0 13 * 5", "UTC", "2026-02-01T00:00+00:00", ["2026-02-06T00:00+00:00", "2026-02-13T00:00+00:00", "2026-02-20T00:00+00:00"]),
    (
        "0 0 */2 * 1",
        "UTC",
        "2026-02-28T00:00+00:00",
        ["2026-03-09T00:00+00:00", "2026-03-23T00:00+00:00"],
    ),  # odd days that are Mondays
    ("0 0 1W * *", "UTC", "2026-07-31T00:00+00:00", ["2026-08-03T00:00+00:00"]),  # 1 August is a Saturday; never in July
    ("0 0 31W * *", "UTC", "2026-05-01T00:00+00:00", ["2026-05-29T00:00+00:00", "2026-07-31T00:00+00:00"]),  # 31 May is a Sunday
    ("0 0 * * fri#5", "UTC", "2026-02-01T00:00+00:00", ["2026-05-29T00:00+00:00", "2026-07-31T00:00+00:00"]),
    ("0 0 * * 5L", "UTC", "2026-02-01T00:00+00:00", ["2026-02-27T00:00+00:00", "2026-03-27T00:00+00:00"]),
    ("59 59 23 31 12 *", "UTC", "2026-12-31T23:59:58+00:00", ["2026-12-31T23:59:59+00:00", "2027-12-31T23:59:59+00:00"]),
    (
        "0 22-2 * * *",
        "UTC",
        "2026-01-01T21:00+00:00",
        ["2026-01-01T22:00+00:00", "2026-01-01T23:00+00:00", "2026-01-02T00:00+00:00"],
    ),
    (
        "0 22-4/2 * * *",
        "UTC",
        "2026-01-01T21:00+00:00",
        ["2026-01-01T22:00+00:00", "2026-01-02T00:00+00:00", "2026-01-02T02:00+00:00"],
    ),
    ("daily 00:00 from 2026-03-01", "UTC", "2026-01-01T00:00+00:00", ["2026-03-01T00:00+00:00", "2026-03-02T00:00+00:00"]),
    (
        "every 2 weeks on monday from 2026-03-04 09:00",
        "UTC",
        "2026-01-01T00:00+00:00",
        ["2026-03-09T09:00+00:00", "2026-03-23T09:00+00:00"],
    ),
    ("0 0 * * fri-mon", "UTC", "2026-01-05T00:00+00:00", ["2026-01-09T00:00+00:00", "2026-01-10T00:00+00:00"]),
    # words: 02:30 in Berlin is skipped on 2026-03-29 and shown twice on 2026-10-25
    ("daily 02:15, 02:45", "Europe/Berlin", "2026-03-28T12:00+01:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:15+02:00"]),
    ("daily 02:30", "Europe/Berlin", "2026-10-24T12:00+02:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
    ("every 30 minutes", "Europe/Berlin", "2026-10-25T02:30+02:00", ["2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"]),
    ("every 7 hours", "Europe/Berlin", "1970-01-01T00:00+00:00", ["1970-01-01T08:00+01:00", "1970-01-01T15:00+01:00"]),
    ("every 3 days 00:00", "UTC", "1970-01-01T00:00+00:00", ["1970-01-02T00:00+00:00", "1970-01-05T00:00+00:00"]),
    ("every 2 weeks on sun 09:00", "UTC", "1970-01-01T00:00+00:00", ["1970-01-11T09:00+00:00", "1970-01-25T09:00+00:00"]),
    (
        "every other tuesday from 2026-03-03 09:00",
        "UTC",
        "2026-01-01T00:00+00:00",
        ["2026-03-03T09:00+00:00", "2026-03-17T09:00+00:00"],
    ),
    (
        "every 2 weeks on mon,thu from 2026-03-04 09:00",
        "UTC",
        "2026-01-01T00:00+00:00",
        ["2026-03-05T09:00+00:00", "2026-03-16T09:00+00:00"],
    ),
    (
        "every 3 days 08:00 from 2026-03-01 09:00",
        "UTC",
        "2026-01-01T00:00+00:00",
        ["2026-03-04T08:00+00:00", "2026-03-07T08:00+00:00"],
    ),
    ("every 4 hours from 2026-03-01 06:00", "UTC", "2026-02-28T22:00+00:00", ["2026-03-01T06:00+00:00", "2026-03-01T10:00+00:00"]),
    ("every 3 months on day 31 06:00", "UTC", "2026-01-01T00:00+00:00", ["2026-01-31T06:00+00:00", "2026-04-30T06:00+00:00"]),
    (
        "yearly on 29 february",
        "UTC",
        "2026-01-01T00:00+00:00",
        ["2026-02-28T09:00+00:00", "2027-02-28T09:00+00:00", "2028-02-29T09:00+00:00"],
    ),
]


@pytest.mark.parametrize(("text", "start", "expected"), RIGA)
def test_riga_runs_by_debians_rule(text: str, start: str, expected: list[str]) -> None:
    assert walked(text, "Europe/Riga", start, len(expected)) == expected


@pytest.mark.parametrize(("text", "name", "start", "expected"), CRONOS + OTHERS)
def test_what_other_schedulers_assert_holds_here(text: str, name: str, start: str, expected: list[str]) -> None:
    assert walked(text, name, start, len(expected)) == expected


@pytest.mark.parametrize(("text", "name", "start", "expected"), EDGES)
def test_the_edges_of_calendar_and_clock_are_right(text: str, name: str, start: str, expected: list[str]) -> None:
    assert walked(text, name, start, len(expected)) == expected


def test_a_start_within_the_second_pass_of_a_repeated_hour_doesnt_run_fixed_times_again() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, the second time
    assert schedule("30 2 * * *", "Europe/Berlin").next(second_pass) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert schedule("30 * * * *", "Europe/Berlin").next(second_pass) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_part_of_a_second_before_an_occurrence_it_is_still_to_come() -> None:
    seven = datetime(2026, 1, 1, 7, tzinfo=UTC)
    daily = schedule("daily 07:00")
    assert daily.next(seven - timedelta(microseconds=1)) == seven
    assert daily.next(seven) == seven + timedelta(days=1)
    assert daily.next(seven + timedelta(microseconds=1)) == seven + timedelta(days=1)


def test_the_zone_of_the_start_doesnt_matter() -> None:
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    hourly = schedule("5 * * * *", "Asia/Kolkata")
    assert hourly.next(start) == hourly.next(start.astimezone(ZoneInfo("America/New_York")))
    assert hourly.next(start).tzinfo is UTC  # type: ignore[union-attr]  # it has a next


def test_nothing_is_looked_for_beyond_fifty_years() -> None:
    with pytest.raises(Unreadable, match="never comes due within 50 years"):
        parse("every monday from 2190-01-01", type=None, zone=UTC, since=EARLY)
    assert schedule("0 0 29 2 *").next(datetime(9990, 1, 1, tzinfo=UTC)) is None


def test_an_interval_never_drifts_from_its_anchor() -> None:
    every = schedule("every 7 hours", "America/New_York")
    for start in (datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)):
        due = every.next(start)
        assert due is not None
        assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(hours=7) == timedelta(0)
        assert due - start <= timedelta(hours=7)


def test_grace_is_ten_minutes_or_the_gap_to_the_next_occurrence() -> None:
    due = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert grace(schedule("*/5 * * * *"), due) == timedelta(minutes=5)
    assert grace(schedule("daily 12:00"), due) == timedelta(minutes=10)
    assert grace(schedule("2026-01-01 12:00"), due) == timedelta(minutes=10)
    assert grace(schedule("daily 12:00 and 12:03"), due) == timedelta(minutes=3)


def test_count_takes_the_end_and_leaves_the_start() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    hourly = schedule("0 * * * *")
    at = [noon + timedelta(hours=n) for n in range(52)]
    assert count(hourly, noon, at[3], 100) == Counted(3, at[1], at[3], at[4])
    assert count(hourly, noon, noon + timedelta(minutes=59), 100) == Counted(0, None, None, at[1])
    assert count(hourly, noon, at[50], 10) == Counted(10, at[1], at[10], None)
    assert count(schedule("2026-01-01 13:00"), noon, noon + timedelta(days=9), 10) == Counted(1, at[1], at[1], None)


def test_equal_texts_in_equal_settings_are_equal_schedules() -> None:
    assert schedule("mon 9:00", "Europe/Berlin") == schedule("every  Monday at 9am", "Europe/Berlin")
    assert hash(schedule("mon 9:00")) == hash(schedule("mondays 09:00"))
    assert schedule("mon 9:00", "Europe/Berlin") != schedule("mon 9:00", "Europe/Paris")
    assert schedule("mon 9:00") != schedule("mon 9:01")

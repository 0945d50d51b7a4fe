"""What is said of a cell that can't be read, relative times, and that what rowd writes it also reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from engine.model import SETTLE, Type
from engine.schedule import Parsed, Unreadable, in_words, parse

BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 11, 20, 11, tzinfo=UTC)  # Friday, 12:00 in Berlin


def read(text: str, type_: Type | None = None, since: datetime = SINCE) -> Parsed:
    return parse(text, type=type_, zone=BERLIN, since=since)


def due(text: str, type_: Type | None = None, since: datetime = SINCE) -> datetime:
    found = read(text, type_, since).schedule.next(since)
    assert found is not None
    return found


def refusal(text: str, type_: Type | None = None) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text, type_)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("H 7 * * *", 'Schedule "H 7 * * *": "H" leaves the time to chance'),
        ("daily 09.30", 'Schedule "daily 09.30": "09.30" is no time of day; write it like 09:30'),
        ("Daily at 25:00", 'Schedule "Daily at 25:00": "25:00" is no time of day'),
        ("  Evry   Day", 'Schedule "Evry Day": did you mean "every day"?'),
        ("MON " * 20, f'Schedule "{("MON " * 20)[:60]}…"'),
    ],
)
def test_a_message_quotes_the_cell_as_it_was_written(text: str, quoted: str) -> None:
    assert refusal(text).startswith(quoted)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("evry monday", "every monday"),
        ("Evry  Mondey at 9", "every monday at 9"),
        ("dayly 07:00", "daily 07:00"),
        ("evry 15 minuts", "every 15 minutes"),
        ("last friday of mnth 17:00", "last friday of month 17:00"),
        ("24 decembr 2026 10:00", "24 december 2026 10:00"),
    ],
)
def test_a_slip_of_the_finger_gets_a_suggestion_that_can_be_read(text: str, better: str) -> None:
    assert refusal(text).endswith(f': did you mean "{better}"?')
    read(better)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("every 1h30", "every 1h 30m"),
        ("Every 1 hour 5", "every 1h 5m"),
        ("every 2m30", "every 2m 30s"),
        ("in 1h30", "in 1h 30m"),
        ("daily 7h30", "daily 07:30"),
        ("every day at 7h and 19h30", "every day at 07:00 and 19:30"),
        ("monthly 31", "monthly on day 31"),
        ("monthly 15 09:00", "monthly on day 15 09:00"),
        ("monthly on the 1 and 15", "monthly on day 1 and 15"),
    ],
)
def test_a_number_without_its_unit_gets_the_form_that_was_meant(text: str, better: str) -> None:
    assert refusal(text).endswith(f': did you mean "{better}"?')
    read(better)


def test_a_bare_hour_is_offered_as_a_time_of_day() -> None:
    assert refusal("daily 15").endswith('"15" is no time of day; write it like 15:00')
    assert refusal("daily 30").endswith('"30" is no time of day; write it like 09:00')


@pytest.mark.parametrize(
    ("text", "what", "rest"),
    [
        ("daily 07:00 UTC", '"UTC" is a time zone; write "UTC" under Time Zone', "daily 07:00"),
        (
            "daily 07:00 America/New_York",
            '"America/New_York" is a time zone; write "America/New_York" under Time Zone',
            "daily 07:00",
        ),
        ("Daily 07:00 (Berlin)", '"Berlin" is a time zone; write "Europe/Berlin" under Time Zone', "Daily 07:00"),
        ("mondays at 9 in new york", '"new york" is a time zone; write "America/New_York" under Time Zone', "mondays at 9"),
        ("daily 07:00, PST", '"PST" is a time zone; write its full name, such as "Europe/Berlin", under Time Zone', "daily 07:00"),
        ("daily 07:00 UTC+1", '"UTC+1" is an offset; write a name such as "Europe/Berlin" under Time Zone', "daily 07:00"),
        ("daily 07:00 +01:00", '"+01:00" is an offset; write a name such as "Europe/Berlin" under Time Zone', "daily 07:00"),
    ],
)
def test_a_zone_behind_a_time_is_told_its_column(text: str, what: str, rest: str) -> None:
    assert refusal(text) == f'Schedule "{text}": {what}, and here only "{rest}"'
    read(rest)


def test_nothing_is_suggested_that_would_not_be_read_itself() -> None:
    assert "did you mean" not in refusal("evry second mondey")
    assert "did you mean" not in refusal("whenever the moon is full")
    assert "did you mean" not in refusal("daily 7h75")
    assert "Time Zone" not in refusal("whenever it suits Berlin")
    assert "Time Zone" not in refusal("daily 07:00 Mars")


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("03/04/2026 10:00", '"2026-04-03 10:00"', '"2026-03-04 10:00"'),
        ("once on 3/4/2026 at 7pm", '"once on 2026-04-03 at 7pm"', '"once on 2026-03-04 at 7pm"'),
        ("every 4 hours from 03/04/2026 06:00", '"every 4 hours from 2026-04-03 06:00"', '"every 4 hours from 2026-03-04 06:00"'),
        ("Monthly 15", '"monthly on day 15" for the day', '"monthly at 15:00" for the time of day'),
        ("every 3 months on the 5", '"every 3 months on day 5"', '"every 3 months at 05:00"'),
        ("every 15", '"every 15 minutes"', '"every 15 hours"'),
        ("biweekly", '"mon,thu 09:00"', '"every 2 weeks on monday 09:00"'),
        ("Bi-Weekly on friday", '"mon,thu 09:00"', '"every 2 weeks on monday 09:00"'),
        ("every second monday", '"2nd monday of month"', '"every other monday"'),
        ("every 3rd friday 10:00", '"3rd friday of month"', '"every 3 weeks on friday"'),
        ("every 2nd day", '"every 2 days"', '"2nd day of month"'),
        ("at 7", '"daily at 7"', "for one time"),
        ("07:00", '"daily 07:00"', "for one time"),
        ("24 december 10:00", '"24 december 2026"', '"yearly on 24 december"'),
        ("1st of january 10:00", '"1st of january 2026"', '"yearly on 1st of january"'),
        ("every 4 hours from 06:00", '"every 4 hours from 2026-03-01 06:00"', "cron"),
        ("next monday 9:00", '"monday 09:00"', "the date"),
        ("0 0 5-5 * *", '"5"', '"*"'),
        ("0 0 * * L", '"sat"', '"5L"'),
    ],
)
def test_what_can_be_read_two_ways_is_refused_with_both(text: str, one: str, other: str) -> None:
    said = refusal(text)
    assert "can be read in two ways" in said
    assert one in said
    assert other in said


@pytest.mark.parametrize(
    ("text", "type_", "said"),
    [
        ("every monday 9", None, '"9" is no time of day'),
        ("daily 25:00", None, "those go from 00:00 to 23:59"),
        ("daily 24:00", None, "write 00:00"),
        ("daily 13pm", None, "from 1 to 12"),
        ("daily 7:00:30 and 8:00", None, "different seconds"),
        ("every 0.5 seconds", None, "whole seconds"),
        ("every 0 weeks", None, "is never"),
        ("every 200 months", None, "longer than ten years"),
        ("99999999 hours", None, "longer than ten years"),
        ("every 99999999 weeks", None, "longer than ten years"),
        ("every 1 day 6 hours", None, '"every 36 hours"'),
        ("6th friday", None, "more than five"),
        ("day 32 of month", None, "1 to 31"),
        ("day 0 of month", None, "1 to 31"),
        ("last of month", None, 'after "last" comes a day'),
        ("2nd working day", None, "first and the last working day"),
        ("fri 2026-12-24 10:00", None, "is a Thursday"),
        ("2026-02-30", None, "no day 30 in month 2"),
        ("2300-01-01", None, "out of reach"),
        ("2026-12-24 10:00+99:00", None, "no offset"),
        ("once", None, 'after "once" comes a date'),
        ("in a while", None, 'after "in" comes a span'),
        ("every 15 minutes from tomorrow", None, 'after "from" comes a date'),
        ("every 15 minutes between 9:00 and 17:00", None, "written as cron"),
        ("every 15 minutes on weekdays", None, "written as cron"),
        ("twice daily", None, "name the times"),
        ("once a day", None, "name the times"),
        ("daily at sunrise", None, "where the sun stands"),
        ("15", Type.INTERVAL, "a unit is missing"),
        ("7, 12", Type.DAILY, "a unit is missing"),
        ("7:00, 12:00", Type.ONCE, "several times"),
        ("every 3 days monday", None, "counts days and names weekdays"),
        ("every 2 years on 24 december", None, "doesn't fit behind the rest"),
        ("daily at 9 daily at 10", None, "doesn't fit behind the rest"),
        ("every", None, 'after "every"'),
        ("07:00 every 15 minutes", None, "an interval has no time of day"),
        ("at 9 hourly", None, "an interval has no time of day"),
        ("every 5 minutes and 10 minutes", None, "doesn't fit behind the rest"),
        ("every 2 mondays", None, "more than one way"),
        ("yearly on the last friday", None, "which month"),
        ("every year on day 15", None, "which month"),
        ("monthly on 24 december", None, "doesn't fit behind the rest"),
        ("daily at 9 until 2027-01-01", None, "doesn't fit behind the rest"),
        (f"day {','.join(map(str, range(1, 31)))} of month at {','.join(map(str, range(24)))}", None, "too much for one row"),
        ("lorem ipsum dolor", None, "write e.g."),
        ("daily 07:00 ☃", None, "snowman"),
        ("٣ * * * *", None, "arabic-indic digit three"),
        ("daily 07:00 = now", None, "neither words, a time nor a date"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, type_: Type | None, said: str) -> None:
    message = refusal(text, type_)
    assert said in message
    assert message.startswith('Schedule "')
    assert "\n" not in message


def test_now_comes_due_when_the_row_has_settled_to_the_microsecond() -> None:
    since = SINCE + timedelta(microseconds=123_456)
    assert due("now", since=since) == since + SETTLE
    assert read("at once").schedule.one_off
    assert read("now", since=since).schedule == read(read("now", since=since).schedule.text).schedule


def test_a_relative_time_counts_from_when_the_row_was_first_seen() -> None:
    assert due("in 2 hours") == SINCE + timedelta(hours=2)
    assert due("in 1h 30m") == SINCE + timedelta(minutes=90)
    before_the_change = datetime(2026, 3, 28, 11, tzinfo=UTC)  # 12:00; the night takes an hour away
    assert due("in 1 day", since=before_the_change) == before_the_change + timedelta(hours=23)
    finely = SINCE + timedelta(microseconds=7)
    assert due("in 3 days", since=finely) == finely + timedelta(days=3)
    assert due("in 24 hours", since=before_the_change) == before_the_change + timedelta(hours=24)
    assert due("tomorrow 9:00") == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert due("today at 18:00") == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert read("today at 8:00").schedule.next(SINCE) is None


def test_a_time_of_day_with_type_once_is_the_next_such_time() -> None:
    assert due("07:00", Type.ONCE) == datetime(2026, 11, 21, 6, tzinfo=UTC)
    assert due("13:00", Type.ONCE) == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_one_off_in_a_skipped_hour_comes_right_after_it_and_in_a_repeated_hour_the_first_time() -> None:
    early = datetime(2026, 1, 1, tzinfo=UTC)
    assert due("2026-03-29 02:30", since=early) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert due("2026-10-25 02:30", since=early) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due("2026-10-25 02:30+01:00", since=early) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert due("2026-12-24T10:00:00Z", since=early) == datetime(2026, 12, 24, 10, tzinfo=UTC)
    second = read("2026-10-25 02:30+01:00").schedule
    assert second.text == "2026-10-25 02:30+01:00"
    assert read(second.text).schedule == second


# --- sentences by lot

clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
times = st.one_of(
    st.just(""),
    st.lists(clocks, min_size=1, max_size=3).map(lambda found: " " + ", ".join(found)),
    st.integers(1, 12).map(lambda h: f" at {h} pm"),
    st.integers(0, 23).map(lambda h: f" at {h}"),
)
weekdays = st.lists(st.sampled_from(["mon", "Tuesday", "wednesdays", "thu", "Fri", "sat", "sun"]), min_size=1, max_size=3).map(
    ",".join
)
ordinals = st.sampled_from(["1st", "2nd", "third", "4th", "5th", "last", "1st and last", "first, third"])
of_months = st.sampled_from(["", " of month", " of the month", " of march", " of january and july", " of april to september"])
starts = st.dates(date(2020, 1, 1), date(2030, 12, 31)).map(lambda day: f" from {day}")
sentences = st.one_of(
    st.builds("every {} {}".format, st.integers(1, 400), st.sampled_from(["s", "minutes", "hours", "m", "h"])),
    st.builds("every {} {}{}".format, st.integers(1, 60), st.sampled_from(["days", "weeks", "months"]), times),
    st.builds("every {} {}{}{}".format, st.integers(2, 60), st.sampled_from(["days", "weeks", "months"]), times, starts),
    st.builds("{}{}".format, st.sampled_from(["daily", "weekly", "monthly", "yearly", "quarterly", "fortnightly"]), times),
    st.builds("{}{}".format, weekdays, times),
    st.builds("every {} weeks on {}{}{}".format, st.integers(1, 9), weekdays, times, st.one_of(st.just(""), starts)),
    st.builds("{} {}{}{}".format, ordinals, st.sampled_from(["monday", "friday", "sun"]), of_months, times),
    st.builds("day {}{}{}".format, st.integers(1, 31), of_months, times),
    st.builds("last {}{}{}".format, st.sampled_from(["day", "working day", "weekday"]), of_months, times),
    st.builds("every {} on each day{}".format, st.sampled_from(["july", "january and may", "month"]), times),
    st.just(f"days {','.join(map(str, range(1, 32)))} and last of july"),
    st.builds("yearly on {} {}{}".format, st.integers(1, 28), st.sampled_from(["jan", "February", "december"]), times),
    st.builds("every {} from {} {}".format, st.sampled_from(["4 hours", "90 minutes", "hour"]), st.dates().map(str), clocks),
    st.builds("{} {}".format, st.dates(), clocks),
)


@settings(max_examples=300, deadline=None)
@given(text=sentences)
def test_what_rowd_writes_it_reads_back_as_the_same_schedule(text: str) -> None:
    try:
        parsed = read(text)
    except Unreadable as exc:
        if "out of reach" not in str(exc) and "longer than ten years" not in str(exc):
            raise
        reject()
    again = read(parsed.schedule.text)
    assert again == parsed
    assert again.schedule.text == parsed.schedule.text
    assert in_words(again.schedule, SINCE) == in_words(parsed.schedule, SINCE)


@settings(max_examples=100, deadline=None)
@given(
    text=sentences, case=st.sampled_from([str.upper, str.title, str.lower]), blanks=st.sampled_from(["  ", "\t", "\u00a0", " \n"])
)
def test_case_and_blanks_change_nothing(text: str, case: object, blanks: str) -> None:
    try:
        plain = read(text)
    except Unreadable:
        reject()
    assert callable(case)
    assert read(f" {blanks.join(str(case(text)).split())} ") == plain

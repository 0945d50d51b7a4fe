"""The cell that shows how a schedule was understood."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.model import Type
from engine.schedule import in_words, parse

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)


def said(text: str, now: datetime = NOW, zone: str = "Europe/Berlin", runs: int = 3) -> str:
    return in_words(parse(text, type=None, zone=ZoneInfo(zone), since=now).schedule, now, runs=runs)


def test_the_next_three_runs_follow_the_words_and_the_zone() -> None:
    assert said("every monday") == (
        "every Monday at 09:00 (Europe/Berlin). Next: Mon 23 Nov 2026 09:00, Mon 30 Nov 09:00, Mon 7 Dec 09:00"
    )


def test_the_day_is_said_once_and_the_year_where_it_changes() -> None:
    assert said("every 90s").endswith("Next: Fri 20 Nov 2026 12:01:30, 12:03, 12:04:30")
    assert said("1st and last friday 10:00").endswith("Next: Fri 27 Nov 2026 10:00, Fri 4 Dec 10:00, Fri 25 Dec 10:00")
    assert said("2nd tuesday 09:00").endswith("Next: Tue 8 Dec 2026 09:00, Tue 12 Jan 2027 09:00, Tue 9 Feb 09:00")
    assert said("daily 7:00", runs=1).endswith("Next: Sat 21 Nov 2026 07:00")
    assert said("daily 7:00", runs=0) == "every day at 07:00 (Europe/Berlin)."


def test_a_repeated_hour_is_told_apart() -> None:
    night = datetime(2026, 10, 24, 23, 40, tzinfo=UTC)
    assert said("*/30 * * * *", night, runs=5).endswith("Next: Sun 25 Oct 2026 02:00 CEST, 02:30 CEST, 02:00 CET, 02:30 CET, 03:00")


def test_a_one_off_that_is_past_has_no_run_to_come() -> None:
    assert said("2026-12-24 10:00") == "once, 2026-12-24 10:00 (Europe/Berlin). Next: Thu 24 Dec 2026 10:00"
    assert said("2025-12-24 10:00") == "once, 2025-12-24 10:00 (Europe/Berlin). No run is to come."


def test_what_was_not_said_is_said() -> None:
    assert said("2026-12-24").startswith("once, 2026-12-24 09:00 (Europe/Berlin).")
    assert said("2027-03-28 02:30").startswith("once, 2027-03-28 03:00 (the clock skips the time that was given) (")


@pytest.mark.parametrize(("text", "type_"), [("tomorrow 2:30", None), ("02:30", Type.ONCE)])
def test_a_time_that_the_clock_skips_tonight_is_told_however_the_day_was_said(text: str, type_: Type | None) -> None:
    evening = datetime(2027, 3, 27, 20, tzinfo=UTC)
    found = parse(text, type=type_, zone=ZoneInfo("Europe/Berlin"), since=evening).schedule
    assert in_words(found, evening, runs=0) == "once, 2027-03-28 03:00 (the clock skips the time that was given) (Europe/Berlin)."


def test_utc_has_its_name() -> None:
    assert in_words(parse("daily 7:00", type=None, zone=UTC, since=NOW).schedule, NOW, runs=0) == "every day at 07:00 (UTC)."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 7 * * *", "at 07:00, every day"),
        ("0 7,12 * * mon-fri", "at 07:00 and 12:00, every Monday to Friday"),
        ("*/5 9-17 * * mon-fri", "every 5 minutes of the hours 9 to 17, every Monday to Friday"),
        ("*/7 * * * *", "minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56, every day"),
        ("* * * * *", "every minute, every day"),
        ("30 * * * *", "minute 30 of every hour, every day"),
        ("5,35 8-18/2 * * *", "minutes 5 and 35 of the hours 8, 10, 12, 14, 16 and 18, every day"),
        ("0 */2 * * *", "minute 0 of every 2nd hour, every day"),
        ("*/10 * * * * *", "every 10 seconds, every day"),
        ("30 */5 * * * *", "second 30 of every 5 minutes, every day"),
        ("*/10 30 2 * * *", "every 10 seconds of minute 30 of the hour 2, every day"),
        ("0 0 13 * fri", "at 00:00, every month on day 13 or each Friday"),
        ("0 0 */10 * mon", "at 00:00, every month on day 1, 11, 21 and 31 where it is Monday"),
        ("0 18 l * *", "at 18:00, every month on the last day"),
        ("0 18 1w * *", "at 18:00, every month on the first working day"),
        ("0 18 15w * *", "at 18:00, every month on the working day nearest to day 15"),
        ("0 9 * * mon#2,wed", "at 09:00, every month on the 2nd Monday or each Wednesday"),
        ("0 9 * jan,jul fril", "at 09:00, every January and July on the last Friday"),
        ("0 9 * 4-9 *", "at 09:00, every April to September on each day"),
        ("@weekly", "at 00:00, every Sunday"),
    ],
)
def test_cron_is_put_into_words(text: str, words: str) -> None:
    assert said(text, runs=0) == f"{text}: {words} (Europe/Berlin)."

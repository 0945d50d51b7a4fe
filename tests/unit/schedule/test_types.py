"""Type, Threshold, anchor and the usual time, together with a Schedule or without one."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.model import Type
from engine.schedule import Parsed, Unreadable, parse

SINCE = datetime(2026, 11, 20, 11, tzinfo=UTC)


def read(
    text: str | None, type_: Type | None, threshold: int = 1, anchor: datetime | None = None, daily_at: time = time(9)
) -> Parsed:
    return parse(
        text, type=type_, zone=ZoneInfo("Europe/Berlin"), since=SINCE, threshold=threshold, anchor=anchor, daily_at=daily_at
    )


def refusal(text: str | None, type_: Type | None, threshold: int = 1) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text, type_, threshold)
    return str(caught.value)


@pytest.mark.parametrize(
    ("type_", "anchor", "expected"),
    [
        (Type.DAILY, None, "every day at 06:30"),
        (Type.DAILY, datetime(2024, 12, 16, 9, 0, 7, tzinfo=UTC), "every day at 10:00"),
        (Type.WEEKLY, None, "every Monday at 06:30"),
        (Type.WEEKLY, datetime(2024, 12, 17, 23, 30, tzinfo=UTC), "every Wednesday at 00:30"),  # already Wednesday in Berlin
        (Type.MONTHLY, None, "every month on day 1 at 06:30"),
        (Type.MONTHLY, datetime(2024, 12, 15, 18, 30, tzinfo=UTC), "every month on day 15 at 19:30"),
        (Type.MONTHLY, datetime(2024, 12, 31, 9, 0, tzinfo=UTC), "every month on day 31 (or the last day) at 10:00"),
    ],
)
def test_without_a_schedule_the_anchor_gives_time_and_day_else_the_usual_time(
    type_: Type, anchor: datetime | None, expected: str
) -> None:
    parsed = read(None, type_, anchor=anchor, daily_at=time(6, 30))
    assert (parsed.schedule.text, parsed.type) == (expected, type_)
    assert read("  ", type_, anchor=anchor, daily_at=time(6, 30)) == parsed
    assert read(str(type_), None, anchor=anchor, daily_at=time(6, 30)) == parsed


def test_what_a_schedule_says_wins_over_the_anchor() -> None:
    anchor = datetime(2024, 12, 17, 18, 30, tzinfo=UTC)
    assert read("07:00", Type.WEEKLY, anchor=anchor).schedule.text == "every Tuesday at 07:00"
    assert read("every friday", Type.WEEKLY, anchor=anchor).schedule.text == "every Friday at 09:00"


def test_a_short_month_takes_its_last_day() -> None:
    monthly = read("31st 08:00", None).schedule
    february = monthly.next(datetime(2027, 2, 1, tzinfo=UTC))
    assert february == datetime(2027, 2, 28, 7, tzinfo=UTC)
    assert monthly.next(february) == datetime(2027, 3, 31, 6, tzinfo=UTC)
    cron = read("0 8 31 * *", None).schedule
    assert cron.next(datetime(2027, 2, 1, tzinfo=UTC)) == datetime(2027, 3, 31, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "type_", "threshold", "expected"),
    [
        (None, Type.DAILY, 3, "every 3 days at 09:00"),
        ("07:00", Type.WEEKLY, 2, "every 2 weeks on Monday at 07:00"),
        ("mon,thu 18:00", Type.WEEKLY, 2, "every 2 weeks on Monday and Thursday at 18:00"),
        ("mon,thu 18:00", None, 2, "every 2 weeks on Monday and Thursday at 18:00"),
        ("last day of month", Type.MONTHLY, 3, "every 3 months on the last day at 09:00"),
        ("every 3 days", Type.DAILY, 3, "every 3 days at 09:00"),
        (None, Type.MONTHLY, 12, "every January on day 1 at 09:00"),
        ("every 15 minutes", Type.INTERVAL, 4, "every 15 minutes"),
        ("0 7 * * *", Type.CRON, 4, "0 7 * * *"),
    ],
)
def test_threshold_means_every_so_many_periods(text: str | None, type_: Type | None, threshold: int, expected: str) -> None:
    assert read(text, type_, threshold).schedule.text == expected


def test_a_threshold_that_cannot_be_followed_is_refused() -> None:
    assert "says every 3 and Threshold 2" in refusal("every 3 days", Type.DAILY, 2)
    assert "is not counted in days" in refusal("weekdays 9:30", Type.DAILY, 2)
    assert "is not counted in months" in refusal("yearly on 24 december", None, 2)
    assert "longer than ten years" in refusal(None, Type.MONTHLY, 121)
    assert "no room for Threshold 2" in refusal("@daily", Type.DAILY, 2)
    assert "too small" in refusal(None, Type.DAILY, 0)


CONTRADICTIONS = [
    (Type.DAILY, "every monday", Type.WEEKLY),
    (Type.DAILY, "0 7 * * *", Type.CRON),
    (Type.DAILY, "now", Type.ONCE),
    (Type.WEEKLY, "daily 07:00", Type.DAILY),
    (Type.WEEKLY, "@daily", Type.CRON),
    (Type.MONTHLY, "every 2 weeks", Type.WEEKLY),
    (Type.CRON, "daily 07:00", Type.DAILY),
    (Type.CRON, "now", Type.ONCE),
    (Type.ONCE, "every monday", Type.WEEKLY),
    (Type.ONCE, "every 5 minutes", Type.INTERVAL),
    (Type.INTERVAL, "daily 07:00", Type.DAILY),
    (Type.INTERVAL, "mon 07:00", Type.WEEKLY),
    (Type.INTERVAL, "2026-12-24 10:00", Type.ONCE),
]


@pytest.mark.parametrize(("type_", "text", "told"), CONTRADICTIONS)
def test_a_type_that_contradicts_its_schedule_is_refused_with_both_named(type_: Type, text: str, told: Type) -> None:
    said = refusal(text, type_)
    assert said.startswith(f'Type {type_} and Schedule "{text}" contradict each other')
    assert f"set Type to {told}" in said
    assert read(text, told).type is told


@pytest.mark.parametrize("type_", [Type.COUNTER, Type.MANUAL, Type.ON_CHANGE, Type.ON_COMMIT, Type.ON_COMPLETION, Type.WEBHOOK])
def test_a_type_without_a_schedule_takes_none(type_: Type) -> None:
    assert "contradict each other" in refusal("daily 07:00", type_)
    assert "comes due by no schedule" in refusal(None, type_)


def test_a_missing_schedule_is_asked_for_with_an_example() -> None:
    assert '"every 15 minutes"' in refusal(None, Type.INTERVAL)
    assert '"0 7 * * mon-fri"' in refusal("", Type.CRON)
    assert '"now"' in refusal(None, Type.ONCE)
    assert "Type and Schedule are both empty" in refusal(None, None)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("@hourly", Type.INTERVAL),
        ("@daily", Type.DAILY),
        ("@midnight", Type.DAILY),
        ("@weekly", Type.WEEKLY),
        ("@monthly", Type.MONTHLY),
        ("@daily", Type.CRON),
        ("weekdays 9:30", Type.DAILY),
        ("weekdays 9:30", Type.WEEKLY),
        ("every 3 days", Type.INTERVAL),
        ("every 2 weeks on monday", Type.INTERVAL),
        ("15m", Type.INTERVAL),
        ("3d", Type.INTERVAL),
    ],
)
def test_a_schedule_agrees_with_each_type_that_it_can_be(text: str, type_: Type) -> None:
    assert read(text, type_).type is type_

"""What a Deadline cell says, what it is refused for, and which instant it comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.cells import BadCell
from engine.due_by import By, Within, read
from engine.promises import Owed
from tests.fakes.virtual import NOON

BERLIN = ZoneInfo("Europe/Berlin")


def by(said: str, due: str, since: str | None = None) -> str | None:
    """In the zone of the row."""
    came = datetime.fromisoformat(due).replace(tzinfo=BERLIN)
    written = datetime.fromisoformat(since).replace(tzinfo=BERLIN) if since is not None else came
    at = read(said, BERLIN, NOON).by(Owed(came.astimezone(UTC), written.astimezone(UTC)))
    return at.astimezone(BERLIN).strftime("%a %Y-%m-%d %H:%M %Z") if at is not None else None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("18:00", "every day at 18:00 (Europe/Berlin)"),
        ("6pm", "every day at 18:00 (Europe/Berlin)"),
        ("Noon", "every day at 12:00 (Europe/Berlin)"),
        ("weekdays 18:00", "every Monday to Friday at 18:00 (Europe/Berlin)"),
        ("9:00, 18:00", "every day at 09:00 and 18:00 (Europe/Berlin)"),
        ("last day of month 18:00", "every month on the last day at 18:00 (Europe/Berlin)"),
        ("2026-12-24 18:00", "2026-12-24 18:00 (Europe/Berlin)"),
        ("2h", "2h after it comes due"),
        ("45 min", "45m after it comes due"),
        ("1d 2h", "1d 2h after it comes due"),
    ],
)
def test_times_of_day_spans_and_dates_are_read(said: str, text: str) -> None:
    assert read(said, BERLIN, NOON).text == text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("18", 'can be read in two ways: write "18:00" for the time of day, or "18 min" or "18h" for a span'),
        ("45", 'has no unit; write "45 min" or "45h" for a span after it comes due'),
        ("0", 'can be read in two ways: write "0:00" for the time of day'),
        ("18.30", 'can be read in two ways: write "18:30" for the time of day'),
        ("01/02/2026 18:00", 'can be read in two ways: write "2026-02-01 18:00"'),
        ("weekdays", 'says no time of day; add it, like "weekdays 18:00"'),
        ("2026-12-24", 'says no time of day; add it, like "2026-12-24 18:00"'),
        ("in 2 hours", "counts from when the row was edited"),
        ("tomorrow 18:00", "counts from when the row was edited"),
        ("every 15 minutes", "says how often, not by when"),
        ("*/5 * * * *", "says how often, not by when"),
        ("0s", "no time at all"),
        ("9999 days", "longer than ten years"),
        ("asap", 'not understood; write a time of day such as "18:00"'),
        ("25:00", "not understood"),
    ],
)
def test_what_is_no_deadline_is_refused_with_the_remedy(said: str, why: str) -> None:
    with pytest.raises(BadCell) as refused:
        read(said, BERLIN, NOON)
    assert str(refused.value).startswith(why)


def test_a_time_of_day_is_the_next_one_after_it_came_due() -> None:
    assert by("18:00", "2026-03-02 17:00") == "Mon 2026-03-02 18:00 CET"
    assert by("18:00", "2026-03-02 18:00") == "Tue 2026-03-03 18:00 CET"
    assert by("weekdays 6:00", "2026-03-06 22:00") == "Mon 2026-03-09 06:00 CET"
    assert by("2026-03-04 18:00", "2026-03-02 17:00") == "Wed 2026-03-04 18:00 CET"
    assert by("2026-03-04 18:00", "2026-03-04 18:00") is None


def test_nights_in_which_the_clock_changes_are_as_schedules_have_them() -> None:
    """Berlin: 29 March 2026, 02:00 becomes 03:00; 25 October 2026, 03:00 becomes 02:00."""
    assert by("2:30", "2026-03-29 01:00") == "Sun 2026-03-29 03:00 CEST"
    assert by("2:30", "2026-10-25 01:00") == "Sun 2026-10-25 02:30 CEST"
    assert by("2h", "2026-03-29 01:00") == "Sun 2026-03-29 04:00 CEST"  # a span is real time


def test_a_deadline_that_lay_in_the_past_when_it_was_written_does_not_count() -> None:
    assert by("17:15", "2026-03-02 17:00", since="2026-03-02 17:30") == "Tue 2026-03-03 17:15 CET"
    assert by("18:00", "2026-03-02 17:00", since="2026-03-02 17:30") == "Mon 2026-03-02 18:00 CET"
    assert by("10 min", "2026-03-02 17:00", since="2026-03-02 17:30") is None
    assert by("1h", "2026-03-02 17:00", since="2026-03-02 17:30") == "Mon 2026-03-02 18:00 CET"


def test_equal_cells_are_equal_deadlines() -> None:
    assert read("60 min", BERLIN, NOON) == Within(timedelta(hours=1))
    found = read("18:00", BERLIN, NOON)
    assert isinstance(found, By)
    assert found == read("6 pm", BERLIN, NOON + timedelta(days=9))

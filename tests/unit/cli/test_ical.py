"""Coming runs as an iCalendar file."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rowd.coming import coming
from rowd.ical import calendar, escaped, folded
from rowd.view import RowView
from tests.unit.cli.sights import HOUSE, NOON, seen, with_state

DAY = timedelta(days=1)


def written(*rows: RowView, usual: timedelta | None = None, now: timedelta = timedelta(0), site: str = "a") -> str:
    runs = coming(rows, NOON, HOUSE, until=NOON + DAY)
    return calendar(runs, {} if usual is None else {("ops", "1"): usual}, NOON + now, site)


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_an_event_has_everything_that_the_standard_asks_for() -> None:
    lines = unfolded(written(seen("daily 15:00"), usual=timedelta(hours=1, seconds=5)))
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//rowd//coming runs//EN"]
    assert lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    for line in ("DTSTAMP:20260302T120000Z", "DTSTART:20260302T140000Z", "DURATION:PT1H0M5S", "SUMMARY:backup"):
        assert line in lines
    assert "DESCRIPTION:ops/1\\nevery day at 15:00\\nAction: work" in lines


def test_every_line_ends_with_cr_lf_and_no_bare_one_is_left() -> None:
    text = written(seen("hourly", name="a, b; c\\d"))
    assert "\n" not in text.replace("\r\n", "")
    assert "SUMMARY:a\\, b\\; c\\\\d" in unfolded(text)


def test_the_uid_stays_and_differs_by_occurrence_row_and_site() -> None:
    def uids(text: str) -> list[str]:
        return [line for line in unfolded(text) if line.startswith("UID:")]

    row = seen("every 6 hours")
    assert uids(written(row)) == uids(written(row, now=DAY / 24))
    both = uids(written(row, seen("every 6 hours", key="2", name="other")))
    assert len(set(both)) == len(both) == 8
    assert not set(uids(written(row))) & set(uids(written(row, site="b")))


def test_the_uid_goes_by_when_it_is_due_not_by_when_it_starts() -> None:
    (run,) = coming([seen("daily 15:00")], NOON, HOUSE, until=NOON + DAY)
    later = replace(run, at=run.at + timedelta(minutes=3))
    first, second = (unfolded(calendar([one], {}, NOON, "a")) for one in (run, later))
    assert [line for line in first if line not in second] == ["DTSTART:20260302T140000Z"]


def test_what_will_be_skipped_is_left_out() -> None:
    assert "VEVENT" not in written(with_state(seen("hourly"), snoozed_until=NOON + 2 * DAY))


def test_a_task_without_runs_yet_lasts_a_minute_and_a_long_one_days() -> None:
    assert "DURATION:PT1M" in unfolded(written(seen("daily 15:00")))
    assert "DURATION:PT1M" in unfolded(written(seen("daily 15:00"), usual=timedelta(seconds=3)))
    assert "DURATION:P2D" in unfolded(written(seen("daily 15:00"), usual=timedelta(days=2)))
    assert "DURATION:P1DT2H30M" in unfolded(written(seen("daily 15:00"), usual=timedelta(days=1, hours=2, minutes=30)))


def test_a_long_line_is_folded_at_75_octets_not_sooner() -> None:
    assert [len(part) for part in folded("a" * 200)] == [75, 75, 52]
    assert [len(part.encode()) for part in folded("ä" * 50)] == [74, 27]
    assert list(folded("a" * 75)) == ["a" * 75]


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_folding_keeps_the_text_and_splits_no_character(text: str) -> None:
    line = "SUMMARY:" + escaped(text)
    parts = list(folded(line))
    assert all(len(part.encode()) <= 75 for part in parts)
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line
    assert all(part.startswith(" ") for part in parts[1:])
    assert not {"\r", "\n"} & set(line)

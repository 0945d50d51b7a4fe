"""When a table is written: soon, and while work waits a share of the time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.pace import BETWEEN_WRITES, LONGEST, SHARE, Pace

seconds = st.floats(0, 100)
rows = st.integers(1, 10_000)


def written(at: float, took: float, rows: int = 1) -> Pace:
    """After one write."""
    pace = Pace()
    pace.begins(at)
    pace.took(took, rows)
    return pace


def test_the_first_news_is_written_at_once() -> None:
    assert Pace().due(5, 1, work_waits=False) <= 5


def test_results_of_a_quarter_of_a_second_go_into_one_write() -> None:
    assert written(5, took=0.01).due(5.1, 1, work_waits=False) == 5 + BETWEEN_WRITES


def test_a_small_table_shows_within_a_quarter_of_a_second_also_while_work_waits() -> None:
    assert written(5, took=0.01).due(60, 1, work_waits=True) == 60 + BETWEEN_WRITES


def test_while_work_waits_showing_takes_a_tenth_of_the_time() -> None:
    assert written(5, took=0.5, rows=100).due(60, 200, work_waits=True) == 60 + SHARE * 1.0


def test_a_few_rows_of_a_long_table_show_soon_also_while_work_waits() -> None:
    assert written(5, took=0.5, rows=1000).due(60, 3, work_waits=True) == 60 + BETWEEN_WRITES


def test_one_slow_row_says_little_of_the_many_before() -> None:
    pace = written(5, took=0.5, rows=1000)
    pace.took(0.5, 1)
    assert pace.due(60, 1000, work_waits=True) < 60 + SHARE * 2


def test_the_news_waits_from_when_it_was_seen_first() -> None:
    pace = written(5, took=0.5)
    assert pace.due(60, 1, work_waits=True) == pace.due(63, 1, work_waits=True)


def test_what_waited_for_work_is_written_once_there_is_none() -> None:
    pace = written(5, took=0.5)
    pace.due(60, 1, work_waits=True)
    assert pace.due(61, 1, work_waits=False) <= 61


def test_after_a_write_news_is_news_again() -> None:
    pace = written(5, took=0.5)
    pace.due(60, 1, work_waits=True)
    pace.begins(65)
    pace.took(0.5, 1)
    assert pace.due(70, 1, work_waits=True) == 70 + SHARE * 0.5


@given(seconds, rows, st.booleans())
def test_trouble_puts_off_every_write(instant: float, rows: int, waits: bool) -> None:
    pace = Pace()
    pace.not_before(instant)
    assert pace.due(0, rows, work_waits=waits) >= instant


@given(seconds, seconds, rows)
def test_nothing_waits_for_work_for_longer_than_that(now: float, took: float, rows: int) -> None:
    assert written(0, took).due(now, rows, work_waits=True) <= max(now, BETWEEN_WRITES) + LONGEST

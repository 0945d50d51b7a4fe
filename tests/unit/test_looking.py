"""Looks fall just before what comes due, and are no more for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.looking import BEFORE, WORTH, placed
from tests.fakes.virtual import NOON

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
spans = st.integers(1, 7200).map(lambda s: timedelta(seconds=s))
dues = st.lists(st.integers(-100, 20_000).map(lambda s: NOON + timedelta(seconds=s)), max_size=8)


def due(*seconds: float) -> list[datetime]:
    return [NOON + timedelta(seconds=s) for s in seconds]


def test_a_look_falls_three_seconds_before_what_comes_due_about_then() -> None:
    assert placed(NOON, MINUTE, due(70), None) == 67 * SECOND
    assert placed(NOON, MINUTE, due(40), None) == 37 * SECOND
    assert placed(NOON, MINUTE, due(40, 66, 90), None) == 63 * SECOND  # the one that moves it least
    assert placed(NOON, MINUTE, due(20, 200), None) == MINUTE
    assert placed(NOON, MINUTE, (), None) == MINUTE
    assert placed(NOON, WORTH, due(11), None) == WORTH


def test_where_the_copy_would_be_too_old_a_look_comes_beside() -> None:
    assert placed(NOON, 60 * MINUTE, due(600), None) == 60 * MINUTE
    assert placed(NOON, 60 * MINUTE, due(600), MINUTE) == 597 * SECOND
    assert placed(NOON, 60 * MINUTE, due(50), MINUTE) == 60 * MINUTE  # it is fresh enough then
    assert placed(NOON, 60 * MINUTE, due(50, 600), MINUTE) == 597 * SECOND
    assert placed(NOON, MINUTE, due(600), MINUTE) == MINUTE


@given(spans, dues)
def test_looks_are_moved_by_half_at_most(wait: timedelta, at: list[datetime]) -> None:
    moved = placed(NOON, wait, at, None)
    assert abs(moved - wait) <= wait / 2
    assert moved == wait or (wait > WORTH and NOON + moved + BEFORE in at)


@given(spans, dues, spans)
def test_with_a_bound_nothing_starts_from_an_older_copy(wait: timedelta, at: list[datetime], stale: timedelta) -> None:
    """Looks that are made as told; each due instant has one that is young enough."""
    looks = [NOON]
    while looks[-1] < max([*at, NOON]):
        looks.append(looks[-1] + placed(looks[-1], wait, at, stale))
    for instant in at:
        before = [look for look in looks if look <= instant]
        if before:
            assert instant - before[-1] <= max(stale, BEFORE)


@given(spans, dues)
def test_the_bound_never_makes_a_look_later(wait: timedelta, at: list[datetime]) -> None:
    assert placed(NOON, wait, at, MINUTE) <= placed(NOON, wait, at, None)

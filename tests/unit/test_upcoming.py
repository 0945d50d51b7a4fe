"""What is told of runs to come is what the decisions will be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome
from engine.blackout import Blackout
from engine.columns import Column
from engine.decide import decide
from engine.display import display
from engine.model import Occurrence, Stage
from engine.upcoming import MOST_TRIED, first_start, next_starts
from rowd.view import RowView
from tests.unit.cli.sights import BERLIN, HOUSE, NOON, seen, with_last, with_state

MINUTE = timedelta(minutes=1)
LUNCH = Blackout("lunch", UTC, time(12), time(13))


def first_decided(row: RowView, blackouts: tuple[Blackout, ...]) -> tuple[Occurrence, datetime] | None:
    """The first claim that `decide` makes of this row, and when, woken only when it asked to be."""
    standing, now, house = row.standing, NOON, replace(HOUSE, blackouts=blackouts)
    for _ in range(2000):
        assert standing is not None
        plan = decide([standing], now, house)
        if plan.claims:
            return plan.claims[0], now
        if plan.states:
            standing = replace(standing, state=plan.states[-1])
        if plan.wake is None:
            return None
        now = plan.wake
    raise AssertionError("it was woken without an end")


def shown(row: RowView, *blackouts: Blackout) -> tuple[object, str]:
    """Next Run and Health."""
    cells = display(row.understood, row.state, row.tally, row.zone, blackouts=blackouts)
    return cells[Column.NEXT_RUN], str(cells[Column.HEALTH])


@settings(deadline=None)
@given(
    schedule=st.sampled_from(["every 7 minutes", "hourly", "*/20 9-17 * * *", "daily 13:30", "2026-03-02 13:20", "mondays 14:10"]),
    jitter=st.sampled_from(["", "30s", "10m", "3h"]),
    snooze=st.none() | st.integers(1, 400),
    window=st.none() | st.tuples(st.integers(0, 23), st.integers(1, 23)),
    every=st.none() | st.sampled_from(["2 min", "50 min", "5 h"]),
    ago=st.integers(0, 400),
    shut=st.none() | st.integers(1, 400),
)
def test_the_first_start_is_the_first_that_is_decided(
    schedule: str, jitter: str, snooze: int | None, window: tuple[int, int] | None, every: str | None, ago: int, shut: int | None
) -> None:
    row = with_last(seen(schedule, Jitter=jitter, definition={"at_most_every": every} if every else {}), ago * MINUTE)
    if snooze is not None:
        row = with_state(row, snoozed_until=NOON + snooze * MINUTE)
    dark = ()
    if window is not None:
        dark = (Blackout("dark", UTC, time(window[0]), time(sum(window) % 24)),)
    assert row.task is not None
    alone = None if shut is None else NOON + shut * MINUTE
    told, barrier = first_start(row.task, row.state, NOON - ago * MINUTE, dark, alone)
    if told is None and barrier is not None:
        return  # what falls into a window each day would be looked for without an end
    decided = first_decided(row, dark)
    assert (told and (told.due, told.at)) == (decided and (decided[0].due, max(decided[1], alone or NOON)))


def test_what_recurs_names_the_first_run_after_a_blackout() -> None:
    assert shown(seen("every 20 minutes"), LUNCH) == (
        NOON + 60 * MINUTE,
        "OK, next Mon 2 Mar 14:00 Berlin (blackout lunch until Mon 2 Mar 14:00 Berlin)",
    )


def test_a_one_off_names_the_end_of_the_blackout_and_when_it_was_due() -> None:
    assert shown(seen("2026-03-02 13:20"), LUNCH) == (
        NOON + 60 * MINUTE,
        "OK, next Mon 2 Mar 14:00 Berlin (due Mon 2 Mar 13:20 Berlin, waits: blackout lunch)",
    )


def test_what_always_falls_into_a_window_says_so_and_names_no_run() -> None:
    ahead, health = shown(seen("daily 13:30"), Blackout("lunch", BERLIN, time(13), time(14)))
    assert (ahead, health) == (None, "OK, but all that comes is skipped: blackout lunch")


def test_a_run_far_behind_a_window_is_found() -> None:
    weekdays = Blackout("week", UTC, days=frozenset(range(5)))
    ahead, _ = shown(seen("every 15 minutes"), weekdays)
    assert ahead == datetime(2026, 3, 7, tzinfo=UTC)
    assert MOST_TRIED < 5 * 24 * 4


def test_what_the_operator_does_not_allow_so_soon_is_not_named() -> None:
    row = with_last(seen("every 5 minutes", definition={"at_most_every": "17 min"}), MINUTE, Outcome.SUCCEEDED)
    ahead, health = shown(row)
    assert ahead == NOON + 20 * MINUTE
    assert health.endswith("(too soon for work until Mon 2 Mar 13:15:09 Berlin)")


@settings(deadline=None)
@given(st.integers(0, 499), st.integers(0, 499))
def test_a_task_in_just_the_rhythm_that_its_action_allows_runs_each_time(before: int, now: int) -> None:
    """before, now: milliseconds by which the last start was late, and by which this one is."""
    late = timedelta(milliseconds=before) - timedelta(minutes=10)
    row = with_last(seen("every 10 minutes", definition={"at_most_every": "10 min"}), -late)
    row = with_state(row, settled_until=NOON - MINUTE)
    assert row.standing is not None
    assert [c.due for c in decide([row.standing], NOON + timedelta(milliseconds=now), HOUSE).claims] == [NOON]


@pytest.mark.parametrize("jitter", ["", "1h"])
def test_a_snooze_is_named_also_where_nothing_falls_into_it(jitter: str) -> None:
    row = with_state(seen("daily 14:00", Jitter=jitter), snoozed_until=NOON + MINUTE)
    assert shown(row)[1].endswith("(snoozed until Mon 2 Mar 13:01 Berlin)")


# --- Understood As: the runs that it lists are those that come


def listed(row: RowView, *blackouts: Blackout) -> str:
    """Understood As, behind the words of the schedule."""
    said = str(display(row.understood, row.state, row.tally, row.zone, blackouts=blackouts)[Column.UNDERSTOOD_AS])
    return said.partition("(Europe/Berlin). ")[2]


@settings(deadline=None)
@given(
    schedule=st.sampled_from(["every 7 minutes", "hourly", "*/20 9-17 * * *", "daily 13:30", "2026-03-02 13:20"]),
    snooze=st.none() | st.integers(1, 400),
    window=st.none() | st.tuples(st.integers(0, 23), st.integers(1, 23)),
    every=st.none() | st.sampled_from(["2 min", "50 min", "5 h"]),
    ago=st.integers(0, 400),
)
def test_the_next_starts_are_those_that_are_decided_and_stay_the_same_until_one_has_come(
    schedule: str, snooze: int | None, window: tuple[int, int] | None, every: str | None, ago: int
) -> None:
    row = with_last(seen(schedule, definition={"at_most_every": every} if every else {}), ago * MINUTE)
    if snooze is not None:
        row = with_state(row, snoozed_until=NOON + snooze * MINUTE)
    dark = () if window is None else (Blackout("dark", UTC, time(window[0]), time(sum(window) % 24)),)
    standing, now, house = row.standing, NOON, replace(HOUSE, blackouts=dark)
    assert standing is not None
    assert standing.last is not None
    told, barrier = next_starts(standing.task, standing.state, standing.last.started_at, dark, 3)
    if barrier is not None:
        return  # all within reach falls into a window
    assert len(told) == (1 if schedule == "2026-03-02 13:20" else 3)
    for number, start in enumerate(told):
        for _ in range(2000):
            plan = decide([standing], now, house)
            if plan.states:
                standing = replace(standing, state=plan.states[-1])
            if plan.claims:
                break
            assert standing.last is not None
            assert next_starts(standing.task, standing.state, standing.last.started_at, dark, 3 - number)[0] == told[number:]
            assert plan.wake is not None
            now = plan.wake
        assert now == start
        standing = replace(standing, last=replace(plan.claims[0], stage=Stage.ENDED, started_at=now))


@pytest.mark.parametrize(
    ("row", "blackouts", "said"),
    [
        (seen("every 20 minutes"), [LUNCH], "Next: Mon 2 Mar 2026 14:00, 14:20, 14:40"),
        (
            seen("daily 13:30"),
            [Blackout("feast", BERLIN, dates=frozenset({date(2026, 3, 3)}))],
            "Mon 2 Mar 2026 13:30, Wed 4 Mar 13:30,",
        ),
        (seen("2026-03-02 13:20"), [LUNCH], "Next: Mon 2 Mar 2026 14:00"),
        (seen("daily 13:30"), [Blackout("lunch", BERLIN, time(13), time(14))], "All that comes is skipped: blackout lunch."),
        (seen("every 20 minutes"), [replace(LUNCH, tables=frozenset({"other"}))], "Next: Mon 2 Mar 2026 13:20, 13:40, 14:00"),
        (seen("every 5 minutes", definition={"at_most_every": "17 min"}), [], "Next: Mon 2 Mar 2026 13:05, 13:25, 13:45"),
        (with_state(seen("2026-03-02 13:20"), snoozed_until=NOON + 30 * MINUTE), [], "Next: Mon 2 Mar 2026 13:30"),
        (with_state(seen("hourly"), snoozed_until=NOON + 60 * MINUTE), [], "Next: Mon 2 Mar 2026 14:00, 15:00, 16:00"),
    ],
    ids=["night", "a day", "waits", "always", "another's", "too soon", "one-off snoozed", "snoozed"],
)
def test_understood_as_lists_no_run_that_is_sure_to_be_skipped(row: RowView, blackouts: list[Blackout], said: str) -> None:
    assert said in listed(row, *blackouts)

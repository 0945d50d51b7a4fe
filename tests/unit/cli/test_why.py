"""Why a task does not run now, in one sentence."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from msgspec.structs import replace

from connectors.api import Lease
from engine.blackout import Blackout
from engine.model import Stage
from engine.plan import Hold, House
from engine.rounds import Prerequisite
from rowd.view import RowView
from rowd.why import why
from tests.unit.cli.sights import BERLIN, HOUSE, NOON, claimed, seen, with_last, with_state

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def said(row: RowView, house: House = HOUSE, *, daemon: bool = True) -> str:
    return why(row, NOON, house, daemon=daemon)


def test_it_waits_for_its_time() -> None:
    assert said(seen("daily 15:00")) == "It waits for today 15:00, in 2h."


def test_without_a_daemon_that_is_said_too() -> None:
    assert said(seen("daily 15:00"), daemon=False).endswith("No daemon is running, though: `rowd run` starts one.")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (seen("daily 15:00", Status="paused"), "It is paused"),
        (seen("daily 15:00", Status="completed"), "It is completed"),
        (seen("daily 15:00", Status="draft"), "Status is draft"),
        (seen("evry day"), 'The row has a defect: Schedule "evry day"'),
        (seen(None, Type="manual"), "It runs only when asked"),
        (seen(None, Type="counter", Threshold="5", Current="3"), "It waits for Current to reach 5: it stands at 3"),
        (seen(None, Type="counter", Threshold="5", Current="7"), "Current was at its Threshold before rowd looked"),
        (seen("2026-01-05 10:00"), "Its time (2026-01-05 10:00) is past"),
        (replace(seen("daily 15:00"), held=Hold("7 of 9 rows are gone")), "It is held: 7 of 9 rows are gone"),
        (with_state(seen("daily 15:00"), changed_at=NOON - MINUTE / 60), "It was edited just now"),
        (with_state(seen("daily 15:00"), snoozed_until=NOON + 3 * HOUR), "but then it is snoozed until today 16:00"),
        (
            with_last(seen("daily 13:05", definition={"at_most_every": "1h"}), MINUTE),
            "but then its action work allows no run before",
        ),
        (with_state(seen("daily 12:58"), settled_until=NOON - HOUR), "It has been due since today 12:58"),
    ],
)
def test_the_reason_is_the_rows_own(row: RowView, words: str) -> None:
    assert words in said(row)


def test_what_it_waits_for_is_named_with_why_that_does_not_run() -> None:
    waits = (Prerequisite("a", "a", None, busy=False, stays="paused"), Prerequisite("b", "b", None, busy=True))
    assert said(replace(seen(None, Depends_On="a, b"), prerequisites=waits)) == "It waits for a (paused) and b (under way) to end."


def test_a_blackout_that_its_next_time_falls_into_is_named() -> None:
    nights = Blackout("nights", BERLIN, time(22), time(6))
    assert "but then the blackout nights lets nothing start until Tue 3 Mar 06:00" in said(
        seen("daily 23:00"), replace(HOUSE, blackouts=(nights,))
    )


def test_a_run_under_way_is_the_answer() -> None:
    row = seen("hourly")
    running = claimed(row, stage=Stage.RUNNING, started_at=NOON - MINUTE, attempt=2, attempts=3)
    assert said(replace(row, active=(running,))) == "It has been running since today 12:59, attempt 2 of 3."


def test_of_several_runs_under_way_the_number_is_the_answer() -> None:
    row = seen("hourly", Overlap="parallel")
    both = tuple(claimed(row, id=f"r{n}", stage=Stage.RUNNING, started_at=NOON - n * MINUTE, attempt=1) for n in (2, 1))
    assert said(replace(row, active=both)) == "2 of its runs are under way, the oldest since today 12:58."


def test_what_is_claimed_waits_for_a_worker_its_action_or_the_breaker() -> None:
    row = seen("hourly")
    row = replace(row, active=(claimed(row),))
    assert "about to start" in said(row)
    assert (
        said(row, replace(HOUSE, free=0, running={("action", "other"): 8, ("table", "ops"): 8}))
        == "It waits for a free worker: all 8 are busy (daemon.max_parallel)."
    )
    assert "no more than 2 of work may run at once (actions.work.parallel)" in said(
        row, replace(HOUSE, running={("action", "work"): 2}, limits={("action", "work"): 2})
    )
    assert "no more than 2 of ops may run at once (tables.ops.max_parallel)" in said(
        row, replace(HOUSE, running={("table", "ops"): 2}, limits={("table", "ops"): 2})
    )
    assert "within the hour as may (tables.ops.max_per_hour); the next begins today 13:10, in 10m" in said(
        row, replace(HOUSE, full={"ops": NOON + 10 * MINUTE})
    )
    assert "circuit breaker lets nothing start before today 13:10, in 10m" in said(
        row, replace(HOUSE, shut={"work": NOON + 10 * MINUTE})
    )


def test_another_attempt_is_told_with_what_went_wrong() -> None:
    row = seen("hourly")
    waiting = claimed(row, stage=Stage.WAITING, attempt=1, attempts=3, retry_at=NOON + MINUTE, reason="exit 2")
    assert said(replace(row, active=(waiting,))) == "Attempt 2 of 3 follows today 13:01, in 1m, after: exit 2."


def test_a_row_that_another_machines_daemon_runs_lacks_none_here() -> None:
    lease = Lease("abc", "rowd, process 7 on alpha", NOON + timedelta(minutes=9, seconds=30))
    told = said(replace(seen("daily 15:00"), lease=lease), daemon=False)
    assert told.endswith("The daemon that runs it is rowd, process 7 on alpha, at least until today 13:09 (in 9m).")
    assert "No daemon" not in told

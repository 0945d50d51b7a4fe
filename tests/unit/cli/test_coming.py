"""The runs to come."""

from __future__ import annotations

from datetime import time, timedelta
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.approval import Approval
from engine.blackout import Blackout
from engine.model import Stage
from engine.plan import Hold
from rowd.coming import Coming, coming
from rowd.view import RowView
from tests.unit.cli.sights import BERLIN, HOUSE, NOON, claimed, seen, with_last, with_state

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def runs(*rows: RowView, hours: float = 24, house: object = HOUSE, most_each: int | None = None) -> list[Coming]:
    return list(coming(rows, NOON, house, until=NOON + hours * HOUR, most_each=most_each))  # type: ignore[arg-type]


def test_runs_of_all_tasks_stand_in_one_line_of_time() -> None:
    found = runs(seen("daily 15:00", name="b", key="2"), seen("every 3 hours", name="a"), hours=6)
    assert [(r.row.name, r.at.hour) for r in found] == [("b", 14), ("a", 15), ("a", 18)]


def test_the_end_of_the_span_belongs_to_it_and_its_beginning_does_not() -> None:
    assert [r.at - NOON for r in runs(seen("hourly"), hours=2)] == [HOUR, 2 * HOUR]


def test_rows_that_will_not_run_have_no_runs() -> None:
    rows = [seen("hourly", Status="paused"), seen("hourly", Status="draft"), seen("evry hour"), seen(None, Type="manual")]
    assert runs(*rows) == []


def test_a_one_off_that_bears_marks_of_an_earlier_ledger_is_over() -> None:
    row = seen("2026-03-02 15:00")
    assert len(runs(row)) == 1
    assert runs(with_state(row, marked=True)) == []


def test_a_blackout_a_snooze_and_a_hold_skip_and_say_so() -> None:
    nights = replace(HOUSE, blackouts=(Blackout("nights", BERLIN, time(22), time(6)),))
    row = seen("every 6 hours")
    assert [r.skipped for r in runs(row, house=nights)] == ["", "blackout nights until Tue 3 Mar 2026 06:00 Berlin", "", ""]
    assert [bool(r.skipped) for r in runs(with_state(row, snoozed_until=NOON + 7 * HOUR))] == [True, False, False, False]
    assert {r.skipped for r in runs(replace(row, held=Hold("gone")))} == {"held: gone"}


def test_what_a_hold_has_kept_waiting_is_not_told_as_still_to_come() -> None:
    row = with_state(replace(seen("every 10 minutes"), held=Hold("gone")), settled_until=NOON - HOUR)
    assert [r.at - NOON for r in runs(row, hours=0.5)] == [HOUR / 6, HOUR / 3, HOUR / 2]


def test_a_one_off_waits_for_the_end_of_a_blackout() -> None:
    nights = replace(HOUSE, blackouts=(Blackout("nights", BERLIN, time(22), time(6)),))
    (found,) = runs(seen("2026-03-02 23:00"), house=nights)
    assert (found.skipped, found.at.astimezone(BERLIN).hour, found.due.astimezone(BERLIN).hour) == ("", 6, 23)


def test_a_one_off_that_is_due_and_waits_is_a_run_to_come() -> None:
    row = with_state(seen("2026-03-02 12:50"), settled_until=NOON - HOUR, snoozed_until=NOON + HOUR)
    (found,) = runs(row)
    assert (found.at, NOON - found.due) == (NOON + HOUR, timedelta(minutes=10))


def test_what_its_action_does_not_allow_so_soon_is_skipped() -> None:
    row = with_last(seen("hourly", definition={"at_most_every": "150 min"}), timedelta(minutes=30))
    assert [(r.at - NOON) // HOUR for r in runs(row, hours=8) if not r.skipped] == [2, 5, 8]


def test_what_is_late_but_forgiven_comes_first() -> None:
    (first, second, *_) = runs(with_state(seen("daily 12:58"), settled_until=NOON - HOUR), hours=48)
    assert (first.at, first.note, NOON - first.due) == (NOON, "due already", timedelta(minutes=2))
    assert second.due == first.due + DAY


def test_a_waiting_attempt_is_a_run_to_come() -> None:
    row = seen("hourly")
    waiting = claimed(row, stage=Stage.WAITING, attempt=1, attempts=3, retry_at=NOON + 1.5 * HOUR)
    found = runs(replace(row, active=(waiting,)), hours=2)
    assert [(r.at - NOON, r.note) for r in found] == [(HOUR, ""), (1.5 * HOUR, "attempt 2 of 3"), (2 * HOUR, "")]


def test_what_waits_for_an_open_breaker_comes_when_it_is_tried_again() -> None:
    row = seen("every 30 minutes")
    waits = replace(row, active=(claimed(row),))
    (first, *_) = runs(waits, house=replace(HOUSE, shut={claimed(row).action: NOON + timedelta(minutes=5)}))
    assert (first.at, first.note) == (NOON + timedelta(minutes=5), "waits to start")


def test_what_nobody_has_approved_yet_waits_for_that() -> None:
    row = seen("every 30 minutes")
    (first, *_) = runs(replace(row, active=(claimed(row, approval=Approval(NOON, "d", "r", "t")),)))
    assert first.note == "waits for approval"


def test_a_task_may_be_capped_without_touching_others() -> None:
    found = runs(seen("every minute", key="1", name="a"), seen("hourly", key="2", name="b"), most_each=3)
    assert [r.row.name for r in found] == ["a", "a", "a", "b", "b", "b"]


def test_only_what_is_asked_for_is_computed() -> None:
    rows = [seen("every second", key=str(n), name=f"t{n}") for n in range(50)]
    line = coming(rows, NOON, HOUSE, until=NOON + timedelta(days=3650))
    assert len(list(islice(line, 100))) == 100


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 200))
def test_jitter_never_breaks_the_order_of_time_nor_loses_a_run(every: int, jitter: int) -> None:
    row = seen(f"every {every} minutes", Metadata=f'{{"jitter": "{jitter} min"}}')
    if row.task is None:
        return  # such a jitter is refused
    found = runs(row, hours=10)
    assert [r.at for r in found] == sorted(r.at for r in found)
    assert all(r.due <= r.at < r.due + timedelta(minutes=jitter) for r in found)
    expected = [
        d
        for d in (r.due for r in runs(seen(f"every {every} minutes"), hours=10))
        if d <= NOON + 10 * HOUR - timedelta(minutes=jitter)
    ]
    assert set(expected) <= {r.due for r in found}

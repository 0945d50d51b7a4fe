"""Rules of decisions that hold in a corner: what is looked at late, what waits where it may not start, wishes at odd moments."""

from __future__ import annotations

from datetime import UTC, time, timedelta

from msgspec.structs import replace

from actions.api import Outcome
from engine.asked import Wish
from engine.blackout import Blackout
from engine.decide import decide
from engine.lateness import left_behind
from engine.model import Cause, Overlap, Stage, Status
from engine.plan import Hold, Stop
from engine.upcoming import jitter
from tests.fakes.virtual import NOON
from tests.unit.test_decide import HOUSE, at, occurrence, standing, state, task, wish


def test_what_came_due_in_a_snooze_or_a_blackout_is_skipped_also_where_it_is_looked_at_later() -> None:
    five = standing(schedule="every 5 minutes")
    (record,) = decide([replace(five, state=state("a", snoozed_until=at(6)))], at(7), HOUSE).records
    assert (record.outcome, record.due, record.reason[:7]) == (Outcome.SKIPPED, at(5), "snoozed")
    dark = replace(HOUSE, blackouts=(Blackout("lunch", UTC, time(12, 0), time(12, 6)),))
    (record,) = decide([five], at(7), dark).records
    assert (record.outcome, record.due, record.reason) == (Outcome.SKIPPED, at(5), "blackout lunch")


def test_what_waits_starts_neither_in_a_held_row_nor_in_one_that_is_paused() -> None:
    waiting = replace(standing(), active=(occurrence(stage=Stage.CLAIMED, started_at=None),))
    assert decide([waiting], NOON, HOUSE).starts == (("ops", "a", "at:before"),)
    for hold in (Hold("held"), Hold("no access", record=True)):
        plan = decide([replace(waiting, hold=hold)], NOON, HOUSE)
        assert (plan.starts, plan.stops) == ((), ())
    plan = decide([replace(waiting, task=task("a", status=Status.PAUSED))], NOON, HOUSE)
    assert (plan.starts, plan.stops) == ((), (Stop("run-a", "the row is paused", ""),))
    asked = replace(waiting.active[0], cause=Cause.MANUAL)  # by a person, who knows that the row is paused
    plan = decide([replace(waiting, task=task("a", status=Status.PAUSED), active=(asked,))], NOON, HOUSE)
    assert (plan.starts, plan.stops) == ((("ops", "a", "at:before"),), ())


def test_the_grace_begins_when_the_jitter_is_over() -> None:
    hourly = [standing(f"k{n}", schedule="every hour", jitter=timedelta(minutes=50)) for n in range(20)]
    late = max(hourly, key=lambda one: jitter(one.task, at(60)))
    assert (drawn := jitter(late.task, at(60))) > timedelta(minutes=20)
    assert [c.due for c in decide([late], at(69) + drawn, HOUSE).claims] == [at(60)]
    assert [r.outcome for r in decide([late], at(71) + drawn, HOUSE).records] == [Outcome.MISSED]


def test_a_queue_is_a_hundred_long() -> None:
    waiting = tuple(occurrence(id=f"run-{n}", trigger=f"at:{n}", stage=Stage.CLAIMED, started_at=None) for n in range(100))
    for overlap, claims in ((Overlap.QUEUE, 0), (Overlap.PARALLEL, 0), (Overlap.RESTART, 1)):
        plan = decide([replace(standing(overlap=overlap), active=waiting)], at(1), HOUSE)
        assert [r.reason for r in plan.records] == ["100 earlier ones still wait"] * (1 - claims)
        assert len(plan.claims) == claims


def test_a_task_whose_runs_may_overlap_can_be_run_now_while_it_runs() -> None:
    busy = replace(standing(schedule=None, overlap=Overlap.PARALLEL), active=(occurrence(),), requests=(wish(Wish.RUN_NOW),))
    assert [c.trigger for c in decide([busy], NOON, HOUSE).claims] == ["request:1"]


def test_a_snooze_counts_from_when_it_was_asked_for() -> None:
    (after,) = decide([replace(standing(), requests=(wish(Wish.SNOOZE, amount=90),))], NOON + timedelta(seconds=40), HOUSE).states
    assert after.snoozed_until == at(1.5)


def test_a_paused_task_has_no_next_run_to_skip() -> None:
    paused = replace(standing(status=Status.PAUSED), requests=(wish(Wish.SKIP_NEXT),))
    assert [(a.taken, a.text) for a in decide([paused], NOON, HOUSE).answers] == [(False, "no run is planned")]


def test_what_was_to_be_skipped_before_is_told_as_skipped_where_the_next_one_is_to_be_skipped_too() -> None:
    asked = replace(standing(), state=state("a", skip_until=at(1), skip_by="cli:bob"), requests=(wish(Wish.SKIP_NEXT),))
    records = decide([asked], at(5), HOUSE).records
    assert [(r.outcome, r.due, r.last_due) for r in records] == [
        (Outcome.SKIPPED, at(1), at(1)),
        (Outcome.MISSED, at(2), at(4)),
        (Outcome.SKIPPED, at(5), at(5)),
    ]
    changed = left_behind(asked.task, asked.state, at(3), "the row was changed before it could start")
    assert [(r.outcome, r.count) for r in changed] == [(Outcome.SKIPPED, 1), (Outcome.MISSED, 2)]

"""Laws of decisions: properties first, then the rules that a property can't say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome
from engine.asked import Request, Wish
from engine.blackout import Blackout
from engine.decide import back_off, decide
from engine.lateness import left_behind
from engine.model import SETTLE, CatchUp, Cause, Occurrence, Overlap, RowState, Stage, Status, Task, Type
from engine.plan import Hold, House, Plan, Released, Standing, Stop, cause
from engine.schedule import parse
from engine.upcoming import jitter
from engine.wishes import without_task
from tests.fakes.virtual import NOON

TICK = timedelta(microseconds=1)
HOUSE = House(awake_since=NOON - timedelta(days=1), free=99)
SCHEDULES = ("every minute", "every 7 minutes", "daily 12:03", "*/5 * * * *", "2026-03-02 12:04", "mon 12:01", "every 90s")


def state(key: str, **changes: object) -> RowState:
    long_ago = NOON - timedelta(hours=3)
    blank = RowState(table="ops", key=key, cells={}, first_seen=long_ago, changed_at=long_ago, since=NOON, settled_until=NOON)
    return replace(blank, **changes)  # type: ignore[arg-type]  # names are the struct's own


def task(key: str, schedule: str | None = "every minute", **changes: object) -> Task:
    parsed = parse(schedule, type=None, zone=UTC, since=NOON) if schedule else None
    plain = Task(
        table="ops",
        key=key,
        name=key,
        type=parsed.type if parsed else Type.MANUAL,
        action="act",
        parameters={},
        status=Status.ACTIVE,
        schedule=parsed.schedule if parsed else None,
        zone=ZoneInfo("Europe/Berlin"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names are the struct's own


def standing(key: str = "a", schedule: str | None = "every minute", **changes: object) -> Standing:
    return Standing(task(key, schedule, **changes), state(key))


def occurrence(key: str = "a", **changes: object) -> Occurrence:
    plain = Occurrence(
        id=f"run-{key}",
        table="ops",
        key=key,
        task=key,
        trigger="at:before",
        cause=Cause.SCHEDULE,
        due=NOON,
        claimed_at=NOON,
        stage=Stage.RUNNING,
        action="act",
        attempt=1,
        started_at=NOON,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names are the struct's own


def wish(kind: Wish, amount: float = 0, number: int = 1) -> Request:
    return Request(number, "ops", "a", kind, amount, "cli:ann", NOON)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@st.composite
def standings(draw: st.DrawFn) -> list[Standing]:
    made = []
    for number in range(draw(st.integers(0, 5))):
        key = f"k{number}"
        active: tuple[Occurrence, ...] = ()
        if draw(st.integers(0, 3)) == 0:
            stage = draw(st.sampled_from([Stage.RUNNING, Stage.CLAIMED, Stage.WAITING]))
            retry = at(draw(st.integers(-2, 9))) if stage is Stage.WAITING else None
            active = (occurrence(key, id=f"r{number}", stage=stage, retry_at=retry, due=at(-1)),)
        made.append(
            Standing(
                task(
                    key,
                    draw(st.sampled_from(SCHEDULES)),
                    overlap=draw(st.sampled_from(Overlap)),
                    catch_up=draw(st.sampled_from(CatchUp)),
                    priority=draw(st.integers(-2, 2)),
                    jitter=timedelta(seconds=draw(st.sampled_from([0, 0, 20]))),
                    status=draw(st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.PAUSED])),
                ),
                state(
                    key,
                    settled_until=at(draw(st.integers(-30, 0))),
                    changed_at=at(draw(st.sampled_from([-90, -90, 0, 3]))),
                    snoozed_until=draw(st.sampled_from([None, None, at(4)])),
                ),
                hold=draw(st.sampled_from([None, None, None, Hold("held"), Hold("no access", record=True)])),
                active=active,
            )
        )
    return made


def moves(plan: Plan) -> tuple[object, ...]:
    """What a plan does, beside when it wakes."""
    return (plan.claims, plan.records, plan.starts, plan.stops, plan.answers, plan.states)


def carried_out(those: Sequence[Standing], plan: Plan) -> list[Standing]:
    """Where the tasks stand once the plan is done and what it started runs. What runs and was stopped has not ended yet."""
    after = []
    for one in those:
        key = one.task.key
        newer = next((s for s in plan.states if s.key == key), one.state)
        stopped = {s.run for s in plan.stops}
        kept = [o for o in one.active if o.stage is Stage.RUNNING or o.id not in stopped]
        kept += [replace(c, id=f"{c.key}/{c.trigger}") for c in plan.claims if c.key == key]
        begun = {trigger for _, k, trigger in plan.starts if k == key}
        kept = [replace(o, stage=Stage.RUNNING, started_at=NOON, retry_at=None) if o.trigger in begun else o for o in kept]
        after.append(replace(one, state=newer, active=tuple(kept), requests=()))
    return after


@settings(max_examples=300, deadline=None)
@given(standings())
def test_the_wake_time_is_when_the_plan_next_changes(those: list[Standing]) -> None:
    first = decide(those, at(5), HOUSE)
    settled = carried_out(those, first)
    plan = decide(settled, at(5), HOUSE)
    assert moves(plan) == ((),) * 6  # a plan carried out leaves nothing to do at the same instant
    if plan.wake is None:
        return
    assert moves(decide(settled, plan.wake - TICK, HOUSE)) == ((),) * 6
    later = decide(settled, plan.wake, HOUSE)
    assert moves(later) != ((),) * 6 or later.wake != plan.wake


@settings(max_examples=500, deadline=None)
@given(standings(), st.integers(0, 4))
def test_a_plan_tells_when_to_look_again_also_once_it_is_carried_out(those: list[Standing], free: int) -> None:
    """So a task isn't decided on again for what was just decided."""
    first = decide(those, at(5), replace(HOUSE, free=free))
    again = decide(carried_out(those, first), at(5), replace(HOUSE, free=max(0, free - len(first.starts))))
    assert moves(again) == ((),) * 6
    assert again.wakes == first.wakes
    assert {(o.key, o.trigger) for o in again.left} == {(o.key, o.trigger) for o in first.left}


@settings(max_examples=200, deadline=None)
@given(standings(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(those: list[Standing], luck: object) -> None:
    shuffled = list(those)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    one, other = decide(those, at(5), HOUSE), decide(shuffled, at(5), HOUSE)
    assert one.starts == other.starts
    assert one.wakes == other.wakes
    assert {(c.key, c.trigger) for c in one.claims} == {(c.key, c.trigger) for c in other.claims}


@settings(max_examples=200, deadline=None)
@given(standings(), st.integers(0, 4))
def test_no_more_starts_than_there_are_free_workers_and_the_best_first(those: list[Standing], free: int) -> None:
    plan = decide(those, at(5), replace(HOUSE, free=free))
    everything = decide(those, at(5), HOUSE)
    assert plan.starts == everything.starts[:free]
    assert plan.claims == everything.claims


@settings(max_examples=200, deadline=None)
@given(standings())
def test_every_occurrence_that_came_due_gets_exactly_one_claim_or_record(those: list[Standing]) -> None:
    plan = decide(those, at(5), HOUSE)
    for one in those:
        moved = next((s for s in plan.states if s.key == one.task.key), one.state)
        schedule = one.task.schedule
        assert schedule is not None
        due, cursor = 0, one.state.settled_until
        while (following := schedule.next(cursor)) is not None and following <= moved.settled_until:
            due, cursor = due + 1, following
        claims = sum(c.key == one.task.key for c in plan.claims)
        records = sum(r.count for r in plan.records if r.key == one.task.key)
        assert claims + records == due


@settings(max_examples=100, deadline=None)
@given(standings())
def test_a_plan_carried_out_claims_nothing_twice(those: list[Standing]) -> None:
    first = decide(those, at(5), HOUSE)
    second = decide(carried_out(those, first), at(7), HOUSE)
    triggers = [(c.key, c.trigger) for c in (*first.claims, *second.claims)]
    assert len(triggers) == len(set(triggers))


def test_within_the_grace_the_newest_runs_and_older_ones_are_superseded() -> None:
    plan = decide([standing()], at(3.2), HOUSE)
    assert [c.due for c in plan.claims] == [at(3)]
    (record,) = plan.records
    assert (record.outcome, record.reason) == (Outcome.MISSED, "too late to start, and a newer one took its place")
    assert (record.count, record.due, record.last_due) == (2, at(1), at(2))


def test_beyond_the_grace_skip_records_and_names_the_reason() -> None:
    late = standing(schedule="daily 12:03")
    now = NOON + timedelta(hours=5)
    (record,) = decide([late], now, replace(HOUSE, awake_since=now - timedelta(minutes=1))).records
    assert (record.outcome, record.reason, record.count) == (Outcome.MISSED, "rowd was not running", 1)
    (record,) = decide([late], now, HOUSE).records
    assert record.reason == "too late to start"
    (record,) = decide([late], now, replace(HOUSE, unwritten_since=NOON)).records
    assert record.reason == "rowd could not write its ledger"
    (record,) = decide([replace(late, released=Released(now, "the table was held: no header"))], now, HOUSE).records
    assert record.reason == "the table was held: no header"


@pytest.mark.parametrize(
    ("house", "released", "why"),
    [
        (replace(HOUSE, awake_since=at(3.1)), None, "rowd was not running"),
        (replace(HOUSE, unwritten_since=at(0.5)), None, "rowd could not write its ledger"),
        (HOUSE, Released(at(3.1), "the table was held: no header"), "the table was held: no header"),
        (HOUSE, Released(at(0.5), "no header"), "too late to start"),
    ],
)
def test_what_a_newer_one_took_the_place_of_still_says_why_it_did_not_run_then(house: House, released: Released, why: str) -> None:
    (record,) = decide([replace(standing(), released=released)], at(3.2), house).records
    assert (record.reason, record.count) == (f"{why}, and a newer one took its place", 2)


@pytest.mark.parametrize(
    ("told", "recorded"),
    [
        ("no access: /a b/ops.csv is gone. Put it back", "no access: /a b/ops.csv is gone"),
        ("6 of 8 rows are gone at once; put them back, or leave it so until 12:05", "6 of 8 rows are gone at once"),
        ('no column "Name. And; more" (is it "Nme"?); add it', 'no column "Name. And; more" (is it "Nme"?)'),
        ("the file is gone", "the file is gone"),
        ("the file is gone.", "the file is gone"),
        ('the quote (") that opens a cell is never closed', 'the quote (") that opens a cell is never closed'),
    ],
)
def test_a_record_tells_the_cause_and_no_advice_that_was_good_only_then(told: str, recorded: str) -> None:
    held = decide([replace(standing(), hold=Hold(told, record=True))], at(1), HOUSE)
    assert [r.reason for r in held.records] == [recorded]
    late = replace(standing(schedule="daily 12:03"), released=Released(at(20), cause(told)))
    assert [r.reason for r in decide([late], at(20), HOUSE).records] == [recorded]
    _, (stop,) = without_task((), (occurrence("a", id="r1", stage=Stage.CLAIMED),), told, mends=False)
    assert stop.reason == recorded


@pytest.mark.parametrize(("minutes", "claimed"), [(13, 1), (13.01, 0)])
def test_the_grace_ends_at_ten_minutes_to_the_microsecond(minutes: float, claimed: int) -> None:
    plan = decide([standing(schedule="daily 12:03")], at(minutes), HOUSE)
    assert len(plan.claims) == claimed
    assert len(plan.records) == 1 - claimed


def test_catch_up_once_runs_the_newest_and_all_runs_every_one() -> None:
    now = at(60 * 24 * 3 + 60)
    once = decide([standing(schedule="daily 12:03", catch_up=CatchUp.ONCE)], now, HOUSE)
    assert [c.due for c in once.claims] == [at(60 * 24 * 3 + 3)]
    assert once.records[0].count == 3
    every = decide([standing(schedule="daily 12:03", catch_up=CatchUp.ALL)], now, HOUSE)
    assert [c.due for c in every.claims] == [at(60 * 24 * d + 3) for d in range(4)]
    assert not every.records
    assert len(every.starts) == 1  # one after the other


@pytest.mark.parametrize("stage", [None, Stage.CLAIMED, Stage.RUNNING, Stage.WAITING])
@pytest.mark.parametrize("overlap", Overlap)
def test_catch_up_all_runs_what_is_late_whatever_is_under_way(overlap: Overlap, stage: Stage | None) -> None:
    active = (occurrence("a", id="r1", stage=stage, retry_at=at(1), due=at(-1)),) if stage is not None else ()
    plan = decide([replace(standing(catch_up=CatchUp.ALL, overlap=overlap), active=active)], at(3.2), HOUSE)
    assert [c.due for c in plan.claims] == [at(1), at(2), at(3)]
    assert not plan.records
    assert len(plan.starts) <= 1 or overlap is Overlap.PARALLEL  # one after another


def test_catch_up_all_of_a_single_late_one_waits_for_its_turn_and_what_is_on_time_is_skipped_for_overlap() -> None:
    busy = replace(standing(schedule="daily 12:03", catch_up=CatchUp.ALL), active=(occurrence("a", stage=Stage.RUNNING),))
    (claim,) = decide([busy], at(13.01), HOUSE).claims
    assert claim.due == at(3)
    (record,) = decide([busy], at(13), HOUSE).records
    assert record.outcome is Outcome.SKIPPED


def test_what_is_caught_up_fills_the_queue_of_a_task_and_no_more() -> None:
    crowd = tuple(occurrence("a", id=f"r{n}", trigger=f"at:{n}") for n in range(98))
    plan = decide([replace(standing(catch_up=CatchUp.ALL), active=crowd)], at(3.2), HOUSE)
    assert [c.due for c in plan.claims] == [at(1), at(2)]
    assert [(str(r.outcome), r.reason) for r in plan.records] == [("skipped", "100 earlier ones still wait")]


def test_catch_up_all_is_capped_and_says_what_it_left_out() -> None:
    plan = decide([standing(catch_up=CatchUp.ALL)], at(250.5), HOUSE)
    assert len(plan.claims) == 100
    assert plan.claims[-1].due == at(250)
    assert plan.records[0].count == 150


def test_a_month_of_seconds_is_counted_without_walking_for_ever() -> None:
    plan = decide([standing(schedule="* * * * * *")], at(60 * 24 * 30), HOUSE)
    assert [c.due for c in plan.claims] == [at(60 * 24 * 30)]
    assert "counted up to" not in plan.claims[0].reason
    assert plan.records[0].count >= 99_999


def test_nothing_starts_until_the_row_has_settled() -> None:
    edited = Standing(task("a"), state("a", changed_at=at(1) - timedelta(seconds=1)))
    plan = decide([edited], at(1), HOUSE)
    assert moves(plan) == ((),) * 6
    assert plan.wake == at(1) - timedelta(seconds=1) + SETTLE
    assert plan.wake is not None
    assert len(decide([edited], plan.wake, HOUSE).starts) == 1


@pytest.mark.parametrize(
    ("overlap", "claims", "records", "stops"),
    [(Overlap.SKIP, 0, 1, 0), (Overlap.QUEUE, 1, 0, 0), (Overlap.PARALLEL, 1, 0, 0), (Overlap.RESTART, 1, 0, 1)],
)
def test_each_way_of_overlapping(overlap: Overlap, claims: int, records: int, stops: int) -> None:
    busy = replace(standing(overlap=overlap), active=(occurrence(),))
    plan = decide([busy], at(1), HOUSE)
    assert (len(plan.claims), len(plan.records), len(plan.stops)) == (claims, records, stops)
    assert len(plan.starts) == (overlap is Overlap.PARALLEL)
    if records:
        assert plan.records[0].outcome is Outcome.SKIPPED
        assert plan.records[0].reason == "still running since Mon 2 Mar 2026 13:00 Berlin"


def test_a_held_table_waits_and_one_without_access_records() -> None:
    waiting = decide([replace(standing(), hold=Hold("rows are gone"))], at(1), HOUSE)
    assert moves(waiting) == ((),) * 6
    away = decide([replace(standing(), hold=Hold("no access: the file is gone", record=True))], at(1), HOUSE)
    assert [(r.outcome, r.reason) for r in away.records] == [(Outcome.MISSED, "no access: the file is gone")]
    assert not away.claims


def test_a_blackout_skips_what_recurs_and_delays_what_happens_once() -> None:
    night = Blackout("night", UTC, time(12, 0), time(12, 10))
    dark = replace(HOUSE, blackouts=(night,))
    (record,) = decide([standing()], at(1), dark).records
    assert (record.outcome, record.reason) == (Outcome.SKIPPED, "blackout night")
    once = standing(schedule="2026-03-02 12:04", catch_up=CatchUp.ONCE)
    plan = decide([once], at(5), dark)
    assert (moves(plan), plan.wake) == (((),) * 6, at(10))
    assert len(decide([once], at(10), dark).starts) == 1


def test_a_snoozed_task_skips_and_its_one_off_waits() -> None:
    snoozed = Standing(task("a"), state("a", snoozed_until=at(3)))
    assert decide([snoozed], at(1), HOUSE).records[0].reason == "snoozed until Mon 2 Mar 2026 13:03 Berlin"
    assert len(decide([replace(snoozed, state=replace(snoozed.state, settled_until=at(2)))], at(3), HOUSE).starts) == 1


def test_a_counter_fires_at_its_threshold_once_armed_and_keeps_the_rest() -> None:
    counter = Standing(task("a", None, type=Type.COUNTER, threshold=3), state("a", count=7, armed=True))
    plan = decide([counter], NOON, HOUSE)
    assert [c.trigger for c in plan.claims] == ["counter:1"]
    assert plan.states[0].count == 4
    resting = replace(counter, state=replace(counter.state, armed=False))
    assert moves(decide([resting], NOON, HOUSE)) == ((),) * 6


def test_a_counter_far_above_its_threshold_fires_once_and_where_runs_may_overlap_as_often_as_there_is_room() -> None:
    counter = Standing(task("a", None, type=Type.COUNTER, threshold=3), state("a", count=500, armed=True))
    assert [c.trigger for c in decide([counter], NOON, HOUSE).claims] == ["counter:1"]
    parallel = replace(counter, task=replace(counter.task, overlap=Overlap.PARALLEL))
    plan = decide([parallel], NOON, HOUSE)
    assert [c.trigger for c in plan.claims] == [f"counter:{n}" for n in range(1, 101)]
    assert plan.states[0].count == 200  # what found no room stays counted
    few = replace(parallel, state=replace(parallel.state, count=8))
    assert [(len(p.claims), p.states[0].count) for p in [decide([few], NOON, HOUSE)]] == [(2, 2)]
    seldom = replace(parallel, task=replace(parallel.task, every=timedelta(minutes=5)))
    plan = decide([seldom], NOON, HOUSE)
    assert (len(plan.claims), plan.wake) == (1, at(5) - timedelta(seconds=15))  # a twentieth is forgiven


def test_the_operators_frequency_skips_what_recurs_too_soon() -> None:
    ran = occurrence(stage=Stage.ENDED, outcome=Outcome.SUCCEEDED, started_at=NOON)
    dense = replace(standing(every=timedelta(minutes=5)), last=ran)
    assert decide([dense], at(1), HOUSE).records[0].reason == "too soon: the action act allows a task one run in 5m"
    assert len(decide([replace(dense, state=state("a", settled_until=at(4)))], at(5), HOUSE).claims) == 1
    ahead = replace(dense, last=replace(ran, started_at=at(600)))  # before the clock was set back
    assert len(decide([ahead], at(1), HOUSE).claims) == 1
    asked = replace(dense, requests=(wish(Wish.RUN_NOW),))
    assert [a.text for a in decide([asked], NOON + TICK, HOUSE).answers] == ["too soon: the action act allows a task one run in 5m"]


def test_an_open_breaker_delays_the_start_and_not_the_claim() -> None:
    plan = decide([standing()], at(1), replace(HOUSE, shut={"act": at(4)}))
    assert (len(plan.claims), plan.starts) == (1, ())
    assert plan.wake == at(2)  # the next occurrence comes first


def test_an_action_at_its_limit_lets_others_pass() -> None:
    those = [standing("a", priority=9), standing("b", action="other")]
    plan = decide(those, at(1), replace(HOUSE, running={("action", "act"): 1}, limits={("action", "act"): 1}))
    assert [key for _, key, _ in plan.starts] == ["b"]


def test_a_new_ledger_never_runs_a_one_off_that_bears_marks() -> None:
    marked = Standing(task("a", "2026-03-02 12:04"), state("a", marked=True))
    (record,) = decide([marked], at(4), HOUSE).records
    assert record.outcome is Outcome.MISSED
    assert record.reason.startswith("new ledger")


@pytest.mark.parametrize(
    ("kind", "active", "last", "taken", "text"),
    [
        (Wish.RUN_NOW, False, None, True, "taken"),
        (Wish.RUN_NOW, True, None, False, "still running since Mon 2 Mar 2026 13:00 Berlin"),
        (Wish.CANCEL, False, None, False, "nothing is running"),
        (Wish.CANCEL, True, None, True, "taken"),
        (Wish.RETRY, False, None, False, "it has not run yet"),
        (Wish.RETRY, False, Outcome.SUCCEEDED, False, "the last run succeeded; use `run now` to run it again"),
        (Wish.RETRY, False, Outcome.FAILED, True, "taken"),
        (Wish.SKIP_NEXT, False, None, True, "taken"),
        (Wish.TICK, False, None, False, "only a counter can be ticked, and this is of type interval"),
    ],
)
def test_what_becomes_of_a_wish(kind: Wish, active: bool, last: Outcome | None, taken: bool, text: str) -> None:
    asked = replace(
        standing(),
        requests=(wish(kind),),
        active=(occurrence(),) if active else (),
        last=occurrence(stage=Stage.ENDED, outcome=last) if last else None,
    )
    (answer,) = decide([asked], NOON + TICK, HOUSE).answers
    assert (answer.taken, answer.text) == (taken, text)


def test_a_row_that_is_no_task_lets_go_of_what_is_under_way_and_can_do_nothing_else() -> None:
    runs, waits = occurrence(), occurrence(id="later", stage=Stage.CLAIMED)
    answers, stops = without_task(
        [wish(Wish.RUN_NOW), wish(Wish.CANCEL), wish(Wish.CANCEL)], [runs, waits], "it is a draft", mends=False
    )
    assert [(a.taken, a.text) for a in answers] == [(False, "it is a draft"), (True, "taken"), (True, "taken")]
    assert stops == [Stop("run-a", "cancelled", "cli:ann"), Stop("later", "cancelled", "cli:ann")]
    assert without_task([], [runs, waits], "it is a draft", mends=False) == ([], [Stop("later", "it is a draft", "")])
    (answer,), stops = without_task([wish(Wish.CANCEL)], [], "it is a draft", mends=False)
    assert (answer.taken, answer.text, stops) == (False, "nothing is running", [])


@pytest.mark.parametrize("kind", [Wish.RUN_NOW, Wish.RETRY])
@pytest.mark.parametrize("record", [False, True])
def test_what_is_asked_of_a_held_row_is_refused_with_the_reason(kind: Wish, record: bool) -> None:
    held = replace(standing(), hold=Hold("the file is gone", record=record), requests=(wish(kind),))
    plan = decide([replace(held, last=occurrence(stage=Stage.ENDED, outcome=Outcome.FAILED))], NOON, HOUSE)
    assert [(a.taken, a.text) for a in plan.answers] == [(False, "the file is gone")]
    assert not plan.claims


def test_a_snooze_of_no_time_is_refused() -> None:
    for amount, taken in ((0, False), (1, True)):
        plan = decide([replace(standing(), requests=(wish(Wish.SNOOZE, amount=amount),))], NOON, HOUSE)
        assert [a.taken for a in plan.answers] == [taken]
    (refused,) = decide([replace(standing(), requests=(wish(Wish.SNOOZE),))], NOON, HOUSE).answers
    assert refused.text == 'a snooze of no time changes nothing; say for how long, like "snooze 2h"'


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({}, True),
        ({"stage": Stage.WAITING, "retry_at": at(9)}, True),
        ({"stage": Stage.RUNNING}, False),  # its end says what becomes of the row
        ({"due": at(-1)}, False),  # the row was edited since: another one comes
        ({"cause": Cause.MANUAL}, False),
    ],
)
def test_a_one_off_is_over_where_its_only_occurrence_is_taken_back(changes: dict[str, object], over: bool) -> None:
    its = occurrence(**{"stage": Stage.CLAIMED, "started_at": None, "due": at(1), **changes})
    plan = decide([replace(standing("a", "2026-03-02 12:01"), active=(its,), requests=(wish(Wish.CANCEL),))], NOON, HOUSE)
    assert [s.cells.get("Status") for s in plan.completed] == ["completed"] * over
    assert not plan.states


def test_two_presses_at_once_start_one_run() -> None:
    asked = replace(standing(schedule=None), requests=(wish(Wish.RUN_NOW, number=1), wish(Wish.RUN_NOW, number=2)))
    plan = decide([asked], NOON, HOUSE)
    assert [a.taken for a in plan.answers] == [True, False]
    assert len(plan.starts) == 1


def test_a_run_that_is_asked_for_and_cancelled_in_one_breath_never_starts() -> None:
    asked = replace(standing(schedule=None), requests=(wish(Wish.RUN_NOW, number=1), wish(Wish.CANCEL, number=2)))
    plan = decide([asked], NOON, HOUSE)
    assert [(a.taken, a.text) for a in plan.answers] == [(False, "cancelled by cli:ann before it started"), (True, "taken")]
    assert (plan.claims, plan.starts) == ((), ())


def test_what_is_to_be_skipped_is_recorded_when_it_comes_due() -> None:
    asked = replace(standing(), requests=(wish(Wish.SKIP_NEXT),))
    plan = decide([asked], NOON + TICK, HOUSE)
    assert (plan.records, plan.wake) == ((), at(1))
    asked = replace(asked, requests=(), state=plan.states[0])
    plan = decide([asked], at(1), HOUSE)
    assert [(r.outcome, r.due, r.reason) for r in plan.records] == [(Outcome.SKIPPED, at(1), "asked by cli:ann")]
    assert (plan.claims, plan.wake, plan.states[0].skip_until) == ((), at(2), None)


def test_each_press_of_skip_next_skips_one_more() -> None:
    asked = replace(standing(), requests=(wish(Wish.SKIP_NEXT, number=1), wish(Wish.SKIP_NEXT, number=2)))
    asked = replace(asked, requests=(), state=decide([asked], NOON + TICK, HOUSE).states[0])
    plan = decide([asked], at(3), HOUSE)
    assert [(r.outcome, r.due, r.count) for r in plan.records] == [(Outcome.SKIPPED, at(1), 2)]
    assert [c.due for c in plan.claims] == [at(3)]


@pytest.mark.parametrize("now", [at(5), at(6) - TICK])
def test_skip_next_is_not_spent_on_what_would_not_run_any_more(now: datetime) -> None:
    asked = replace(standing(), requests=(wish(Wish.SKIP_NEXT),))
    plan = decide([asked], now, HOUSE)
    superseded, skipped = plan.records
    assert (superseded.outcome, superseded.due, superseded.last_due, superseded.count) == (Outcome.MISSED, at(1), at(4), 4)
    assert (skipped.outcome, skipped.reason, skipped.due, skipped.count) == (Outcome.SKIPPED, "asked by cli:ann", at(5), 1)
    assert (plan.claims, plan.states[0].settled_until, plan.states[0].skip_until) == ((), at(5), None)


def test_skip_next_skips_what_is_to_come_where_all_that_is_past_is_too_late() -> None:
    asked = replace(standing(schedule="every hour"), requests=(wish(Wish.SKIP_NEXT),))
    plan = decide([asked], at(90), HOUSE)
    assert [(r.outcome, r.due) for r in plan.records] == [(Outcome.MISSED, at(60))]
    assert (plan.states[0].settled_until, plan.states[0].skip_until) == (at(60), at(120))


def test_skip_next_is_not_spent_on_what_is_missed_for_want_of_access() -> None:
    asked = replace(standing(), hold=Hold("no access: unshared", record=True), requests=(wish(Wish.SKIP_NEXT),))
    plan = decide([asked], at(80), HOUSE)
    assert [(r.outcome, r.due, r.last_due, r.count) for r in plan.records] == [(Outcome.MISSED, at(1), at(80), 80)]
    assert (plan.states[0].settled_until, plan.states[0].skip_until) == (at(80), at(81))


@pytest.mark.parametrize("was", [{}, {"settled_until": NOON - timedelta(minutes=3)}])
def test_what_a_row_leaves_behind_when_it_changes_is_missed(was: dict[str, object]) -> None:
    (record,) = left_behind(task("a"), state("a", **was), at(3), "the row was changed before it could start")
    number = 6 if was else 3
    assert (record.outcome, record.count, record.due, record.last_due) == (Outcome.MISSED, number, at(4 - number), at(3))
    assert left_behind(task("a", status=Status.PAUSED), state("a"), at(3), "") == []
    assert left_behind(task("a"), state("a", settled_until=at(3)), at(3), "") == []


def test_a_row_seen_and_a_retry_planned_before_the_clock_was_set_back_do_not_wait_for_it() -> None:
    ahead = replace(standing(), state=state("a", changed_at=NOON + timedelta(days=40)))
    assert [c.due for c in decide([ahead], at(1), HOUSE).claims] == [at(1)]
    failed = occurrence(stage=Stage.WAITING, attempts=3, retry_at=NOON + timedelta(days=40), retry_wait=timedelta(seconds=10))
    plan = decide([replace(standing(schedule=None), active=(failed,))], NOON, HOUSE)
    assert plan.wake is not None
    assert plan.wake <= NOON + timedelta(seconds=13)


def test_a_tick_and_its_fire_are_one_step() -> None:
    counter = Standing(task("a", None, type=Type.COUNTER, threshold=3), state("a", count=2), requests=(wish(Wish.TICK, amount=2),))
    plan = decide([counter], NOON, HOUSE)
    assert [c.trigger for c in plan.claims] == ["counter:1"]
    assert plan.states[0].count == 1


def test_a_tick_that_is_worth_too_many_runs_is_refused() -> None:
    counter = Standing(
        task("a", None, type=Type.COUNTER, threshold=3), state("a", count=2), requests=(wish(Wish.TICK, amount=1e9),)
    )
    plan = decide([counter], NOON, HOUSE)
    assert (plan.claims, plan.states) == ((), ())
    assert plan.answers[0].text == "the count would be worth 333,333,334 runs in a row, and at most 1,000 are taken; tick less"


@given(st.integers(1, 60), st.integers(1, 30))
def test_back_off_grows_and_never_exceeds_an_hour_and_a_quarter(seconds: int, failed: int) -> None:
    waits = occurrence(retry_wait=timedelta(seconds=seconds))
    wait = back_off(waits, failed)
    assert timedelta(seconds=seconds) <= wait <= timedelta(hours=1.25)
    assert back_off(occurrence(retry_wait=timedelta(hours=3)), failed) >= timedelta(hours=3)  # it was asked for


@given(st.integers(0, 3600))
def test_jitter_is_fixed_by_the_occurrence_and_within_its_span(minutes: int) -> None:
    shaky = task("a", jitter=timedelta(seconds=30))
    drawn = jitter(shaky, at(minutes))
    assert timedelta(0) <= drawn < timedelta(seconds=30)
    assert drawn == jitter(shaky, at(minutes))

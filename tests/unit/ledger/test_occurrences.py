"""From claim to outcome: once each, and only along `MOVES`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome, Result, Uptime
from engine.ledger import IllegalMove, Ledger
from engine.model import MOVES, Occurrence, Stage
from tests.unit.ledger.making import MINUTE, NOON, claimed, occurrence, ran

FINE = Result(Outcome.SUCCEEDED, "fine", {"coverage": 78.5}, ("report.html",))
BAD = Result(Outcome.FAILED, "exit status 1")
SINCE = Uptime("a boot", 12345.678901)


def begin(ledger: Ledger, made: Occurrence, attempt: int = 1) -> None:
    with ledger.transaction():
        ledger.begin([(made.id, attempt)], NOON)


def end_attempt(ledger: Ledger, made: Occurrence, result: Result, attempt: int = 1, *, again: bool = False) -> Occurrence:
    with ledger.transaction():
        return ledger.end_attempt(made.id, attempt, NOON + MINUTE, result, MINUTE, NOON + 2 * MINUTE if again else None)


def test_a_trigger_is_claimed_once(ledger: Ledger) -> None:
    first, second, other = occurrence("a", "at:1"), occurrence("a", "at:1"), occurrence("b", "at:1")
    with ledger.transaction():
        assert ledger.claim([first, second, other]) == [True, False, True]
    with ledger.transaction():
        assert ledger.claim([occurrence("a", "at:1"), occurrence("a", "at:2")]) == [False, True]
    assert [o.id for o in ledger.active()][:2] == [first.id, other.id]


def test_the_same_claim_made_again_is_not_won_again(ledger: Ledger) -> None:
    made = occurrence()
    with ledger.transaction():
        assert ledger.claim([made]) == [True]
        with pytest.raises(IllegalMove):
            ledger.claim([replace(made, trigger="at:other")])
        assert ledger.claim([made]) == [False]
        with pytest.raises(IllegalMove):
            ledger.claim([made, made])


@pytest.mark.parametrize("wrong", [{"id": ""}, {"stage": Stage.RUNNING}])
def test_only_a_claimed_occurrence_with_an_id_can_be_claimed(ledger: Ledger, wrong: dict[str, Any]) -> None:
    with ledger.transaction(), pytest.raises(IllegalMove):
        ledger.claim([occurrence(**wrong)])
    assert ledger.active() == []


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=8), max_size=6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_interleaving_of_claims_gives_a_trigger_to_two(ledger: Ledger, batches: list[list[tuple[str, int]]]) -> None:
    table = f"table of {occurrence().id}"  # one ledger serves all examples
    won: list[tuple[str, int]] = []
    for batch in batches:
        wanted = [occurrence(key, f"at:{n}", table=table) for key, n in batch]
        with ledger.transaction():
            won += [pair for pair, yes in zip(batch, ledger.claim(wanted), strict=True) if yes]
    assert len(won) == len(set(won))
    assert set(won) == {pair for batch in batches for pair in batch}


def test_a_run_goes_from_claim_to_outcome(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    with ledger.transaction():
        ledger.begin([(made.id, 1)], NOON, {made.id: "/logs/x"}, {made.id: "command"}, SINCE)
    running = replace(made, stage=Stage.RUNNING, attempt=1, started_at=NOON)
    assert ledger.active() == [running]
    (unfinished,) = ledger.unfinished_attempts()
    assert (unfinished.occurrence, unfinished.attempt.since, unfinished.attempt.folder) == (running, SINCE, "/logs/x")
    after = end_attempt(ledger, made, FINE)
    assert after == replace(
        running,
        stage=Stage.ENDED,
        outcome=Outcome.SUCCEEDED,
        reason="fine",
        outputs={"coverage": 78.5},
        links=("report.html",),
        ended_at=NOON + MINUTE,
        duration=MINUTE,
    )
    assert ledger.occurrence(made.id) == after
    assert ledger.active() == []
    assert ledger.unfinished_attempts() == []
    (attempt,) = ledger.attempts(made.id)
    assert (attempt.n, attempt.outcome, attempt.summary, attempt.duration) == (1, Outcome.SUCCEEDED, "fine", MINUTE)
    assert (attempt.started_at, attempt.ended_at, attempt.since) == (NOON, NOON + MINUTE, SINCE)


def test_a_failed_attempt_may_be_followed_by_another(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    begin(ledger, made)
    waiting = end_attempt(ledger, made, BAD, again=True)
    assert (waiting.stage, waiting.retry_at) == (Stage.WAITING, NOON + 2 * MINUTE)
    assert (waiting.outcome, waiting.reason) == (None, BAD.summary)
    assert ledger.active() == [waiting]
    with ledger.transaction():
        ledger.begin([(made.id, 2)], NOON + 2 * MINUTE, {made.id: "/logs/second"})
    again = ledger.active()[0]
    assert (again.attempt, again.started_at, again.retry_at) == (2, NOON, None)
    assert end_attempt(ledger, made, FINE, 2).outcome is Outcome.SUCCEEDED
    assert [(a.n, a.outcome, a.folder) for a in ledger.attempts(made.id)] == [
        (1, Outcome.FAILED, None),
        (2, Outcome.SUCCEEDED, "/logs/second"),
    ]


@pytest.mark.parametrize(
    ("result", "fields", "allowed"),
    [
        (Result(Outcome.FAILED, ""), {}, True),
        (Result(Outcome.TIMED_OUT, ""), {}, True),
        (Result(Outcome.LOST, ""), {"repeatable": True}, True),
        (Result(Outcome.LOST, ""), {"repeatable": False}, False),
        (Result(Outcome.FAILED, ""), {"attempts": 1}, False),
        (Result(Outcome.SUCCEEDED, ""), {}, False),
        (Result(Outcome.CANCELLED, ""), {"repeatable": True}, False),
    ],
)
def test_another_attempt_follows_only_a_failure_within_the_allowed_number(
    ledger: Ledger, result: Result, fields: dict[str, Any], allowed: bool
) -> None:
    (made,) = claimed(ledger, occurrence(**fields))
    begin(ledger, made)
    if allowed:
        assert end_attempt(ledger, made, result, again=True).stage is Stage.WAITING
        return
    with pytest.raises(IllegalMove):
        end_attempt(ledger, made, result, again=True)
    assert ledger.active()[0].stage is Stage.RUNNING
    assert ledger.attempts(made.id)[0].outcome is None


def test_no_attempt_begins_twice(ledger: Ledger) -> None:
    made, other = claimed(ledger, occurrence(), occurrence())
    begin(ledger, made)
    for attempt in (1, 2):
        with pytest.raises(IllegalMove):
            begin(ledger, made, attempt)
    with pytest.raises(IllegalMove), ledger.transaction():
        ledger.begin([(other.id, 1), (made.id, 1)], NOON)
    assert [o.stage for o in ledger.active()] == [Stage.RUNNING, Stage.CLAIMED]
    with pytest.raises(IllegalMove):
        begin(ledger, other, 2)


def test_only_an_attempt_under_way_is_asked_to_stop(ledger: Ledger) -> None:
    waiting, running, other = claimed(ledger, occurrence("a"), occurrence("b"), occurrence("c"))
    with ledger.transaction():
        ledger.begin([(running.id, 1), (other.id, 1)], NOON)
        ledger.ask_to_stop([(waiting.id, "too early"), (running.id, "by a person")], NOON)
    assert [(o.key, o.stopping) for o in ledger.active()] == [("a", ""), ("b", "by a person"), ("c", "")]


def test_no_attempt_begins_beyond_the_allowed_number(ledger: Ledger) -> None:
    made, forbidden = claimed(ledger, occurrence(attempts=2), occurrence(attempts=0))
    begin(ledger, made)
    end_attempt(ledger, made, BAD, again=True)
    begin(ledger, made, 2)
    with pytest.raises(IllegalMove):
        end_attempt(ledger, made, BAD, 2, again=True)
    with pytest.raises(IllegalMove):
        begin(ledger, forbidden)


def test_each_attempt_has_its_own_instant_on_the_machines_clock(ledger: Ledger) -> None:
    made = occurrence()
    with ledger.transaction():
        assert ledger.claim([replace(made, stage=Stage.RUNNING, attempt=1, started_at=NOON)], since=SINCE) == [True]
    assert ledger.unfinished_attempts()[0].attempt.since == SINCE
    end_attempt(ledger, made, BAD, again=True)
    later = Uptime("another boot", 7.000001)
    with ledger.transaction():
        ledger.begin([(made.id, 2)], NOON, since=later)
    assert [attempt.since for attempt in ledger.attempts(made.id)] == [SINCE, later]


def _begin(ledger: Ledger, made: Occurrence) -> None:
    ledger.begin([(made.id, made.attempt + 1)], NOON)


def _wait(ledger: Ledger, made: Occurrence) -> None:
    ledger.end_attempt(made.id, made.attempt, NOON, BAD, MINUTE, NOON)


def _finish(ledger: Ledger, made: Occurrence) -> None:
    ledger.end_attempt(made.id, made.attempt, NOON, FINE, MINUTE)


def _end(ledger: Ledger, made: Occurrence) -> None:
    ledger.end(made.id, Outcome.CANCELLED, "cancelled", NOON)


WAYS: dict[Stage, list[Callable[[Ledger, Occurrence], None]]] = {
    Stage.CLAIMED: [],
    Stage.RUNNING: [_begin],
    Stage.WAITING: [_begin, _wait],
    Stage.ENDED: [_begin, _finish],
}
STEPS = [(_begin, Stage.RUNNING), (_wait, Stage.WAITING), (_finish, Stage.ENDED), (_end, Stage.ENDED)]


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("step", "to"), STEPS)
def test_a_step_is_taken_only_where_the_moves_allow_it(
    ledger: Ledger, stage: Stage, step: Callable[[Ledger, Occurrence], None], to: Stage
) -> None:
    (made,) = claimed(ledger, occurrence())

    def now() -> Occurrence:
        found = ledger.occurrence(made.id)
        assert found is not None
        return found

    for way in WAYS[stage]:
        with ledger.transaction():
            way(ledger, now())
    before = now()
    assert before.stage is stage
    # An attempt under way ends with its result, and only it.
    fits = (stage is Stage.RUNNING) if step in (_wait, _finish) else (stage is not Stage.RUNNING)
    if to in MOVES[stage] and fits:
        with ledger.transaction():
            step(ledger, before)
        assert now().stage is to
    else:
        with pytest.raises(IllegalMove), ledger.transaction():
            step(ledger, before)
        assert now() == before


def test_what_was_never_claimed_cannot_move(ledger: Ledger) -> None:
    ghost = occurrence()
    for step, _ in STEPS:
        with pytest.raises(IllegalMove), ledger.transaction():
            step(ledger, ghost)


def test_cancelled_before_the_start_has_no_attempt(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    with ledger.transaction():
        after = ledger.end(made.id, Outcome.CANCELLED, "cancelled by cli:me", NOON + MINUTE)
    assert (after.outcome, after.reason, after.started_at, after.ended_at) == (
        Outcome.CANCELLED,
        "cancelled by cli:me",
        None,
        NOON + MINUTE,
    )
    assert ledger.attempts(made.id) == []


def test_how_long_it_took_may_be_unknown(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    begin(ledger, made)
    with ledger.transaction():
        after = ledger.end_attempt(made.id, 1, NOON + MINUTE, Result(Outcome.LOST, "who knows"), None)
    assert (after.outcome, after.duration) == (Outcome.LOST, None)
    assert ledger.occurrence(made.id) == after
    assert ledger.attempts(made.id)[0].duration is None
    assert ledger.durations("ops") == {}


def test_while_another_attempt_runs_nothing_is_told_of_the_last_one(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    begin(ledger, made)
    after = end_attempt(ledger, made, BAD, again=True)
    assert (after.reason, after.duration) == (BAD.summary, MINUTE)
    begin(ledger, made, 2)
    (running,) = ledger.active()
    assert (running.stage, running.reason, running.duration) == (Stage.RUNNING, "", None)
    assert ledger.attempts(made.id)[0].summary == BAD.summary


def test_cancelled_between_attempts_nothing_is_planned_any_more(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    begin(ledger, made)
    end_attempt(ledger, made, BAD, again=True)
    with ledger.transaction():
        after = ledger.end(made.id, Outcome.CANCELLED, "cancelled", NOON + MINUTE)
    assert (after.retry_at, after.started_at, after.duration) == (None, NOON, MINUTE)
    assert ledger.occurrence(made.id) == after
    assert ledger.tallies("ops")["a"].runs == 1


def test_active_ones_come_in_the_order_of_their_claims(ledger: Ledger) -> None:
    late, early, elsewhere = claimed(
        ledger, occurrence("b", due=NOON + MINUTE), occurrence("a", due=NOON), occurrence("c", table="other")
    )
    ran(ledger, "d")
    assert [o.id for o in ledger.active()] == [late.id, early.id, elsewhere.id]
    assert [o.id for o in ledger.active("other")] == [elsewhere.id]


def test_only_begun_attempts_without_an_end_are_unfinished(ledger: Ledger) -> None:
    waiting, running, _ = claimed(ledger, occurrence(), occurrence(), occurrence())
    ran(ledger)
    begin(ledger, waiting)
    end_attempt(ledger, waiting, BAD, again=True)
    with ledger.transaction():
        ledger.begin([(running.id, 1)], NOON, {running.id: "/logs/r"})
    (found,) = ledger.unfinished_attempts()
    assert (found.occurrence.id, found.attempt.n, found.attempt.since, found.attempt.folder) == (running.id, 1, None, "/logs/r")
    assert found.attempt.duration is None
    assert found.attempt.started_at == NOON


def test_thousands_of_claims_are_one_step(ledger: Ledger) -> None:
    many = [occurrence(f"k{n}", parameters={"n": n}) for n in range(2_500)]
    with ledger.transaction():
        assert ledger.claim(many) == [True] * 2_500
        ledger.begin([(o.id, 1) for o in many], NOON)
    assert len(ledger.unfinished_attempts()) == 2_500
    assert ledger.active()[-1].parameters == {"n": 2_499}
    with ledger.transaction():
        assert not any(ledger.claim([replace(o, id=f"x{o.id}") for o in many]))


def test_a_duration_is_that_of_the_last_attempt(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    begin(ledger, made)
    end_attempt(ledger, made, BAD, again=True)
    begin(ledger, made, 2)
    with ledger.transaction():
        after = ledger.end_attempt(made.id, 2, NOON + 9 * MINUTE, FINE, timedelta(seconds=3))
    assert after.duration == timedelta(seconds=3)

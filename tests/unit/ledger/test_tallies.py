"""What a row's past adds up to, and the records of what did not run."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.ledger import IllegalMove, Ledger
from engine.model import Cause, Occurrence, Stage
from engine.tally import Recent, Tally
from tests.unit.ledger.making import DAY, MINUTE, NOON, claimed, missed, occurrence, ran, row

FAILED = {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST}


def record(ledger: Ledger, *occurrences: Occurrence) -> None:
    with ledger.transaction():
        ledger.record(occurrences)


def past(ledger: Ledger, key: str = "a") -> list[tuple[str, int, datetime, datetime | None]]:
    """Oldest first: outcome, count, due, last due."""
    found = ledger.history(table="ops", key=key, limit=10**6)
    return [(str(o.outcome), o.count, o.due, o.last_due) for o in reversed(found)]


def test_a_row_without_a_past_has_no_tally(ledger: Ledger) -> None:
    claimed(ledger, occurrence())
    assert ledger.tallies("ops") == {}


def test_runs_and_failures_are_counted(ledger: Ledger) -> None:
    ran(ledger)
    ran(ledger, outcome=Outcome.FAILED, at=NOON + MINUTE)
    ran(ledger, outcome=Outcome.TIMED_OUT, at=NOON + 2 * MINUTE)
    last = ran(ledger, outcome=Outcome.CANCELLED, at=NOON + 3 * MINUTE)
    ran(ledger, "b")
    tally = ledger.tallies("ops")["a"]
    assert (tally.runs, tally.failures, tally.missed) == (4, 2, 0)
    assert (tally.last, tally.record, tally.last_success) == (last, last, NOON + MINUTE)
    assert set(ledger.tallies("ops")) == {"a", "b"}
    assert set(ledger.tallies("ops", ["b", "nobody"])) == {"b"}
    assert ledger.tallies("ops", []) == {}


def test_what_never_started_is_no_run_but_its_failure_is_a_failure(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    with ledger.transaction():
        ended = ledger.end(made.id, Outcome.FAILED, "the action is gone", NOON)
    tally = ledger.tallies("ops")["a"]
    assert tally == Tally(runs=0, failures=1, last=None, record=ended)


def test_the_newest_outcomes_are_told_in_the_order_in_which_they_were_recorded(ledger: Ledger) -> None:
    ran(ledger, summary="first")
    record(ledger, missed(minute=1), missed("b", minute=1))
    ran(ledger, outcome=Outcome.FAILED, at=NOON + 2 * MINUTE, summary="x" * 300)
    record(ledger, missed(minute=3), missed(minute=4))
    assert ledger.tallies("ops")["a"].recent == ()
    tally = ledger.tallies("ops", ["a"], recent=True)["a"]
    assert tally.recent == (
        Recent(NOON + 4 * MINUTE, Outcome.MISSED, "asleep", None, 2),
        Recent(NOON + 2 * MINUTE, Outcome.FAILED, "x" * 200, MINUTE),
        Recent(NOON + MINUTE, Outcome.MISSED, "asleep"),
        Recent(NOON, Outcome.SUCCEEDED, "first", MINUTE),
    )
    assert tally == ledger.tallies("ops", recent=True)["a"]
    record(ledger, missed(minute=5))  # joins the newest record
    for n in range(6, 9):
        ran(ledger, at=NOON + n * MINUTE)
    recent = ledger.tallies("ops", recent=True)["a"].recent
    assert [(one.outcome.value, one.count) for one in recent] == [*[("succeeded", 1)] * 3, ("missed", 3), ("failed", 1)]


def test_of_the_newest_outcomes_those_that_were_pruned_are_told_no_more(ledger: Ledger) -> None:
    for n in range(5):
        ran(ledger, at=NOON + n * MINUTE)
    with ledger.transaction():
        ledger.prune(NOON, 2, DAY)
    assert [one.at for one in ledger.tallies("ops", recent=True)["a"].recent] == [NOON + 4 * MINUTE, NOON + 3 * MINUTE]


def test_what_was_skipped_for_the_sake_of_a_prerequisite_is_a_record_each_since_others_go_by_it(ledger: Ledger) -> None:
    skipped = [missed(minute=n, outcome=Outcome.SKIPPED, cause=Cause.COMPLETION) for n in (1, 2)]
    record(ledger, *skipped)
    assert len(past(ledger)) == 2
    newest = ledger.tallies("ops")["a"].record
    assert newest is not None
    assert newest.id == skipped[1].id


def test_equal_neighbours_are_one_record_with_a_count(ledger: Ledger) -> None:
    record(ledger, missed(minute=1))
    record(ledger, missed(minute=2), missed(minute=3), missed("b", minute=3))
    assert past(ledger) == [("missed", 3, NOON + MINUTE, NOON + 3 * MINUTE)]
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed, tally.missed_now, tally.missed_since) == (3, 3, NOON + MINUTE)
    assert tally.record is not None
    assert (tally.record.count, tally.record.ended_at) == (3, NOON + 3 * MINUTE)
    assert ledger.tallies("ops")["b"].missed == 1


@pytest.mark.parametrize(
    "different",
    [{"outcome": Outcome.SKIPPED}, {"reason": "offline"}, {"cause": Cause.COUNTER}],
)
def test_what_differs_is_a_record_of_its_own(ledger: Ledger, different: dict[str, object]) -> None:
    record(ledger, missed(minute=1), replace(missed(minute=2), **different))  # type: ignore[arg-type]
    assert [entry[1] for entry in past(ledger)] == [1, 1]


def test_a_run_between_parts_two_records(ledger: Ledger) -> None:
    record(ledger, missed(minute=1))
    ran(ledger, at=NOON + 2 * MINUTE)
    record(ledger, missed(minute=4))
    assert [entry[0] for entry in past(ledger)] == ["missed", "succeeded", "missed"]


def test_a_record_never_reaches_across_what_is_claimed_together_with_it(ledger: Ledger) -> None:
    between = occurrence(due=NOON + 3 * MINUTE)
    with ledger.transaction():
        ledger.record([missed(minute=1), missed(minute=2), missed(minute=4), missed(minute=5)], [between])
        ledger.claim([between])
    records = [entry[1:] for entry in past(ledger) if entry[0] == "missed"]
    assert records == [(2, NOON + MINUTE, NOON + 2 * MINUTE), (2, NOON + 4 * MINUTE, NOON + 5 * MINUTE)]


def test_a_record_never_reaches_across_a_run_that_was_claimed_before_it(ledger: Ledger) -> None:
    (late,) = claimed(ledger, occurrence(due=NOON + 5 * MINUTE))
    record(ledger, missed(minute=1))
    with ledger.transaction():
        ledger.begin([(late.id, 1)], NOON)
        ledger.end_attempt(late.id, 1, NOON, Result(Outcome.SUCCEEDED, ""), MINUTE)
    record(ledger, missed(minute=9))
    assert [entry[1] for entry in past(ledger)] == [1, 1, 1]


def test_what_came_due_before_the_last_record_is_no_part_of_it(ledger: Ledger) -> None:
    """The clock was set back."""
    record(ledger, missed(minute=31), missed(minute=32))
    record(ledger, missed(minute=1), missed(minute=2))
    assert past(ledger) == [
        ("missed", 2, NOON + MINUTE, NOON + 2 * MINUTE),
        ("missed", 2, NOON + 31 * MINUTE, NOON + 32 * MINUTE),
    ]
    assert ledger.tallies("ops")["a"].missed == 4


def test_recording_the_same_again_changes_nothing(ledger: Ledger) -> None:
    first, second = missed(minute=1), missed(minute=2)
    record(ledger, first, second)
    before = (past(ledger), ledger.tallies("ops"))
    record(ledger, replace(first, id="x1"), replace(second, id="x2"))
    assert (past(ledger), ledger.tallies("ops")) == before


@pytest.mark.parametrize("cause", [Cause.EVENT, Cause.COUNTER])
def test_of_what_happened_at_one_instant_each_counts_and_of_a_schedule_one(ledger: Ledger, cause: Cause) -> None:
    both = [missed(cause=cause), replace(missed(cause=cause), trigger="another")]
    record(ledger, *both)
    record(ledger, *both[1:])
    assert past(ledger) == [("missed", 2, NOON, NOON)]
    assert ledger.tallies("ops")["a"].missed == 2
    record(ledger, missed("b"), replace(missed("b"), trigger="another"))
    assert past(ledger, "b") == [("missed", 1, NOON, NOON)]


def test_one_trigger_given_twice_at_once_is_recorded_once(ledger: Ledger) -> None:
    record(ledger, missed(minute=1), missed(minute=1, reason="offline"))
    assert past(ledger) == [("missed", 1, NOON + MINUTE, NOON + MINUTE)]


def test_a_trigger_that_was_claimed_is_not_recorded_as_well(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence(trigger=missed(minute=1).trigger))
    record(ledger, missed(minute=1))
    assert ledger.active() == [made]
    assert ledger.tallies("ops") == {}


def test_a_recorded_trigger_cannot_be_claimed(ledger: Ledger) -> None:
    record(ledger, missed(minute=1), missed(minute=2))
    with ledger.transaction():
        assert ledger.claim([occurrence(trigger=missed(minute=2).trigger)]) == [False]


@pytest.mark.parametrize("wrong", [{"outcome": Outcome.FAILED}, {"id": ""}, {"stage": Stage.CLAIMED}, {"ended_at": None}])
def test_only_skipped_and_missed_ones_are_recorded(ledger: Ledger, wrong: dict[str, object]) -> None:
    with pytest.raises(IllegalMove):
        record(ledger, replace(missed(), **wrong))  # type: ignore[arg-type]


def test_missed_now_begins_anew_with_the_next_run(ledger: Ledger) -> None:
    record(ledger, missed(minute=1), missed(minute=2))
    ran(ledger, at=NOON + 3 * MINUTE)
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed, tally.missed_now, tally.missed_since) == (2, 0, None)


def test_of_what_happened_at_one_instant_what_is_missed_after_a_run_of_it_is_missed_now(ledger: Ledger) -> None:
    ran(ledger, at=NOON + 5 * MINUTE)
    record(ledger, missed(minute=5))
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed_now, tally.missed_since) == (1, NOON + 5 * MINUTE)
    ran(ledger, at=NOON + 6 * MINUTE)
    assert ledger.tallies("ops")["a"].missed_now == 0


def test_what_was_due_before_the_last_run_is_not_missed_now(ledger: Ledger) -> None:
    ran(ledger, at=NOON + 5 * MINUTE)
    record(ledger, missed(minute=4))
    assert ledger.tallies("ops")["a"].missed_now == 0
    record(ledger, missed(minute=6))
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed, tally.missed_now, tally.missed_since) == (2, 1, NOON + 6 * MINUTE)


def test_a_run_that_ends_late_leaves_what_was_missed_after_its_due(ledger: Ledger) -> None:
    (early,) = claimed(ledger, occurrence(due=NOON))
    record(ledger, missed(minute=1), missed(minute=2))
    with ledger.transaction():
        ledger.begin([(early.id, 1)], NOON)
        ledger.end_attempt(early.id, 1, NOON + DAY, Result(Outcome.SUCCEEDED, ""), MINUTE)
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed_now, tally.missed_since) == (2, NOON + MINUTE)


def test_a_run_that_ends_late_leaves_nothing_that_was_missed_before_its_due(ledger: Ledger) -> None:
    (early,) = claimed(ledger, occurrence(due=NOON + 5 * MINUTE))
    record(ledger, missed(minute=1), missed(minute=2), missed(minute=6, reason="busy"), missed(minute=7, reason="busy"))
    with ledger.transaction():
        ledger.begin([(early.id, 1)], NOON)
        ledger.end_attempt(early.id, 1, NOON + DAY, Result(Outcome.SUCCEEDED, ""), MINUTE)
    tally = ledger.tallies("ops")["a"]
    assert (tally.missed, tally.missed_now, tally.missed_since) == (4, 2, NOON + 6 * MINUTE)


def test_what_is_missed_at_the_instant_of_a_run_that_ends_later_is_missed_now(ledger: Ledger) -> None:
    (early,) = claimed(ledger, occurrence(due=NOON + 5 * MINUTE))
    record(ledger, missed(minute=4, count=2, last_due=NOON + 5 * MINUTE))
    with ledger.transaction():
        ledger.begin([(early.id, 1)], NOON)
        ledger.end_attempt(early.id, 1, NOON + DAY, Result(Outcome.SUCCEEDED, ""), MINUTE)
    assert ledger.tallies("ops")["a"].missed_now == 2


def test_the_newest_run_is_the_one_claimed_last(ledger: Ledger) -> None:
    first, second = claimed(ledger, occurrence(), occurrence())
    with ledger.transaction():
        ledger.begin([(first.id, 1), (second.id, 1)], NOON)
        ledger.end_attempt(second.id, 1, NOON, Result(Outcome.FAILED, ""), MINUTE)
        slow = ledger.end_attempt(first.id, 1, NOON + MINUTE, Result(Outcome.SUCCEEDED, ""), MINUTE)
    tally = ledger.tallies("ops")["a"]
    assert tally.last is not None
    assert tally.last.id == second.id
    assert tally.record == slow


class Life(RuleBasedStateMachine):
    """Two rows live at random; beside them, a plain list of all that ended."""

    keys = st.sampled_from("ab")

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.ledger = Ledger.open(Path(self.folder.name) / "ledger.db")
        self.minute = 0
        self.records: dict[str, Occurrence] = {}  # run → as it stands, in the order of claims
        self.order: dict[str, str] = {}  # key → run that ended last
        self.missed: dict[str, int] = {}
        with self.ledger.transaction():
            self.ledger.save_rows([row("a", cells={"Status": "Completed"}), row("b")])

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    def now(self) -> datetime:
        self.minute += 1
        return NOON + self.minute * MINUTE

    def pick(self, stage: Stage, nth: int) -> Occurrence | None:
        fit = [o for o in self.ledger.active() if o.stage is stage]
        return fit[nth % len(fit)] if fit else None

    @rule(key=keys, back=st.integers(-3, 3))
    def claim(self, key: str, back: int) -> None:
        at = self.now()
        self.records[claimed(self.ledger, occurrence(key, due=at - back * MINUTE, claimed_at=at))[0].id] = occurrence()

    @rule(nth=st.integers(0, 9), waiting=st.booleans())
    def begin(self, nth: int, waiting: bool) -> None:
        if found := self.pick(Stage.WAITING if waiting else Stage.CLAIMED, nth):
            with self.ledger.transaction():
                self.ledger.begin([(found.id, found.attempt + 1)], self.now())

    @rule(nth=st.integers(0, 9), outcome=st.sampled_from([o for o in Outcome if o not in (Outcome.SKIPPED, Outcome.MISSED)]))
    def end(self, nth: int, outcome: Outcome) -> None:
        if found := self.pick(Stage.RUNNING, nth):
            with self.ledger.transaction():
                at = self.now()
                self.ended(self.ledger.end_attempt(found.id, found.attempt, at, Result(outcome, ""), MINUTE))

    @rule(nth=st.integers(0, 9))
    def fail(self, nth: int) -> None:
        found = self.pick(Stage.RUNNING, nth)
        if found and found.attempt < found.attempts:
            with self.ledger.transaction():
                self.ledger.end_attempt(found.id, found.attempt, self.now(), Result(Outcome.FAILED, ""), MINUTE, self.now())

    @rule(nth=st.integers(0, 9), outcome=st.sampled_from([Outcome.CANCELLED, Outcome.FAILED]), waiting=st.booleans())
    def stop(self, nth: int, outcome: Outcome, waiting: bool) -> None:
        if found := self.pick(Stage.WAITING if waiting else Stage.CLAIMED, nth):
            with self.ledger.transaction():
                self.ended(self.ledger.end(found.id, outcome, "", self.now()))

    def ended(self, occurrence: Occurrence) -> None:
        self.records[occurrence.id] = occurrence
        self.order[occurrence.key] = occurrence.id

    @rule(key=keys, outcome=st.sampled_from([Outcome.SKIPPED, Outcome.MISSED, Outcome.MISSED]), count=st.integers(1, 3))
    def miss(self, key: str, outcome: Outcome, count: int) -> None:
        start = self.minute + 1
        self.minute += count
        given = missed(key, start, outcome=outcome, count=count, last_due=NOON + self.minute * MINUTE)
        record(self.ledger, given)
        (newest,) = [o for o in self.ledger.history(key=key, limit=1000) if o.last_due == given.last_due and not o.attempt]
        assert newest.outcome is outcome
        self.records[newest.id] = newest
        self.order[key] = newest.id
        self.missed[key] = self.missed.get(key, 0) + (count if outcome is Outcome.MISSED else 0)

    @precondition(lambda self: self.minute > 6)
    @rule(keep=st.integers(1, 3), days=st.integers(0, 1))
    def prune(self, keep: int, days: int) -> None:
        before = self.ledger.tallies("ops")
        active = self.ledger.active()
        with self.ledger.transaction():
            self.ledger.prune(self.now(), keep, timedelta(days=days))
        assert self.ledger.tallies("ops") == before
        assert self.ledger.active() == active
        for key in "ab":
            last = before.get(key, Tally()).last
            ended = [o for o in self.ledger.history(key=key, limit=10**6) if o.stage is Stage.ENDED]
            kept = [o for o in ended if o.outcome is not Outcome.MISSED or (last and (o.last_due or o.due) <= last.due)]
            assert len(kept) <= 2 * keep + 2

    @invariant()
    def tallies_are_what_the_list_says(self) -> None:
        for key in "ab":
            ended = [o for o in self.records.values() if o.key == key and o.stage is Stage.ENDED]  # in the order of claims
            place = {o.id: n for n, o in enumerate(ended)}
            tally = self.ledger.tallies("ops", [key]).get(key, Tally())
            runs = [o for o in ended if o.started_at]
            last = runs[-1] if runs else None
            bar = (last.due, place[last.id]) if last is not None else None
            never = [o for o in ended if o.outcome is Outcome.MISSED]
            after = [o for o in never if bar is None or (o.last_due or o.due, place[o.id]) > bar]
            assert tally.runs == len(runs)
            assert tally.failures == sum(o.outcome in FAILED for o in ended)
            assert tally.missed == self.missed.get(key, 0)
            assert tally.last == last
            assert tally.record == (self.records[self.order[key]] if key in self.order else None)
            assert tally.last_success == max(
                (o.ended_at for o in runs if o.outcome is Outcome.SUCCEEDED and o.ended_at), default=None
            )
            assert tally.missed_now == sum(o.count for o in after)
            assert tally.missed_since == min((o.due for o in after), default=None)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

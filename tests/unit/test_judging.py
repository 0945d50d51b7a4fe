"""Laws of deadlines: one is said to be missed once where nothing succeeded in time, and never else, whatever runs came to."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from actions.api import Outcome
from engine import due_by
from engine.asked import Wish
from engine.decide import decide
from engine.due_by import By, Deadline
from engine.health import made_good
from engine.judging import HEARD
from engine.links import OnFailure, Round
from engine.model import CatchUp, Occurrence, Overlap, RowState, Stage, Status, Task, Type
from engine.owing import MOST_OWED, credit, held_anew
from engine.plan import Hold, House, Missed, Standing
from engine.promises import Overdue, Owed, Promises
from engine.rounds import Prerequisite
from tests.fakes.promises import broken
from tests.fakes.virtual import NOON
from tests.unit.test_decide import at, occurrence, state, task, wish

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def deadline(said: str) -> Deadline:
    return due_by.read(said, UTC, NOON)


def owing(said: str, schedule: str | None = "daily 12:05", **changes: object) -> Task:
    return task("a", schedule, deadline=deadline(said), zone=UTC, **changes)


class Life(Struct):
    """One row's: what it does is carried out as the daemon would, but for what a test makes of its runs."""

    task: Task
    state: RowState
    now: datetime = NOON
    awake_since: datetime = NOON - DAY
    active: tuple[Occurrence, ...] = ()
    last: Occurrence | None = None
    newest: Occurrence | None = None
    claims: list[Occurrence] = []
    unrun: list[Occurrence] = []
    said: list[Missed] = []
    ended: list[tuple[datetime, datetime]] = []

    def decide(self, now: datetime, **standing: object) -> datetime | None:
        """What comes of it now; answers when to decide again."""
        self.now = now
        asked = Standing(self.task, self.state, active=self.active, last=self.last, newest=self.newest, **standing)  # type: ignore[arg-type]  # names are the struct's own
        house = House(awake_since=self.awake_since, free=99)
        plan = decide([asked], now, house)
        again = decide([asked], now, house)
        assert plan == again
        for moved in (*plan.states, *plan.completed):
            self.state = moved
        claims = [replace(c, id=f"run{len(self.claims) + n}") for n, c in enumerate(plan.claims)]
        self.claims += claims
        self.unrun += plan.records
        self.newest = plan.records[-1] if plan.records else self.newest
        stopped = {stop.run for stop in plan.stops}
        started = {trigger for _, _, trigger in plan.starts}
        self.active = tuple(
            replace(o, stage=Stage.RUNNING, attempt=1, started_at=now) if o.trigger in started else o
            for o in (*self.active, *claims)
            if o.id not in stopped
        )
        self.said += plan.missed
        return plan.wake

    def end(self, run: str, ended_at: datetime, outcome: Outcome) -> None:
        (one,) = (o for o in self.active if o.id == run)
        over = replace(one, stage=Stage.ENDED, outcome=outcome, ended_at=ended_at, reason=str(outcome))
        self.active = tuple(o for o in self.active if o.id != run)
        self.newest = over
        self.last = over if self.last is None or over.claimed_at >= self.last.claimed_at else self.last
        if outcome is Outcome.SUCCEEDED:
            self.ended.append((one.due, ended_at))
            self.state = credit(self.state, one.due, ended_at)


def life(its: Task, **changes: object) -> Life:
    return Life(its, state("a", **changes), claims=[], unrun=[], said=[], ended=[])


@st.composite
def courses(draw: st.DrawFn) -> tuple[Task, list[tuple[int, bool]], list[tuple[int, int]], timedelta]:
    """A task; how many minutes each run takes and whether it succeeds; when rowd is down (minutes); for how long all goes on."""
    every_day = draw(st.booleans())
    schedule = draw(
        st.sampled_from(
            ("daily 12:03", "weekdays 9:00", "daily 12:03 and 17:00") if every_day else ("every 7 minutes", "*/20 * * * *")
        )
    )
    said = draw(
        st.sampled_from(
            ("2h", "30h", "18:00", "12:30", "weekdays 6:00") if every_day else ("3 min", "20 min", "1h", "13:00", "12:20 and 13:30")
        )
    )
    its = owing(
        said,
        schedule,
        overlap=draw(st.sampled_from(Overlap)),
        catch_up=draw(st.sampled_from(CatchUp)),
        jitter=draw(st.sampled_from([timedelta(0), timedelta(seconds=40)])),
    )
    longest = 2000 if every_day else 45
    runs = draw(st.lists(st.tuples(st.integers(0, longest), st.booleans()), min_size=1, max_size=8))
    downs = draw(
        st.lists(st.tuples(st.integers(0, 6000 if every_day else 150), st.integers(1, 3000 if every_day else 60)), max_size=2)
    )
    return its, runs, downs, 6 * DAY if every_day else timedelta(hours=4)


@given(courses())
@settings(max_examples=200)
def test_a_deadline_is_said_to_be_missed_once_where_nothing_succeeded_in_time_and_never_else(
    course: tuple[Task, list[tuple[int, bool]], list[tuple[int, int]], timedelta],
) -> None:
    its, runs, downs, length = course
    one, until = life(its), NOON + length
    gaps = [(at(begin), at(begin + span)) for begin, span in downs]
    ends: list[tuple[datetime, str, bool]] = []
    now, known = NOON, 0
    while now < until:
        up = max((end for begin, end in gaps if begin <= now < end), default=None)
        if up is not None:  # rowd is down, and what runs goes on
            now = up
            one.awake_since = now
            one.decide(now)  # before it hears of anything
            now += timedelta(seconds=1)
        ends = _of(ends, one.active)
        while ends and ends[0][0] <= now:
            ended_at, run, well = heapq.heappop(ends)
            one.end(run, ended_at, Outcome.SUCCEEDED if well else Outcome.FAILED)
        wake = one.decide(now)
        ends = _of(ends, one.active)
        for begun in one.active:
            if begun.stage is Stage.RUNNING and begun.started_at is not None and begun.id not in {run for _, run, _ in ends}:
                minutes, well = runs[known % len(runs)]
                known += 1
                ends.append((begun.started_at + minutes * MINUTE + timedelta(seconds=5), begun.id, well))
        heapq.heapify(ends)
        now = max(now + timedelta(microseconds=1), min(filter(None, (wake, ends[0][0] if ends else None)), default=until))
    assert isinstance(its.deadline, due_by.Within | By)
    assert sum(missed.count for missed in one.said) == len(_broken(one, its.deadline))
    assert {missed.by for missed in one.said} <= set(_broken(one, its.deadline))


def _of(ends: list[tuple[datetime, str, bool]], active: tuple[Occurrence, ...]) -> list[tuple[datetime, str, bool]]:
    """Those of what was not stopped, as a heap."""
    left = [end for end in ends if end[1] in {o.id for o in active}]
    heapq.heapify(left)
    return left


def _broken(one: Life, its: Deadline) -> dict[datetime, datetime]:
    """The deadlines that have passed by the last decision, of what came due, without a success by then."""
    dues = [claim.due for claim in one.claims]
    for record in one.unrun:
        if record.outcome is Outcome.MISSED and one.task.schedule is not None:
            due: datetime | None = record.due
            while due is not None and due <= (record.last_due or record.due):
                dues.append(due)
                due = one.task.schedule.next(due)
    return broken(dues, lambda due: its.by(Owed(due, due)), one.ended, one.now)


# --- what is owed


def test_what_came_due_is_owed_until_a_run_succeeds() -> None:
    one = life(owing("18:00"))
    assert one.decide(at(5)) == at(360)
    (run,) = one.active
    one.end(run.id, at(20), Outcome.SUCCEEDED)
    assert one.decide(at(20)) == at(5) + DAY
    one.decide(at(361))
    assert one.said == []


@pytest.mark.parametrize(("minutes", "missed"), [(360, 0), (360.001, 1)])
def test_the_instant_itself_is_in_time(minutes: float, missed: int) -> None:
    one = life(owing("18:00"))
    one.decide(at(5))
    one.awake_since = at(400)
    one.end(one.active[0].id, at(minutes), Outcome.SUCCEEDED)
    one.decide(at(400))
    assert len(one.said) == missed
    if missed:
        assert one.said[0].reason.startswith("it succeeded only Mon 2 Mar 2026 18:00")


def test_it_is_said_with_what_is_the_matter_and_once() -> None:
    one = life(owing("18:00"))
    one.decide(at(5))
    one.decide(at(360))
    expected = Missed("ops", "a", "a", at(5), at(360), "it was still running, since Mon 2 Mar 2026 12:05 UTC", 1)
    assert one.said == [expected]
    one.decide(at(361))
    one.end(one.active[0].id, at(380), Outcome.SUCCEEDED)
    one.decide(at(380))
    assert one.said == [expected]
    assert made_good(one.state, str) == f"succeeded {at(380)}, 20m after its deadline"


def reacting(*outcomes: Outcome) -> Life:
    """What a row comes to that three things happened to at one instant, each of which is a run of its own; one fails or succeeds
    before the next is claimed. It owes a success within five minutes.
    """
    one = life(owing("5 min", None, type=Type.ON_CHANGE))
    happened = tuple(replace(wish(Wish.REACT_APART, number=n), asked_at=NOON) for n in range(len(outcomes)))
    for n, outcome in enumerate(outcomes):
        one.decide(at(2 * n), requests=happened[n : n + 1])
        one.decide(at(2 * n))
        one.end(one.active[0].id, at(2 * n + 1), outcome)
        one.decide(at(2 * n + 1))
    one.decide(at(60))
    return one


def test_of_what_happened_at_one_instant_a_success_in_time_keeps_it() -> None:
    one = reacting(Outcome.SUCCEEDED, Outcome.FAILED, Outcome.FAILED, Outcome.FAILED)
    assert [claim.due for claim in one.claims] == [NOON] * 4
    assert one.said == []


def test_of_what_happened_at_one_instant_a_missed_deadline_is_told_once() -> None:
    one = reacting(Outcome.FAILED, Outcome.FAILED, Outcome.FAILED, Outcome.FAILED)
    assert [missed.by for missed in one.said] == [at(5)]


def test_what_happened_earlier_is_kept_by_a_success_of_what_was_claimed_before_it() -> None:
    late = life(owing("5 min", None, type=Type.ON_CHANGE))
    later, older = (replace(wish(Wish.REACT_APART, number=n), asked_at=asked_at) for n, asked_at in ((1, at(1)), (2, NOON)))
    for moment, happened, outcome in ((at(1), later, Outcome.SUCCEEDED), (at(3), older, Outcome.FAILED)):
        late.decide(moment, requests=(happened,))
        late.decide(moment)
        late.end(late.active[0].id, moment + MINUTE, outcome)
    late.decide(at(60))
    assert [claim.due for claim in late.claims] == [at(1), NOON]
    assert late.said == []


def test_the_next_success_makes_it_forgotten() -> None:
    promises = Promises((), Overdue(NOON, at(10), "it failed"))
    after = credit(state("a", promises=promises), NOON, at(20))
    assert after.promises.overdue == Overdue(NOON, at(10), "it failed", 1, at(20))
    assert credit(after, at(30), at(31)).promises == Promises()
    assert credit(after, NOON - MINUTE, at(31)) is after  # what came due before it says nothing of it


def test_in_a_row_they_are_counted() -> None:
    one = life(owing("13:00"))
    for day in range(3):
        one.decide(at(5) + day * DAY)
        one.end(one.active[0].id, at(6) + day * DAY, Outcome.FAILED)
        one.decide(at(60) + day * DAY)
    assert [missed.count for missed in one.said] == [1, 1, 1]
    assert one.state.promises.overdue == Overdue(at(5) + 2 * DAY, at(60) + 2 * DAY, "it failed Wed 4 Mar 2026 12:06 UTC", 3)


def test_days_on_which_rowd_was_down_are_said_together() -> None:
    one = life(owing("13:00"))
    one.awake_since = at(70) + 2 * DAY
    one.decide(at(70) + 2 * DAY)
    (missed,) = one.said
    assert (missed.due, missed.by, missed.count, missed.reason) == (
        at(5),
        at(60) + 2 * DAY,
        3,
        "it was missed: rowd was not running",
    )


def test_days_of_a_row_that_comes_due_often_are_each_owed() -> None:
    one = life(owing("13:00", "every minute"))
    one.awake_since = at(70) + 2 * DAY
    one.decide(at(70) + 2 * DAY)
    assert [missed.count for missed in one.said] == [3]


def test_what_a_person_asks_for_owes_nothing_and_makes_good() -> None:
    asked = life(owing("13:00", "daily 18:00"))
    asked.decide(at(1), requests=(wish(Wish.RUN_NOW),))
    asked.end(asked.active[0].id, at(2), Outcome.FAILED)
    asked.decide(at(61))
    assert asked.said == []
    one = life(owing("13:00"))
    one.decide(at(5))
    one.end(one.active[0].id, at(6), Outcome.FAILED)
    one.decide(at(10), requests=(replace(wish(Wish.RETRY), asked_at=at(10)),))
    one.end(one.active[0].id, at(12), Outcome.SUCCEEDED)
    one.decide(at(61))
    assert one.said == []


@pytest.mark.parametrize(
    "changes", [{"snoozed_until": at(30)}, {"skip_until": at(10), "skip_by": "ann"}], ids=["snooze", "skip next"]
)
def test_what_was_left_out_on_purpose_is_not_owed(changes: dict[str, object]) -> None:
    one = life(owing("13:00"), **changes)
    one.decide(at(5))
    one.decide(at(61))
    assert [record.outcome for record in one.unrun] == [Outcome.SKIPPED]
    assert one.said == []


@pytest.mark.parametrize("status", [Status.PAUSED, Status.COMPLETED])
def test_a_row_that_is_not_active_owes_nothing_any_more(status: Status) -> None:
    one = life(owing("13:00"))
    one.decide(at(5))
    one.task = replace(one.task, status=status)
    one.decide(at(60))
    assert one.said == []
    assert one.state.promises == Promises()


def test_a_one_off_that_is_completed_because_it_failed_is_told() -> None:
    one = life(owing("13:00", "2026-03-02 12:05"))
    one.decide(at(5))
    one.end(one.active[0].id, at(6), Outcome.FAILED)
    one.task = replace(one.task, status=Status.COMPLETED)
    one.decide(at(60))
    assert [missed.reason for missed in one.said] == ["it failed Mon 2 Mar 2026 12:06 UTC"]


def test_a_counter_owes_from_its_threshold_on() -> None:
    its = owing("10 min", None, type=Type.COUNTER, threshold=3)
    one = life(its, count=2, armed=True)
    one.decide(at(1))
    one.decide(at(60))
    assert one.state.promises == Promises()
    one.state = replace(one.state, count=3)
    one.decide(at(61))
    one.decide(at(71))
    assert [missed.by for missed in one.said] == [at(71)]


def test_a_deadline_that_is_taken_away_is_forgotten() -> None:
    one = life(owing("13:00"))
    one.decide(at(5))
    one.task = replace(one.task, deadline=None)
    one.decide(at(60))
    assert one.said == []
    assert one.state.promises == Promises()


def test_what_is_open_is_held_to_the_deadline_as_it_is_written_now() -> None:
    one = life(owing("13:00"))
    one.decide(at(5))
    one.task, one.state = replace(one.task, deadline=deadline("14:00")), held_anew(one.state, at(30))
    one.decide(at(60))
    assert one.said == []
    one.decide(at(120))
    assert [missed.by for missed in one.said] == [at(120)]


def test_a_hold_keeps_no_deadline_from_being_said() -> None:
    one = life(owing("13:00"))
    one.decide(at(5))
    one.decide(at(60), hold=Hold("rows vanished"))
    assert len(one.said) == 1


def test_what_may_have_ended_before_this_daemon_began_is_heard_first() -> None:
    one = life(owing("13:00"))
    one.decide(at(5))
    one.awake_since = at(70)
    assert one.decide(at(70)) == at(70) + HEARD
    assert one.said == []
    one.decide(at(70) + HEARD)
    assert [missed.reason for missed in one.said] == ["it was still running, since Mon 2 Mar 2026 12:05 UTC"]


def test_so_many_are_open_at_once_and_no_more() -> None:
    one = life(owing("1d", "every minute", overlap=Overlap.PARALLEL))
    for minute in range(1, MOST_OWED + 10):
        one.decide(at(minute))
        one.end(one.active[0].id, at(minute), Outcome.FAILED)
    assert len(one.state.promises.owed) == MOST_OWED


@pytest.mark.parametrize("said", ["10s", "12:00:00", "90 min"])
def test_what_is_past_and_what_is_open_are_told_however_much_came_due_while_rowd_was_down(said: str) -> None:
    one = life(owing(said, "every minute", catch_up=CatchUp.SKIP))
    one.decide(NOON)
    one.awake_since = now = NOON + 200 * DAY + timedelta(hours=5, seconds=30)
    one.decide(now, hold=Hold("no access", record=True))
    (missed,) = one.said
    newest = {"10s": now - timedelta(seconds=20), "12:00:00": NOON + 200 * DAY, "90 min": now - timedelta(seconds=30)}
    assert (missed.due, missed.by, missed.count) == (NOON + MINUTE, newest[said], MOST_OWED)
    assert one.state.promises.overdue is not None
    assert one.state.promises.overdue.by == newest[said]
    open_ = {
        "10s": [],
        "12:00:00": [NOON + 200 * DAY],
        "90 min": [now - timedelta(seconds=30) - n * MINUTE for n in range(89, -1, -1)],
    }
    assert [owed.due for owed in one.state.promises.owed] == open_[said]


def test_what_comes_due_as_its_deadline_passed_is_told_with_all_that_was_missed_before_it() -> None:
    one = life(owing("10s", "every minute"))
    one.decide(NOON)
    one.awake_since = now = NOON + timedelta(hours=5, seconds=30)
    one.decide(now)
    assert [claim.due for claim in one.claims] == [now - timedelta(seconds=30)]
    assert [(missed.due, missed.by) for missed in one.said] == [(NOON + MINUTE, now - timedelta(seconds=20))]


def test_what_is_told_late_leaves_the_newest_deadline_that_was_missed_as_it_is() -> None:
    overdue = Overdue(at(30), at(60), "it failed")
    one = life(owing("10 min", "daily 18:00"))
    one.state = replace(one.state, promises=Promises((Owed(at(5), at(5)),), overdue))
    one.decide(at(61))
    assert [(missed.due, missed.by) for missed in one.said] == [(at(5), at(15))]
    assert one.state.promises.overdue == replace(overdue, number=2)


def test_a_row_that_costs_nothing_is_not_written() -> None:
    """What was kept is taken out with the next that comes due."""
    one = life(owing("13:00"))
    one.decide(at(5))
    one.end(one.active[0].id, at(6), Outcome.SUCCEEDED)
    before = one.state
    one.decide(at(70))
    assert one.state is before


# --- rows that wait for others


def _prerequisite(run: Occurrence | None = None, **changes: object) -> Prerequisite:
    return replace(Prerequisite("build", "b", run, False), **changes)


def _build(minutes: float, outcome: Outcome = Outcome.SUCCEEDED) -> Occurrence:
    return occurrence("b", id=f"b{minutes}", task="build", stage=Stage.ENDED, outcome=outcome, ended_at=at(minutes))


CHAIN = owing("13:00", None, type=Type.ON_COMPLETION)


def test_a_row_that_waits_for_others_owes_a_success_by_each_instant_from_the_first_whole_span_on() -> None:
    one = life(CHAIN)
    assert one.decide(at(1), prerequisites=(_prerequisite(),)) == at(60) + DAY
    one.decide(at(60), prerequisites=(_prerequisite(),))
    assert one.said == []
    paused = (_prerequisite(stays="paused"),)
    one.decide(at(60) + DAY, prerequisites=paused)
    assert [(m.due, m.by, m.reason) for m in one.said] == [(at(60), at(60) + DAY, "it waited for build (paused)")]
    one.decide(at(60) + 3 * DAY, prerequisites=paused)
    assert [m.count for m in one.said] == [1, 2]


def test_a_round_in_time_keeps_it_and_the_next_span_begins() -> None:
    one = life(CHAIN)
    one.decide(at(1), prerequisites=(_prerequisite(),))
    built = (_prerequisite(_build(90)),)
    one.decide(at(90), prerequisites=built)
    one.end(one.active[0].id, at(95), Outcome.SUCCEEDED)
    assert one.decide(at(95), prerequisites=built) == at(60) + DAY
    assert one.decide(at(60) + DAY, prerequisites=built) == at(60) + 2 * DAY
    assert one.said == []
    one.decide(at(60) + 2 * DAY, prerequisites=built)
    assert len(one.said) == 1


def test_one_that_is_skipped_since_another_failed_is_told_and_one_that_its_condition_left_out_is_not() -> None:
    from engine.condition import parse

    one = life(CHAIN)
    one.decide(at(1), prerequisites=(_prerequisite(),))
    broken = (_prerequisite(_build(90, Outcome.FAILED)),)
    one.decide(at(90), prerequisites=broken)
    assert one.state.round == Round(frozenset({"b90"}), broken=True)
    one.decide(at(60) + DAY, prerequisites=broken)
    assert one.said[0].reason == "it was skipped: build failed Mon 2 Mar 2026 13:30 UTC"
    other = life(replace(CHAIN, condition=parse("false")))
    other.decide(at(1), prerequisites=(_prerequisite(),))
    built = (_prerequisite(_build(90)),)
    other.decide(at(90), prerequisites=built)
    assert [record.outcome for record in other.unrun] == [Outcome.SKIPPED]
    other.decide(at(60) + DAY, prerequisites=built)
    assert other.said == []
    other.decide(at(60) + 2 * DAY, prerequisites=built)
    assert len(other.said) == 1


def test_a_span_counts_from_when_the_round_was_complete() -> None:
    one = life(replace(CHAIN, deadline=deadline("10 min"), on_failure=OnFailure.RUN))
    built = (_prerequisite(_build(90)),)
    assert one.decide(at(90), prerequisites=built) == at(100)
    one.decide(at(100), prerequisites=built)
    assert [m.by for m in one.said] == [at(100)]

"""Approvals, one decision at a time: what no story of a whole daemon comes to by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Outcome
from actions.parameters import Parameter
from engine.approval import ApprovalRule
from engine.approving import CHANGED, NOTHING_WAITS, OVER
from engine.asked import BY_CELL, Request, Wish
from engine.decide import decide
from engine.links import ROW, Source
from engine.model import Blank, Occurrence, Overlap, Stage, Status
from engine.plan import Plan, Standing
from engine.template import read
from engine.terms import row_mark
from tests.fakes.virtual import NOON
from tests.unit.test_decide import HOUSE, standing, state, task

MINUTE = timedelta(minutes=1)
RULE = ApprovalRule("first", in_table=True, within=5 * MINUTE)
HELD = replace(HOUSE, approvals={"act": RULE})


def waiting() -> tuple[Standing, Occurrence]:
    """A row one occurrence of which has waited since one minute past noon."""
    asked = standing()
    (claim,) = decide([asked], NOON + MINUTE, HELD).claims
    claim = replace(claim, id="run-a")
    return replace(asked, active=(claim,), state=replace(asked.state, settled_until=NOON + 9 * MINUTE)), claim


def request(number: int, wish: Wish, of: Occurrence, by: str = "cli:a") -> Request:
    assert of.approval is not None
    about = {} if by == BY_CELL else {"run": of.id, "terms": of.approval.terms}
    return Request(number, "ops", "a", wish, 0, by, NOON + 2 * MINUTE, about=about)


def answers(plan: Plan) -> list[tuple[bool, str]]:
    return [(answer.taken, answer.text) for answer in plan.answers]


def test_a_claim_waits_and_wakes_when_its_time_is_over() -> None:
    plan = decide([standing()], NOON + MINUTE, HELD)
    (claim,) = plan.claims
    assert (claim.stage, claim.unapproved, plan.starts) == (Stage.CLAIMED, True, ())
    held, _ = waiting()
    assert decide([held], NOON + 2 * MINUTE, HELD).wake == NOON + 6 * MINUTE
    assert decide([held], NOON + 6 * MINUTE - timedelta(microseconds=1), HELD).stops == ()
    (stop,) = decide([held], NOON + 6 * MINUTE, HELD).stops
    assert (stop.run, stop.outcome, stop.reason) == ("run-a", Outcome.SKIPPED, "nobody approved it within 5m")


def test_an_approval_and_its_start_are_one_plan() -> None:
    held, claim = waiting()
    plan = decide([replace(held, requests=(request(1, Wish.APPROVE, claim),))], NOON + 2 * MINUTE, HELD)
    (revised,) = plan.revised
    assert revised.approval is not None
    assert (revised.approval.by, revised.approval.given_at) == ("cli:a", NOON + 2 * MINUTE)
    assert plan.starts == (("ops", "a", claim.trigger),)


def test_what_is_approved_as_the_next_comes_due_begins_and_that_one_waits_to_restart_it() -> None:
    held, claim = waiting()
    restarts = replace(
        held, task=replace(held.task, overlap=Overlap.RESTART), state=replace(held.state, settled_until=NOON + MINUTE)
    )
    plan = decide([replace(restarts, requests=(request(1, Wish.APPROVE, claim),))], NOON + 2 * MINUTE, HELD)
    assert plan.starts == (("ops", "a", claim.trigger),)
    assert [(one.due, one.unapproved) for one in plan.claims] == [(NOON + 2 * MINUTE, True)]
    assert plan.stops == ()


@pytest.mark.parametrize("wish", [Wish.CANCEL, Wish.DECLINE])
def test_what_was_ended_just_before_is_not_approved_any_more(wish: Wish) -> None:
    held, claim = waiting()
    both = (request(1, wish, claim), request(2, Wish.APPROVE, claim))
    plan = decide([replace(held, requests=both)], NOON + 2 * MINUTE, HELD)
    assert answers(plan) == [(True, "taken"), (False, NOTHING_WAITS)]
    assert (plan.revised, plan.starts, len(plan.stops)) == ((), (), 1)


def test_an_approval_that_comes_too_late_is_refused() -> None:
    held, claim = waiting()
    plan = decide([replace(held, requests=(request(1, Wish.APPROVE, claim),))], NOON + 7 * MINUTE, HELD)
    assert answers(plan) == [(False, NOTHING_WAITS)]
    assert [stop.outcome for stop in plan.stops] == [Outcome.SKIPPED]


def test_one_that_was_approved_and_cancelled_at_once_does_not_start() -> None:
    held, claim = waiting()
    both = (request(1, Wish.APPROVE, claim), request(2, Wish.CANCEL, claim))
    plan = decide([replace(held, requests=both)], NOON + 2 * MINUTE, HELD)
    assert answers(plan) == [(True, "taken")] * 2
    assert (plan.starts, [stop.outcome for stop in plan.stops]) == ((), [Outcome.CANCELLED])


def test_two_approvals_of_one_run_let_it_run_once() -> None:
    held, claim = waiting()
    both = (request(1, Wish.APPROVE, claim), request(2, Wish.APPROVE, claim, BY_CELL))
    plan = decide([replace(held, requests=both)], NOON + 2 * MINUTE, HELD)
    assert answers(plan) == [(True, "taken"), (False, "it is approved already, by cli:a")]
    assert len(plan.starts) == len(plan.revised) == 1


def test_one_without_terms_is_for_nothing() -> None:
    held, claim = waiting()
    bare = replace(request(1, Wish.APPROVE, claim), about={})
    assert answers(decide([replace(held, requests=(bare,))], NOON + 2 * MINUTE, HELD)) == [(False, OVER)]


def test_one_for_a_run_that_is_over_is_for_no_later_one_though_that_would_do_the_same() -> None:
    held, claim = waiting()
    word = request(1, Wish.APPROVE, replace(claim, id="another"))
    for wish in (Wish.APPROVE, Wish.DECLINE):
        plan = decide([replace(held, requests=(replace(word, wish=wish),))], NOON + 2 * MINUTE, HELD)
        assert (answers(plan), plan.revised, plan.starts, plan.stops) == ([(False, OVER)], (), (), ())


def test_a_button_that_was_pressed_as_it_began_to_wait_is_for_something_else() -> None:
    held, claim = waiting()
    early = replace(request(1, Wish.APPROVE, claim, BY_CELL), asked_at=NOON + MINUTE)
    assert answers(decide([replace(held, requests=(early,))], NOON + 2 * MINUTE, HELD)) == [(False, CHANGED)]


def test_a_button_counts_also_where_the_clock_was_set_back_since() -> None:
    held, claim = waiting()
    pressed = replace(request(1, Wish.APPROVE, claim, BY_CELL), asked_at=NOON)
    set_back = replace(held, state=replace(held.state, settled_until=NOON), requests=(pressed,))
    assert answers(decide([set_back], NOON + timedelta(seconds=1), HELD)) == [(True, "taken")]


def test_a_run_that_has_begun_is_cancelled_where_it_is_declined() -> None:
    held, claim = waiting()
    begun = replace(claim, stage=Stage.WAITING, attempt=1, attempts=3, started_at=NOON + MINUTE, retry_at=NOON + 2 * MINUTE)
    told = (request(1, Wish.DECLINE, begun),)
    (stop,) = decide([replace(held, active=(begun,), requests=told)], NOON + 2 * MINUTE, HELD).stops
    assert (stop.outcome, stop.reason) == (Outcome.CANCELLED, "declined by cli:a")


def test_a_paused_row_waits_for_nobody() -> None:
    held, claim = waiting()
    paused = replace(held, task=replace(held.task, status=Status.PAUSED), requests=(request(1, Wish.APPROVE, claim),))
    plan = decide([paused], NOON + 2 * MINUTE, HELD)
    assert [(stop.run, stop.reason) for stop in plan.stops] == [("run-a", "the row is paused")]
    assert plan.starts == ()


def test_a_row_that_names_another_action_since_is_for_that_ones_approval() -> None:
    held, claim = waiting()
    other = replace(held, task=replace(held.task, action="free", attempts=4))
    plan = decide([other], NOON + 2 * MINUTE, HELD)
    (revised,) = plan.revised
    assert (revised.id, revised.trigger, revised.action, revised.attempts, revised.approval) == (
        *(claim.id, claim.trigger, "free", 4, None),
    )
    assert plan.starts == (("ops", "a", claim.trigger),)


def test_an_operator_who_changes_what_goes_into_it_is_no_edit_of_the_row() -> None:
    held, claim = waiting()
    assert claim.approval is not None
    given = replace(claim, approval=replace(claim.approval, by="cli:ann", given_at=NOON + MINUTE))
    other = replace(held, task=replace(held.task, parameters={"target": "a new default"}), active=(given,))
    (revised,) = decide([other], NOON + 2 * MINUTE, replace(HELD, approvals={"act": ApprovalRule("second")})).revised
    assert (revised.parameters, revised.unapproved) == ({"target": "a new default"}, True)
    assert revised.approval is not None
    assert revised.approval.void == "the approval by cli:ann is void: the operator changed the action"


def filled(cell: object, text: str = "{{ row.Stage }}", header: str = "Stage") -> Standing:
    blank = Blank(read(text), Parameter())
    its = task("a", blanks={"stage": blank}, sources=(Source(("row", header), "a", ROW, header),))
    return Standing(its, state("a", cells={header: cell}), values={("row", header): cell})  # type: ignore[dict-item]  # cells are values


def test_a_value_that_can_not_be_filled_in_since_the_edit_ends_it() -> None:
    asked = filled("live")
    (claim,) = decide([asked], NOON + MINUTE, HELD).claims
    assert claim.parameters == {"stage": "live"}
    gone = replace(filled(None), active=(replace(claim, id="run-a"),))
    plan = decide([gone], NOON + 2 * MINUTE, HELD)
    (stop,) = plan.stops
    assert (stop.run, stop.outcome) == ("run-a", Outcome.CANCELLED)
    assert stop.reason.startswith("parameter stage: ")
    assert plan.revised == ()


def test_the_same_said_in_another_way_is_the_same() -> None:
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 3, 2, 9, tzinfo=zone)
    for one, other in (("live", " live "), (7, 7.0), (at, at.astimezone(UTC).astimezone(zone))):
        assert row_mark(filled(one).task, filled(one).state) == row_mark(filled(other).task, filled(other).state)
    assert row_mark(filled("live").task, filled("live").state) != row_mark(filled("test").task, filled("test").state)


@pytest.mark.parametrize("header", ["Health", "Last Result", "Current", "Do"])
def test_what_rowd_itself_writes_into_a_row_is_no_edit_of_it(header: str) -> None:
    one, other = (filled(cell, f'{{{{ row["{header}"] }}}}', header) for cell in ("WAITING", "OK"))
    assert row_mark(one.task, one.state) == row_mark(other.task, other.state)

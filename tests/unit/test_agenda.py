from __future__ import annotations

from datetime import timedelta

from engine.agenda import Agenda
from engine.model import Cause, Occurrence, Stage
from tests.fakes.virtual import NOON

SECOND = timedelta(seconds=1)
A, B, C = ("ops", "a"), ("ops", "b"), ("ops", "c")


def occurrence(key: str, priority: int = 0) -> Occurrence:
    return Occurrence(
        id=key, table="ops", key=key, task=key, trigger="t", cause=Cause.SCHEDULE, due=NOON, claimed_at=NOON,
        stage=Stage.CLAIMED, action="act", priority=priority,
    )  # fmt: skip


def test_a_task_is_taken_once_when_it_comes_due() -> None:
    agenda = Agenda()
    agenda.set_wakes([A, B], {A: NOON, B: NOON + SECOND})
    assert agenda.next_wake() == NOON
    assert agenda.take(NOON, 0, lambda _: None, lambda _: True) == {A}
    assert agenda.take(NOON, 0, lambda _: None, lambda _: True) == set()
    assert agenda.next_wake() == NOON + SECOND


def test_a_wake_that_was_moved_does_not_ring_at_its_old_time() -> None:
    agenda = Agenda()
    agenda.set_wakes([A], {A: NOON})
    agenda.set_wakes([A], {A: NOON + SECOND})
    assert agenda.take(NOON, 0, lambda _: None, lambda _: True) == set()
    agenda.set_wakes([A], {})
    assert agenda.next_wake() is None


def test_of_those_that_wait_the_best_come_first_and_no_more_than_there_are_workers() -> None:
    agenda = Agenda()
    for one in (occurrence("a"), occurrence("b", priority=5), occurrence("c")._replace(due=NOON - SECOND)):
        agenda.queue(one)
    assert agenda.take(NOON, 2, lambda _: "act", lambda _: True) == {B, C}
    assert agenda.take(NOON, 3, lambda place: "act" if place == A else None, lambda _: True) == {A}


def test_a_task_whose_action_is_at_its_limit_gives_way_and_keeps_its_place() -> None:
    agenda = Agenda()
    agenda.queue(occurrence("a", priority=9))
    agenda.queue(occurrence("b"))
    full = {A: "full", B: "act"}
    assert agenda.take(NOON, 1, full.get, lambda action: action != "full") == {B}
    assert agenda.take(NOON, 1, full.get, lambda _: True) == {A}

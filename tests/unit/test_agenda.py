from __future__ import annotations

from datetime import timedelta

from engine.agenda import Agenda, Place
from engine.model import Cause, Occurrence, Stage
from tests.fakes.virtual import NOON

SECOND = timedelta(seconds=1)
A, B, C = ("ops", "a"), ("ops", "b"), ("ops", "c")


def occurrence(key: str, priority: int = 0, action: str = "act") -> Occurrence:
    return Occurrence(
        id=key, table="ops", key=key, task=key, trigger="t", cause=Cause.SCHEDULE, due=NOON, claimed_at=NOON,
        stage=Stage.CLAIMED, action=action, priority=priority,
    )  # fmt: skip


def waits(_place: Place, _action: str) -> bool:
    return True


def room(_action: str) -> bool:
    return True


def test_a_task_is_taken_once_when_it_comes_due() -> None:
    agenda = Agenda()
    agenda.set_wakes([A, B], {A: NOON, B: NOON + SECOND})
    assert agenda.next_wake() == NOON
    assert agenda.take(NOON, 0, waits, room) == [A]
    assert agenda.take(NOON, 0, waits, room) == []
    assert agenda.next_wake() == NOON + SECOND


def test_a_wake_that_was_moved_does_not_ring_at_its_old_time() -> None:
    agenda = Agenda()
    agenda.set_wakes([A], {A: NOON})
    agenda.set_wakes([A], {A: NOON + SECOND})
    assert agenda.take(NOON, 0, waits, room) == []
    agenda.set_wakes([A], {})
    assert agenda.next_wake() is None


def test_of_those_that_wait_the_best_come_first_and_no_more_than_there_are_workers() -> None:
    agenda = Agenda()
    for one in (occurrence("a"), occurrence("b", priority=5), occurrence("c")._replace(due=NOON - SECOND)):
        agenda.queue(one)
    assert agenda.take(NOON, 2, waits, room) == [B, C]
    assert agenda.take(NOON, 3, lambda place, _: place == A, room) == [A]


def test_the_best_comes_first_whatever_its_action() -> None:
    agenda = Agenda()
    for one in (occurrence("a", action="slow"), occurrence("b", priority=5, action="quick"), occurrence("c", 9, "slow")):
        agenda.queue(one)
    assert [agenda.take(NOON, 1, waits, room) for _ in range(3)] == [[C], [B], [A]]


def test_a_task_whose_action_is_at_its_limit_gives_way_and_keeps_its_place() -> None:
    agenda = Agenda()
    agenda.queue(occurrence("a", priority=9, action="full"))
    agenda.queue(occurrence("b"))
    assert agenda.take(NOON, 1, waits, lambda action: action != "full") == [B]
    assert agenda.take(NOON, 1, waits, room) == [A]


def test_what_is_to_be_decided_on_is_pressing_and_nothing_else_is() -> None:
    agenda = Agenda()
    assert not agenda.pressing(NOON, 1, waits, room)
    agenda.touch([A])
    assert agenda.pressing(NOON, 0, waits, room)
    assert agenda.take(NOON, 0, waits, room) == [A]
    agenda.set_wakes([A], {A: NOON + SECOND})
    assert not agenda.pressing(NOON, 1, waits, room)
    assert agenda.pressing(NOON + SECOND, 0, waits, room)


def test_what_waits_for_a_worker_is_pressing_once_there_is_one_and_its_action_has_room() -> None:
    agenda = Agenda()
    agenda.queue(occurrence("a"))
    assert not agenda.pressing(NOON, 0, waits, room)
    assert not agenda.pressing(NOON, 1, waits, lambda _: False)
    assert agenda.pressing(NOON, 1, waits, room)
    assert not agenda.pressing(NOON, 1, lambda place, _: place != A, room)  # it was cancelled meanwhile
    assert not agenda.pressing(NOON, 1, waits, room)


def test_what_came_due_first_is_taken_first_and_what_changed_before_all() -> None:
    agenda = Agenda()
    agenda.set_wakes([A, B], {A: NOON, B: NOON - SECOND})
    agenda.touch([C, A])
    assert agenda.take(NOON, 0, waits, room) == [C, A, B]

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from engine.agenda import Agenda, Place, Queue, Rank, Waits, ranked
from engine.model import Cause, Occurrence, Stage
from tests.fakes.virtual import NOON

SECOND = timedelta(seconds=1)
A, B, C = ("ops", "a"), ("ops", "b"), ("ops", "c")


def occurrence(key: str, priority: int = 0, action: str = "act") -> Occurrence:
    return Occurrence(
        id=key, table="ops", key=key, task=key, trigger="t", cause=Cause.SCHEDULE, due=NOON, claimed_at=NOON,
        stage=Stage.CLAIMED, action=action, priority=priority,
    )  # fmt: skip


def waits(_place: Place, _action: str) -> Rank | None:
    return None


def queued(*ones: Occurrence) -> tuple[Agenda, dict[tuple[Place, str], Rank]]:
    """An agenda in which these wait for a worker, and how they stand by the list of what is under way."""
    agenda = Agenda()
    for one in ones:
        agenda.queue(one)
    return agenda, {((one.table, one.key), one.action): ranked(one) for one in ones}


def by(stands: dict[tuple[Place, str], Rank]) -> Waits:
    return lambda place, action: stands.get((place, action))


def room(_queue: Queue) -> bool:
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
    agenda, stands = queued(occurrence("a"), occurrence("b", priority=5), replace(occurrence("c"), due=NOON - SECOND))
    assert agenda.take(NOON, 2, by(stands), room) == [B, C]
    assert agenda.take(NOON, 3, by(stands), room) == [A]


def test_the_best_comes_first_whatever_its_action() -> None:
    agenda, stands = queued(occurrence("a", action="slow"), occurrence("b", 5, action="quick"), occurrence("c", 9, "slow"))
    assert [agenda.take(NOON, 1, by(stands), room) for _ in range(3)] == [[C], [B], [A]]


def test_a_task_goes_by_what_waits_of_it_now_not_by_what_waited_once() -> None:
    """One of low priority is cancelled, and another one takes its place whose row is urgent now; or the other way round."""
    agenda, stands = queued(occurrence("a"), occurrence("b", 3), occurrence("c", 5))
    agenda.queue(urgent := occurrence("a", 9))
    stands[A, "act"] = ranked(urgent)
    stands[C, "act"] = ranked(occurrence("c", 1))
    assert [agenda.take(NOON, 1, by(stands), room) for _ in range(4)] == [[A], [B], [C], []]


def test_a_task_whose_action_is_at_its_limit_gives_way_and_keeps_its_place() -> None:
    agenda, stands = queued(occurrence("a", priority=9, action="full"), occurrence("b"))
    assert agenda.take(NOON, 1, by(stands), lambda queue: queue != ("full", "ops")) == [B]
    assert agenda.take(NOON, 1, by(stands), room) == [A]


def test_a_table_at_its_limit_gives_way_to_others_of_the_same_action() -> None:
    agenda, stands = queued(occurrence("a", priority=9), other := replace(occurrence("b"), table="dev"))
    assert agenda.take(NOON, 2, by(stands), lambda queue: queue != ("act", "ops")) == [("dev", other.key)]
    assert agenda.take(NOON, 2, by(stands), room) == [A]


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
    agenda, stands = queued(occurrence("a"))
    assert not agenda.pressing(NOON, 0, by(stands), room)
    assert not agenda.pressing(NOON, 1, by(stands), lambda _: False)
    assert agenda.pressing(NOON, 1, by(stands), room)
    assert not agenda.pressing(NOON, 1, waits, room)  # it was cancelled meanwhile
    assert not agenda.pressing(NOON, 1, by(stands), room)


def test_what_came_due_first_is_taken_first_and_what_changed_before_all() -> None:
    agenda = Agenda()
    agenda.set_wakes([A, B], {A: NOON, B: NOON - SECOND})
    agenda.touch([C, A])
    assert agenda.take(NOON, 0, waits, room) == [C, A, B]


def test_what_waits_and_has_changed_takes_no_worker_from_the_next_that_waits() -> None:
    """It may be held since it was edited, and another one that has changed be of a lower priority than the next."""
    agenda, stands = queued(occurrence("a", priority=9), occurrence("b"), occurrence("c", priority=-1))
    agenda.touch([A, C])
    assert agenda.take(NOON, 1, by(stands), room) == [A, C, B]
    assert agenda.take(NOON, 1, by(stands), room) == [C]

"""What a row's schedule asked for within a span, held against what the ledger has of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from actions.api import Outcome
from engine.lateness import MOST_COUNTED
from engine.model import RowState, Status, Task
from engine.schedule import count

_MOMENT = timedelta(microseconds=1)


class Slot(Struct, frozen=True):
    """What a record of the ledger stands for: occurrences of a row's schedule, from `due` to `last`.

    number: how many.   outcome: None where it has not ended.
    """

    due: datetime
    last: datetime
    number: int
    outcome: Outcome | None

    @property
    def idle(self) -> bool:
        """Whether it never started: such records are kept apart from runs, and equal ones are one."""
        return self.outcome in (Outcome.SKIPPED, Outcome.MISSED)


class Reckoning(Struct, frozen=True):
    """since, until: the span, without and with its end.   expected: so often the row came due in it.

    counts: how that ended.   under_way: what has not.
    """

    since: datetime
    until: datetime
    expected: int
    counts: Mapping[Outcome, int]
    under_way: int = 0

    @property
    def lacking(self) -> int:
        """Of how many nothing is recorded; below 0: so many are recorded that never came due."""
        return self.expected - sum(self.counts.values()) - self.under_way


def reckoned(task: Task, state: RowState, slots: Sequence[Slot], since: datetime, keep: int) -> Reckoning | None:
    """None of a row that nothing makes come due by time, or more often than can be counted.

    slots: its records that reach beyond `since`.   keep: of older ones only so many of a kind are kept. The span begins where the
    row was last edited, activated or seen anew, if that is later: what it said before that isn't known any more.
    """
    schedule = task.schedule
    if schedule is None or task.status is not Status.ACTIVE or any(slot.number >= MOST_COUNTED for slot in slots):
        return None
    start = max(since, state.since, state.changed_at)
    for kind in (False, True):
        those = sorted(slot.last for slot in slots if slot.idle is kind)
        if len(those) >= keep:
            start = max(start, those[0])
    for slot in sorted(slots, key=lambda slot: slot.due):
        if slot.due <= start < slot.last:
            start = slot.last
    until = max(state.settled_until, start)
    for slot in slots:  # one that has grown since the row was as it is here
        if start < slot.due <= until < slot.last:
            until = slot.due - _MOMENT
    came = count(schedule, start, until, MOST_COUNTED)
    if came.number >= MOST_COUNTED:
        return None
    inside = [slot for slot in slots if slot.due > start and slot.last <= until]
    ended = {slot.outcome for slot in inside if slot.outcome is not None}
    counts = {one: sum(slot.number for slot in inside if slot.outcome is one) for one in Outcome if one in ended}
    return Reckoning(start, until, came.number, counts, sum(slot.number for slot in inside if slot.outcome is None))

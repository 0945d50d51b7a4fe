"""What a row owes by its Deadline: put down when something comes due, made good when a run succeeds. Pure.

A row that waits for others has no time of its own to come due. With a deadline by the clock it owes a success between each two of
its instants, from the first whole span on; so it is told where what it waits for never ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from msgspec.structs import replace

from engine.due_by import TICK, By, Deadline
from engine.model import RowState, Schedule, Status, Task, Type
from engine.promises import NO_PROMISES, Owed, Promises
from engine.schedule import newest_before

MOST_OWED = 100
"""So many deadlines of a row are open at once. What comes due beyond them has none of its own: the row is long overdue by then.

As many that have passed wait to be judged, such as those of the time in which rowd was down.
"""


def rolls(task: Task) -> bool:
    """Whether it owes a success between each two instants of its deadline."""
    return task.type is Type.ON_COMPLETION and isinstance(task.deadline, By)


def exempt(task: Task, state: RowState) -> bool:
    """Whether the row owes nothing as it stands, whatever it did before."""
    one_off = task.schedule is not None and task.schedule.one_off
    if task.deadline is None or (one_off and state.marked):
        return True
    return task.status is not Status.ACTIVE and not (task.status is Status.COMPLETED and one_off)  # its run may have failed


def owe(task: Task, state: RowState, due: datetime, now: datetime, succeeded: datetime | None = None) -> RowState:
    """Something of the row came due: as it stands once that is put down.   now: a deadline up to then is open no longer.

    succeeded: when a run of the row has ended that makes this good, too; None where none has. Of what has the same deadline one
    success will do, so it is put down once. Of more than MOST_OWED that have passed before they were judged, the oldest stay, and
    the newest: these say from when to when nothing succeeded.
    """
    deadline = task.deadline
    if deadline is None or rolls(task):
        return state
    fresh = Owed(due, due, succeeded)
    if (by := deadline.by(fresh)) is None:
        return state
    owed = [(at, one) for one in state.promises.owed if (at := deadline.by(one)) is not None]
    owed = [(at, one) for at, one in owed if one.succeeded is None or at == by]
    if any(at == by for at, _ in owed):
        return state
    alike = [at for at, _ in owed if (at > now) == (by > now)]
    if len(alike) >= MOST_OWED:
        if by > now:
            return state
        by_now = sorted([*alike, by])[-2]  # the newest but one
        owed = [(at, one) for at, one in [*owed, (by, fresh)] if at != by_now]
    else:
        owed.append((by, fresh))
    return _with(state, replace(state.promises, owed=tuple(one for _, one in owed)))


def owe_all(task: Task, state: RowState, schedule: Schedule, first: datetime, last: datetime, now: datetime) -> RowState:
    """The same of all that came due from `first` to `last`; of the deadlines that have passed, as few are put down as stay."""
    deadline = task.deadline
    if deadline is None:
        return state
    for due in islice(dues := _apart(deadline, schedule, first, last), MOST_OWED):
        state = owe(task, state, due, now)
    passed = deadline.behind(now, first) if next(dues, None) is not None else None
    newest = newest_before(schedule, first - TICK, min(passed, last) + TICK) if passed is not None else None
    if newest is not None:
        for due in islice(_apart(deadline, schedule, newest, last), 1 + MOST_OWED):
            state = owe(task, state, due, now)
    return state


def _apart(deadline: Deadline, schedule: Schedule, first: datetime, last: datetime) -> Iterator[datetime]:
    """What came due from `first` to `last`: of each deadline, the oldest."""
    due: datetime | None = first
    while due is not None and due <= last:
        yield due
        by = deadline.by(Owed(due, due)) if isinstance(deadline, By) else None
        due = schedule.next(due if by is None else max(due, by - TICK))


def begin(task: Task, now: datetime) -> Owed | None:
    """What a row owes first that `rolls`: from the next instant of its deadline on; where there is only one, by that."""
    if not isinstance(task.deadline, By):
        return None
    since = now if task.deadline.clock.one_off else task.deadline.clock.next(now)
    return Owed(since, since) if since is not None else None


def let_off(task: Task, state: RowState, now: datetime) -> RowState:
    """A row that `rolls` was left out on purpose: as it stands when it owes nothing until the next instant of its deadline."""
    if not rolls(task):
        return state
    fresh = begin(task, now)
    return _with(state, replace(state.promises, owed=(fresh,) if fresh is not None else ()))


def credit(state: RowState, due: datetime, at: datetime) -> RowState:
    """A run of the row that came due then, or was asked for then, has succeeded `at`: as it stands with that.

    The same state where nothing was owed. A missed deadline is made good by the first success, and forgotten with the next.
    """
    promises = state.promises
    owed = tuple(replace(o, succeeded=at) if o.succeeded is None and o.due <= due else o for o in promises.owed)
    overdue = promises.overdue
    if overdue is not None and due >= overdue.due:
        overdue = replace(overdue, succeeded=at) if overdue.succeeded is None else None
    return _with(state, Promises(owed, overdue))


def held_anew(state: RowState, now: datetime) -> RowState:
    """Its Deadline says something else now: what is open is held to that, but to no instant that was past already."""
    owed = tuple(replace(one, since=max(now, one.due)) for one in state.promises.owed)
    return _with(state, replace(state.promises, owed=owed))


def handed_on(state: RowState, until: datetime) -> RowState:
    """What came due by then was another daemon's to run, so it is that one's to judge, too."""
    return _with(state, replace(state.promises, owed=tuple(one for one in state.promises.owed if one.due > until)))


def freed(state: RowState) -> RowState:
    """As it stands when it owes nothing, and nothing it owed is remembered."""
    return _with(state, NO_PROMISES)


def _with(state: RowState, promises: Promises) -> RowState:
    return state if promises == state.promises else replace(state, promises=promises)

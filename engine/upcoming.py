"""What becomes of occurrences to come, as things stand: when each starts, or what is in its way. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from engine.blackout import FARTHEST, Blackout, covering
from engine.model import RowState, Task

MOST_TRIED = 60
"""Occurrences that are looked at for one that starts. Where a window lies over so many in a row, it lies over all of them."""

_MOMENT = timedelta(microseconds=1)


def again_from(started: datetime, every: timedelta) -> datetime:
    """From when on the operator's frequency lets a task start once more.

    A twentieth of the span (a minute at the most) is forgiven: a start is some milliseconds late, now more, now less, and a task
    that comes due in just this rhythm is meant to run each time.
    """
    return started + every - min(every / 20, timedelta(minutes=1))


class Barrier(Struct, frozen=True):
    """What keeps something from starting.

    what: "snoozed", "blackout lunch", "too soon for backup", "backup keeps failing".   until: its end (UTC).
    over: whatever is due before it is kept from starting too.
    """

    what: str
    until: datetime
    over: datetime


class Upcoming(Struct, frozen=True):
    """One occurrence to come.

    at: when it starts, or would: `due` and its jitter; or the end of what it waits for, if that is later.
    barrier: what it waits for, or what makes it be skipped; None without.
    """

    due: datetime
    at: datetime
    barrier: Barrier | None = None
    skipped: bool = False


def upcoming(
    task: Task,
    state: RowState,
    due: datetime,
    last: datetime | None,
    blackouts: Sequence[Blackout] = (),
    shut: datetime | None = None,
) -> Upcoming:
    """What becomes of the occurrence that is due then, where no earlier one is under way.

    last: when the task's newest run started, None before the first.   shut: until when its action's circuit breaker lets nothing
    start.
    """
    one = _claimed(task, state, due, last, blackouts)
    if shut is None or one.skipped or one.at >= shut:
        return one
    return replace(one, at=shut, barrier=Barrier(f"{task.action} keeps failing", shut, shut))


def _claimed(task: Task, state: RowState, due: datetime, last: datetime | None, blackouts: Sequence[Blackout]) -> Upcoming:
    """What recurs is skipped where something is in its way; what happens once waits, and behind it there may be more."""
    at = due + jitter(task, due)
    if task.schedule is None or not task.schedule.one_off:
        barrier = next(_barriers(task, state, due, at, last, blackouts), None)
        return Upcoming(due, at, barrier, skipped=barrier is not None)
    first = None
    while at - due < FARTHEST and (barrier := next(_barriers(task, state, at, at, last, blackouts), None)) is not None:
        first, at = first or barrier, barrier.until
    return Upcoming(due, at, first)


def first_start(
    task: Task, state: RowState, last: datetime | None, blackouts: Sequence[Blackout], shut: datetime | None = None
) -> tuple[Upcoming | None, Barrier | None]:
    """The first occurrence without a record that will start, and what is in the way of one before it, or of itself.

    None and a barrier: everything within reach is skipped.
    """
    schedule, first = task.schedule, None
    if schedule is None:
        return None, None
    after = state.decided_until
    for _ in range(MOST_TRIED):
        if (due := schedule.next(after)) is None:
            break
        one = upcoming(task, state, due, last, blackouts, shut)
        first = first or one.barrier
        if one.barrier is None or not one.skipped:
            return one, first
        after = max(due, one.barrier.over - _MOMENT)
    return None, first


def may_be_barred(task: Task, state: RowState, blackouts: Sequence[Blackout]) -> bool:
    """Whether anything at all could be in the way of what comes; where nothing could, that need not be looked at one by one."""
    mine = any(not blackout.tables or task.table in blackout.tables for blackout in blackouts)
    return mine or task.every is not None or state.snoozed_until is not None


def next_starts(
    task: Task, state: RowState, last: datetime | None, blackouts: Sequence[Blackout], most: int
) -> tuple[list[datetime], Barrier | None]:
    """The next occurrences that will start: when each is due, or, where something makes it wait, when it starts instead.

    At most `most`. The barrier is what is in the way of all that comes where there is none of them. An action's circuit breaker
    counts for nothing here: it may close at any time.
    """
    ahead: list[datetime] = []
    first = None
    while len(ahead) < most:
        one, barrier = first_start(task, state, last, blackouts)
        first = first or barrier
        if one is None:
            break
        ahead.append(one.at if one.barrier is not None else one.due)
        last, state = one.at, replace(state, settled_until=one.due)
    return ahead, None if ahead else first


def jitter(task: Task, due: datetime) -> timedelta:
    """How much later than due this occurrence starts: a fixed draw by the occurrence itself, from [0, task.jitter), but never
    beyond the next occurrence.
    """
    if not task.jitter:
        return timedelta(0)
    drawn = hashlib.blake2b(f"{task.table}\0{task.key}\0{due.isoformat()}".encode(), digest_size=4).digest()
    return _span(task, due) * (int.from_bytes(drawn, "big") / 2**32)


def _span(task: Task, due: datetime) -> timedelta:
    """What jitter is drawn from."""
    following = task.schedule.next(due) if task.schedule is not None else None
    return task.jitter if following is None else min(task.jitter, following - due)


def _barriers(
    task: Task, state: RowState, due: datetime, at: datetime, last: datetime | None, blackouts: Sequence[Blackout]
) -> Iterator[Barrier]:
    """What is in the way, in the order in which it is looked for."""
    if state.snoozed_until is not None and due < state.snoozed_until:
        yield Barrier("snoozed", state.snoozed_until, state.snoozed_until)
    if window := covering(blackouts, task.table, due):
        yield Barrier(f"blackout {window[0]}", window[1], window[1])
    if task.every is not None and last is not None and at < (again := again_from(last, task.every)):
        # Jitter may carry an occurrence past the end that is due before it.
        yield Barrier(f"too soon for {task.action}", again, again - _span(task, due))

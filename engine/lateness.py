"""What has come due by the clock: what still runs, what is skipped, what was missed. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from actions.api import Outcome
from engine.blackout import covering
from engine.model import CatchUp, Cause, Occurrence, Overlap, RowState, Schedule, Status, Task
from engine.plan import Hold, House, Standing
from engine.schedule import count, grace
from engine.weighing import Weighed, jitter, later, too_soon

MOST_COUNTED = 100_000
"""Missed occurrences are counted one by one up to here; beyond, the record says "at least"."""

MOST_CAUGHT_UP = 100
"""`Catch Up: all` runs the newest so many; older ones are missed."""

LONGEST_QUEUE = 100
"""`Overlap: queue` and `parallel` let so many occurrences of one task be under way; further ones are skipped, or stay counted."""


def come_due(one: Weighed, schedule: Schedule, hold: Hold | None, now: datetime, house: House) -> None:
    _skip(one, schedule, now)
    due = _come(one, schedule, now)
    if due is not None and not (schedule.one_off and _waits(one, hold, now, house)):
        number, first, newest = due
        if hold is not None:
            one.record(Outcome.MISSED, hold.reason, first, newest, number, now)
            one.settle(newest)
        elif schedule.one_off and one.state.marked:
            one.record(Outcome.MISSED, "new ledger: the row bears marks of an earlier run", first, newest, number, now)
            one.settle(newest)
        else:
            _late(one, schedule, number, first, newest, now, house)
    ahead = schedule.next(one.state.settled_until)
    if ahead is not None and (at := ahead + jitter(one.task, ahead)) > now:
        one.wakes.append(at)


def left_behind(task: Task, state: RowState, until: datetime, reason: str) -> list[Occurrence]:
    """Records of what came due by `until` and is not decided on any more, because the row was changed, paused or deleted.

    task, state: as they were before that. Empty where nothing was due.
    """
    schedule = task.schedule
    if schedule is None or task.status is not Status.ACTIVE or (schedule.one_off and state.marked):
        return []
    one = Weighed(Standing(task, state))
    _skip(one, schedule, until)
    number, newest = count(schedule, one.state.settled_until, until, MOST_COUNTED)
    first = schedule.next(one.state.settled_until)
    if newest is not None and first is not None:
        one.record(Outcome.MISSED, reason, first, newest, number, until)
    return one.records


def _skip(one: Weighed, schedule: Schedule, now: datetime) -> None:
    """Record what a person asked to skip and what has come due by now."""
    until = one.state.skip_until
    if until is None:
        return
    number, newest = count(schedule, one.state.settled_until, min(now, until), MOST_COUNTED)
    first = schedule.next(one.state.settled_until)
    if newest is not None and first is not None:
        one.record(Outcome.SKIPPED, f"asked by {one.state.skip_by}", first, newest, number, now)
        one.settle(newest)
    if now >= until:
        one.state = one.state._replace(skip_until=None, skip_by="")


def _waits(one: Weighed, hold: Hold | None, now: datetime, house: House) -> bool:
    """A one-off isn't skipped by a snooze, a blackout or the operator's frequency: it waits for their end."""
    if hold is None and (until := later(one, now, house)) is not None:
        one.wakes.append(until)
        return True
    return False


def _come(one: Weighed, schedule: Schedule, now: datetime) -> tuple[int, datetime, datetime] | None:
    """How many occurrences have come due and have no record yet, the first and the newest of them; None for none."""
    after = one.state.settled_until
    first = schedule.next(after)
    if first is None or first + jitter(one.task, first) > now:
        return None
    if not one.task.jitter:
        number, newest = count(schedule, after, now, MOST_COUNTED)
        if number >= MOST_COUNTED:  # jump to where lateness is still forgiven: there every occurrence matters
            _, recent = count(schedule, max(after, now - timedelta(minutes=10)), now, MOST_COUNTED)
            newest = recent or newest
        assert newest is not None  # noqa: S101 (`first` is at or before now, so at least one was counted)
        return number, first, newest
    number, newest = 1, first
    while number < MOST_COUNTED and (due := schedule.next(newest)) is not None and due + jitter(one.task, due) <= now:
        number, newest = number + 1, due
    return number, first, newest


def _late(one: Weighed, schedule: Schedule, number: int, first: datetime, newest: datetime, now: datetime, house: House) -> None:
    """Part what has come due into what still runs and what is missed, then give the former to `_overlap`."""
    forgiven = now - newest - jitter(one.task, newest) <= grace(schedule, newest)
    catch_up = one.task.catch_up
    why = "rowd was not running" if newest < house.awake_since else "too late to start"
    counted = f" (counted up to {MOST_COUNTED:,})" if number >= MOST_COUNTED else ""
    if catch_up is CatchUp.ALL and number > 1:
        dues = _newest(schedule, one.state.settled_until, newest, number)
    elif forgiven or catch_up is not CatchUp.SKIP:
        dues = [newest]
    else:
        dues = []
    if not dues:
        one.record(Outcome.MISSED, why + counted, first, newest, number, now)
    elif (older := number - len(dues)) > 0:
        last = _before(schedule, one.state.settled_until, dues[0]) or first
        one.record(Outcome.MISSED, f"superseded by a newer one{counted}", first, last, older, now)
    for due in dues:
        _overlap(one, schedule, due, now, house)
    one.settle(newest)


def _before(schedule: Schedule, after: datetime, due: datetime) -> datetime | None:
    """The newest occurrence in (after, due), looked for over growing spans; None for none."""
    just = due - timedelta(microseconds=1)
    span = timedelta(minutes=10)
    while due - span > after:
        _, newest = count(schedule, due - span, just, MOST_COUNTED)
        if newest is not None:
            return newest
        span *= 8
    return count(schedule, after, just, MOST_COUNTED)[1]


def _newest(schedule: Schedule, after: datetime, until: datetime, number: int) -> list[datetime]:
    """The newest MOST_CAUGHT_UP of the `number` occurrences in (after, until], oldest first."""
    dues: deque[datetime] = deque(maxlen=MOST_CAUGHT_UP)
    cursor = after
    if number >= MOST_COUNTED:  # too many to walk through: the last ten minutes of them will do
        cursor = max(after, until - timedelta(minutes=10))
    while (due := schedule.next(cursor)) is not None and due <= until:
        cursor = due
        dues.append(due)
    return list(dues)


def _overlap(one: Weighed, schedule: Schedule, due: datetime, now: datetime, house: House) -> None:
    """Claim one occurrence, unless something forbids it: then record why it is skipped."""
    reason = (None if schedule.one_off else _skipped(one, due, now, house)) or _crowded(one)
    if reason is not None:
        one.record(Outcome.SKIPPED, reason, due, due, 1, now)
        return
    if one.task.overlap is Overlap.RESTART:
        one.stop_all("restarted by the next occurrence", "schedule")
    one.claim(f"at:{due.isoformat()}", Cause.SCHEDULE, due, now)


def _skipped(one: Weighed, due: datetime, now: datetime, house: House) -> str | None:
    """Why an occurrence of a task that recurs is left out. One that happens only once has waited for the end of all this."""
    if one.state.snoozed_until and due < one.state.snoozed_until:
        return f"snoozed until {one.state.snoozed_until:%Y-%m-%d %H:%M} UTC"
    if window := covering(house.blackouts, one.task.table, due):
        return f"blackout {window[0]}"
    return too_soon(one, now)


def _crowded(one: Weighed) -> str | None:
    """Why the task's earlier occurrences leave no room for another."""
    earlier = [o for o in one.active if o not in one.claims]
    if earlier and one.task.overlap is Overlap.SKIP:
        return one.busy
    if len(one.active) >= LONGEST_QUEUE and one.task.overlap in (Overlap.QUEUE, Overlap.PARALLEL):
        return f"{LONGEST_QUEUE} earlier ones still wait"
    return None

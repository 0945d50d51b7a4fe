"""What has come due by the clock: what still runs, what is skipped, what was missed. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from msgspec.structs import replace

from actions.api import Outcome
from engine.blackout import covering
from engine.model import CatchUp, Cause, Occurrence, Overlap, RowState, Schedule, Status, Task
from engine.plan import Hold, House, Standing, cause
from engine.schedule import Counted, count, grace, newest_before
from engine.upcoming import jitter
from engine.weighing import Weighed, later, too_soon
from engine.wording import moment

MOST_COUNTED = 100_000
"""Missed occurrences are counted one by one up to here; beyond, the record says "at least"."""

MOST_CAUGHT_UP = 100
"""`Catch Up: all` runs the newest so many, one after another; older ones are missed."""

LONGEST_QUEUE = 100
"""`Overlap: queue` and `parallel` let so many occurrences of one task be under way; further ones are skipped, or stay counted."""


def come_due(one: Weighed, schedule: Schedule, hold: Hold | None, now: datetime, house: House) -> None:
    _skip(one, schedule, now)
    come = _come(one, schedule, now)
    ahead = come.following
    if come.first is not None and come.newest is not None and not (schedule.one_off and _waits(one, hold, now, house)):
        if hold is not None:
            one.record(Outcome.MISSED, cause(hold.reason), come.first, come.newest, come.number, now)
        elif schedule.one_off and one.state.marked:
            why = "new ledger: the row bears marks of an earlier run"
            one.record(Outcome.MISSED, why, come.first, come.newest, come.number, now)
        else:
            made_up = one.task.catch_up is CatchUp.ALL and (come.number > 1 or not _forgiven(one, schedule, come.newest, now))
            for due in _still_to_run(one, schedule, come.number, come.first, come.newest, now, house):
                _overlap(one, schedule, due, now, house, made_up=made_up)
        one.settle(come.newest)
        if come.number >= MOST_COUNTED:
            ahead = schedule.next(come.newest)
    if ahead is not None and (at := ahead + jitter(one.task, ahead)) > now:
        one.wakes.append(at)


def let_go(one: Weighed, schedule: Schedule, now: datetime, house: House) -> None:
    """Record what has come due and is too late to run: no `skip next` is spent on it."""
    _skip(one, schedule, now)
    come = _come(one, schedule, now)
    if come.first is not None and come.newest is not None:
        dues = _still_to_run(one, schedule, come.number, come.first, come.newest, now, house)
        passed = newest_before(schedule, one.state.settled_until, dues[0]) if dues else come.newest
        if passed is not None:
            one.settle(passed)


def left_behind(task: Task, state: RowState, until: datetime, reason: str, outcome: Outcome = Outcome.MISSED) -> list[Occurrence]:
    """Records of what came due by `until` and is not decided on any more, because the row was changed, paused or deleted, or was
    another daemon's.

    task, state: as they were before that. Empty where nothing was due.
    """
    schedule = task.schedule
    if schedule is None or task.status is not Status.ACTIVE or (schedule.one_off and state.marked):
        return []
    one = Weighed(Standing(task, state))
    _skip(one, schedule, until)
    come = count(schedule, one.state.settled_until, until, MOST_COUNTED)
    if come.first is not None and come.newest is not None:
        one.record(outcome, reason, come.first, come.newest, come.number, until)
    return one.records


def _skip(one: Weighed, schedule: Schedule, now: datetime) -> None:
    """Record what a person asked to skip and what has come due by now."""
    until = one.state.skip_until
    if until is None:
        return
    come = count(schedule, one.state.settled_until, min(now, until), MOST_COUNTED)
    if come.first is not None and come.newest is not None:
        one.record(Outcome.SKIPPED, f"asked by {one.state.skip_by}", come.first, come.newest, come.number, now)
        one.settle(come.newest)
    if now >= until:
        one.state = replace(one.state, skip_until=None, skip_by="")


def _waits(one: Weighed, hold: Hold | None, now: datetime, house: House) -> bool:
    """A one-off isn't skipped by a snooze, a blackout or the operator's frequency: it waits for their end."""
    if hold is None and (until := later(one, now, house)) is not None:
        one.wakes.append(until)
        return True
    return False


def _come(one: Weighed, schedule: Schedule, now: datetime) -> Counted:
    """What has come due and has no record yet."""
    after = one.state.settled_until
    if one.task.jitter:
        return _come_with_jitter(one, schedule, after, now)
    come = count(schedule, after, now, MOST_COUNTED)
    if come.number >= MOST_COUNTED:  # jump to where lateness is still forgiven: there every occurrence matters
        recent = count(schedule, max(after, now - timedelta(minutes=10)), now, MOST_COUNTED)
        return replace(come, newest=recent.newest or come.newest)
    return come


def _come_with_jitter(one: Weighed, schedule: Schedule, after: datetime, now: datetime) -> Counted:
    """Jitter keeps the order of the due instants, so the first that has not come yet ends the walk."""
    number, newest = 0, None
    first = due = schedule.next(after)
    while due is not None and number < MOST_COUNTED and due + jitter(one.task, due) <= now:
        number, newest, due = number + 1, due, schedule.next(due)
    return Counted(number, first if number else None, newest, due)


def _still_to_run(
    one: Weighed, schedule: Schedule, number: int, first: datetime, newest: datetime, now: datetime, house: House
) -> list[datetime]:
    """Part what has come due into what still runs, oldest first, and what is missed, which is recorded."""
    catch_up = one.task.catch_up
    counted = f" (counted up to {MOST_COUNTED:,})" if number >= MOST_COUNTED else ""
    if catch_up is CatchUp.ALL and number > 1:
        dues = _newest(schedule, one.state.settled_until, newest, number)
    elif _forgiven(one, schedule, newest, now) or catch_up is not CatchUp.SKIP:
        dues = [newest]
    else:
        dues = []
    if not dues:
        one.record(Outcome.MISSED, house.why_late(newest, one.released) + counted, first, newest, number, now)
    elif (older := number - len(dues)) > 0:
        last = newest_before(schedule, one.state.settled_until, dues[0]) or first
        why = f"{house.why_late(last, one.released)}, and a newer one took its place{counted}"
        one.record(Outcome.MISSED, why, first, last, older, now)
    return dues


def _forgiven(one: Weighed, schedule: Schedule, due: datetime, now: datetime) -> bool:
    """Whether this occurrence is late by no more than the grace."""
    return now - due - jitter(one.task, due) <= grace(schedule, due)


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


def _overlap(one: Weighed, schedule: Schedule, due: datetime, now: datetime, house: House, *, made_up: bool) -> None:
    """Claim one occurrence, unless something forbids it: then record why it is skipped.

    made_up: it is one of those that `Catch Up: all` runs one after another.
    """
    reason = (None if schedule.one_off else _skipped(one, due, now, house)) or crowded(one, made_up=made_up)
    unmet = (Outcome.SKIPPED, reason) if reason is not None else one.unmet(due, now)
    if unmet is not None:
        one.record(*unmet, due, due, 1, now)
        return
    if one.task.overlap is Overlap.RESTART:
        one.make_way("restarted by the next occurrence")
    one.claim(f"at:{due.isoformat()}", Cause.SCHEDULE, due, now)


def _skipped(one: Weighed, due: datetime, now: datetime, house: House) -> str | None:
    """Why an occurrence of a task that recurs is left out. One that happens only once has waited for the end of all this."""
    if one.state.snoozed_until and due < one.state.snoozed_until:
        return f"snoozed until {moment(one.state.snoozed_until, one.task.zone)}"
    if window := covering(house.blackouts, one.task.table, due):
        return f"blackout {window[0]}"
    return too_soon(one, now)


def crowded(one: Weighed, *, made_up: bool = False) -> str | None:
    """Why the task's earlier occurrences leave no room for another. What is made up for waits for its turn behind them."""
    earlier = [o for o in one.active if o not in one.claims]
    if earlier and one.task.overlap is Overlap.SKIP and not made_up:
        return one.busy
    if len(one.active) >= LONGEST_QUEUE and (made_up or one.task.overlap in (Overlap.QUEUE, Overlap.PARALLEL)):
        return f"{LONGEST_QUEUE} earlier ones still wait"
    return None

"""Whether a row has kept its Deadline, and what was the matter where it hasn't. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from operator import itemgetter

from msgspec.structs import replace

from actions.api import Outcome
from engine.links import OnFailure
from engine.model import Occurrence, Stage, Type
from engine.owing import begin, exempt, freed, rolls
from engine.plan import House, Missed, in_row
from engine.promises import Overdue, Owed
from engine.rounds import ENDED, LONGEST_REASON, ended, failed, how
from engine.weighing import Weighed
from engine.wording import conjoined, cut, left_alone, moment

HEARD = timedelta(seconds=10)
"""So long after its start a daemon has heard of the ends of what an earlier one left running, where they have ended."""

MOST_NAMED = 5
"""Of rows that are waited for."""


def judge(one: Weighed, now: datetime, house: House) -> None:
    """Say of each deadline that has passed whether it was missed, once; and wake for the next one that is open.

    Comes after all else that is decided on a row: what came due just now is judged, too.
    """
    deadline = one.task.deadline
    if deadline is None or exempt(one.task, one.state):
        one.state = freed(one.state)
        return
    left: list[Owed] = []
    missed: list[tuple[Owed, datetime]] = []
    open_ = deque(_owed(one, now))
    while open_:
        owed = open_.popleft()
        by = deadline.by(owed)
        if by is None:
            continue
        if by > now:
            left.append(owed)
            if owed.succeeded is None or rolls(one.task):
                one.wakes.append(by)
            continue
        kept = owed.succeeded is not None and owed.succeeded <= by
        if not kept and (until := _heard_at(one, house)) > now:
            one.wakes.append(until)
            left.append(owed)
            continue
        if not kept:
            missed.append((owed, by))
        if rolls(one.task):
            open_.append(Owed(by, by))
        elif kept:
            left.append(owed)  # taken out with the next that comes due: no reason to write the row
    promises = replace(one.state.promises, owed=tuple(left))
    if missed:
        promises = replace(promises, overdue=_overdue(one, missed))
    if promises != one.state.promises:
        one.state = replace(one.state, promises=promises)


def _owed(one: Weighed, now: datetime) -> tuple[Owed, ...]:
    if rolls(one.task) and not one.state.promises.owed:
        first = begin(one.task, now)
        return (first,) if first is not None else ()
    return one.state.promises.owed


def _heard_at(one: Weighed, house: House) -> datetime:
    """When it is known whether what runs has ended before this daemon began."""
    begun = [o.started_at for o in one.active if o.stage is Stage.RUNNING and o.started_at is not None]
    return house.awake_since + HEARD if any(at < house.awake_since for at in begun) else house.awake_since


def _overdue(one: Weighed, missed: list[tuple[Owed, datetime]]) -> Overdue:
    """What the row remembers of it: the newest, though what waited its turn came due before that; and what is told."""
    missed = sorted(missed, key=itemgetter(1))
    owed, by = missed[-1]
    why = cut(_why(one, owed), LONGEST_REASON)
    place = (one.task.table, one.task.key, one.task.name)
    one.missed.append(Missed(*place, missed[0][0].due, by, why, len(missed)))
    before = one.state.promises.overdue
    still = before is not None and before.succeeded is None
    number = len(missed) + (before.number if before is not None and still else 0)
    if before is not None and still and before.by > by:
        return replace(before, number=number)
    return Overdue(owed.due, by, why, number, owed.succeeded)


def _why(one: Weighed, owed: Owed) -> str:
    """What was the matter, a clause."""
    if owed.succeeded is not None:
        return f"it succeeded only {_said(one, owed.succeeded)}"
    if one.active:
        return _under_way(one, next((o for o in one.active if o.due >= owed.due), one.active[0]))
    for past in (*reversed(one.records), one.last, one.newest):
        if past is not None and (past.last_due or past.due) >= owed.due and past.outcome is not Outcome.SUCCEEDED:
            return _ended(one, past)
    return _behind(one) if one.task.type is Type.ON_COMPLETION else "nothing of it has run"


def _under_way(one: Weighed, occurrence: Occurrence) -> str:
    if occurrence.stage is Stage.RUNNING and occurrence.started_at is not None:
        return f"it was still running, since {_said(one, occurrence.started_at)}"
    if occurrence.stage is Stage.WAITING:
        nth = f"attempt {occurrence.attempt + 1} of {occurrence.attempts}"
        return f"{nth} was yet to come, after: {in_row(occurrence.reason)}"
    if occurrence.approval is not None and occurrence.unapproved:
        return f"it waited for approval, since {_said(one, occurrence.approval.wanted_at)}"
    if (until := one.shut.get(occurrence.action)) is not None:
        return f"it had yet to start: {left_alone(occurrence.action, _said(one, until))}"
    return "it had yet to start"


def _ended(one: Weighed, past: Occurrence) -> str:
    if past.outcome in (Outcome.SKIPPED, Outcome.MISSED):
        return f"it was {past.outcome}: {past.reason}"
    when = f" {_said(one, past.ended_at)}" if past.ended_at is not None else ""
    return f"it {ENDED[past.outcome]}{when}" + (f": {in_row(past.reason)}" if past.reason not in ("", past.outcome) else "")


def _behind(one: Weighed) -> str:
    """Of a row whose round is not complete."""
    runs = ended(one.state, one.prerequisites)
    if one.task.on_failure is OnFailure.BLOCK and (broken := failed(runs)):
        return f"it was blocked: {how(broken.values(), one.task.table, lambda at: _said(one, at))}"
    waits = [prerequisite.said for prerequisite in one.prerequisites if prerequisite.place not in runs]
    return f"it waited for {conjoined(waits, MOST_NAMED)}" if waits else "nothing of it has run"


def _said(one: Weighed, at: datetime) -> str:
    return moment(at, one.task.zone)

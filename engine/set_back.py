"""The wall clock was set back: what lies ahead of it now was never reached. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from engine.made import Made
from engine.model import Defect, RowState, Task

SET_BACK = timedelta(minutes=1)
"""A clock that was set back by less is waited for; by more, and instants that now lie ahead are taken for never reached."""


def taken_back(states: Mapping[str, RowState], understood: Mapping[str, Task | Defect], now: datetime) -> dict[str, RowState]:
    """Key → the row as it stands then, of those for which that makes a difference."""
    found = {}
    for key, state in states.items():
        changed = state
        if state.settled_until - now > SET_BACK:
            changed = replace(state, since=min(state.since, now), settled_until=now)
            changed = replace(changed, skip_until=next_to_skip(changed, understood.get(key)))
        if changed.absent_since is not None and changed.absent_since - now > SET_BACK:
            changed = replace(changed, absent_since=now)
        if changed.made is not None:
            changed = replace(changed, made=made_by(changed.made, now))
        if changed != state:
            found[key] = changed
    return found


def made_by(made: Made, now: datetime) -> Made:
    """That a run has made a row: by now it has, and what lies ahead has not made it expire."""
    if made.expired_at is not None and made.expired_at - now > SET_BACK:
        made = replace(made, expired_at=None)
    if made.at - now <= SET_BACK:
        return made
    return replace(made, at=now, until=now + (made.until - made.at) if made.until is not None else None)


def next_to_skip(state: RowState, task: Task | Defect | None) -> datetime | None:
    """The one occurrence that is to be left out where one is: the next, also where that comes earlier than was thought."""
    if state.skip_until is None or not isinstance(task, Task) or task.schedule is None:
        return state.skip_until
    return task.schedule.next(state.settled_until) or state.skip_until

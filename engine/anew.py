"""Schedules that begin anew though nobody edited a row: the rules by which it is understood have changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from engine.findings import Findings
from engine.lateness import left_behind
from engine.merge import active
from engine.model import Defect, RowState, Task
from engine.owing import freed
from engine.remit import come_over
from engine.set_back import next_to_skip
from engine.sight import LEFT

Meant = Mapping[str, Task | Defect]


def begin_anew(
    found: Findings, states: Mapping[str, RowState], before: Meant, after: Meant, now: datetime, why: str, poll: timedelta
) -> None:
    """Where a schedule means something else now, nothing from before counts any more.

    found: gets that, on top of what was seen of the rows at the same time.   states: as they are known.
    before, after: what these mean by the old rules, and by the new ones.   why: "the row was … before it could start".
    poll: how far looks at the table are apart.
    """
    found.look_again = True
    since = now.replace(microsecond=0)
    for key, task in after.items():
        was, known = before.get(key), states[key]
        if isinstance(task, Task) and isinstance(was, Defect) and was.elsewhere:
            found.states[key] = come_over(found.states.get(key, known), now, poll)
            continue
        if not (isinstance(task, Task) and isinstance(was, Task) and task.schedule != was.schedule):
            continue
        state = found.states.get(key, known)
        if state.deleted_at is not None or state.since != known.since:
            continue  # gone, or begun anew by an edit: what that left behind is told with it
        if active(state) or not active(known):  # else it was paused, and that has told it
            found.records += left_behind(was, known, now, LEFT.format(why))
        found.states[key] = freed(_still_to_skip(replace(state, since=since, settled_until=since, armed=False), task, now))


def _still_to_skip(state: RowState, task: Task, now: datetime) -> RowState:
    """Whoever asked to skip the next one meant one, which may have been left behind; if not, it is the next by the clock of now."""
    if state.skip_until is not None and state.skip_until <= now:
        return replace(state, skip_until=None, skip_by="")
    return replace(state, skip_until=next_to_skip(state, task))

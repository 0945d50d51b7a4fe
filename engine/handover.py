"""A table that another daemon has run since we had it last: what that one has done isn't done again. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from msgspec.structs import replace

from actions.api import Outcome
from connectors.api import Cell
from engine.cells import instant_or_none, same
from engine.columns import Column
from engine.lateness import left_behind
from engine.merge import active
from engine.model import Defect, Occurrence, RowState, Task
from engine.owing import handed_on

ELSEWHERE = "another daemon had the table then, and has run the row since"
"""Why what came due meanwhile is not ours to decide on."""


def handed_over(
    known: RowState, state: RowState, last_run: Cell, understood: Task | Defect | None, zone: tzinfo, now: datetime
) -> tuple[RowState, list[Occurrence]]:
    """What came due by the last run that another daemon has made of a row was that one's to decide on: the row as it stands then,
    and a record for ours.

    known: as we knew it, and what it meant to us (`understood`).   state: as it was read.   last_run: what stands there as such.
    """
    last, before = instant_or_none(last_run, zone), instant_or_none(known.stood.get(Column.LAST_RUN), zone)
    if last is None or (before is not None and last <= before) or same(last_run, known.meant.get(Column.LAST_RUN)):
        return state, []  # it is our own
    until = min(last, now)
    if until <= state.settled_until or not active(state):
        return state, []
    records = left_behind(understood, known, until, ELSEWHERE, Outcome.SKIPPED) if isinstance(understood, Task) else []
    return handed_on(replace(state, settled_until=until), until), records

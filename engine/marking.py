"""How a table stands, as the ledger is told."""

from __future__ import annotations

from datetime import datetime

from engine.keeper import Keeper
from engine.ledger import TableMark


def mark_of(keeper: Keeper, now: datetime) -> TableMark:
    """What the ledger should say of this table."""
    tasks, defects, drafts = keeper.counts()
    state, since, message = keeper.access.reach(now)
    return TableMark(
        table=keeper.name,
        state=state,
        since=since,
        message=message or "; ".join(keeper.hints),
        first_read=keeper.access.first_read,
        last_read=keeper.access.last_read,
        columns=keeper.sight.columns,
        time_zone=keeper.bylaws.clock,
        tasks=tasks,
        defects=defects,
        drafts=drafts,
    )

"""What the ledger can say of a row's past. Every instant is aware UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from actions.api import Outcome
from engine.model import Occurrence

RECENT = 5
"""So many of a row's newest outcomes are shown in it, where it has a column for them."""


class Recent(Struct, frozen=True, gc=False):
    """One of a row's newest outcomes, as far as a short line tells it.

    at: `Occurrence.told_at`.   reason: its beginning.   count: as in `Occurrence`.
    """

    at: datetime
    outcome: Outcome
    reason: str = ""
    duration: timedelta | None = None
    count: int = 1


class Tally(Struct, frozen=True):
    """What the ledger can say of a task's past, for its row.

    last: the newest occurrence that was started and ended, None before the first.
    record: the newest ended occurrence of any outcome.
    missed_since: the due of the oldest missed occurrence after the last run, None without.   missed_now: how many those are.
    recent: its newest outcomes, in the order in which they were recorded, newest first; none where the row doesn't show them.
    """

    runs: int = 0
    failures: int = 0
    missed: int = 0
    last: Occurrence | None = None
    last_success: datetime | None = None
    record: Occurrence | None = None
    missed_now: int = 0
    missed_since: datetime | None = None
    recent: tuple[Recent, ...] = ()

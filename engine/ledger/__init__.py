"""The durable local record: what was claimed, what came of it, and what is known of every row. The truth about what happened.

One daemon writes; commands in other processes read, and insert requests. Every part of `Ledger` has a module of its own here.
"""

from __future__ import annotations

from engine.ledger.announcements import Announcements
from engine.ledger.answers import Answers
from engine.ledger.backups import FOLDER, backup_name, blank, instead, lost
from engine.ledger.dispatches import Dispatches
from engine.ledger.emissions import Emissions
from engine.ledger.errors import (
    IllegalMove,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLost,
    LedgerMissing,
    LedgerTooNew,
    LedgerTooOld,
    LedgerUnwritable,
)
from engine.ledger.history import History
from engine.ledger.housekeeping import Housekeeping
from engine.ledger.ids import new_run_id
from engine.ledger.journals import Untold
from engine.ledger.marks import Marks
from engine.ledger.occurrences import Occurrences
from engine.ledger.pairs import Pairs
from engine.ledger.problems import Problems
from engine.ledger.recording import Recording
from engine.ledger.records import (
    Attempt,
    AttemptEnd,
    ChannelMark,
    DaemonMark,
    Digest,
    Dispatch,
    EndpointMark,
    Notice,
    Place,
    Problem,
    Pruned,
    Reach,
    TableMark,
    Troubled,
    Unfinished,
    WatchMark,
)
from engine.ledger.requests import Requests
from engine.ledger.restoring import Backup, backups, restore
from engine.ledger.revisions import Revisions
from engine.ledger.spending import Spending
from engine.ledger.store import bytes_of
from engine.ledger.trails import Trails
from engine.ledger.watches import Watches
from engine.ledger.workflows import Workflows


class Ledger(
    Occurrences,
    Recording,
    Housekeeping,
    Requests,
    History,
    Marks,
    Spending,
    Pairs,
    Watches,
    Emissions,
    Announcements,
    Answers,
    Workflows,
    Revisions,
    Problems,
    Dispatches,
    Trails,
):
    """All of it, over one connection to one file. See `Ledger.open` and `Ledger.transaction`."""


__all__ = [
    "FOLDER",
    "Attempt",
    "AttemptEnd",
    "Backup",
    "ChannelMark",
    "DaemonMark",
    "Digest",
    "Dispatch",
    "EndpointMark",
    "IllegalMove",
    "Ledger",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerFull",
    "LedgerLost",
    "LedgerMissing",
    "LedgerTooNew",
    "LedgerTooOld",
    "LedgerUnwritable",
    "Notice",
    "Place",
    "Problem",
    "Pruned",
    "Reach",
    "TableMark",
    "Troubled",
    "Unfinished",
    "Untold",
    "WatchMark",
    "backup_name",
    "backups",
    "blank",
    "bytes_of",
    "instead",
    "lost",
    "new_run_id",
    "restore",
]

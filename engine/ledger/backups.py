"""The backups of a ledger: where they lie, and what to say of them to whoever has to put one in its place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

FOLDER = "backups"
"""Beside the ledger: copies, by `backup_name`, and ledgers that one of them has taken the place of."""

PATTERN = "ledger-*.sqlite"


def backup_name(now: datetime) -> str:
    """What a copy is called that is made now, UTC; the last name is the newest."""
    return f"ledger-{now:%Y%m%d-%H%M%S}.sqlite"


def newest_backup(ledger: Path) -> Path | None:
    """The newest copy of it; None where there is none, or none that we may see."""
    return max((ledger.parent / FOLDER).glob(PATTERN), default=None)


def blank(ledger: Path) -> bool:
    """Whether nothing stands there: no file, or an empty one, to which SQLite finds no log either. Raises PermissionError."""
    if not ledger.exists():
        return True
    return ledger.is_file() and ledger.stat().st_size == 0


def lost(ledger: Path) -> str | None:
    """What to say and do where there is none, but backups of one; None where that isn't so. Raises PermissionError.

    To rowd, that is no first start: every row would count as new, and nobody would see what has run or was missed.
    """
    if not blank(ledger) or (backup := newest_backup(ledger)) is None:
        return None
    return (
        f"The ledger {ledger} is gone, and its backups are there. Put the newest in its place: `rowd restore {backup.name}`; what"
        f" came due since it was made is recorded as missed. To begin anew, with every row as a new one, move {backup.parent} away."
    )


def instead(ledger: Path) -> str:
    """What to do without this ledger, in sentences: its newest backup, or none."""
    if (backup := newest_backup(ledger)) is not None:
        return (
            f"Put the newest backup in its place: `rowd restore {backup.name}`. The one that is there is kept, and what came due"
            " since the backup was made is recorded as missed."
        )
    return (
        f"There is no backup in {ledger.parent / FOLDER}: start rowd with no ledger, once {ledger.name}, {ledger.name}-wal and"
        f" {ledger.name}-shm are moved away. Every row then counts as new, and nothing from before runs again."
    )

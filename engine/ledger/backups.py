"""The backups of a ledger: where they lie, and what to say of them to whoever has to put one in its place."""

from __future__ import annotations

import shlex
from pathlib import Path

FOLDER = "backups"
"""Beside the ledger. Housekeeping makes `ledger-YYYYmmdd-HHMMSS.sqlite` there, so that the last name is the newest."""

PATTERN = "ledger-*.sqlite"


def newest_backup(ledger: Path) -> Path | None:
    """The newest copy of it; None where there is none, or none that we may see."""
    return max((ledger.parent / FOLDER).glob(PATTERN), default=None)


def instead(ledger: Path) -> str:
    """What to do without this ledger, in sentences: its newest backup, or none."""
    if (backup := newest_backup(ledger)) is not None:
        copied = f"cp {shlex.quote(str(backup))} {shlex.quote(str(ledger))}"
        return f"Put the newest backup in its place ({copied}); what came due since then is recorded as missed."
    return (
        f"There is no backup in {ledger.parent / FOLDER}: start rowd with no ledger. Every row then counts as new, and nothing from"
        " before runs again."
    )

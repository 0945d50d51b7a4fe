"""Copies of a living ledger: consistent, checked, durable, and never half there under their final name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from engine.ledger.codec import micros
from engine.ledger.errors import damaged


def copy(source: Path, target: Path, at: datetime) -> None:
    """Copy the ledger as last committed to `target` (mode 0600), replacing it; writers may go on meanwhile.

    at: now, UTC: the copy bears it, so that who goes on from it knows since when it knows nothing.

    Raises: LedgerCorrupt where the copy doesn't pass SQLite's check, sqlite3.Error and OSError as they come.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mkstemp gives mode 0600
    os.close(handle)
    draft = Path(name)
    try:
        with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(draft)) as new:
            old.backup(new)
            _mark(new, at)
            new.execute("PRAGMA journal_mode = DELETE")  # one self-contained file; opening it as a ledger brings WAL back
            verdict = new.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise damaged(source, verdict)
        sync(draft)
        draft.replace(target)
        sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _mark(new: sqlite3.Connection, at: datetime) -> None:
    """Let the copy say that it is one, and since when: who goes on from it must know that it doesn't know what happened since."""
    with new:
        new.execute("CREATE TABLE IF NOT EXISTS copied (at INTEGER NOT NULL) STRICT")
        if new.execute("SELECT count(*) FROM copied").fetchone() == (0,):
            new.execute("INSERT INTO copied VALUES (?)", (micros(at),))


def sync(path: Path) -> None:
    """Make a file's content, or a folder's list of names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

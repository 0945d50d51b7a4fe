"""How the ledger can fail, said as what to do next. Each text names the file and the remedy, for a person."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from config.shortages import FULL, found
from engine.ledger.backups import instead


class LedgerError(Exception):
    """Base of everything that the ledger raises of its own accord."""


class LedgerMissing(LedgerError):
    """There is no ledger here, and the caller did not want a new one."""


class LedgerLost(LedgerMissing):
    """There is none, but backups of it are: to make a new one would be to forget what they know."""


class LedgerTooNew(LedgerError):
    """A newer rowd has written this ledger; this one must not touch it."""


class LedgerTooOld(LedgerError):
    """An older rowd has written this ledger, and the caller did not want it brought up to date."""


class LedgerCorrupt(LedgerError):
    """The file is damaged, or is no ledger at all."""


class LedgerUnwritable(LedgerError):
    """Nothing of this transaction was kept: the disk is full, the file is locked or read-only. The same may succeed later."""


class LedgerFull(LedgerUnwritable):
    """There is no room on its disk."""


class IllegalMove(LedgerError):
    """Something was asked of an occurrence that its stage, or the law on attempts, forbids. Nothing was changed."""


_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "another program keeps it locked; end that program",
    sqlite3.SQLITE_READONLY: "it is read-only; give rowd's user the right to write the file and its folder",
}
_BY_THE_DISK = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
"""What SQLite may say of a disk that has turned read-only, or where this process may open no more files."""
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
"""The second one: the small file that every connection shares can't be made, which is the first to fail on a full disk."""


def damaged(path: Path, what: str) -> LedgerCorrupt:
    """The error for a file that can't be trusted."""
    return LedgerCorrupt(f"The ledger {path} is damaged ({what}). Stop rowd where it runs. {instead(path)}")


def gone(path: Path, what: str) -> str:
    """What to say of a file that was taken away from whoever has it open."""
    return f"The ledger {path} {what} while rowd works: nothing starts. Put it back where it was, or stop rowd. {instead(path)}"


def translated(exc: sqlite3.Error, path: Path) -> Exception:
    """Say SQLite's error (result codes: sqlite.org/rescode.html) as what to do next; what is our own mistake stays as it is."""
    code = getattr(exc, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in _DAMAGED:
        return damaged(path, str(exc))
    if code in _FULL:
        return LedgerFull(f"The ledger {path} can't be written: {FULL}.")
    if primary in _UNWRITABLE:
        remedy = _REMEDIES.get(primary, f"{exc}; look at the disk and the rights of the file and its folder")
        if primary in _BY_THE_DISK:
            remedy = found(path.parent) or remedy
        return LedgerUnwritable(f"The ledger {path} can't be written: {remedy}.")
    return exc

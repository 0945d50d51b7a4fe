"""A backup in the ledger's place: looked at first, put there whole, and what stood there is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from engine.ledger.backups import FOLDER, PATTERN
from engine.ledger.codec import instant
from engine.ledger.copying import sync
from engine.ledger.errors import LedgerCorrupt, LedgerMissing, LedgerTooNew, LedgerUnwritable
from engine.ledger.migrations import refuse_newer
from engine.ledger.sealing import head_of, tell_restored

COMPANIONS = ("-wal", "-shm")
"""What SQLite keeps beside a database, by the end of its name: sqlite.org/walformat.html."""

OTHERS = "`rowd restore` lists those that there are"


class Backup(Struct, frozen=True):
    """A copy of the ledger that rowd made.   made_at: it knows nothing of what happened later.   size: bytes."""

    path: Path
    made_at: datetime
    size: int


def backups(ledger: Path) -> list[Backup]:
    """Those that lie where housekeeping puts them, the newest first; without what is none."""
    found = []
    for path in (ledger.parent / FOLDER).glob(PATTERN):
        try:
            found.append(_read(path, whole=False))
        except (LedgerCorrupt, LedgerMissing, LedgerTooNew):
            continue
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def restore(path: Path, ledger: Path, now: datetime, by: str = "") -> tuple[Backup, Path | None]:
    """Put the backup at `path` in the place of `ledger`, durably. Answers what it is, and where the one that stood there is now.

    by: who has it put back, for the audit trail: what the ledger that is there has recorded since is not in the backup's.

    Nobody else may have the ledger open. Whoever is killed in the middle leaves no ledger at all, from which nothing runs twice.
    Raises: LedgerMissing, LedgerCorrupt, LedgerTooNew (then nothing was changed), LedgerUnwritable.
    """
    backup = _read(path, whole=True)
    draft = ledger.with_name(f".{ledger.name}.restored")
    try:
        draft.unlink(missing_ok=True)
        with path.open("rb") as source, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            shutil.copyfileobj(source, target)
        with closing(sqlite3.connect(draft)) as copied:
            tell_restored(copied, now, by, head_of(ledger) if ledger.exists() else None)
        sync(draft)
        kept = _set_aside(ledger, now)
        draft.replace(ledger)
        sync(ledger.parent)
    except (OSError, sqlite3.OperationalError) as exc:
        raise LedgerUnwritable(
            f"The ledger {ledger} can't be replaced ({exc}): make room, or mend the rights of its folder, and try again."
        ) from exc
    finally:
        draft.unlink(missing_ok=True)
    return backup, kept


def _read(path: Path, *, whole: bool) -> Backup:
    """What this copy says of itself.   whole: all is looked at for faults. Raises LedgerMissing, LedgerCorrupt, LedgerTooNew."""
    if not path.is_file():
        raise LedgerMissing(f"There is no backup at {path}; {OTHERS}.")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)) as copy:
            refuse_newer(copy, path)
            marked = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'copied'").fetchall()
            made_at = copy.execute("SELECT at FROM copied").fetchone() if marked else None
            verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0] if whole else "ok"
    except sqlite3.Error as exc:
        raise LedgerCorrupt(f"The backup {path} is damaged ({exc}); {OTHERS}.") from exc
    if verdict != "ok":
        raise LedgerCorrupt(f"The backup {path} is damaged ({verdict}); {OTHERS}.")
    if made_at is None:
        raise LedgerCorrupt(
            f"{path} is no backup by rowd: it doesn't say when it was made, so that what ran since then would run again; {OTHERS}."
        )
    return Backup(path, instant(made_at[0]), path.stat().st_size)


def _set_aside(ledger: Path, now: datetime) -> Path | None:
    """Move the ledger into a folder of its own among the backups, itself first: what is kept beside it is nothing without it."""
    present = [path for path in (ledger, *(ledger.with_name(ledger.name + end) for end in COMPANIONS)) if path.exists()]
    if not present:
        return None
    folder = ledger.parent / FOLDER / f"replaced-{now:%Y%m%d-%H%M%S-%f}"
    folder.mkdir(mode=0o700, parents=True)
    for path in present:
        path.rename(folder / path.name)
    sync(folder)
    sync(ledger.parent)
    return folder / ledger.name

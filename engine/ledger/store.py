"""The ledger's file: opening it, transactions, SQLite's errors. What stands in it is the matter of the other modules."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from engine.ledger.backups import lost
from engine.ledger.codec import instant
from engine.ledger.copying import copy, sync
from engine.ledger.errors import LedgerFull, LedgerLost, LedgerMissing, LedgerUnwritable, damaged, gone, translated
from engine.ledger.migrations import bring_up
from engine.ledger.sealing import COUNTED, SEALED, restored, sealed
from engine.ledger.steps import Many, steps
from engine.trail import Deed, Head, root

PATIENCE = timedelta(seconds=10)
"""How long a transaction waits for another process's; a command needs a few milliseconds."""

LONGEST_WAL = 64 * 1024 * 1024
"""Bytes. The write-ahead log is cut back to this after a burst."""

_SETTINGS = ("foreign_keys = ON", "synchronous = FULL", f"journal_size_limit = {LONGEST_WAL}", "temp_store = MEMORY")
"""The last one: what a savepoint may have to undo needs no file in /var/tmp, so neither room there nor one more open file."""

FILES = ("", "-wal", "-shm")
"""What the names of its files end with: the log and its index lie beside (sqlite.org/wal.html, section 2)."""

NOTHING: Mapping[str, Any] = {}


class Store:
    """One connection to the ledger's file. Synchronous; may change threads, but one at a time.

    Every write happens inside `transaction()`. Any method may raise LedgerUnwritable (nothing of the transaction was kept) and
    LedgerCorrupt.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._depth = 0
        self._stood = path.stat()
        self._deeds: list[Deed] = []  # of the transaction that is open
        self.id: str = self._rows("SELECT id FROM ledger")[0][0]

    @classmethod
    def open(cls, path: Path, *, migrate: bool = True) -> Self:
        """Open the ledger at `path`; with `migrate`, make it (folder 0700, file 0600) or bring it up to date first.

        Without `migrate` (a command that only looks or asks): raises LedgerMissing and LedgerTooOld instead, and reads
        also on a full disk.
        Raises also: LedgerLost, LedgerTooNew, LedgerCorrupt, LedgerUnwritable.
        """
        path = path.absolute()
        try:
            _guard(path, migrate=migrate)
        except OSError as exc:
            raise LedgerUnwritable(
                f"The ledger {path} can't be made or opened ({exc}): set another path, or mend the rights."
            ) from exc
        try:
            return cls._opened(path, migrate=migrate)
        except LedgerFull:
            if migrate:
                raise
            return cls._opened(path, migrate=False, apart=True)

    @classmethod
    def _opened(cls, path: Path, *, migrate: bool, apart: bool = False) -> Self:
        connection = _connect(path, apart=apart)
        try:
            with _alone(path.parent), _translating(path):
                bring_up(connection, path, migrate=migrate)
                _log_ahead(connection, path)
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file. A transaction that is open is undone."""
        self._undo()  # closing alone leaves it open for as long as anyone holds a cursor
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Durable together or not at all: committed with a full sync at the end, undone by any exception.

        What was noted meanwhile goes into the audit trail last, in the same commit: what isn't durable was never done, and what is
        stands there. A transaction inside another joins it. Raises: LedgerUnwritable, LedgerCorrupt.
        """
        if self._depth == 0:
            self._look()
            self._drive("BEGIN IMMEDIATE")
            self._deeds.clear()
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self._seal()
                self._drive("COMMIT")
        except BaseException:
            if self._depth == 1:
                self._undo()
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: an exception undoes only what happened in here.

        Raises LedgerUnwritable when SQLite has undone the whole transaction (it may, on a full disk): nothing of it is left then.
        """
        self._drive("SAVEPOINT work")
        noted = len(self._deeds)
        try:
            yield
        except BaseException as exc:
            del self._deeds[noted:]
            if not self.in_transaction:
                raise LedgerUnwritable(f"The ledger {self.path} undid the whole transaction: {exc}") from exc
            self._drive("ROLLBACK TO work")
            self._drive("RELEASE work")
            raise
        self._drive("RELEASE work")

    def note(self, deeds: Iterable[Deed]) -> None:
        """Have the audit trail hold these, from the commit of this transaction on."""
        self._writable()
        self._deeds += deeds

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several queries that see one and the same moment."""
        if self.in_transaction:
            yield
            return
        self._drive("BEGIN")
        try:
            yield
        finally:
            self._undo()

    def backup(self, path: Path, at: datetime) -> None:
        """Copy the ledger as last committed to `path`, replacing it, durably. Writers may go on meanwhile, from other connections.

        at: now, UTC.

        Takes seconds on a big ledger: a daemon does it on a second `Ledger`, in a thread. Raises: LedgerCorrupt, LedgerUnwritable.
        """
        try:
            with _translating(self.path):
                copy(self.path, path, at)
        except OSError as exc:
            raise LedgerUnwritable(
                f"The backup {path} can't be written ({exc}): make room, or mend the rights of its folder."
            ) from exc

    def verify(self) -> None:
        """Read all of it, and raise LedgerCorrupt where SQLite finds a fault. A second for each hundred megabytes or so."""
        with _translating(self.path):
            verdict = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise damaged(self.path, verdict)

    def copied_at(self) -> datetime | None:
        """When this ledger was copied, if it is a copy that was put in the place of the one it was made of; else None."""
        with _translating(self.path):
            if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'copied'").fetchall():
                return None
            return instant(self._connection.execute("SELECT at FROM copied").fetchone()[0])

    def settle_copy(self, now: datetime) -> None:
        """It is the ledger now, says the audit trail as well: what the replaced one had recorded since is not in here."""
        self._writable()
        if (copied := self.copied_at()) is None:
            return
        put_back = bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'restored'"))
        self.note([restored(copied, now, self._rows("SELECT * FROM restored")[0] if put_back else None)])
        for told in ("copied", "restored"):
            self._drive(f"DROP TABLE IF EXISTS {told}")

    # --- for the parts

    def _rows(self, query: str, values: Mapping[str, Any] = NOTHING) -> list[Any]:
        with _translating(self.path):
            return self._connection.execute(query, values).fetchall()

    def _stream(self, query: str, values: Mapping[str, Any] = NOTHING) -> Iterator[Any]:
        """Rows one by one, for a caller that may stop early."""
        with _translating(self.path):
            yield from self._connection.execute(query, values)

    def _write(self, statement: str, values: Mapping[str, Any] | Many = NOTHING) -> int:
        """How many rows were changed. An empty sequence of values changes none."""
        self._writable()
        with _translating(self.path):
            if isinstance(values, Mapping):
                return self._connection.execute(statement, values).rowcount
            if not values:
                return 0
            together = steps(statement)
            if together is None:
                return self._connection.executemany(statement, values).rowcount
            before = self._connection.total_changes  # of a statement that begins with WITH, Python tells no rowcount
            for sql, each in together.of(values):
                self._connection.execute(sql, each)
            return self._connection.total_changes - before

    def _write_answering(self, statement: str, values: Mapping[str, Any] | Many) -> list[Any]:
        """The rows of a RETURNING clause; of many, in any order."""
        self._writable()
        if isinstance(values, Mapping):
            return self._rows(statement, values)
        together = steps(statement)
        if together is None:
            return [row for each in values for row in self._rows(statement, each)]
        with _translating(self.path):
            return [row for sql, each in together.of(values) for row in self._connection.execute(sql, each).fetchall()]

    def _seal(self) -> None:
        if not self._deeds:
            return
        counted, before = self._rows(COUNTED)[0]
        self._write(SEALED, sealed(self._deeds, Head(counted, before or root(self.id))))
        self._deeds.clear()

    def _writable(self) -> None:
        if self._depth == 0:
            raise RuntimeError("the ledger is written only inside transaction()")

    def _look(self) -> None:
        """What is written to a file that has no name any more is lost when it is closed, and SQLite says nothing of it: so we do.
        A ledger never gets shorter by itself."""
        try:
            stands = self.path.stat()
        except OSError as exc:
            raise LedgerUnwritable(gone(self.path, f"is gone ({exc.strerror})")) from exc
        if (stands.st_dev, stands.st_ino) != (self._stood.st_dev, self._stood.st_ino):
            raise LedgerUnwritable(gone(self.path, "is gone, and another file stands in its place"))
        if stands.st_size < self._stood.st_size:
            raise damaged(self.path, f"it was cut from {self._stood.st_size} to {stands.st_size} bytes while rowd had it open")
        self._stood = stands

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def _drive(self, statement: str) -> None:
        with _translating(self.path):
            self._connection.execute(statement)

    def _undo(self) -> None:
        with suppress(sqlite3.Error):  # it may be closed
            self._connection.rollback()  # nothing where SQLite has undone it already


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        told = translated(exc, path)
        if told is exc:
            raise
        raise told from exc


def _guard(path: Path, *, migrate: bool) -> None:
    """See to it that the file is there, and that nobody else can read it: cells and outputs stand in it."""
    if (why := lost(path)) is not None:
        raise LedgerLost(why)
    if not path.exists():
        if not migrate:
            raise LedgerMissing(f"There is no ledger at {path} yet: the daemon makes it when it first runs (`rowd run`).")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        sync(path.parent)
    state = path.stat()
    if state.st_mode & 0o077 and state.st_uid == os.geteuid():
        path.chmod(0o600)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: a file that another one has just begun to use can't become a write-ahead one (SQLITE_BUSY at once)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _connect(path: Path, *, apart: bool) -> sqlite3.Connection:
    """A connection that begins no transaction by itself. SQLite gives -wal and -shm files the mode of the file itself.

    apart: as the only one, which needs no room for what connections share (sqlite.org/wal.html, section 8).
    """
    with _translating(path):
        connection = sqlite3.connect(path, timeout=PATIENCE.total_seconds(), isolation_level=None, check_same_thread=False)
        try:
            connection.create_function("holds", 2, _holds, deterministic=True)
            if apart:
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # before anything is read
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}")
        except BaseException:
            connection.close()
            raise
    return connection


def _log_ahead(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerUnwritable(f"The ledger {path} can't keep a write-ahead log there: put it on a local disk.")


def _holds(text: str | None, folded: str) -> bool:
    """SQL function: `text` contains `folded`, whatever the case. SQLite's own LIKE folds only A to Z."""
    return text is not None and folded in text.casefold()


def bytes_of(ledger: Path) -> int:
    """What its files take of the disk; those that aren't there, nothing."""
    found = 0
    for end in FILES:
        with suppress(OSError):
            found += ledger.with_name(ledger.name + end).stat().st_size
    return found

"""Asks an SQLite database a question, for reading alone, within limits of time and size."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from actions.databases.api import LOCKED_S, LONGEST_CELL, STOPPED, TOO_LARGE, Answer, Cell, Row, Unanswered, bounded, said

_STEPS = 10_000
"""Of SQLite's own machine, between two looks at the clock: a millisecond or less."""

_REFUSED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
"""What would lead to other files, which need not be opened for reading alone; `VACUUM INTO` attaches, too."""


class SQLite:
    """One file. See `Database`."""

    def __init__(self, path: Path, patience: float) -> None:
        """patience: seconds that a question may take."""
        self._path = path
        self._patience = patience
        self._stopped = threading.Event()

    def rows(self, query: str, most: int) -> Answer:
        """See `Database`."""
        with self._asked(query, {}) as (columns, rows):
            return Answer(columns, bounded(row for _, row in zip(range(most), rows, strict=False)))

    def newest(self, query: str, column: str) -> Answer:
        """See `Database`."""
        question = f"SELECT * FROM (\n{query}\n) ORDER BY [{column}] DESC LIMIT 1"  # noqa: S608 (both are the operator's)
        with self._asked(question, {}) as (columns, rows):
            return Answer(columns, bounded(rows))

    def newer(self, query: str, column: str, last: int, most: int) -> Answer:
        """See `Database`. Writers of SQLite come one after the other: a smaller number is never seen later than a larger one."""
        question = f"SELECT * FROM (\n{query}\n) WHERE [{column}] > :last ORDER BY [{column}] LIMIT :most"  # noqa: S608 (both are the operator's)
        with self._asked(question, {"last": last, "most": most}) as (columns, rows):
            return Answer(columns, bounded(rows))

    def stop(self) -> None:
        """See `Database`."""
        self._stopped.set()

    @contextmanager
    def _asked(self, question: str, values: Mapping[str, Cell]) -> Iterator[tuple[tuple[str, ...], Iterator[Row]]]:
        """The names of the columns, and the rows, read as they are taken. Raises Unanswered, also while they are."""
        until = time.monotonic() + self._patience
        try:
            with closing(self._opened()) as connection:
                connection.set_progress_handler(lambda: self._stopped.is_set() or time.monotonic() > until, _STEPS)
                connection.execute("PRAGMA schema_version")  # a query that needs no table would not read the file at all
                cursor = connection.execute(question, values)
                if cursor.description is None:
                    raise Unanswered("its query gives no rows; write a SELECT")
                yield tuple(str(column[0]) for column in cursor.description), cursor
        except (sqlite3.Error, sqlite3.Warning) as exc:
            raise Unanswered(self._why(exc, late=time.monotonic() > until)) from None

    def _opened(self) -> sqlite3.Connection:
        """Raises Unanswered, sqlite3.Error."""
        if not self._path.is_file():
            raise Unanswered(f"there is no file {self._path}; correct `path`, or make it")
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=min(self._patience, LOCKED_S),
            isolation_level=None,
        )
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
        connection.set_authorizer(lambda what, *_: sqlite3.SQLITE_DENY if what in _REFUSED else sqlite3.SQLITE_OK)
        return connection

    def _why(self, exc: Exception, *, late: bool) -> str:
        why, name = said(exc), self._path
        match getattr(exc, "sqlite_errorname", "").removeprefix("SQLITE_").partition("_")[0]:
            case "INTERRUPT" if late:
                return f"its query took longer than {self._patience:g}s; give it an index, or raise `timeout`"
            case "INTERRUPT":
                return STOPPED
            case "BUSY" | "LOCKED":
                return f"{name} is locked by who writes it ({why}); let them end their transaction"
            case "CANTOPEN":
                return f"{name} can't be opened ({why}); give rowd's user the right to read it, and its folder where it has a -wal"
            case "NOTADB" | "CORRUPT":
                return f"{name} can't be read ({why}); correct `path`, or restore it from a copy"
            case "TOOBIG":
                return TOO_LARGE
            case "READONLY" | "AUTH":
                return f"its query does more than read {name} ({why}); write a SELECT of this file alone"
        return f"its query fails ({why}); correct `query`"

"""Asks an SQLite database a question, for reading alone, within limits of time and size."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from watches.api import Unseen

Cell = str | int | float | bytes | None
Row = tuple[Cell, ...]

LONGEST_CELL = 1_000_000
"""Bytes of one value, and of the text of a query."""

_LOCKED_S = 5.0
"""For so long a writer who has locked the database is waited for, at the most."""

_STEPS = 10_000
"""Of SQLite's own machine, between two looks at the clock: a millisecond or less."""

_REFUSED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
"""What would lead to other files, which need not be opened for reading alone; `VACUUM INTO` attaches, too."""


class Database:
    """One file. `stop` may be called by any thread."""

    def __init__(self, path: Path, patience: float) -> None:
        """patience: seconds that a question may take."""
        self._path = path
        self._patience = patience
        self._stopped = threading.Event()

    def stop(self) -> None:
        """What is asked now ends, and whatever is asked later."""
        self._stopped.set()

    @contextmanager
    def asked(self, question: str, values: Mapping[str, Cell]) -> Iterator[tuple[list[str], Iterator[Row]]]:
        """The names of the columns, and the rows, read as they are taken. Raises Unseen, also while they are."""
        until = time.monotonic() + self._patience
        try:
            with closing(self._opened()) as connection:
                connection.set_progress_handler(lambda: self._stopped.is_set() or time.monotonic() > until, _STEPS)
                cursor = connection.execute(question, values)
                if cursor.description is None:
                    raise Unseen("its query gives no rows; write a SELECT")
                yield [str(column[0]) for column in cursor.description], cursor
        except (sqlite3.Error, sqlite3.Warning) as exc:
            raise Unseen(self._why(exc, late=time.monotonic() > until)) from None

    def _opened(self) -> sqlite3.Connection:
        """Raises Unseen, sqlite3.Error."""
        if not self._path.is_file():
            raise Unseen(f"there is no file {self._path}; correct `path`, or make it")
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=min(self._patience, _LOCKED_S),
            isolation_level=None,
        )
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_CELL)
        connection.set_authorizer(lambda what, *_: sqlite3.SQLITE_DENY if what in _REFUSED else sqlite3.SQLITE_OK)
        return connection

    def _why(self, exc: Exception, *, late: bool) -> str:
        said, name = " ".join(str(exc).split())[:200].rstrip("."), self._path
        match getattr(exc, "sqlite_errorname", "").removeprefix("SQLITE_").partition("_")[0]:
            case "INTERRUPT" if late:
                return f"its query took longer than {self._patience:g}s; give it an index, or raise `timeout`"
            case "INTERRUPT":
                return "rowd looks at it no more; nothing is to be done"
            case "BUSY" | "LOCKED":
                return f"{name} is locked by who writes it ({said}); let them end their transaction"
            case "CANTOPEN":
                return f"{name} can't be opened ({said}); give rowd's user the right to read it, and its folder where it has a -wal"
            case "NOTADB" | "CORRUPT":
                return f"{name} can't be read ({said}); correct `path`, or restore it from a copy"
            case "TOOBIG":
                return f"a value of its query is larger than {LONGEST_CELL:,} bytes; leave it out, or take a part of it by substr()"
            case "READONLY" | "AUTH":
                return f"its query does more than read {name} ({said}); write a SELECT of this file alone"
        return f"its query fails ({said}); correct `query`"

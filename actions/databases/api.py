"""The contract between those who want to know and a database: what may be asked, and what an answer is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from actions.telling import cut, plain

Cell = str | int | float | bool | bytes | None
Row = tuple[Cell, ...]

LONGEST_CELL = 1_000_000
"""Bytes of one value, and of the text of a query; of a text in PostgreSQL, characters."""

LONGEST_RESULT = 16_000_000
"""Bytes of all values together, about."""

LOCKED_S = 5.0
"""For so long a writer who has locked what is asked for is waited for, at the most."""

STOPPED = "rowd asks it no more; nothing is to be done"


class Unanswered(Exception):
    """There is no answer. The text says why, in one sentence with the remedy, without a full stop."""


class Snapshot(Struct, frozen=True):
    """Which writers a PostgreSQL database heard of when it answered, by the numbers of their transactions.

    oldest: all with a lower number are over.   next: nobody has this number yet, or a higher one.
    """

    oldest: int
    next: int


class Answer(Struct, frozen=True):
    """columns: their names.   rows: in the order of the query.   snapshot: None where writers come one after the other."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    snapshot: Snapshot | None = None


class Database(Protocol):
    """One database. Blocks, each question in one thread; `stop` may be called by any thread. Nothing is held open in between."""

    def rows(self, query: str, most: int) -> Answer:
        """What the query gives, but no more than so many rows. Raises Unanswered."""

    def newest(self, query: str, column: str) -> Answer:
        """Of all that the query gives, the row with the largest number in this column, if there is any. Raises Unanswered."""

    def newer(self, query: str, column: str, last: int, most: int) -> Answer:
        """The rows whose number in this column is larger than `last`, from the smallest on; so many. Raises Unanswered."""

    def stop(self) -> None:
        """What is asked now ends, and whatever is asked later."""


def bounded(rows: Iterable[Row]) -> tuple[Row, ...]:
    """All of them. Raises Unanswered where that is too much."""
    taken, size = [], 0
    for row in rows:
        size += weight(row)
        if size > LONGEST_RESULT:
            raise Unanswered(TOO_MUCH)
        taken.append(row)
    return tuple(taken)


TOO_MUCH = f"its query gives more than {LONGEST_RESULT // 10**6} MB; have it count or sum up, or leave columns out"
TOO_LARGE = f"a value of its query is larger than {LONGEST_CELL:,} bytes; leave it out, or take a part of it by substr()"


def weight(row: Row) -> int:
    """Bytes, about: what is no text counts for little."""
    return sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)


def said(exc: object) -> str:
    """What a database says of what is wrong, on one line, not long."""
    return cut(plain(str(exc)), 200).rstrip(".")

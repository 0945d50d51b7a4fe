"""A query as a watched source: another result is a change, or each new row is something that has happened."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path

import msgspec
from msgspec import Struct

from actions.databases.api import Cell, Database, Unanswered
from actions.databases.settings import database
from actions.telling import cut, plain
from watches.api import LONGEST_VALUE, Happening, Look, Unseen, Value
from watches.polling import never
from watches.saying import cleaned
from watches.sql.settings import SqlSettings
from watches.sql.settling import Pending, settled

VERSION = 1

LEAST_ID = -(2**63)
"""Nothing in a database is less: the mark of a table that had no rows at first sight."""

OURS = frozenset({"source", "summary", "number"})
"""Values that each event has by itself."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


class Result(Struct, frozen=True, tag="result"):
    """What the whole query gave.   mark: of it.   rows: how many.   shown: where it is a single value, that; else ""."""

    version: int
    mark: str
    rows: int
    shown: str


class Newest(Struct, frozen=True, tag="newest"):
    """The last row that was told, or was there at first sight; and what is seen and can't be told yet."""

    version: int
    id: int
    pending: Pending | None = None


class SqlWatch:
    """`kind = "sql"`."""

    def __init__(self, settings: SqlSettings, database: Database) -> None:
        self._settings = settings
        self._database = database

    def look(self, before: str | None) -> Look:
        """Ask once. Raises Unseen."""
        last = _understood(before)
        try:
            if self._settings.new_rows is None:
                return self._result(last if isinstance(last, Result) else None)
            if isinstance(last, Newest):
                return self._new(last, self._settings.new_rows)
            return self._first(self._settings.new_rows)
        except Unanswered as exc:
            raise Unseen(str(exc)) from None

    def stirs(self) -> AsyncIterator[None]:
        """Nothing tells of a change."""
        return never()

    def shut(self) -> None:
        """See `Endable`."""
        self._database.stop()

    def _result(self, last: Result | None) -> Look:
        most = self._settings.max_rows
        answer = self._database.rows(self._settings.query, most + 1)
        if len(answer.rows) > most:
            raise Unseen(f"its query gives more than {most:,} rows; have it count or sum up, or raise `max_rows`")
        digest, count = hashlib.blake2b(digest_size=18), len(answer.rows)
        digest.update(msgspec.json.encode(answer.columns))
        for row in answer.rows:
            digest.update(msgspec.json.encode([[type(cell).__name__, _exact(cell)] for cell in row]))
        shown = cut(plain(str(_told(answer.rows[0][0])))) if count == len(answer.columns) == 1 else ""
        now = Result(VERSION, digest.hexdigest(), count, shown)
        sees = f'it gives "{cut(shown, 60)}"' if shown else f"it gives {_rows(count)}"
        if last is None or last.mark == now.mark:
            return Look(_kept(now), sees=sees)
        values: dict[str, Value] = {"old": last.shown, "new": shown, "rows": str(count)}
        summary = f"it gave {_rows(last.rows)}, now others" if last.rows == count else f"it gave {_rows(last.rows)}, now {count:,}"
        if last.shown or shown:
            summary = f'it was "{cut(last.shown, 60)}", is "{cut(shown, 60)}"'
        return Look(_kept(now), (Happening(summary, values),), sees)

    def _first(self, column: str) -> Look:
        """Also where there are no rows yet, names that can't be told are: mended later, all that had come by then would be old."""
        answer = self._database.newest(self._settings.query, column)
        _names(answer.columns)
        newest = next((row[self._place(answer.columns, column)] for row in answer.rows), None)
        id_ = LEAST_ID if newest is None else self._whole(column, newest)
        return Look(_kept(Newest(VERSION, id_)), sees="it has no rows yet" if newest is None else f"its newest row is {id_}")

    def _new(self, last: Newest, column: str) -> Look:
        """So many new rows as one look may tell, the oldest; of these, those that nothing older can come after."""
        answer = self._database.newer(self._settings.query, column, last.id, self._settings.max_rows)
        at, names = self._place(answer.columns, column), _names(answer.columns)
        ids = [self._whole(column, row[at]) for row in answer.rows]
        for one, next_ in pairwise(ids):
            if one == next_:
                raise Unseen(f"two rows have {one} as {column}; name a column under `new_rows` that is another in each row")
        count, pending = settled(last.id, ids, last.pending, answer.snapshot)
        told = [
            Happening(f"row {id_}", dict(zip(names, map(_told, row), strict=True)))
            for id_, row in zip(ids[:count], answer.rows, strict=False)
        ]
        id_ = ids[count - 1] if count else last.id
        sees = f"{_rows(len(told))} since {last.id}" if told else "no rows are new"
        if pending is not None:
            sees += f", and {len(ids) - count:,} from {ids[count]} on can be told once nothing older can come"
        return Look(_kept(Newest(VERSION, id_, pending)), tuple(told), sees)

    @staticmethod
    def _place(columns: Sequence[str], column: str) -> int:
        return next(at for at, name in enumerate(columns) if name.lower() == column.lower())

    @staticmethod
    def _whole(column: str, cell: Cell) -> int:
        if not isinstance(cell, int) or isinstance(cell, bool):
            raise Unseen(
                f"{column} isn't a whole number in each row; name a column under `new_rows` that is, such as the primary key"
            )
        return cell


def make(name: str, settings: SqlSettings, base: Path, lent: Mapping[str, str]) -> SqlWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises ValueError for a server whose driver is missing. A database that isn't there may come."""
    password, patience = settings.password, settings.timeout.total_seconds()
    return SqlWatch(settings, database(base / (settings.path or ""), settings.dsn, lambda: password and lent[password], patience))


def _names(columns: Sequence[str]) -> list[str]:
    """Of columns as values, in small letters. Of two with one name SQLite itself calls the second `name:1`. Raises Unseen."""
    names = [name.lower() for name in columns]
    for name in names:
        if names.count(name) > 1:
            raise Unseen(f"two columns are called {cut(plain(name), 60)}; give one another name by AS in the query")
    for name, column in zip(names, columns, strict=True):
        if not _NAME.fullmatch(name):
            raise Unseen(f"the column {cut(plain(column), 60)} can't be the name of a value; give it one by AS in the query")
        if name in OURS:
            raise Unseen(f"each event has a value {name} of its own; give the column another name by AS in the query")
    return names


def _told(cell: Cell) -> Value:
    match cell:
        case None:
            return ""
        case bytes():
            return cut(cell.hex(), LONGEST_VALUE)
        case float() if not isfinite(cell):
            return str(cell)
        case str():
            return cleaned(cell)
    return cell


def _exact(cell: Cell) -> str:
    return cell.hex() if isinstance(cell, bytes | float) else str(cell)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _kept(state: Result | Newest) -> str:
    return msgspec.json.encode(state).decode()


def _understood(text: str | None) -> Result | Newest | None:
    """A kept state; None for none, and for one of another version: then it is first sight."""
    try:
        state = msgspec.json.decode(text or "", type=Result | Newest)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return state if state.version == VERSION else None

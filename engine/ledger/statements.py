"""SQLAlchemy's statements compiled once and driven by SQLite's own module: the schema stays in one place, a call stays cheap.

SQLAlchemy's execution costs ten times what SQLite takes for a small statement. None of our columns has a type that needs it.

Many rows go into few steps of SQLite, by one `VALUES` of many rows. Python's lock is let go of for each step, and to get it back
from a thread that computes takes five milliseconds: two thousand rows, one by one, take eleven seconds beside a busy thread, in
steps of 256 they take 0.08 (measured, docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.sqlite import dialect

Many = Sequence[Mapping[str, Any]]

LARGEST_STEP = 256
"""Rows. SQLite takes at most 32,766 values in one statement; our widest table has 31 columns. A power of two: see `_steps`."""

_DIALECT = dialect()
_ROW = re.compile(r"VALUES (\((?:\?, )*\?\))")


class Compiled(Struct, frozen=True):
    """SQL with question marks, for one row of values.

    before, group, after: the SQL, parted at the row of its `VALUES`; "" for a group where it has none.
    row: takes the values of that row, or of all of it.   tail: the values after it, which the statement itself gives.
    """

    before: str
    group: str
    after: str
    row: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    tail: tuple[Any, ...]

    @property
    def sql(self) -> str:
        return self.before + self.group + self.after

    def one(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values in the order of the question marks. Raises KeyError for one that is missing."""
        return self.row(values) + self.tail

    def many(self, values: Many) -> list[tuple[Any, ...]]:
        """`one` of each."""
        return [self.one(each) for each in values]

    def steps(self, values: Many) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """SQL for many rows at once, and its values; only where it has a group."""
        rows = [self.row(each) for each in values]
        for first, number in _steps(len(rows)):
            sql = self.before + ", ".join([self.group] * number) + self.after
            yield sql, (*chain.from_iterable(rows[first : first + number]), *self.tail)


class Statements:
    """Each is compiled when it is first used, and for as long as it lives."""

    def __init__(self) -> None:
        self._compiled: WeakKeyDictionary[sa.Executable, dict[frozenset[str], Compiled]] = WeakKeyDictionary()

    def compiled(self, statement: sa.Executable, values: Mapping[str, Any]) -> Compiled:
        """For values of these names: an insert or an update sets the columns that it is given values for."""
        versions = self._compiled.setdefault(statement, {})
        names = frozenset(values)
        found = versions.get(names)
        if found is None:
            found = versions[names] = _compiled(statement, names)
        return found


def table_of(*names: str) -> sa.CTE:
    """Rows of values as a table, to be joined by an update or an insert that is written for many at once: see `Compiled.steps`."""
    columns = [sa.column(name, sa.types.NullType()) for name in names]
    row: tuple[sa.BindParameter[Any], ...] = tuple(sa.bindparam(name) for name in names)
    return sa.values(*columns, name="given").data([row]).cte("given")


def _compiled(statement: sa.Executable, names: frozenset[str]) -> Compiled:
    assert isinstance(statement, sa.ClauseElement)  # noqa: S101 (every statement of ours is one)
    made = statement.compile(dialect=_DIALECT, column_keys=sorted(names))
    sql, order = str(made), tuple(made.positiontup or ())  # type: ignore[attr-defined]
    fixed = {name: value for name, value in (made.construct_params(dict.fromkeys(names)) or {}).items() if name not in names}
    found = _ROW.search(sql)
    if found is None:
        return Compiled(sql, "", "", _row(order, fixed), ())
    width = found.group(1).count("?")
    tail = tuple(fixed[name] for name in order[width:])
    return Compiled(sql[: found.start(1)], found.group(1), sql[found.end(1) :], _row(order[:width], fixed), tail)


def _row(names: Sequence[str], fixed: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes the values of these names, in this order."""
    if len(names) > 1 and not any(name in fixed for name in names):
        return itemgetter(*names)
    return lambda values: tuple([values[name] if name in values else fixed[name] for name in names])


def _steps(number: int) -> Iterator[tuple[int, int]]:
    """(first, how many) of the steps for so many rows: powers of two, so that few statements are ever prepared."""
    first = 0
    while left := number - first:
        size = min(LARGEST_STEP, 1 << (left.bit_length() - 1))
        yield first, size
        first += size

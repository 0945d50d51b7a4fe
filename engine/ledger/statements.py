"""SQLAlchemy's statements compiled once and driven by SQLite's own module: the schema stays in one place, a call stays cheap.

SQLAlchemy's execution costs ten times what SQLite takes for a small statement. None of our columns has a type that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect

Many = Sequence[Mapping[str, Any]]

_DIALECT = dialect()


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL with question marks. names: what stands for each, in their order.   fixed: those that the statement itself gives."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def one(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values in the order of the question marks. Raises KeyError for one that is missing."""
        fixed = self.fixed
        return tuple([values[name] if name in values else fixed[name] for name in self.names])

    def many(self, values: Many) -> list[tuple[Any, ...]]:
        """`one` of each."""
        return [self.one(each) for each in values]


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
            assert isinstance(statement, sa.ClauseElement)  # noqa: S101 (every statement of ours is one)
            made = statement.compile(dialect=_DIALECT, column_keys=list(values))
            given = made.construct_params(values) or {}
            fixed = {name: value for name, value in given.items() if name not in values}
            found = versions[names] = Compiled(str(made), tuple(made.positiontup or ()), fixed)  # type: ignore[attr-defined]
        return found

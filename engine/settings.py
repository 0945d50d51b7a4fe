"""A row's own settings: each from its column, else from Metadata; typed, and held within the operator's ceilings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NoReturn, TypeVar

from actions.api import Definition
from config.fields import spelled
from connectors.api import Cell, fold
from engine import cells as cell_of
from engine.cells import BadCell, alike, quoted, text
from engine.columns import Column
from engine.links import Dependency, OnFailure
from engine.metadata import Metadata
from engine.model import MOST_COUNTED_RUNS, CatchUp, Overlap, Schedule, Type

if TYPE_CHECKING:
    from engine.condition import Condition
    from engine.due_by import Deadline

LONGEST_TIMEOUT = timedelta(hours=1)
"""What a row may ask for where the operator set no ceiling, unless the action's own time-out is longer."""

LONGEST_JITTER = timedelta(days=1)

REPEATED = 3
"""Attempts in all of what may be repeated, where neither row nor operator says."""

MOST_PERIODS = 1000
"""The largest Threshold of a daily, weekly or monthly task."""

HIGHEST = 1000
"""Priority reaches from -HIGHEST to HIGHEST."""

MOST_NAMED = 100
"""So many rows, or sources, one row can wait for."""

PRIORITIES = {"low": -1, "normal": 0, "high": 1}

_OWES_NOTHING = "a task of Type manual runs only when asked, so it owes nothing; clear Deadline, or give it a Schedule"

T = TypeVar("T")


class Wrong(Exception):
    """Stop reading this row: here is what to tell, and in which column it is to be mended."""

    def __init__(self, column: str, message: str, *, draft: bool = False) -> None:
        super().__init__(message)
        self.column, self.message, self.draft = column, message, draft


class Settings:
    """One row's settings. Every method raises Wrong where the cell can't be understood or asks for too much."""

    def __init__(self, cells: Mapping[str, Cell], metadata: Metadata) -> None:
        """cells: under canonical headers."""
        self._cells = {column: cell for column, cell in cells.items() if cell is not None and text(cell) is not None}
        self._inner = metadata.settings
        self._said: dict[str, Cell] = {**{str(column): cell for column, cell in self._inner.items()}, **self._cells}

    def value(self, column: Column) -> Cell:
        """What the row says there; None where it says nothing."""
        return self._said.get(column)

    def refuse(self, column: Column, what: str) -> NoReturn:
        """Refuse the value of this setting."""
        self.tell(column, f"{column} {quoted(self.value(column))}: {what}")

    def tell(self, column: Column, message: str) -> NoReturn:
        """Say what is wrong with this setting, and that it stands in Metadata where it does."""
        if column not in self._cells and column in self._inner:
            raise Wrong(Column.METADATA, f"Metadata, {message}")
        raise Wrong(column, message)

    def zone(self, default: tzinfo) -> tzinfo:
        return self._read(Column.TIME_ZONE, lambda cell: cell_of.zone(text(cell) or ""), default)

    def type(self) -> Type | None:
        """None: to be told from Schedule."""
        return self._read(Column.TYPE, lambda cell: cell_of.choice(cell, Type), None)

    def periods(self) -> int:
        """Every how many days, weeks or months."""
        found = self._read(Column.THRESHOLD, cell_of.whole, 1)
        if not 1 <= found <= MOST_PERIODS:
            self.refuse(Column.THRESHOLD, f"every how many periods it is to run; write 1 to {MOST_PERIODS:,}, or clear it")
        return found

    def goal(self) -> float:
        """At which number a counter runs."""
        if self.value(Column.THRESHOLD) is None:
            self.tell(Column.THRESHOLD, "Threshold is blank; a counter needs the number that it is to run at, such as 5")
        found = self._read(Column.THRESHOLD, cell_of.number, 0.0)
        if found < 1:
            self.refuse(Column.THRESHOLD, "too small; a counter runs at 1 or more")
        runs = self._read(Column.CURRENT, cell_of.number, 0.0) // found  # counted by the ledger; but a wrong one must be mended
        if runs > MOST_COUNTED_RUNS:
            most = f"{MOST_COUNTED_RUNS * found:g}"
            self.refuse(Column.CURRENT, f"worth {runs:,.0f} runs in a row; write at most {most}, or 0")
        return found

    def catch_up(self, default: CatchUp) -> CatchUp:
        return self._read(Column.CATCH_UP, lambda cell: cell_of.choice(cell, CatchUp), default)

    def overlap(self, default: Overlap) -> Overlap:
        return self._read(Column.OVERLAP, lambda cell: cell_of.choice(cell, Overlap), default)

    def timeout(self, definition: Definition) -> timedelta:
        ceiling = definition.timeout_max or max(definition.timeout, LONGEST_TIMEOUT)
        found = self._read(Column.TIMEOUT, cell_of.span, min(definition.timeout, ceiling))
        if not found:
            self.refuse(Column.TIMEOUT, "no time at all; write a span such as 5 min, or clear it")
        if found > ceiling:
            self.refuse(Column.TIMEOUT, f"the operator allows this action at most {spelled(ceiling)}; write that or less")
        return found

    def attempts(self, definition: Definition, *, repeatable: bool) -> int:
        default = definition.attempts or (REPEATED if repeatable else 1)
        found = self._read(Column.ATTEMPTS, cell_of.whole, min(default, definition.attempts_max))
        if found < 1:
            self.refuse(Column.ATTEMPTS, "write 1 or more; that is how often it is tried in all")
        if found > definition.attempts_max:
            self.refuse(Column.ATTEMPTS, f"the operator allows this action at most {definition.attempts_max}; write that or less")
        return found

    def priority(self) -> int:
        found = self._read(Column.PRIORITY, _priority, 0)
        if abs(found) > HIGHEST:
            self.refuse(Column.PRIORITY, f"out of bounds; write a number from -{HIGHEST} to {HIGHEST}")
        return found

    def jitter(self) -> timedelta:
        found = self._read(Column.JITTER, cell_of.span, timedelta(0))
        if found > LONGEST_JITTER:
            self.refuse(Column.JITTER, f"too long; write at most {spelled(LONGEST_JITTER)}")
        return found

    def depends_on(self) -> tuple[Dependency, ...]:
        """The rows that it waits for, as it names them, each once; none where it says nothing."""
        nothing = "names no row; write the Names or IDs of rows of this table, with commas between them"
        return tuple(Dependency(name) for name in self.names(Column.DEPENDS_ON, nothing))

    def names(self, column: Column, nothing: str) -> list[str]:
        """The names that stand there, each once; none where it says nothing.   nothing: what to say where it names none."""
        value = self.value(column)
        if value is None or value is False:  # an unticked box says nothing
            return []
        said: list[str] = self._read(column, cell_of.names, [])
        named = {alike(name): name for name in reversed(said)}
        if not named:
            self.refuse(column, nothing)
        if len(named) > MOST_NAMED:
            self.refuse(column, f"{len(named)} names; it can name {MOST_NAMED} at most")
        return list(reversed(named.values()))

    def on_failure(self) -> OnFailure:
        return self._read(Column.ON_FAILURE, lambda cell: cell_of.choice(cell, OnFailure), OnFailure.SKIP)

    def condition(self) -> Condition | None:
        """What has to hold when it comes due; None where it says nothing."""
        said = text(self.value(Column.CONDITION))
        if said is None or self.value(Column.CONDITION) is False:  # an unticked box says nothing
            return None
        from engine import condition

        try:
            return condition.parse(said)
        except condition.Unreadable as exc:
            self.tell(Column.CONDITION, str(exc))

    def deadline(self, zone: tzinfo, since: datetime, type_: Type, its: Schedule | None) -> Deadline | None:
        """By when what came due must have succeeded, held against when it comes due; None where it says nothing.

        since: when the row's schedule began.   its: that schedule, where it has one.
        """
        said = text(self.value(Column.DEADLINE), zone)
        if said is None or self.value(Column.DEADLINE) is False:  # an unticked box says nothing
            return None
        from engine import due_by

        found = self._read(Column.DEADLINE, lambda _: due_by.read(said, zone, since), None)
        if found is not None and type_ is Type.MANUAL:
            self.refuse(Column.DEADLINE, _OWES_NOTHING)
        elif found is not None and its is not None and (flaw := due_by.useless(found, its)) is not None:
            self.refuse(Column.DEADLINE, flaw)
        return found

    def _read(self, column: Column, how: Callable[[Cell], T], default: T) -> T:
        cell = self.value(column)
        if cell is None:
            return default
        try:
            return how(cell)
        except BadCell as exc:
            self.refuse(column, str(exc))


def _priority(cell: Cell) -> int:
    named = PRIORITIES.get(fold(cell_of.brief(cell)))
    if named is not None:
        return named
    try:
        return cell_of.whole(cell)
    except BadCell:
        raise BadCell("neither a whole number nor one of low, normal, high; write one of them") from None

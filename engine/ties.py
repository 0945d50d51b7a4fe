"""What a row looks at of others: how those stand that it waits for, and what the names stand for that it asks for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from engine.links import Dependency, Place
from engine.model import Defect, Occurrence, RowState, Task
from engine.outside import Outside
from engine.rounds import Prerequisite, standing_of, unread
from engine.tally import Tally

if TYPE_CHECKING:
    from engine.condition import Given, Reference

Active = Callable[[str, str], Sequence[Occurrence]]
"""What of a row, by its table and key, has not ended."""

_BLANK = Tally()
_UNASKED: Mapping[Reference, Given] = {}


class Rows(Protocol):
    """The rows of one table, by key: as they are known, what their pasts add up to, what they mean."""

    @property
    def states(self) -> Mapping[str, RowState]: ...
    @property
    def tallies(self) -> Mapping[str, Tally]: ...
    @property
    def understood(self) -> Mapping[str, Task | Defect]: ...


Tables = Callable[[str], Rows | None]
"""A table by its name; None for one that isn't served."""


def prerequisites(one: Task | Defect | None, tables: Tables, active: Active) -> tuple[Prerequisite, ...]:
    """The rows that this one waits for, as they stand.   one: what it means; None where it isn't there."""
    depends_on = one.depends_on if isinstance(one, Task) else ()
    return tuple(_prerequisite(other, tables(other.table), active) for other in depends_on)


def _prerequisite(one: Dependency, rows: Rows | None, active: Active) -> Prerequisite:
    if rows is None or not one.key:
        return unread(one.name, one.table)
    tally, busy = rows.tallies.get(one.key, _BLANK), bool(active(one.table, one.key))
    return standing_of(one.name, one.place, rows.states.get(one.key), tally, rows.understood.get(one.key), busy=busy)


def values(
    one: Task | Defect | None, state: RowState, tables: Tables, active: Active, outside: Outside
) -> Mapping[Reference, Given]:
    """What the names in this row's condition and parameters stand for, but for the present instant, and facts.   one: see above."""
    if not isinstance(one, Task) or not one.sources:
        return _UNASKED
    from engine import sources

    def tally(place: Place) -> Tally:
        rows = tables(place[0])
        return rows.tallies.get(place[1], _BLANK) if rows is not None else _BLANK

    return sources.values(one, state, tally, active, prerequisites(one, tables, active), outside)

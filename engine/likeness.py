"""Whether two cells say the same: of one store, and of two that write values each in its own way. Pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

from connectors.api import Cell, fold
from engine.cells import BadCell, instant, number, text, truth
from engine.columns import Column


def identical(one: Cell, other: Cell) -> bool:
    """Whether one store said the same twice."""
    return (
        isinstance(one, bool) == isinstance(other, bool)
        and isinstance(one, datetime) == isinstance(other, datetime)
        and one == other
    )


def says_the_same(one: Cell, other: Cell) -> bool:
    """Whether two stores say the same, each in its way: `7` and "7", a tick and "yes", an instant and its text."""
    for typed, said in ((one, other), (other, one)):
        if isinstance(said, str) and not isinstance(typed, str | None):
            with suppress(BadCell):
                return _reads(typed, said)
            return False
    if isinstance(one, str) and isinstance(other, str):
        return _plain(one) == _plain(other)
    return identical(one, other)


def _reads(typed: bool | float | datetime | date, said: str) -> bool:
    """Whether a text reads as this value. Raises BadCell where it reads as none."""
    match typed:
        case bool():
            return truth(said) is typed
        case int() | float():
            return number(said) == typed
        case datetime():
            return instant(said, UTC) == typed
    return text(said) == typed.isoformat()


def _plain(said: str) -> str:
    return said.replace("\r\n", "\n").strip()


WORDS = frozenset(map(str, (Column.TYPE, Column.STATUS, Column.CATCH_UP, Column.OVERLAP)))
"""Columns of words, which are read without regard to case, spaces and underscores."""


def nearly(column: str, one: Cell, other: Cell) -> bool:
    """Whether two stores say the same as far as both can say it: a date column drops the time, a checkbox is never blank."""
    if says_the_same(one, other):
        return True
    if (one is None and other is False) or (one is False and other is None):
        return True
    if column in WORDS and one is not None and other is not None:
        return fold(str(one)) == fold(str(other))
    days = [_day(cell) for cell in (one, other)]
    return None not in days and days[0] == days[1] and any(_is_day(cell) for cell in (one, other))


def _is_day(cell: Cell) -> bool:
    return isinstance(cell, date) and not isinstance(cell, datetime)


def _day(cell: Cell) -> date | None:
    """Its day in UTC, which is what a date column keeps of an instant; None where it is no date."""
    if _is_day(cell):
        return cell  # type: ignore[return-value]  # mypy: _is_day has looked
    if cell is None or isinstance(cell, bool | int | float):
        return None
    with suppress(BadCell):
        return instant(cell, UTC).date()
    return None

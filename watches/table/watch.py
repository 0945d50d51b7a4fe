"""What was done to the rows of a table since the last look, as far as the operator wants it told."""

from __future__ import annotations

from itertools import chain

from watches.api import Alteration, Altered, Happening, Inward, Look, Record
from watches.numbered import gone_by
from watches.saying import cleaned, one_line
from watches.table.settings import ADDED, EDITED, TableSettings, plain

_SHOWN = 200
_VALUE_SHOWN = 60


class TableWatch(Inward):
    """`kind = "table"`. The state is the number of the newest alteration that it has gone by."""

    def __init__(self, settings: TableSettings) -> None:
        self._table = settings.table
        self._changes = frozenset(settings.changes)
        self._columns = frozenset(map(plain, settings.columns)) if settings.columns is not None else None

    def look_into(self, record: Record, before: str | None) -> Look:
        """What was done before the first look is no news."""
        if before is None:
            return Look(str(record.last_altered()))
        beyond = record.altered(int(before))
        first = next(beyond, None)
        if first is None:
            return Look(before)
        lost = first.n - int(before) - 1
        untold = (
            [f"{lost} things that were done to rows, maybe to some of {self._table}: they are forgotten by now"] if lost else []
        )
        return gone_by(before, chain((first,), beyond), self._told, untold)

    def _told(self, one: Altered) -> Happening | None:
        its = one.alteration
        if its.table != self._table or its.change not in self._changes:
            return None
        if its.change == EDITED and self._columns is not None and plain(its.column) not in self._columns:
            return None
        values = {
            "table": its.table,
            "row": cleaned(its.row),
            "id": cleaned(its.id),
            "change": its.change,
            "column": cleaned(its.column),
            "old": cleaned(its.old),
            "new": cleaned(its.new),
        }
        return Happening(_summary(its), values)


def _summary(one: Alteration) -> str:
    row = one_line(one.row, _SHOWN) or one_line(one.id, _SHOWN)
    if one.change != EDITED:
        return f"{row} {'is new' if one.change == ADDED else 'was deleted'}"
    old, new = (f'"{one_line(text, _VALUE_SHOWN)}"' if text.strip() else "blank" for text in (one.old, one.new))
    return f"{one_line(one.column, _VALUE_SHOWN)} of {row} changed from {old} to {new}"

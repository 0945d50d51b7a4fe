"""Rows as the ledger knows them, and the edits seen in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from connectors.api import fold
from engine.columns import Column
from engine.ledger.codec import all_unpacked, dated, instant, instant_or_none, micros, micros_or_none, packed, prose, untagged
from engine.ledger.errors import IllegalMove
from engine.ledger.schema import ATTEMPTS, EDITS, NOT_ENDED, OCCURRENCES, ROWS, TALLIES
from engine.ledger.statements import table_of
from engine.ledger.store import Store
from engine.model import Edit, RowState, Status


class Rows(Store):
    """Row states by (table, key); edits, newest first."""

    def rows(self, table: str, *, deleted: bool = False) -> list[RowState]:
        """The states of a table's rows, in the order in which they were first saved: as they stood in the table at first sight.

        deleted: those found deleted too.
        """
        query = _ROWS if deleted else _ROWS.where(ROWS.c.deleted_at.is_(None))
        return [_state(row) for row in self._rows(query, {"table": table})]

    def save_rows(self, states: Iterable[RowState]) -> None:
        """Put each state in the place of what is known of its row."""
        self._write(_SAVE, [_values(state) for state in states])

    def move_rows(self, states: Iterable[RowState]) -> None:
        """Put down where these rows' tasks stand: what a decision moves. Cells, and what else was read, stay as they are known."""
        self._write(
            _MOVE,
            [
                {
                    "of_table": state.table,
                    "of_key": state.key,
                    "settled": micros(state.settled_until),
                    "snoozed": micros_or_none(state.snoozed_until),
                    "counted": state.count,
                    "is_armed": int(state.armed),
                    "fired": state.fires,
                    "skip": micros_or_none(state.skip_until),
                    "asked_by": prose(state.skip_by),
                }
                for state in states
            ],
        )

    def drop_rows(self, table: str, keys: Iterable[str]) -> list[str]:
        """Forget rows altogether: state, tally, and their ended occurrences, since triggers begin anew should the row come back.

        Answers the folders of attempts, whose files may be deleted once this is committed. Edits stay until they are pruned.
        Raises: IllegalMove where one of them has an occurrence that has not ended.
        """
        of = {"table": table, "keys": json.dumps(list(keys))}
        if busy := [row[0] for row in self._rows(_BUSY, of)]:
            raise IllegalMove(f"rows {', '.join(busy)} of {table} have occurrences that have not ended, so they can't be forgotten")
        folders = [row[0] for row in self._rows(_FOLDERS, of)]
        for statement in _FORGET:
            self._write(statement, of)
        return folders

    def record_edits(self, edits: Iterable[Edit]) -> None:
        """Put down edits, in the order in which they were seen."""
        self._write(
            _PUT_EDIT,
            [
                {
                    "table": edit.table,
                    "key": edit.key,
                    "task": edit.task,
                    "column": edit.column,
                    "old": None if edit.old is None else prose(edit.old),
                    "new": None if edit.new is None else prose(edit.new),
                    "at": micros(edit.at),
                    "by": prose(edit.by),
                }
                for edit in edits
            ],
        )

    def edits(self, table: str | None = None, key: str | None = None, limit: int = 100) -> list[Edit]:
        """Newest first, at most `limit`."""
        query = _EDITS
        if table is not None:
            query = query.where(EDITS.c.table == table)
        if key is not None:
            query = query.where(EDITS.c.key == key)
        return [
            Edit(t, k, task, c, old, new, instant(at), by) for t, k, task, c, old, new, at, by in self._rows(query.limit(limit))
        ]


def _values(state: RowState) -> dict[str, Any]:
    return {
        "table": state.table,
        "key": state.key,
        "cells": packed(state.cells),
        "first_seen": micros(state.first_seen),
        "changed_at": micros(state.changed_at),
        "since": micros(state.since),
        "settled_until": micros(state.settled_until),
        "anchor": micros_or_none(state.anchor),
        "count": state.count,
        "armed": int(state.armed),
        "fires": state.fires,
        "absent_since": micros_or_none(state.absent_since),
        "deleted_at": micros_or_none(state.deleted_at),
        "snoozed_until": micros_or_none(state.snoozed_until),
        "handle": state.handle,
        "sent": packed(state.sent),
        "stood": packed(state.stood),
        "shown": packed(state.shown),
        "pressed": packed(state.pressed),
        "marked": int(state.marked),
        "note": None if state.note is None else prose(state.note),
        "meant": packed(state.meant),
        "skip_until": micros_or_none(state.skip_until),
        "skip_by": prose(state.skip_by),
        "completed": int(fold(str(state.cells.get(Column.STATUS))) == Status.COMPLETED),
    }


def _state(row: Sequence[Any]) -> RowState:
    cells, sent, stood, shown, pressed, meant = all_unpacked(row[2], *row[15:19], row[21])
    if dated(row[17]):
        shown = [(fingerprint, untagged(shared)) for fingerprint, shared in shown]
    return RowState(
        table=row[0],
        key=row[1],
        cells=cells,
        first_seen=instant(row[3]),
        changed_at=instant(row[4]),
        since=instant(row[5]),
        settled_until=instant(row[6]),
        anchor=instant_or_none(row[7]),
        count=row[8],
        armed=bool(row[9]),
        fires=row[10],
        absent_since=instant_or_none(row[11]),
        deleted_at=instant_or_none(row[12]),
        snoozed_until=instant_or_none(row[13]),
        handle=row[14],
        sent=sent,
        stood=stood,
        shown=tuple(map(tuple, shown)),
        pressed=tuple(pressed),
        marked=bool(row[19]),
        note=row[20],
        meant=meant,
        skip_until=instant_or_none(row[22]),
        skip_by=row[23],
    )


_ROWS = (
    sa.select(*(c for c in ROWS.c if c.name != "completed"))
    .where(ROWS.c.table == sa.bindparam("table", type_=sa.Text))
    .order_by(sa.literal_column("rowid"))
)
_PUT_EDIT = sa.insert(EDITS)
_SAVE = insert(ROWS)
_SAVE = _SAVE.on_conflict_do_update(
    index_elements=["table", "key"], set_={c.name: _SAVE.excluded[c.name] for c in ROWS.c if not c.primary_key}
)
_moved = table_of("of_table", "of_key", "settled", "snoozed", "counted", "is_armed", "fired", "skip", "asked_by")
_MOVE = (
    sa.update(ROWS)
    .where(ROWS.c.table == _moved.c.of_table, ROWS.c.key == _moved.c.of_key)
    .values(
        settled_until=_moved.c.settled,
        snoozed_until=_moved.c.snoozed,
        count=_moved.c.counted,
        armed=_moved.c.is_armed,
        fires=_moved.c.fired,
        skip_until=_moved.c.skip,
        skip_by=_moved.c.asked_by,
    )
)
_EDITS = sa.select(*(c for c in EDITS.c if c.name != "id")).order_by(EDITS.c.id.desc())


def _of_rows(table: sa.Table) -> sa.ColumnElement[bool]:
    keys = sa.func.json_each(sa.bindparam("keys")).table_valued("value")
    return sa.and_(table.c.table == sa.bindparam("table"), table.c.key.in_(sa.select(keys.c.value)))


_BUSY = sa.select(OCCURRENCES.c.key).distinct().where(_of_rows(OCCURRENCES), NOT_ENDED)
_FOLDERS = (
    sa.select(ATTEMPTS.c.folder)
    .join_from(OCCURRENCES, ATTEMPTS, ATTEMPTS.c.run == OCCURRENCES.c.id)
    .where(_of_rows(OCCURRENCES), ATTEMPTS.c.folder.is_not(None))
)
_FORGET = tuple(sa.delete(table).where(_of_rows(table)) for table in (TALLIES, OCCURRENCES, ROWS))

"""Rows as the ledger knows them, and the edits seen in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from connectors.api import fold
from engine.columns import Column
from engine.ledger.codec import (
    all_unpacked,
    dated,
    instant,
    instant_or_none,
    micros,
    micros_or_none,
    packed,
    prose,
    unpacked,
    untagged,
)
from engine.ledger.errors import IllegalMove
from engine.ledger.statements import insert, upsert, where, with_columns
from engine.ledger.store import Store
from engine.links import Round
from engine.made import Made
from engine.model import Edit, RowState, Status
from engine.promises import NO_PROMISES, Promises


class Rows(Store):
    """Row states by (table, key); edits, newest first."""

    def rows(self, table: str, *, deleted: bool = False) -> list[RowState]:
        """The states of a table's rows, in the order in which they were first saved: as they stood in the table at first sight.

        deleted: those found deleted too.
        """
        return [_state(row) for row in self._rows(_ROWS, {"table": table, "deleted": deleted})]

    def save_rows(self, states: Iterable[RowState]) -> None:
        """Put each state in the place of what is known of its row."""
        self._write(_SAVE, [_values(state) for state in states])

    def move_rows(self, states: Iterable[RowState]) -> None:
        """Put down where these rows' tasks stand: what a decision moves. Cells, and what else was read, stay as they are known."""
        self._write(
            _MOVE,
            [
                {
                    "table": state.table,
                    "key": state.key,
                    "settled_until": micros(state.settled_until),
                    "snoozed_until": micros_or_none(state.snoozed_until),
                    "count": state.count,
                    "armed": int(state.armed),
                    "fires": state.fires,
                    "skip_until": micros_or_none(state.skip_until),
                    "skip_by": prose(state.skip_by),
                    "round": _round(state.round),
                    "promises": _promises(state.promises),
                }
                for state in states
            ],
        )

    def overdue(self) -> list[tuple[str, str]]:
        """(table, name) of the rows that have missed a deadline and have yet to succeed after it, in the order of first sight."""
        found = self._rows(_OVERDUE, {})
        return [(table, str(unpacked(cells).get(Column.NAME) or key)) for table, key, cells in found]

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
        wanted = where({'"table" = :table': table is not None, '"key" = :key': key is not None})
        rows = self._rows(_EDITS + wanted + _NEWEST_FIRST, {"table": table, "key": key, "limit": limit})
        return [Edit(t, k, task, c, old, new, instant(at), by) for t, k, task, c, old, new, at, by in rows]

    def renamed(self, table: str) -> list[tuple[str, str]]:
        """(a Name that a row had, its key), oldest first, as far back as edits are kept."""
        return [(old, key) for old, key in self._rows(_RENAMED, {"table": table, "name": str(Column.NAME)})]


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
        "round": _round(state.round),
        "promises": _promises(state.promises),
        "made": msgspec.json.encode(state.made).decode() if state.made is not None else None,
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
        round=_round_of(row[24]),
        promises=_PROMISES.decode(row[25]) if row[25] is not None else NO_PROMISES,
        made=_MADE.decode(row[26]) if row[26] is not None else None,
    )


class _Stored(Struct, frozen=True):
    """A round as it is written down; until a row could wait for those of other tables, by the keys of the rows."""

    taken: list[str] | dict[str, str]
    broken: bool


_ROUND = msgspec.json.Decoder(_Stored)


def _round_of(stored: str | None) -> Round | None:
    if stored is None:
        return None
    found = _ROUND.decode(stored)
    return Round(frozenset(found.taken.values() if isinstance(found.taken, dict) else found.taken), found.broken)


def _round(of_row: Round | None) -> str | None:
    return msgspec.json.encode(of_row).decode() if of_row is not None else None


_PROMISES = msgspec.json.Decoder(Promises)
_MADE = msgspec.json.Decoder(Made)


def _promises(of_row: Promises) -> str | None:
    return msgspec.json.encode(of_row).decode() if of_row != NO_PROMISES else None


_ROWS = with_columns(
    """
    SELECT {rows}
    FROM rows
    WHERE "table" = :table AND (:deleted OR deleted_at IS NULL)
    ORDER BY rowid
    """,
    rows=RowState.__struct_fields__,
)
_OVERDUE = """
    SELECT "table", "key", cells
    FROM rows
    WHERE json_extract(promises, '$.overdue.by') IS NOT NULL
        AND json_extract(promises, '$.overdue.succeeded') IS NULL
        AND deleted_at IS NULL
    ORDER BY rowid
"""
_SAVE = upsert("rows", (*RowState.__struct_fields__, "completed"), ("table", "key"))
_MOVE = """
    WITH given ("table", "key", settled_until, snoozed_until, count, armed, fires, skip_until, skip_by, round, promises) AS (
        VALUES (:table, :key, :settled_until, :snoozed_until, :count, :armed, :fires, :skip_until, :skip_by, :round, :promises)
    )
    UPDATE rows
    SET settled_until = given.settled_until,
        snoozed_until = given.snoozed_until,
        count = given.count,
        armed = given.armed,
        fires = given.fires,
        skip_until = given.skip_until,
        skip_by = given.skip_by,
        round = given.round,
        promises = given.promises
    FROM given
    WHERE rows."table" = given."table" AND rows."key" = given."key"
"""

_EDIT_COLUMNS = ("table", "key", "task", "column", "old", "new", "at", "by")
_PUT_EDIT = insert("edits", _EDIT_COLUMNS)
_EDITS = with_columns("SELECT {edits} FROM edits", edits=_EDIT_COLUMNS)
_NEWEST_FIRST = " ORDER BY id DESC LIMIT :limit"
_RENAMED = 'SELECT old, "key" FROM edits WHERE "table" = :table AND "column" = :name AND old IS NOT NULL ORDER BY id'

_BUSY = """
    SELECT DISTINCT "key"
    FROM occurrences
    WHERE "table" = :table AND "key" IN (SELECT value FROM json_each(:keys)) AND stage <> 'ended'
"""
_FOLDERS = """
    SELECT attempts.folder
    FROM occurrences
    JOIN attempts ON attempts.run = occurrences.id
    WHERE occurrences."table" = :table
        AND occurrences."key" IN (SELECT value FROM json_each(:keys))
        AND attempts.folder IS NOT NULL
"""
_FORGET = (
    'DELETE FROM tallies WHERE "table" = :table AND "key" IN (SELECT value FROM json_each(:keys))',
    'DELETE FROM occurrences WHERE "table" = :table AND "key" IN (SELECT value FROM json_each(:keys))',
    'DELETE FROM rows WHERE "table" = :table AND "key" IN (SELECT value FROM json_each(:keys))',
)

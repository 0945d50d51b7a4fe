"""Asks a database: one query, one row, whose single cell is the value, or whose columns are its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from actions.databases.api import Answer, Cell, Database, Unanswered
from actions.databases.settings import database
from facts.answers import read
from facts.api import MOST_BYTES, Tree, Unhad
from facts.sql.settings import SqlSettings


class Sql:
    """`kind = "sql"`."""

    def __init__(self, settings: SqlSettings, base: Path, password: str | None) -> None:
        """Raises ValueError, with a sentence, where the driver is missing."""
        self._settings = settings
        self._file = base / (settings.path or "")
        self._password = password
        self._opened()

    def _opened(self) -> Database:
        """For one question: what was stopped answers no other."""
        return database(self._file, self._settings.dsn, lambda: self._password, self._settings.timeout.total_seconds())

    async def ask(self) -> Tree:
        """Raises Unhad: it can't be asked, or gives no row, several, or too much."""
        asked = self._opened()
        asking = asyncio.create_task(asyncio.to_thread(asked.rows, self._settings.query, 2))
        try:
            answer = await asyncio.shield(asking)
        except Unanswered as exc:
            raise Unhad(str(exc)) from None
        except asyncio.CancelledError:
            asked.stop()
            await asyncio.gather(asking, return_exceptions=True)  # at once, unless the machine itself hangs
            raise
        return _picked(answer)


def _picked(answer: Answer) -> Tree:
    if not answer.rows:
        raise Unhad("its query gives no row; have it count, or give one for each case")
    if len(answer.rows) > 1:
        raise Unhad("its query gives more than one row; have it count or sum up, or take one by LIMIT 1")
    (row,) = answer.rows
    if sum(len(cell) for cell in row if isinstance(cell, str | bytes)) > MOST_BYTES:
        raise Unhad(f"its query gives more than {MOST_BYTES // 1024} kB; let it give the value alone")
    return _value(row[0]) if len(row) == 1 else _parts(answer.columns, row)


def _parts(columns: Sequence[str], row: Sequence[Cell]) -> Tree:
    for name in columns:
        if columns.count(name) > 1:
            raise Unhad(f"its query has two columns {name}; give one another name by AS")
    return {name: _value(cell) for name, cell in zip(columns, row, strict=True)}


def _value(cell: Cell) -> Tree:
    match cell:
        case bytes():
            return cell.hex()
        case float() if not isfinite(cell):
            return str(cell)
        case str():
            return read(cell.encode("utf-8", "replace"), "its query") if cell.strip() else ""
    return cell

"""Whether anything changed, asked of Notion by when rows were last edited: one request, whatever the table's size. Pure.

Notion rounds that time down to the minute, so two edits of one minute look the same, and one that is seen late may bear an earlier
minute (VENDORS.md C3). So what is asked for begins two minutes before the table was looked at last, by Notion's own clock, and is
compared by content.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.api import Cell, Row

OVERLAP = timedelta(minutes=2)
ANSWER = 100
"""Rows of one answer (VENDORS.md C2). Where more were edited lately, the table is read."""
SWEEP = 10
"""Every so many probes count as a change, at two a minute each 5 minutes: what was put into the trash, and properties that were
renamed, are in no answer."""


class News:
    """What the engine knows of the table, row by row, and whether an answer shows anything else."""

    def __init__(self, page: int) -> None:
        """page: rows of one request: a table of no more is read rather than asked."""
        self._page = page
        self._known: dict[str, Mapping[str, Cell]] = {}
        self._seen: dict[str, Mapping[str, Cell]] = {}  # the same of the read under way
        self._looked: datetime | None = None  # all that was edited before is known, but for what is seen late
        self._began: datetime | None = None  # the same of the read under way
        self._met = False  # a write has met what the engine doesn't know
        self._quiet = 0
        self._changes = 0

    # --- a read

    def begins(self) -> None:
        """A read begins."""
        self._seen, self._began = {}, None

    def answers(self, told: datetime | None) -> None:
        """The read under way was answered.   told: when, by Notion's clock. Only the first answer counts."""
        self._began = self._began or told

    def saw(self, row: Row) -> bool:
        """False for a row that this read has seen: one that moves while pages are read may come twice."""
        if row.key in self._seen:
            return False
        self._seen[row.key] = row.cells
        return True

    def ends(self) -> None:
        """The read is complete, and goes to the engine."""
        self._known, self._looked, self._met, self._quiet = self._seen, self._began, False, 0

    def cells(self, key: str) -> Mapping[str, Cell] | None:
        """A row's cells, as the engine knows them; None for none."""
        return self._known.get(key)

    # --- a write

    def wrote(self, row: Row, ours: Collection[str]) -> None:
        """A write was answered with the row as it stands now.   ours: headers that it has put, or that change by themselves."""
        before = self._known.get(row.key, {})
        self._met |= row.cells.keys() != before.keys() or any(row.cells[h] != v for h, v in before.items() if h not in ours)
        self._known[row.key] = row.cells

    def lost(self, key: str) -> None:
        """The engine is told that this row is gone."""
        self._known.pop(key, None)

    # --- a probe

    @property
    def marker(self) -> str:
        return str(self._changes)

    def meets(self) -> None:
        """Something isn't as it was, without a question."""
        self._changes += 1

    def question(self) -> dict[str, Any] | None:
        """The body of a query for what was edited lately; None where there is nothing to ask, and the table is to be read."""
        self._quiet += 1
        if self._looked is None or self._met or self._quiet >= SWEEP or len(self._known) <= self._page:
            self.meets()
            return None
        since = (self._looked - OVERLAP).isoformat()
        return {
            "page_size": ANSWER,
            "filter": {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": since}},
            "sorts": [{"timestamp": "last_edited_time", "direction": "descending"}],
        }

    def answered(self, rows: Mapping[str, Mapping[str, Cell]], told: datetime | None, *, whole: bool) -> None:
        """rows: key → cells of the answer.   told: when it was given.

        whole: whether it is all that was edited lately, with the columns that are known.
        """
        if whole and all(self._known.get(key) == cells for key, cells in rows.items()):
            self._looked = told
        else:
            self.meets()

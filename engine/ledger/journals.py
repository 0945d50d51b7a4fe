"""What the histories beside tables have yet to be told: entered with each end, in one commit, taken out once the store has it.

What ended before a table's history was begun is never entered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from engine.ledger.statements import with_columns
from engine.ledger.store import Store
from engine.ledger.values import OCCURRENCE_COLUMNS, occurrence_of
from engine.model import Occurrence

Untold = tuple[int, Occurrence]
"""An ended occurrence that a history has yet to be told, and its version: it rises with each change of what there is to tell."""


class Journals(Store):
    """Histories, by table."""

    def journals(self) -> frozenset[str]:
        """The tables beside which one is kept."""
        return frozenset(row[0] for row in self._rows(_KEPT))

    def begin_journal(self, table: str) -> None:
        """Keep a history beside this table from now on."""
        self._write(_BEGIN, {"table": table})

    def end_journal(self, table: str) -> None:
        """Keep none any more; what it has yet to be told is told to nobody."""
        self._write(_END, {"table": table})
        self._write(_FORGET, {"table": table})

    def untold(self, table: str, most: int) -> list[Untold]:
        """The oldest of what this history has yet to be told, at most so many."""
        rows = self._rows(_UNTOLD, {"table": table, "most": most})
        return [(row[0], occurrence_of(row[1:])) for row in rows]

    def told(self, table: str, until: int, again: Collection[str] = ()) -> None:
        """The store has all of it up to this version.   again: runs that it has lost since, to be told once more."""
        self._write(_TOLD, {"table": table, "until": until})
        if again:
            self._enter([row[0] for row in self._rows(_BY_IDS, {"ids": json.dumps(list(again))})], [table])

    def _enter(self, seqs: Sequence[int], tables: Sequence[str]) -> None:
        """These have ended, or have grown.   tables: theirs."""
        if seqs and not self.journals().isdisjoint(tables):
            of = {"seqs": json.dumps(list(seqs))}
            self._write(_TAKE_OUT, of)
            self._write(_ENTER, of)


_KEPT = 'SELECT "table" FROM journals'
_BEGIN = 'INSERT INTO journals ("table") VALUES (:table) ON CONFLICT DO NOTHING'
_END = 'DELETE FROM journals WHERE "table" = :table'
_FORGET = 'DELETE FROM journal WHERE "table" = :table'
_UNTOLD = with_columns(
    """
    SELECT journal.version, {occurrences}
    FROM journal
    JOIN occurrences ON occurrences.seq = journal.occurrence
    WHERE journal."table" = :table
    ORDER BY journal.version
    LIMIT :most
    """,
    occurrences=OCCURRENCE_COLUMNS,
)
_TOLD = 'DELETE FROM journal WHERE "table" = :table AND version <= :until'
_BY_IDS = "SELECT seq FROM occurrences WHERE id IN (SELECT value FROM json_each(:ids))"

# What stands there already is entered with a new version: it comes last again.
_TAKE_OUT = "DELETE FROM journal WHERE occurrence IN (SELECT value FROM json_each(:seqs))"
_ENTER = """
    INSERT INTO journal ("table", occurrence)
    SELECT "table", seq
    FROM occurrences
    WHERE seq IN (SELECT value FROM json_each(:seqs)) AND "table" IN (SELECT "table" FROM journals)
    ORDER BY ended_at, seq
"""

"""What the histories beside tables have yet to be told: entered with each end, in one commit, taken out once the store has it.

What ended before a table's history was begun is never entered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from engine.ledger.schema import JOURNAL, JOURNALS, OCCURRENCES
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
        self._write(_END, {"of": table})
        self._write(_FORGET, {"of": table})

    def untold(self, table: str, most: int) -> list[Untold]:
        """The oldest of what this history has yet to be told, at most so many."""
        rows = self._rows(_UNTOLD, {"of": table, "most": most})
        return [(row[0], occurrence_of(row[1:])) for row in rows]

    def told(self, table: str, until: int, again: Collection[str] = ()) -> None:
        """The store has all of it up to this version.   again: runs that it has lost since, to be told once more."""
        self._write(_TOLD, {"of": table, "until": until})
        if again:
            self._enter([row[0] for row in self._rows(_BY_IDS, {"ids": json.dumps(list(again))})], [table])

    def _enter(self, seqs: Sequence[int], tables: Sequence[str]) -> None:
        """These have ended, or have grown.   tables: theirs."""
        if seqs and not self.journals().isdisjoint(tables):
            self._write(_ENTER_ANEW, {"seqs": json.dumps(list(seqs))})


_KEPT = sa.select(JOURNALS.c.table)
_BEGIN = sa.insert(JOURNALS).prefix_with("OR IGNORE")
_END = sa.delete(JOURNALS).where(JOURNALS.c.table == sa.bindparam("of"))
_FORGET = sa.delete(JOURNAL).where(JOURNAL.c.table == sa.bindparam("of"))
_UNTOLD = (
    sa.select(JOURNAL.c.version, *OCCURRENCE_COLUMNS)
    .join_from(JOURNAL, OCCURRENCES, OCCURRENCES.c.seq == JOURNAL.c.occurrence)
    .where(JOURNAL.c.table == sa.bindparam("of"))
    .order_by(JOURNAL.c.version)
    .limit(sa.bindparam("most"))
)
_TOLD = sa.delete(JOURNAL).where(JOURNAL.c.table == sa.bindparam("of"), JOURNAL.c.version <= sa.bindparam("until"))
_BY_IDS = sa.select(OCCURRENCES.c.seq).where(
    OCCURRENCES.c.id.in_(sa.select(sa.func.json_each(sa.bindparam("ids")).table_valued("value").c.value))
)
_seqs = sa.func.json_each(sa.bindparam("seqs")).table_valued("value").c.value
# What stands there already gets a new version: it comes last again.
_ENTER_ANEW = (
    sa.insert(JOURNAL)
    .prefix_with("OR REPLACE")
    .from_select(
        ["table", "occurrence"],
        sa.select(OCCURRENCES.c.table, OCCURRENCES.c.seq)
        .where(OCCURRENCES.c.seq.in_(sa.select(_seqs)), OCCURRENCES.c.table.in_(sa.select(JOURNALS.c.table)))
        .order_by(OCCURRENCES.c.ended_at, OCCURRENCES.c.seq),
    )
)

"""What was done to rows of tables, in the order in which that became durable: for sources of tables, each at its own pace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.ledger.codec import prose
from engine.ledger.statements import insert, with_columns
from engine.ledger.store import Store
from watches.api import LONGEST_VALUE, Alteration, Altered

KEPT = 100_000
"""Of the newest it is known what was done. A source that is looked at goes by each within milliseconds."""


class Alterations(Store):
    """Alterations, by number."""

    def altered(self, after: int) -> Iterator[Altered]:
        """See `watches.api.Record`."""
        for n, *what in self._stream(_ALTERED, {"after": after}):
            yield Altered(n, Alteration(*what))

    def last_altered(self) -> int:
        """See `watches.api.Record`."""
        return int(self._rows(_LAST)[0][0])

    def note_alterations(self, alterations: Iterable[Alteration]) -> None:
        """In the commit in which it becomes known what was done."""
        self._write(
            _NOTE,
            [
                {
                    "table": one.table,
                    "row": prose(one.row[:LONGEST_VALUE]),
                    "id": one.id,
                    "change": one.change,
                    "column": one.column,
                    "old": prose(one.old[:LONGEST_VALUE]),
                    "new": prose(one.new[:LONGEST_VALUE]),
                }
                for one in alterations
            ],
        )

    def _forget_alterations(self) -> None:
        self._write(_FORGET, {"kept": KEPT})


_NOTE = insert("alterations", Alteration.__struct_fields__)
_ALTERED = with_columns(
    """
    SELECT {alterations}
    FROM alterations
    WHERE n > :after
    ORDER BY n
    """,
    alterations=("n", *Alteration.__struct_fields__),
)
_LAST = "SELECT coalesce(max(n), 0) FROM alterations"
_FORGET = "DELETE FROM alterations WHERE n <= (SELECT max(n) FROM alterations) - :kept"

"""What has ended, in the order in which that became durable: for sources of outcomes, each of which goes by it at its own pace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.ledger.statements import with_columns
from engine.ledger.store import Store
from engine.model import Occurrence
from watches.api import THROUGH, End

KEPT = 100_000
"""Of the newest it is known in which order they ended. A source that is looked at goes by each within milliseconds."""

Ended = tuple[int, Occurrence]
"""`seq` of an occurrence, and what has ended of it now: of a record that has grown, what came to it."""


class Ends(Store):
    """Ends, by number."""

    def ends(self, after: int) -> Iterator[End]:
        """See `watches.api.Record`."""
        for n, number, through, table, task, outcome, reason, run, duration in self._stream(_ENDS, {"after": after}):
            lasted = duration / 1_000_000 if duration is not None else None
            yield End(n, table, task, outcome, reason, run, number, lasted, tuple(through.split("\n")) if through else ())

    def last_end(self) -> int:
        """See `watches.api.Record`."""
        return int(self._rows(_LAST)[0][0])

    def _note_ends(self, ended: Iterable[Ended]) -> None:
        """In the commit in which they end."""
        self._write(_NOTE, [{"seq": seq, "number": o.count, "through": str(o.event.get(THROUGH, ""))} for seq, o in ended])

    def _forget_ends(self) -> None:
        self._write(_FORGET, {"kept": KEPT})


# What brought it about stands here, not in the occurrence: a record grows by what others have brought about.
_NOTE = """
    WITH given (seq, number, through) AS (VALUES (:seq, :number, :through))
    INSERT INTO ends (run, number, through)
    SELECT occurrences.id, given.number, given.through
    FROM given
    JOIN occurrences ON occurrences.seq = given.seq
"""
_ENDS = with_columns(
    """
    SELECT {ends}, {occurrences}
    FROM ends
    JOIN occurrences ON occurrences.id = ends.run
    WHERE ends.n > :after
    ORDER BY ends.n
    """,
    ends=("n", "number", "through"),
    occurrences=("table", "task", "outcome", "reason", "id", "duration"),
)
_LAST = "SELECT coalesce(max(n), 0) FROM ends"
_FORGET = "DELETE FROM ends WHERE n <= (SELECT max(n) FROM ends) - :kept"

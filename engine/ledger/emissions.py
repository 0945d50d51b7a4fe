"""What people and programs emit at sources, until it is taken up; and by which ids it is known when it comes again."""

from __future__ import annotations

from datetime import datetime

from engine.ledger.codec import micros, packed, prose, unpacked
from engine.ledger.store import Store
from watches.api import Emitted, Happening


class Emissions(Store):
    """Commands only insert here; the daemon takes up."""

    def emit(self, source: str, happening: Happening, at: datetime) -> int:
        """Put it down; its number."""
        rows = self._write_answering(
            _EMIT,
            {
                "source": source,
                "summary": prose(happening.summary),
                "number": happening.number,
                "event": packed(dict(happening.values)),
                "at": micros(at),
            },
        )
        return int(rows[0][0])

    def emitted(self, source: str, after: int = 0) -> list[Emitted]:
        """See `watches.api.Record`."""
        found = self._rows(_EMITTED, {"source": source, "after": after})
        return [Emitted(n, Happening(summary, unpacked(event), number)) for n, summary, number, event in found]

    def waiting(self, source: str) -> int:
        """How many have yet to be taken up."""
        return int(self._rows(_WAITING, {"source": source})[0][0])

    def first_time(self, source: str, id_: str, keep: int) -> bool:
        """Whether this id is new at this source; it isn't any more then.   keep: so many of the newest are remembered."""
        if self._write(_KNOW, {"source": source, "id": id_}) == 0:
            return False
        self._write(_FORGET_IDS, {"source": source, "keep": keep})
        return True

    def forget_emitted(self, source: str, until: int) -> None:
        """It was taken up, to this number; in the commit with what it asks of rows."""
        self._write(_FORGET, {"source": source, "until": until})


_EMIT = """
    INSERT INTO emitted (source, summary, number, event, at)
    VALUES (:source, :summary, :number, :event, :at)
    RETURNING n
"""
_EMITTED = "SELECT n, summary, number, event FROM emitted WHERE source = :source AND n > :after ORDER BY n"
_WAITING = "SELECT count(*) FROM emitted WHERE source = :source"
_KNOW = "INSERT INTO emitted_ids (source, id) VALUES (:source, :id) ON CONFLICT (source, id) DO NOTHING"
_FORGET_IDS = """
    DELETE FROM emitted_ids
    WHERE source = :source
        AND n <= (SELECT n FROM emitted_ids WHERE source = :source ORDER BY n DESC LIMIT 1 OFFSET :keep)
"""
_FORGET = "DELETE FROM emitted WHERE source = :source AND n <= :until"

"""The audit trail, read: its records as they stand, its deeds, its head; and what is old of it forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from engine.ledger.codec import micros
from engine.ledger.sealing import COUNTED
from engine.ledger.statements import with_columns
from engine.ledger.store import Store
from engine.trail import Deed, Head, Kind, Record, Verdict, examined, root

ROUND = 500
"""Records that one round of pruning takes out."""

SLACK = 100
"""Of how many may be kept, one in so many: only once there are more than that too many, they are taken out."""


class Trails(Store):
    """Records are only ever added (see `Store.transaction`), and pruned from the oldest on."""

    def trail(self, *, newest_first: bool = False, since: datetime | None = None) -> Iterator[Record]:
        """Every record, the oldest first unless told otherwise.   since: without those that are older; the clock may have been set
        meanwhile, so one such may stand between others."""
        values = {"since": None if since is None else micros(since)}
        for row in self._stream(_NEWEST_FIRST if newest_first else _OLDEST_FIRST, values):
            yield Record(*row)

    def trail_head(self) -> Head:
        """Where it has come to; of one that holds nothing, number 0 and its root."""
        rows = self._rows(_HEAD)
        return Head(*rows[0]) if rows else Head(0, root(self.id))

    def examine_trail(self, against: Head | None = None) -> Verdict:
        """Whether it is as it was written.   against: a head that was kept elsewhere."""
        with self.snapshot():
            return examined(self.trail(), self.id, self._rows(COUNTED)[0][0], against)

    def prune_trail(self, now: datetime, keep: timedelta, most: int) -> bool:
        """One round of forgetting what is older than `keep`, in whole days (UTC), or beyond the newest `most` deeds. Answers
        whether there is more.

        That it was pruned, up to which record, and its seal, is a deed itself: what is left still follows on something. The newest
        record stays.
        """
        before = datetime.combine((now - keep).astimezone(UTC).date(), time(), UTC)
        values = {"before": micros(before), "most": most, "slack": most // SLACK, "round": ROUND}
        found = self._rows(_OLD, values)
        if not found:
            return False
        until = Head(*found[-1])
        self._write(_FORGET, {"until": until.n})
        self.note([Deed(now, Kind.TRAIL_PRUNED, by="rowd", what={"until": until.n, "seal": until.seal})])
        return len(found) == ROUND


_COLUMNS = Record.__struct_fields__
_OLDEST_FIRST = with_columns("SELECT {trail} FROM trail WHERE :since IS NULL OR at >= :since ORDER BY n", trail=_COLUMNS)
_NEWEST_FIRST = with_columns("SELECT {trail} FROM trail WHERE :since IS NULL OR at >= :since ORDER BY n DESC", trail=_COLUMNS)
_HEAD = "SELECT n, seal FROM trail ORDER BY n DESC LIMIT 1"

# By number, from the oldest on, up to the first that is to stay: the index of numbers alone is walked.
_OLD = """
    SELECT n, seal
    FROM trail
    WHERE n < max(
        coalesce((SELECT n FROM trail WHERE at >= :before ORDER BY n LIMIT 1), (SELECT max(n) FROM trail)),
        (
            SELECT CASE WHEN seq - :most - (SELECT min(n) FROM trail) > :slack THEN seq - :most + 1 ELSE 0 END
            FROM sqlite_sequence
            WHERE name = 'trail'
        )
    )
        AND n < (SELECT max(n) FROM trail)
    ORDER BY n
    LIMIT :round
"""
_FORGET = "DELETE FROM trail WHERE n <= :until"

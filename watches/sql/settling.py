"""Which of the rows that are new in a database can be told now, so that none with a smaller number comes after it. Pure.

Where writers come side by side, as in PostgreSQL, the row 7 may be seen before the row 6: whoever writes 6 has taken that number,
and has not ended yet. Or nobody does, since that one gave up. What a gap hides is known once all who wrote then have ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from actions.databases.api import Snapshot


class Pending(Struct, frozen=True):
    """What waits.   upto: the largest number that was seen.   before: once all transactions with a smaller number than this have
    ended, nothing is missing up to there; None at the look that saw it first, when one may have its number and not begun to write.
    """

    upto: int
    before: int | None = None


def settled(last: int, ids: Sequence[int], pending: Pending | None, now: Snapshot | None) -> tuple[int, Pending | None]:
    """How many of these can be told, and what waits since.

    last: what was told last.   ids: larger ones, rising.   now: None where writers come one after the other.
    """
    if now is None:
        return len(ids), None
    before = now.next if pending is None or pending.before is None or pending.before > now.next else pending.before
    known = pending is not None and now.oldest >= before
    count = 0
    for id_ in ids:
        if id_ != last + 1 and not (known and pending is not None and id_ <= pending.upto):
            break
        last, count = id_, count + 1
    if count == len(ids):
        return count, None
    if pending is None or known:
        return count, Pending(ids[-1])
    return count, Pending(pending.upto, before)

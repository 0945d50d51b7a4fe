"""What a row has promised by its Deadline and has yet to keep, and the deadline that it missed last, as values."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Owed(Struct, frozen=True, gc=False):
    """Something came due, and a run has to succeed by the row's deadline.

    due: when it came due.   since: deadlines that lie before it don't count; that of the Deadline as it stands, or `due`.
    succeeded: when the first run ended that came due then or later, and succeeded; None before that.
    """

    due: datetime
    since: datetime
    succeeded: datetime | None = None


class Overdue(Struct, frozen=True, gc=False):
    """A deadline that was missed, and was said to be.

    due, by: of the newest such.   why: what was the matter then, a clause.   number: how many in a row.
    succeeded: when a run succeeded after all; None before that.
    """

    due: datetime
    by: datetime
    why: str
    number: int = 1
    succeeded: datetime | None = None


class Promises(Struct, frozen=True, gc=False):
    """owed: oldest first, with those that were kept as long as others may come under the same deadline.

    overdue: None where nothing was missed, or that was made good for so long that nobody need be told.
    """

    owed: tuple[Owed, ...] = ()
    overdue: Overdue | None = None


NO_PROMISES = Promises()

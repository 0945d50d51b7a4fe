"""That a run has made a row, and what has become of that, as values."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Made(Struct, frozen=True, gc=False):
    """Of one row: it is a draft until somebody activates it.

    run: which run has made it; task: the Name of that run's row, `TABLE/NAME` where that stands in another table.   at: when.
    until: from then on it can't be activated any more; None for never.
    kept_at: when it was first seen to be a draft no longer; from then on it is a row like any other.
    expired_at: when `until` had passed, and the row was seen to be a draft still. At most one of the two.
    """

    run: str
    task: str
    at: datetime
    until: datetime | None = None
    kept_at: datetime | None = None
    expired_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is a draft that may still be activated."""
        return self.kept_at is None and self.expired_at is None

    @property
    def maker(self) -> str:
        """Who has made it, for people."""
        return f"{self.task} (run {self.run})"


class Announced(Struct, frozen=True):
    """A row that a run is about to make, or has made and no daemon has seen.

    n: its number; they rise.   key: None where the table gives it itself, and has yet to tell.   name: the row's Name.
    """

    n: int
    table: str
    key: str | None
    name: str
    made: Made

"""When a table is told what it has yet to be told: soon, but what is to be done comes before what is to be shown. Pure."""

from __future__ import annotations

BETWEEN_WRITES = 0.25
"""Seconds. Results of this long are gathered into one write."""

SHARE = 9
"""While work waits, what is to be shown waits so many times as long as showing it will take us: that has a tenth of the time."""

LONGEST = 10.0
"""Seconds. For so long at most it waits for that, however many rows there are."""

FADES = 0.5
"""What earlier writes took counts so much less with each that follows."""


class Pace:
    """One table's. Instants are seconds on the monotonic clock: the wall clock may be set meanwhile."""

    def __init__(self) -> None:
        self._earliest = 0.0
        self._rows = self._seconds = 0.0  # written of late, and what that took
        self._news_since: float | None = None  # since when there is something to tell

    def due(self, now: float, rows: int, *, work_waits: bool) -> float:
        """The instant at which to write, as long as it stands so: asked again and again while there is something to tell.

        rows: how many are to be written.
        """
        if self._news_since is None:
            self._news_since = now
        if not work_waits:
            return self._earliest
        takes = rows * self._seconds / self._rows if self._rows else 0.0
        return max(self._earliest, self._news_since + min(max(BETWEEN_WRITES, SHARE * takes), LONGEST))

    def begins(self, now: float) -> None:
        """A write begins now."""
        self._earliest = now + BETWEEN_WRITES
        self._news_since = None

    def took(self, seconds: float, rows: int) -> None:
        """The last write, of so many rows, took us so long: what its store took meanwhile kept us from nothing."""
        self._seconds = self._seconds * FADES + seconds
        self._rows = self._rows * FADES + rows

    def keep_away(self, instant: float) -> None:
        """No write comes earlier than this, nor than what held before."""
        self._earliest = max(self._earliest, instant)

    def not_before(self, instant: float) -> None:
        """Something went wrong: no write comes earlier than this."""
        self._earliest = instant

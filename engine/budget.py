"""What a month has, and how far it goes: spent day by day, spread over what is left of the month. Pure: instants are arguments.

Months and days are UTC. Telling comes before looking: looks are spread over what telling is expected to leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from engine.quota import RESERVE, Purpose

KNOWN = 7
"""Days, at most, from which it is told how much telling takes."""

KEPT, KEPT_AT_MOST = 0.1, 0.75
"""Of what is left, the part that is kept for telling, whatever was told so far; and the largest, so that edits are noticed."""

MARGIN = 0.02
"""Of the whole month, what is left for the end: commands take calls, too, and the vendor's month may turn some hours off ours."""

BEHIND, CAUGHT_UP = 0.8, 0.9
"""It runs short when less than this is left, beside the margin, of what would be left if it were spent evenly. Once people have
been told that it is low, it is so until that much is left."""

LATE = 0.05
"""When no more than this part of the month is ahead, that it runs short is no news any more."""


class Spent(Struct, frozen=True):
    """Requests of one scope on one day, by what they were for."""

    looks: int = 0
    tells: int = 0

    @property
    def total(self) -> int:
        return self.looks + self.tells

    def plus(self, more: Spent) -> Spent:
        return Spent(self.looks + more.looks, self.tells + more.tells)


class Outlook(Struct, frozen=True):
    """How one budget stands at one instant.

    size: of it, rowd's share.   spent: of that, in this month.   until: when the month turns.   ahead: until then.
    even: what would be left now, were it spent evenly.   kept: of what is left, not for looks.
    """

    size: int
    spent: int
    until: datetime
    ahead: timedelta
    even: float
    kept: float

    @property
    def left(self) -> int:
        return max(self.size - self.spent, 0)

    @property
    def short(self) -> bool:
        """It would not last, if it went on so: what is to be told is told more seldom, too."""
        return self._beside < BEHIND * self.even

    @property
    def low(self) -> bool:
        """It runs short, and people are to be told."""
        return self.short and self.even > LATE * self.size

    @property
    def ample(self) -> bool:
        """It is no longer low, and not nearly so."""
        return self._beside >= CAUGHT_UP * self.even

    def record_every(self, cost: float) -> timedelta:
        """The same for histories: they have what is left over and above what is ample."""
        return _every(self.ahead, cost, self._beside - CAUGHT_UP * self.even)

    @property
    def _beside(self) -> float:
        return self.left - MARGIN * self.size

    def look_every(self, cost: float) -> timedelta:
        """How far looks are to be apart, so that they last.   cost: requests of one look at each table of the scope."""
        return _every(self.ahead, cost, self.left - self.kept)

    def tell_every(self, cost: float) -> timedelta:
        """The same for telling: nothing, unless it runs short."""
        return _every(self.ahead, cost, self.kept) if self.short else timedelta(0)

    def wait(self, purpose: Purpose) -> timedelta:
        """How long one more request of this purpose has to wait; nothing where it may go out now.

        Looks leave a reserve, which melts away as the month does; histories wait until there is more than ample left.
        """
        if self.left <= 0:
            return self.ahead
        if purpose is Purpose.RECORD:
            return self.ahead * min(max(1 - self._beside / (CAUGHT_UP * self.even), 0), 1)
        if purpose is Purpose.TELL or self.left > self.even / RESERVE:
            return timedelta(0)
        return self.ahead * (1 - RESERVE * self.left / self.even)


def outlook(size: int, days: Mapping[date, Spent], now: datetime) -> Outlook:
    """size: what the month has for rowd.   days: what was spent, by day."""
    today = now.astimezone(UTC)
    begins = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = (begins + timedelta(days=31)).replace(day=1)
    spent = sum(day.total for at, day in days.items() if (at.year, at.month) == (today.year, today.month))
    left, ahead = max(size - spent, 0), until - today
    expected = _telling(days, today) * (ahead / timedelta(days=1))
    kept = min(max(expected, KEPT * left) + MARGIN * size, KEPT_AT_MOST * left)
    return Outlook(size, spent, until, ahead, size * (ahead / (until - begins)), kept)


def _telling(days: Mapping[date, Spent], now: datetime) -> float:
    """Requests a day that telling takes, by the last days; 0 where nothing is known."""
    recent = {at: day for at, day in days.items() if now.date() - at < timedelta(days=KNOWN) and at <= now.date()}
    if not recent:
        return 0.0
    since = datetime.combine(min(recent), datetime.min.time(), UTC)
    return sum(day.tells for day in recent.values()) / max((now - since) / timedelta(days=1), 1)


def _every(ahead: timedelta, cost: float, part: float) -> timedelta:
    """So far apart, `part` requests last that long. No further than the month has left."""
    return min(ahead * (cost / part), ahead) if part > 0 else ahead

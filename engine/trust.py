"""Whether the wall clock can be believed. Pure: what the clocks say are arguments."""

from __future__ import annotations

from datetime import datetime, timedelta

FAR = timedelta(days=1)
STANDS = timedelta(minutes=5)
"""A wall clock that jumped by more than FAR is believed only after it has stood for so long, or jumped back."""


class Trust:
    """Compares how far the wall clock went with how much time really passed. A suspended machine's sleep is no jump."""

    def __init__(self, now: datetime, uptime: float) -> None:
        """uptime: seconds since some fixed moment, the time that the machine slept included."""
        self._seen = (now, uptime)
        self._since: float | None = None

    @property
    def given(self) -> bool:
        """As of the last look."""
        return self._since is None

    def look(self, now: datetime, uptime: float) -> timedelta | None:
        """What both clocks say now. Answers a far jump since the last look, None for none."""
        (wall, real), self._seen = self._seen, (now, uptime)
        jump = (now - wall) - timedelta(seconds=uptime - real)
        far = abs(jump) > FAR
        if far:
            self._since = None if self._since is not None else uptime  # a second jump was the way back
        if self._since is not None and uptime - self._since >= STANDS.total_seconds():
            self._since = None
        return jump if far else None

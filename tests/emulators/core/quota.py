"""How many requests are let through, on the emulator's clock."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

_EPOCH = datetime.fromtimestamp(0, UTC)


class Window:
    """So many in each span.

    aligned: spans begin at multiples of their length (each full minute); else any stretch of that length counts.
    """

    def __init__(self, limit: int, span: timedelta, *, aligned: bool) -> None:
        self.limit, self.span, self.aligned = limit, span, aligned
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> timedelta | None:
        """Count one; or, where there is no room, answer how long until there is, and count nothing."""
        self._forget(now)
        if len(self._taken) < self.limit:
            self._taken.append(now)
            return None
        return self._frees(self._taken[0]) - now

    def left(self, now: datetime) -> int:
        """How many more there is room for."""
        self._forget(now)
        return self.limit - len(self._taken)

    def _forget(self, now: datetime) -> None:
        while self._taken and self._frees(self._taken[0]) <= now:
            self._taken.popleft()

    def _frees(self, taken: datetime) -> datetime:
        begun = _EPOCH + (taken - _EPOCH) // self.span * self.span if self.aligned else taken
        return begun + self.span

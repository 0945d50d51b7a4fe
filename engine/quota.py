"""What a vendor allows, counted the way the vendor counts it. Pure: instants are arguments."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from connectors.api import Window


class Quota:
    """Every window of one table's connection. A request is admitted only where all windows that count it have room."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = [(window, deque[datetime]()) for window in windows]
        self._locked_until: datetime | None = None

    def free_at(self, kind: Literal["read", "write"], now: datetime) -> datetime:
        """The first instant, `now` or later, at which one more request of this kind is within every window."""
        at = max(now, self._locked_until or now)
        for window, spent in self._counting(kind):
            self._forget(window, spent, now)
            if len(spent) >= window.size:
                at = max(at, spent[-window.size] + window.span)
        return at

    def spend(self, kind: Literal["read", "write"], now: datetime) -> None:
        """Count one request that goes out now."""
        for _, spent in self._counting(kind):
            spent.append(now)

    def lock(self, until: datetime) -> None:
        """Let nothing out before `until`: the vendor said so (Retry-After, a lock-out)."""
        self._locked_until = max(until, self._locked_until or until)

    def used(self, now: datetime) -> list[tuple[Window, int]]:
        """Each window and how much of it is spent."""
        for window, spent in self._windows:
            self._forget(window, spent, now)
        return [(window, len(spent)) for window, spent in self._windows]

    def _counting(self, kind: str) -> list[tuple[Window, deque[datetime]]]:
        return [(w, s) for w, s in self._windows if w.kind in (kind, "any")]

    @staticmethod
    def _forget(window: Window, spent: deque[datetime], now: datetime) -> None:
        while spent and spent[0] + window.span <= now:
            spent.popleft()

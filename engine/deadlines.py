"""Until when each of many things may last, by one alarm for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from math import ceil

from engine.clock import Clock, Timer

SLACK = 1e-6
"""Seconds. An event loop may wake us so much early."""


class Deadlines:
    """To set one and clear it again costs next to nothing: what is given equally long is over in the order in which it was set."""

    def __init__(self, clock: Clock, over: Callable[[str], object]) -> None:
        """over: told who is over, once, unless that was cleared before; never within `set`."""
        self._clock = clock
        self._over = over
        self._given: dict[str, timedelta] = {}
        self._lines: defaultdict[timedelta, dict[str, float]] = defaultdict(dict)  # given so long: who → when that is over
        self._alarm: Timer | None = None
        self._rings = 0.0

    def set(self, who: str, span: timedelta) -> None:
        """It may last so long from now on, whatever it was given before. Nothing, or less: it is over at once."""
        self.clear(who)
        self._given[who] = span
        self._lines[span][who] = at = self._clock.monotonic() + max(span.total_seconds(), 0.0)
        self._wake(at)

    def clear(self, who: str) -> None:
        """It has ended. Nothing where none was set."""
        if (span := self._given.pop(who, None)) is not None:
            line = self._lines[span]
            del line[who]
            if not line:
                del self._lines[span]

    def _wake(self, at: float) -> None:
        """Be woken at that instant at the latest."""
        if self._alarm is not None:
            if self._rings <= at:
                return
            self._alarm.cancel()
        self._rings = at
        left = ceil((at - self._clock.monotonic()) * 1e6)
        self._alarm = self._clock.call_after(timedelta(microseconds=max(left, 0)), self._ring)

    def _ring(self) -> None:
        self._alarm, until = None, self._clock.monotonic() + SLACK
        for line in list(self._lines.values()):
            while line:
                who, at = next(iter(line.items()))
                if at > until:
                    self._wake(at)
                    break
                self.clear(who)
                self._over(who)

"""What has happened since the daemon started, counted as it happens: by table and outcome, never by row."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import accumulate
from math import inf

from msgspec import Struct

from actions.api import Outcome
from engine.events import Event, LedgerRefused, Listener, OccurrenceRecorded, RunEnded, RunStarted

LATE = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
"""Seconds: the upper ends of the classes of lateness, from ten milliseconds, as it ought to be, to well past the grace."""


class Classes(Struct, frozen=True):
    """up_to: upper end, at last infinity → how many values were no more than that.   total: of all values."""

    up_to: tuple[tuple[float, int], ...]
    total: float


class Spread:
    """How often a value was in which class.   ends: their upper ends, which belong to them, rising; above the last is one more."""

    def __init__(self, ends: tuple[float, ...]) -> None:
        self._ends = ends
        self._counts = [0] * (len(ends) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._ends, value)] += 1
        self._total += value

    def now(self) -> Classes:
        """As it is now."""
        return Classes(tuple(zip((*self._ends, inf), accumulate(self._counts), strict=True)), self._total)


class Counts:
    """One daemon's.

    started: table → attempts.   ended: (table, outcome) → occurrences.   late: table → how late first attempts were, in seconds.
    refusals: how often the ledger began to refuse.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.started: Counter[str] = Counter()
        self.ended: Counter[tuple[str, Outcome]] = Counter()
        self.late: defaultdict[str, Spread] = defaultdict(lambda: Spread(LATE))
        self.refusals = 0

    def hear(self, event: Event) -> None:
        """A listener that passes everything on."""
        match event:
            case RunStarted():
                self.started[event.table] += 1
                if event.attempt == 1:
                    self.late[event.table].add(max(event.late_s, 0.0))
            case RunEnded(retry_at=None):
                self.ended[event.table, Outcome(event.outcome)] += 1
            case OccurrenceRecorded():
                self.ended[event.table, Outcome(event.outcome)] += event.count
            case LedgerRefused():
                self.refusals += 1
        self._listener(event)

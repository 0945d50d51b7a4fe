"""Tasks that all come due together, again and again: how late each began, and the CPU of the processes that ran them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from bench import witness
from bench.processes import cpu

BEFORE_S = 0.5
"""So long before a tick the CPU is looked at: the round before is over by then, with everything it left to do."""


class Unfinished(Exception):
    """A side had not begun all tasks of one tick when the next one came. The text says how far it was."""


@dataclass(frozen=True, slots=True)
class Round:
    """One tick. late: of every task, in seconds, sorted.   cpu_s: from this tick to the next."""

    due: int
    late: list[float]
    cpu_s: float

    def quantile(self, share: float) -> float:
        return self.late[min(len(self.late), ceil(len(self.late) * share)) - 1]


def rounds(pid: int, seen: Path, tasks: int, period_s: int, number: int) -> list[Round]:
    """The next `number` ticks of a side that is ready, after one that doesn't count. Raises Unfinished."""
    first = (int(time.time() + 2 * BEFORE_S) // period_s + 1) * period_s  # this one warms
    due = [first + period_s * (n + 1) for n in range(number)]
    looks = []
    for instant in [*due, due[-1] + period_s]:
        time.sleep(max(0.0, instant - BEFORE_S - time.time()))
        looks.append(cpu(pid))
        if instant > due[0]:
            _through(seen, instant - period_s, tasks)
    late = witness.by_due(witness.read(seen))
    return [Round(at * 10**9, late[at * 10**9], looks[n + 1] - looks[n]) for n, at in enumerate(due)]


def _through(seen: Path, instant: int, tasks: int) -> None:
    begun = sum(one.due == instant * 10**9 for one in witness.read(seen))
    if begun != tasks:
        raise Unfinished(f"{begun} of {tasks} tasks had begun when the next tick came")

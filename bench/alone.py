"""How late one task begins that comes due while the scheduler is idle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.lateness import ours, seen
from bench.measure import OURS, Comparison, Goal
from bench.rivals import running

PERIOD_S = 2
NUMBER = 10


def measure(folder: Path) -> Iterator[Comparison]:
    """One task every two seconds. Each tick is a round."""
    sides = {
        OURS: lambda f: ours(f, 1, PERIOD_S),
        "APScheduler, memory (nothing durable)": lambda f: running(f, "with_apscheduler", "ticks", 1, PERIOD_S, "memory"),
        "APScheduler, SQLite": lambda f: running(f, "with_apscheduler", "ticks", 1, PERIOD_S, "sqlite"),
        "Huey, SQLite": lambda f: running(f, "with_huey", "ticks", 1, PERIOD_S),
        "floor: bare loop, one commit": lambda f: running(f, "with_loop", 1, PERIOD_S, "durable"),
    }
    found, missing = seen(folder, sides, 1, PERIOD_S, NUMBER)
    late = {side: [r.late[0] * 1000 for r in each] for side, each in found.items()}
    yield Comparison("lateness of one task alone", "ms", late, Goal(at_least=10, aim=3), missing=missing)
    cpu = {side: [sum(r.cpu_s for r in each) / len(each) * 1000] for side, each in found.items()}
    yield Comparison("CPU of one task alone, all that follows included", "ms", cpu, missing=missing)

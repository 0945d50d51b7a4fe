"""What a scheduler takes while it has nothing to do: 1,000 tasks, none of them due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from bench.measure import OURS, Comparison, Goal
from bench.processes import Used, used
from bench.redis import NoRedis, redis
from bench.rivals import Rival, running
from bench.site import Site

TASKS = 1000
SETTLED_S = 8
"""After the start, before we look: what a start brings with it is over."""
LOOKED_S = 40


def measure(folder: Path) -> Iterator[Comparison]:
    """One side after the other, so that none shares its memory with another."""
    sides: dict[str, Callable[[Path], AbstractContextManager[Rival]]] = {
        OURS: _ours,
        "APScheduler, SQLite": lambda f: running(f, "with_apscheduler", "idle", TASKS, 1, "sqlite"),
        "Huey, SQLite": lambda f: running(f, "with_huey", "idle", TASKS),
        "Celery, worker and beat (without Redis)": _celery,
    }
    found: dict[str, tuple[Used, Used]] = {}
    missing: dict[str, str] = {}
    for n, (name, side) in enumerate(sides.items()):
        try:
            with side(folder / str(n)) as one:
                time.sleep(SETTLED_S)
                before = used(one.pid)
                time.sleep(LOOKED_S)
                found[name] = (before, used(one.pid))
        except NoRedis as exc:
            missing[name] = str(exc)
    memory = {name: [after.pss_mb] for name, (_, after) in found.items()}
    wakes = {name: [(after.wakes - before.wakes) / LOOKED_S] for name, (before, after) in found.items()}
    cpu = {name: [(after.cpu_s - before.cpu_s) / LOOKED_S * 60] for name, (before, after) in found.items()}
    yield Comparison("memory (PSS), 1,000 tasks", "MB", memory, Goal(at_least=90, aim=60), missing=missing)
    yield Comparison("wake-ups of all threads", "a second", wakes, Goal(at_least=2, aim=2), missing=missing)
    yield Comparison("CPU", "s a minute", cpu, Goal(at_least=0.1, aim=0.1), missing=missing)


@contextmanager
def _ours(folder: Path) -> Iterator[Rival]:
    """The daemon with rows for each minute of the day that is twelve hours away, so that none comes due meanwhile."""
    hour = (time.gmtime().tm_hour + 12) % 24
    rows = [
        {"ID": f"t{n}", "Name": f"task {n}", "Action": "noop", "Schedule": f"daily {hour:02}:{n % 60:02}"} for n in range(TASKS)
    ]
    with Site(folder, rows) as site:
        site.wait_for("table.read")
        site.quiet()
        yield Rival(site.pid, site.witness, "")


@contextmanager
def _celery(folder: Path) -> Iterator[Rival]:
    with ExitStack() as stack:
        url = stack.enter_context(redis(folder / "redis", "everysec"))
        yield stack.enter_context(
            running(folder / "celery", "with_celery", "idle", extra={"BENCH_REDIS": url, "BENCH_BEAT": str(TASKS)})
        )

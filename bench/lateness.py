"""How late tasks begin that come due at one instant: 1,000 and 10,000 no-ops, ours with every claim durable on disk before.

Ours is the real daemon on a CSV of so many rows, its table written as ever. What is compared is written down by the task itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.measure import OURS, Comparison, Goal
from bench.rivals import Rival, running
from bench.site import Site, every
from bench.ticks import Round, Unfinished, rounds

Side = Callable[[Path], AbstractContextManager[Rival]]


def measure(folder: Path) -> Iterator[Comparison]:
    """1,000 each fifteen seconds, 10,000 each thirty."""
    yield from _sizes(folder / "1000", 1000, 15, 5, Goal(at_least=100, aim=30), sqlite=True)
    yield from _sizes(folder / "10000", 10_000, 30, 3, Goal(at_least=1000, aim=300), sqlite=False)


def _sizes(folder: Path, tasks: int, period_s: int, number: int, goal: Goal, *, sqlite: bool) -> Iterator[Comparison]:
    sides: dict[str, Side] = {
        OURS: lambda f: ours(f, tasks, period_s),
        "APScheduler, memory (nothing durable)": lambda f: running(f, "with_apscheduler", "ticks", tasks, period_s, "memory"),
        "floor: bare loop, one commit for all": lambda f: running(f, "with_loop", tasks, period_s, "durable"),
    }
    if sqlite:
        sides["APScheduler, SQLite"] = lambda f: running(f, "with_apscheduler", "ticks", tasks, period_s, "sqlite")
        sides["Huey, SQLite"] = lambda f: running(f, "with_huey", "ticks", tasks, period_s)
    found, missing = seen(folder, sides, tasks, period_s, number)
    for name, share, its in (("p50", 0.5, None), ("p99", 0.99, goal), ("max", 1.0, None)):
        late = {side: [r.quantile(share) * 1000 for r in each] for side, each in found.items()}
        yield Comparison(f"lateness of {tasks:,} no-ops due at one instant, {name}", "ms", late, its, missing=missing)
    cpu = {side: [r.cpu_s / tasks * 1e6 for r in each] for side, each in found.items()}
    yield Comparison(f"CPU of each of {tasks:,}, all that follows included", "µs", cpu, missing=missing)


def seen(
    folder: Path, sides: Mapping[str, Side], tasks: int, period_s: int, number: int
) -> tuple[dict[str, list[Round]], dict[str, str]]:
    """The rounds of every side, one side after the other; and of those that did not get through, how far they were."""
    found: dict[str, list[Round]] = {}
    missing: dict[str, str] = {}
    for n, (name, side) in enumerate(sides.items()):
        with side(folder / str(n)) as running_side:
            try:
                found[name] = rounds(running_side.pid, running_side.seen, tasks, period_s, number)
            except Unfinished as exc:
                missing[name] = str(exc)
    return found, missing


@contextmanager
def ours(folder: Path, tasks: int, period_s: int) -> Iterator[Rival]:
    """The daemon, once it has read its table and shown there what it understood; with a worker for each task, as no-ops deserve."""
    with Site(folder, every(period_s, tasks), tasks) as site:
        site.wait_for("table.read")
        site.quiet(within=10)
        yield Rival(site.pid, site.witness, "")

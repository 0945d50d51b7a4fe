"""Durable occurrences per second through everything: claim, an in-process no-op, its outcome on disk.

Ours from the instant at which 5,000 rows come due to the last outcome, heard of after its commit. The rivals are given their tasks
as fast as they take them and then work them off; start-up isn't counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.lateness import PARALLEL
from bench.measure import OURS, Comparison, Goal
from bench.processes import cpu
from bench.redis import NoRedis, redis
from bench.rivals import seconds
from bench.site import Site, every

TASKS = 5000
PERIOD_S = 30
ROUNDS = 3
FEWER = 1000
"""For the rivals, which would take long over more; none of them is quicker with more."""


def measure(folder: Path) -> Iterator[Comparison]:
    """Ours, then each rival ROUNDS times."""
    found, spent = _ours(folder / "ours")
    sides: dict[str, list[float]] = {OURS: found}
    missing: dict[str, str] = {}
    sides["Huey, SQLite"] = _rates(folder / "huey", "with_huey")
    sides["Huey, SQLite, not synced"] = _rates(folder / "huey-nosync", "with_huey", {"BENCH_HUEY": "nosync"})
    for fsync, said in (("always", "synced"), ("everysec", "synced once a second")):
        for name, module in (("Dramatiq", "with_dramatiq"), ("Celery", "with_celery")):
            side = f"{name}, Redis, {said}"
            try:
                with redis(folder / f"redis-{module}-{fsync}", fsync) as url:
                    sides[side] = _rates(folder / f"{module}-{fsync}", module, {"BENCH_REDIS": url})
            except NoRedis as exc:
                missing[side] = str(exc)
    yield Comparison(
        "occurrences through everything, durable", "a second", sides, Goal(at_least=4000, aim=10_000), more=True, missing=missing
    )
    yield Comparison("CPU of each, the table's cells included", "µs", {OURS: spent})


def _ours(folder: Path) -> tuple[list[float], list[float]]:
    """Occurrences a second, and µs of CPU for each, of every round."""
    rates, spent = [], []
    with Site(folder, every(PERIOD_S, TASKS), PARALLEL) as site:
        site.wait_for("table.read")
        last = site.wait_for("run.ended", TASKS)[-1].at  # this round warms
        for _ in range(ROUNDS):
            site.quiet()
            before = cpu(site.pid)
            due = (int(time.time()) // PERIOD_S + 1) * PERIOD_S
            last = site.wait_for("run.ended", TASKS, after=max(last, (due - 1) * 10**9))[-1].at
            site.quiet()
            rates.append(TASKS / (last / 1e9 - due))
            spent.append((cpu(site.pid) - before) / TASKS * 1e6)
        assert set(site.outcomes()) == {"succeeded"}, "a burst ran into the next one"
    return rates, spent


def _rates(folder: Path, module: str, extra: Mapping[str, str] | None = None) -> list[float]:
    return [FEWER / seconds(folder / str(n), module, "durable", FEWER, extra=extra) for n in range(ROUNDS)]

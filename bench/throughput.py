"""Durable occurrences per second through everything: claim, an in-process no-op, its outcome on disk.

Ours from the instant at which 5,000 rows come due to the last outcome, heard of after its commit. The rivals are given their tasks
as fast as they take them and then work them off; start-up isn't counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.measure import OURS, Comparison, Goal, first_line
from bench.redis import NoRedis, redis
from bench.rivals import seconds
from bench.site import Burst, Site, every

TASKS = 5000
PERIOD_S = 30
ROUNDS = 3
FEWER = 1000
"""For the rivals, which would take long over more; none of them is quicker with more."""


def measure(folder: Path) -> Iterator[Comparison]:
    """Ours, then each rival ROUNDS times."""
    sides: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    try:
        sides[OURS], spent = _ours(folder / "ours")
        yield Comparison("CPU of each occurrence, the table's cells included", "µs", {OURS: spent})
    except TimeoutError as exc:
        missing[OURS] = first_line(exc)
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


def _ours(folder: Path) -> tuple[list[float], list[float]]:
    """Occurrences a second, and µs of CPU for each, of every round. Raises TimeoutError."""
    with Site(folder, every(PERIOD_S, TASKS), TASKS) as site:
        site.wait_for("table.read")
        burst, found = Burst(site, TASKS, PERIOD_S), []
        for _ in range(ROUNDS):
            site.quiet(1.5)
            found.append(burst.round())
    return [rate for rate, _ in found], [spent * 1e6 for _, spent in found]


def _rates(folder: Path, module: str, extra: Mapping[str, str] | None = None) -> list[float]:
    return [FEWER / seconds(folder / str(n), module, "durable", FEWER, extra=extra) for n in range(ROUNDS)]

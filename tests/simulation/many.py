"""Many seeds, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.simulation.story import Report, play


def many(seeds: Iterable[int], jobs: int, tell: Callable[[str], None]) -> Report:
    """Play them all, and add up. tell: hears at once of each seed that breaks a law, with the command that plays it again."""
    total = Report()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(play, seed) for seed in seeds]):
            report = done.result()
            for seed, broken in report.broken[:3]:
                tell(f"seed {seed} breaks {broken.law}: {broken.what[:600]}")
            if report.broken:
                tell(f"    python -m tests.simulation --seed {report.broken[0][0]} --verbose")
            total.add(report)
    return total

"""Many seeds, in several processes; one alone runs there, too, so that it takes the very same course."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context

from tests.simulation.story import Report, play


def many(seeds: Iterable[int], jobs: int, tell: Callable[[str], None], store: str | None = None) -> Report:
    """Play them all, and add up. store: see `play`.

    tell: hears at once of each seed that breaks a law, with the command that plays it again.
    """
    total = Report()
    with _processes(jobs) as pool:
        for done in as_completed([pool.submit(play, seed, None, None, store) for seed in seeds]):
            report = done.result()
            for seed, broken in report.broken[:3]:
                tell(f"seed {seed} breaks {broken.law}: {broken.what[:600]}")
            if report.broken:
                tell(f"    python -m tests.simulation --seed {report.broken[0][0]}{f' --store {store}' if store else ''} --verbose")
            total.add(report)
    return total


def alone(seed: int, *, verbose: bool, store: str | None = None) -> Report:
    """Play one. verbose: its story is printed."""
    with _processes(1) as pool:
        return pool.submit(play, seed, print if verbose else None, None, store).result()


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes in which sets have one order: by chance, a seed would take another course each time."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"
    try:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            yield pool
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before

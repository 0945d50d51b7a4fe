"""How everything here is timed: several rounds, each side in turn, medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 7


def medians(sides: Mapping[str, Callable[[], int]]) -> dict[str, float]:
    """Seconds per operation of each side. A side does its work once per call and answers how many operations that was."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for name, work in sides.items():
        work()  # warm
        for _ in range(ROUNDS):
            began = time.perf_counter()
            number = work()
            spent[name].append((time.perf_counter() - began) / number)
    return {name: statistics.median(times) for name, times in spent.items()}


def table(title: str, ours: str, found: Mapping[str, float]) -> str:
    """The sides with their medians, and how many times slower than ours each of the others is."""
    lines = [title]
    for name, seconds in sorted(found.items(), key=lambda item: item[1]):
        ratio = "" if name == ours else f"{seconds / found[ours]:8.1f} x"
        lines.append(f"  {name:34} {seconds * 1e6:10.2f} µs {ratio}")
    return "\n".join(lines)

"""How soon a row begins that waits for another one, in a table of 10,000 rows in chains of ten."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import witness
from bench.measure import OURS, ROUNDS, Comparison, Goal
from bench.site import COLUMNS, Site

ROWS = 10_000
DEEP = 10
PERIOD_S = 10
AT_ONCE = (1, 20)
"""So many chains are set off together; the rest stand by."""


def rows(chains: int) -> Iterator[Mapping[str, str]]:
    """Chains, of which so many begin every `PERIOD_S` seconds."""
    for n in range(ROWS):
        row = {"ID": f"t{n}", "Name": f"task {n}", "Action": "noop"}
        if n % DEEP:
            row["Depends On"] = f"task {n - 1}"
        else:
            row["Schedule"] = f"*/{PERIOD_S} * * * * *" if n < chains * DEEP else "1st january 00:00"
        yield row


def measure(folder: Path) -> Iterator[Comparison]:
    """From the end of a row, before it is durable, to the start of the one that waits for it. A round: all steps of one tick."""
    for chains in AT_ONCE:
        with Site(folder / f"chains{chains}", rows(chains), columns=(*COLUMNS, "Depends On")) as site:
            late = _rounds(site, chains)
        goal = Goal(at_least=5, aim=3) if chains == 1 else None
        yield Comparison(f"a row that waits begins, {chains} chains of {DEEP} at once, median", "ms", {OURS: late}, goal)


def _rounds(site: Site, chains: int) -> list[float]:
    """Milliseconds: the median step of each of `ROUNDS` ticks, after one that warms."""
    site.wait_for("run.ended", chains * DEEP)
    first = (int(time.time()) // PERIOD_S + 1) * PERIOD_S
    site.wait_for("run.ended", chains * DEEP * ROUNDS, after=first * 10**9)
    steps: dict[int, list[float]] = {}
    for one in witness.read(site.witness):
        if one.due % 10**9 and one.due >= first * 10**9:  # whole seconds are the clock's
            steps.setdefault(one.due // 10**9 // PERIOD_S, []).append(one.late_s * 1000)
    return [statistics.median(each) for each in list(steps.values())[:ROUNDS]]

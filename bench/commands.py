"""Real commands per second: `/bin/true` as rows, output captured, own session, time-out, claim and outcome durable.

Beside it, between our rounds on the same machine, a bare `subprocess.run` in four threads, which keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.measure import OURS, Comparison, Goal, first_line
from bench.rivals import seconds
from bench.site import Burst, Site, every

TASKS = 600
PERIOD_S = 20
ROUNDS = 5
PARALLEL = 8
BARE = "floor: subprocess.run in 4 threads"


def measure(folder: Path) -> Iterator[Comparison]:
    """From the instant at which the rows come due to the last outcome, heard of after its commit."""
    found: list[tuple[float, float]] = []
    bare: list[float] = []
    missing: dict[str, str] = {}
    try:
        with Site(folder / "ours", every(PERIOD_S, TASKS, "true"), PARALLEL) as site:
            site.wait_for("table.read")
            burst = Burst(site, TASKS, PERIOD_S)
            for n in range(ROUNDS):
                site.quiet(1.5)
                bare.append(TASKS / seconds(folder / f"bare{n}", "bare_commands", TASKS))
                found.append(burst.round())
    except TimeoutError as exc:
        missing[OURS] = first_line(exc)
    rates = {OURS: [rate for rate, _ in found], BARE: bare}
    sides = {name: values for name, values in rates.items() if values}
    goal = Goal(at_least=0.6, aim=0.8, beside=BARE)
    yield Comparison("commands, claim and outcome durable", "a second", sides, goal, more=True, missing=missing)
    if found:
        yield Comparison("CPU of each command, the table's cells included", "ms", {OURS: [spent * 1000 for _, spent in found]})

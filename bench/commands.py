"""Real commands per second: `/bin/true` as rows, output captured, own session, time-out, claim and outcome durable.

Beside it, between our rounds on the same machine, a bare `subprocess.run` in four threads, which keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.measure import OURS, Comparison, Goal, first_line
from bench.rivals import seconds
from bench.site import Burst, Site, every

TASKS = 2_400
PERIOD_S = 20
ROUNDS = 5
MANY, FEW = 128, 8
"""`max_parallel`: where all that can wait for the disk waits together, and on a small machine's usual setting."""

BARE = "floor: subprocess.run in 4 threads"


def measure(folder: Path) -> Iterator[Comparison]:
    """From the instant at which the rows come due to the last outcome, heard of after its commit."""
    yield from _with(folder / "many", MANY, Goal(at_least=0.6, aim=0.8, beside=BARE))
    yield from _with(folder / "few", FEW, None)


def _with(folder: Path, parallel: int, goal: Goal | None) -> Iterator[Comparison]:
    found: list[tuple[float, float]] = []
    bare: list[float] = []
    missing: dict[str, str] = {}
    try:
        with Site(folder / "ours", every(PERIOD_S, TASKS, "true"), parallel) as site:
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
    yield Comparison(
        f"commands, {parallel} at once, claim and outcome durable", "a second", sides, goal, more=True, missing=missing
    )
    if found:
        spent = {OURS: [each * 1000 for _, each in found]}
        yield Comparison(f"CPU of each command, {parallel} at once, the table's cells included", "ms", spent)

"""Real commands per second: `/bin/true` as rows, output captured, own session, time-out, claim and outcome durable.

Beside it, between our rounds on the same machine, a bare `subprocess.run` in four threads, which keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench.measure import OURS, Comparison, Goal
from bench.processes import cpu
from bench.rivals import seconds
from bench.site import Site, every

TASKS = 600
PERIOD_S = 20
ROUNDS = 5
PARALLEL = 8
BARE = "floor: subprocess.run in 4 threads"


def measure(folder: Path) -> Iterator[Comparison]:
    """From the instant at which the rows come due to the last outcome, heard of after its commit."""
    ours, bare, spent = [], [], []
    with Site(folder / "ours", every(PERIOD_S, TASKS, "true"), PARALLEL) as site:
        site.wait_for("table.read")
        last = site.wait_for("run.ended", TASKS)[-1].at  # this round warms
        for n in range(ROUNDS):
            site.quiet(1.5)
            bare.append(TASKS / seconds(folder / f"bare{n}", "bare_commands", TASKS))
            before = cpu(site.pid)
            due = (int(time.time()) // PERIOD_S + 1) * PERIOD_S
            last = site.wait_for("run.ended", TASKS, after=max(last, (due - 1) * 10**9))[-1].at
            site.quiet(1.5)
            ours.append(TASKS / (last / 1e9 - due))
            spent.append((cpu(site.pid) - before) / TASKS * 1000)
        assert set(site.outcomes()) == {"succeeded"}, "a burst ran into the next one"
    goal = Goal(at_least=0.6, aim=0.8, beside=BARE)
    yield Comparison("commands, claim and outcome durable", "a second", {OURS: ours, BARE: bare}, goal, more=True)
    yield Comparison("CPU of each command, the table's cells included", "ms", {OURS: spent})

"""A table of 100,000 rows: from the start to the first plan, one wake, one edit noticed and planned; the daemon as a process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench import witness
from bench.measure import OURS, Comparison, Goal
from bench.processes import cpu, used
from bench.rivals import running
from bench.site import Site

ROWS = 100_000
PERIOD_S = 10
STARTS = 3
TICKS = 8
EDITS = 5
FLOOR = "floor: bare loop, one commit"


def measure(folder: Path) -> Iterator[Comparison]:
    """A new ledger first, then restarts of a daemon that knows the rows.

    The first plan is told by a row that comes due every ten seconds: after a restart it is late, within its grace, so the first
    plan starts it. With a new ledger every row has to settle first, and what is told is that all rows are durably known.
    """
    site = Site(folder / "ours", _rows())
    began = time.time_ns()
    site.start()
    known = (site.wait_for("table.read")[0].at - began) / 1e9
    yield Comparison("100,000 rows, a new ledger: start to all rows known", "s", {OURS: [known]})
    yield Comparison("CPU of that", "s", {OURS: [cpu(site.pid)]})
    site.wait_for("run.ended")
    site.quiet(5)
    site.stop()
    planned, spent = [], []
    for n in range(STARTS):
        _after_a_tick()
        began = time.time_ns()
        site.start()
        planned.append((site.wait_for("run.started")[0].at - began) / 1e9)
        spent.append(cpu(site.pid))
        site.quiet(5)
        if n < STARTS - 1:
            site.stop()
    yield Comparison("100,000 rows, a restart: start to first plan", "s", {OURS: planned}, Goal(at_least=8, aim=4))
    yield Comparison("CPU of that", "s", {OURS: spent})
    before = time.time_ns()
    time.sleep(PERIOD_S * (TICKS + 1))
    late = [one.late_s * 1000 for one in witness.read(site.witness) if one.due > before][:TICKS]
    with running(folder / "floor", "with_loop", 1, 2, "durable") as floor:
        time.sleep(2 * TICKS)
        bare = [one.late_s * 1000 for one in witness.read(floor.seen)]
    yield Comparison("100,000 rows: one wake, to the start of its task", "ms", {OURS: late, FLOOR: bare}, Goal(at_least=5, aim=1))
    noticed = [_edit(site, n) for n in range(EDITS)]
    yield Comparison("100,000 rows: one edit, from the save to the event", "s", {OURS: noticed}, Goal(at_least=1.5, aim=0.5))
    yield Comparison("memory (PSS) with 100,000 rows", "MB", {OURS: [used(site.pid).pss_mb]})
    site.stop()


def _rows() -> Iterator[dict[str, str]]:
    """One that tells of plans, the others at times of day that are twelve hours away."""
    yield {"ID": "w", "Name": "witness", "Action": "noop", "Schedule": f"*/{PERIOD_S} * * * * *"}
    hour = (time.gmtime().tm_hour + 12) % 24
    for n in range(ROWS - 1):
        yield {"ID": f"t{n}", "Name": f"task {n}", "Action": "noop", "Schedule": f"daily {hour:02}:{n % 60:02}"}


def _after_a_tick() -> None:
    """So that a tick has passed since the daemon stopped, and the next is not yet there when it plans."""
    time.sleep(2 * PERIOD_S - time.time() % PERIOD_S)


def _edit(site: Site, number: int) -> float:
    """A person moves one task by an hour, between two writes of ours, and saves the file as editors do."""
    time.sleep(PERIOD_S - time.time() % PERIOD_S + PERIOD_S / 2)
    lines = site.table.read_text().splitlines(keepends=True)
    place = 1000 + 7 * number
    old = lines[place].split(",")
    old[3] = "daily " + f"{(int(old[3][6:8]) + 1) % 24:02}" + old[3][8:]
    lines[place] = ",".join(old)
    beside = site.table.with_name("saving")
    beside.write_text("".join(lines))
    began = time.time_ns()
    beside.replace(site.table)
    return (site.wait_for("row.edited", after=began)[0].at - began) / 1e9

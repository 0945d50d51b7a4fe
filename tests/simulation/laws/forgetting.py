"""Retention, tried on a copy of the ledger: it forgets old runs, and nothing that is still needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tests.simulation.book import Book
from tests.simulation.disk import Disk, SimLedger
from tests.simulation.machine import source
from tests.simulation.world import World

KEPT = 2
"""Runs of each row."""


def nothing_is_forgotten_that_is_needed(world: World) -> Iterator[str]:
    """Pruning keeps what has not ended, what is asked, every row, its newest runs with their attempts, and every count."""
    if world.desk is None:
        return
    copy = world.folder / "pruned.sqlite"
    with closing(sqlite3.connect(world.ledger_path)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
    try:
        before, counts = Book(copy), _counts(copy)
        _prune(world, copy)
        yield from _lost(before, Book(copy))
        if (now := _counts(copy)) != counts:
            yield f"pruning changed counts: {dict(now.items() ^ counts.items())}"
    finally:
        for path in world.folder.glob(f"{copy.name}*"):
            path.unlink()


def _prune(world: World, path: Path) -> None:
    ledger = SimLedger.on(path, Disk(source(0), world.machine, lag=0, stalls=0, failing=0))
    try:
        more = True
        while more:
            with ledger.transaction():
                more = ledger.prune(world.machine.wall(), KEPT, timedelta(0)).more
    finally:
        ledger.close()


def _lost(before: Book, after: Book) -> Iterator[str]:
    """What is gone and ought not to be."""
    for record in before.records:
        if record.outcome is None and (record.id not in after.by_id or after.of_run[record.id] != before.of_run[record.id]):
            yield f"pruning forgot {record.id}, which is {record.stage}"
    for place, records in before.by_row.items():
        status = before.rows[place].cells if place in before.rows else ""
        ran = [r for r in records if r.started_at is not None and r.outcome is not None]
        for record in ran[-KEPT:] if '"completed"' not in status else ran[-1:]:
            whole = '"completed"' in status or after.of_run[record.id] == before.of_run[record.id]
            if record.id not in after.by_id or not whole:
                yield f"pruning forgot {record.id}, one of the newest runs of {place}"
    open_ones = [asked for asked in before.asked if asked.taken is None]
    yield from (f"pruning forgot the request {asked.id}" for asked in open_ones if asked not in after.asked)
    yield from (f"pruning forgot the row {place}" for place in before.rows.keys() - after.rows.keys())


def _counts(path: Path) -> dict[tuple[str, str], tuple[int, int, int]]:
    with closing(sqlite3.connect(path)) as ledger:
        rows = ledger.execute('SELECT "table", key, runs, failures, missed FROM tallies').fetchall()
    return {(table, key): (runs, failures, missed) for table, key, runs, failures, missed in rows}


LAWS = (nothing_is_forgotten_that_is_needed,)

"""Retention, tried on a copy of the ledger: it forgets what is old, and nothing that is still needed."""

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

KEPT = 1
"""Runs of each row, and as many records of what was not run: so few that the run claimed last and the one that ended last may be
different ones.
"""

LONG = timedelta(days=401)
"""Later than all that stays for a time only: deleted rows and answered requests for 30 days, edits for 400."""


def nothing_is_forgotten_that_is_needed(world: World) -> Iterator[str]:
    """Pruning keeps what has not ended, what is asked, every row, its newest runs with their attempts, and every count."""
    if world.desk is None:
        return
    copy = world.folder / "pruned.sqlite"
    with closing(sqlite3.connect(world.ledger_path)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
    try:
        before, counts = Book(copy), _counts(copy)
        _prune(world, copy, timedelta(seconds=1))
        after = Book(copy)
        yield from _lost(before, after)
        if not world.jumpy:  # what is old by the wall clock is another matter then
            yield from _left(after)
        yield from _shown_no_more(copy)
        if (now := _counts(copy)) != counts:
            yield f"pruning changed counts: {dict(now.items() ^ counts.items())}"
        if not world.jumpy:
            _prune(world, copy, LONG)
            yield from _left_for_long(copy)
    finally:
        for path in world.folder.glob(f"{copy.name}*"):
            path.unlink()


def _prune(world: World, path: Path, later: timedelta) -> None:
    """Of all that is old some time from now."""
    ledger = SimLedger.on(path, Disk(source(0), world.machine, lag=0, stalls=0, failing=0))
    try:
        more = True
        while more:
            with ledger.transaction():
                more = ledger.prune(world.machine.wall() + later, KEPT, timedelta(0)).more
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
        idle = [r for r in records if r.started_at is None and r.outcome is not None]
        due = ran[-1].due if ran else -1
        still = [r for r in idle if r.outcome == "missed" and r.last > due]
        yield from (f"pruning forgot {r.id}, which {place} still misses" for r in still if r.id not in after.by_id)
        if '"completed"' not in status:
            yield from (
                f"pruning forgot {r.id}, one of the newest records of {place}" for r in idle[-KEPT:] if r.id not in after.by_id
            )
    left = set(after.asked)
    yield from (f"pruning forgot the request {asked.id}" for asked in before.asked if asked not in left)
    if len(after.edits) != len(before.edits):
        yield f"pruning forgot {len(before.edits) - len(after.edits)} edits"
    yield from (f"pruning forgot the row {place}" for place in before.rows.keys() - after.rows.keys())


def _shown_no_more(path: Path) -> Iterator[str]:
    """Rows that show a run, or another record, which is gone."""
    known = "(SELECT seq FROM occurrences)"
    gone = f'SELECT "table", key FROM tallies WHERE last NOT IN {known} OR record NOT IN {known}'  # noqa: S608 (our own words)
    with closing(sqlite3.connect(path)) as ledger:
        yield from (f"pruning forgot what {place} shows" for place in ledger.execute(gone).fetchall())


def _left(after: Book) -> Iterator[str]:
    """What is still there and ought not to be: what each row shows is kept beside its newest."""
    for place, records in after.by_row.items():
        ran = [r for r in records if r.started_at is not None and r.outcome is not None]
        due = ran[-1].due if ran else -1
        idle = [r for r in records if r.started_at is None and r.outcome in ("skipped", "missed", "cancelled")]
        idle = [r for r in idle if (r.outcome != "missed" or r.last <= due) and r.by != "another daemon"]  # whose are not counted
        finished = place in after.rows and '"Status":"completed"' in after.rows[place].cells.replace(" ", "")
        most = 2 if finished else KEPT + 1  # where two runs overlapped, the row's newest run and its newest record are not the same
        if len(ran) > most or len(idle) > most:
            yield f"pruning left {len(ran)} runs and {len(idle)} records of {place}"
        if finished and any(after.of_run[r.id] for r in ran):
            yield f"pruning left attempts of {place}, which is finished"


def _left_for_long(path: Path) -> Iterator[str]:
    """What is still there after a year and more: of a row that is deleted, all of it; and edits, and answered requests."""
    with closing(sqlite3.connect(path)) as ledger:
        for what, query in LEFT.items():
            if number := ledger.execute(f"SELECT count(*) FROM {query}").fetchone()[0]:  # noqa: S608 (our own words)
                yield f"pruning left {number} {what}"


LEFT = {
    "deleted rows": "rows WHERE deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM occurrences o "
    'WHERE o."table" = rows."table" AND o.key = rows.key AND o.stage <> \'ended\')',
    "edits": "edits",
    "answered requests": "requests WHERE answered_at IS NOT NULL",
    "occurrences of no row": "occurrences o WHERE stage = 'ended' AND NOT EXISTS (SELECT 1 FROM rows "
    'WHERE o."table" = rows."table" AND o.key = rows.key)',
}


def _counts(path: Path) -> dict[tuple[str, str], tuple[int, int, int]]:
    with closing(sqlite3.connect(path)) as ledger:
        rows = ledger.execute('SELECT "table", key, runs, failures, missed FROM tallies').fetchall()
    return {(table, key): (runs, failures, missed) for table, key, runs, failures, missed in rows}


LAWS = (nothing_is_forgotten_that_is_needed,)

"""Durable occurrences per second: claim, begin and outcome through the ledger with group commit, beside one commit each."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from actions.api import Outcome, Result
from bench.measure import medians, table
from engine.committer import Committer
from engine.crash import CrashPoints
from engine.ledger import Ledger, new_run_id
from engine.model import Cause, Occurrence, Stage

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLERS = 500
DONE = Result(Outcome.SUCCEEDED, "done")


def occurrence(number: int) -> Occurrence:
    """One that nobody has claimed yet."""
    return Occurrence(
        id=new_run_id(NOW, secrets.token_bytes),
        table="ops",
        key=f"k{number % 97}",
        task="t",
        trigger=secrets.token_hex(8),
        cause=Cause.SCHEDULE,
        due=NOW,
        claimed_at=NOW,
        stage=Stage.CLAIMED,
        action="a",
    )


def whole(ledger: Ledger, one: Occurrence) -> None:
    """From claim to outcome."""
    ledger.claim([one])
    ledger.begin([(one.id, 1)], NOW)
    ledger.end_attempt(one.id, 1, NOW, DONE, timedelta(0))


def grouped(folder: Path) -> Callable[[], int]:
    """Many callers at once, as when many tasks come due in one second."""

    async def work() -> int:
        committer = Committer(Ledger.open(folder / "grouped.sqlite"), CrashPoints(None))
        each = [occurrence(n) for n in range(CALLERS)]
        await asyncio.gather(*(committer.do(lambda ledger, one=one: whole(ledger, one), point="claim") for one in each))
        await committer.close()
        return CALLERS

    return lambda: asyncio.run(work())


def singly(folder: Path) -> Callable[[], int]:
    """One commit after the other, as a plain program on SQLite does: two synced transactions for each occurrence."""
    base = sqlite3.connect(folder / "singly.sqlite", isolation_level=None)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE runs (id TEXT PRIMARY KEY, outcome TEXT);")

    def work() -> int:
        for _ in range(CALLERS):
            one = replace(occurrence(0))
            base.execute("INSERT INTO runs VALUES (?, NULL)", (one.id,))
            base.execute("UPDATE runs SET outcome = 'done' WHERE id = ?", (one.id,))
        return CALLERS

    return work


def main() -> str:
    """Both on the same disk."""
    with tempfile.TemporaryDirectory() as folder:
        found = medians({"rowd, 500 callers": grouped(Path(folder)), "plain SQLite, one after another": singly(Path(folder))})
    return table("one occurrence, claim to outcome, durable", "rowd, 500 callers", found)

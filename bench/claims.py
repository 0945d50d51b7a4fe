"""Durable occurrences per second through the ledger alone: claim, begin and outcome of each, beside plain SQLite."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from actions.api import Outcome, Result
from bench.measure import Comparison, per_second, rounds_of
from engine.committer import Committer
from engine.crash import CrashPoints
from engine.ledger import Ledger, new_run_id
from engine.model import Cause, Occurrence, Stage

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLERS = 500
DONE = Result(Outcome.SUCCEEDED, "done")


def measure(folder: Path) -> Iterator[Comparison]:
    """All on the same disk, each with a file of its own."""
    sides = {
        "rowd": grouped(folder),
        "floor: SQLite, all in one commit": together(folder),
        "SQLite, each in two commits of its own": singly(folder),
    }
    yield Comparison("claim, begin and outcome, durable, 500 callers at once", "a second", per_second(rounds_of(sides)), more=True)


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
    """Many callers at once, as when many tasks come due in one second: the committer makes groups of them."""

    async def work() -> int:
        committer = Committer(Ledger.open(folder / "grouped.sqlite"), CrashPoints(None))
        each = [occurrence(n) for n in range(CALLERS)]
        await asyncio.gather(*(committer.do(lambda ledger, one=one: whole(ledger, one), point="claim") for one in each))
        await committer.close()
        return CALLERS

    return lambda: asyncio.run(work())


def together(folder: Path) -> Callable[[], int]:
    """The same two statements in one transaction for all: what group commit could come to."""
    base = _plain(folder / "together.sqlite")

    def work() -> int:
        base.execute("BEGIN IMMEDIATE")
        for _ in range(CALLERS):
            _insert_and_update(base)
        base.execute("COMMIT")
        return CALLERS

    return work


def singly(folder: Path) -> Callable[[], int]:
    """One commit after the other, as a plain program on SQLite does: two synced transactions for each occurrence."""
    base = _plain(folder / "singly.sqlite")

    def work() -> int:
        for _ in range(CALLERS):
            _insert_and_update(base)
        return CALLERS

    return work


def _plain(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, isolation_level=None)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE runs (id TEXT PRIMARY KEY, outcome TEXT);")
    return base


def _insert_and_update(base: sqlite3.Connection) -> None:
    run = secrets.token_hex(8)
    base.execute("INSERT INTO runs VALUES (?, NULL)", (run,))
    base.execute("UPDATE runs SET outcome = 'done' WHERE id = ?", (run,))

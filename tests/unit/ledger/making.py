"""Occurrences, rows and ledgers for these tests, made in one line each."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.ledger import Ledger
from engine.model import Cause, Occurrence, RowState, Stage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_numbers = itertools.count()


def occurrence(key: str = "a", trigger: str | None = None, **fields: Any) -> Occurrence:
    number = next(_numbers)
    made = Occurrence(
        id=f"run{number:06}",
        table="ops",
        key=key,
        task=f"task {key}",
        trigger=trigger or f"at:{number}",
        cause=Cause.SCHEDULE,
        due=NOON,
        claimed_at=NOON,
        stage=Stage.CLAIMED,
        action="work",
        attempts=3,
    )
    return replace(made, **fields)


def missed(key: str = "a", minute: int = 0, *, outcome: Outcome = Outcome.MISSED, **fields: Any) -> Occurrence:
    """An occurrence due so many minutes after noon that did not run."""
    at = NOON + minute * MINUTE
    defaults: dict[str, Any] = {"due": at, "claimed_at": at, "ended_at": at, "last_due": at, "reason": "asleep"}
    return occurrence(key, f"at:{at.isoformat()}", stage=Stage.ENDED, outcome=outcome, **(defaults | fields))


def row(key: str = "a", **fields: Any) -> RowState:
    return replace(RowState("ops", key, {"Name": f"task {key}"}, NOON, NOON, NOON, NOON), **fields)


def claimed(ledger: Ledger, *occurrences: Occurrence) -> list[Occurrence]:
    with ledger.transaction():
        assert all(ledger.claim(occurrences))
    return list(occurrences)


def ran(
    ledger: Ledger,
    key: str = "a",
    outcome: Outcome = Outcome.SUCCEEDED,
    *,
    at: datetime = NOON,
    took: timedelta = MINUTE,
    folder: str | None = None,
    summary: str = "done",
    **fields: Any,
) -> Occurrence:
    """An occurrence claimed at `at`, begun, and ended with this outcome."""
    made = occurrence(key, **({"due": at, "claimed_at": at} | fields))
    with ledger.transaction():
        assert ledger.claim([made]) == [True]
        ledger.begin([(made.id, 1)], at, {made.id: folder} if folder else {})
        return ledger.end_attempt(made.id, 1, at + took, Result(outcome, summary), took)


def raw(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Run SQL on the file by a second road; the rows of the last statement."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows


def mode(path: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)

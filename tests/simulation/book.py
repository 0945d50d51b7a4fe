"""The ledger as it stands on disk, read without the engine: plain SQL, plain numbers (microseconds since 1970 UTC)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    """One occurrence."""

    seq: int
    id: str
    table: str
    key: str
    trigger: str
    cause: str
    due: int
    claimed_at: int
    stage: str
    action: str
    parameters: str
    attempts: int
    repeatable: int
    timeout: int
    retry_wait: int
    priority: int
    by: str
    started_at: int | None
    outcome: str | None
    reason: str
    ended_at: int | None
    count: int
    last_due: int | None
    stopping: str
    task: str
    event: str
    approval: str | None

    @property
    def ran(self) -> bool:
        """Claimed, that is, and not only recorded."""
        return self.outcome not in ("skipped", "missed")

    @property
    def last(self) -> int:
        return self.due if self.last_due is None else self.last_due


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt."""

    run: str
    n: int
    started_at: int
    ended_at: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    id: int
    table: str
    key: str
    wish: str
    amount: float
    by: str
    asked_at: int
    answered_at: int | None
    taken: int | None
    text: str
    event: str


@dataclass(frozen=True, slots=True)
class Known:
    """One row."""

    table: str
    key: str
    cells: str
    count: float
    fires: int
    first_seen: int
    deleted_at: int | None
    made: str | None


@dataclass(frozen=True, slots=True)
class Announced:
    """A row that a run was about to make, and no daemon has seen."""

    n: int
    table: str
    key: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Edited:
    """One edit."""

    id: int
    table: str
    key: str
    column: str
    new: str | None
    at: int
    by: str


@dataclass(frozen=True, slots=True)
class Ended:
    """One round of a workflow.   taken: key → run, as JSON."""

    table: str
    name: str
    number: int
    ended_at: int
    outcome: str | None
    reason: str
    taken: str


@dataclass(frozen=True, slots=True)
class Altered:
    """One thing that was done to a row."""

    n: int
    table: str
    row: str
    id: str
    change: str
    column: str
    old: str
    new: str


class Book:
    """All of it."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as ledger:
            self.records = [Record(*row) for row in ledger.execute(_query(Record, "occurrences") + " ORDER BY seq")]
            self.tries = [Try(*row) for row in ledger.execute(_query(Try, "attempts") + " ORDER BY run, n")]
            self.asked = [Asked(*row) for row in ledger.execute(_query(Asked, "requests") + " ORDER BY id")]
            self.edits = [Edited(*row) for row in ledger.execute(_query(Edited, "edits") + " ORDER BY id")]
            self.announced = [Announced(*row) for row in ledger.execute(_query(Announced, "announced") + " ORDER BY n")]
            self.altered = [Altered(*row) for row in ledger.execute(_query(Altered, "alterations") + " ORDER BY n")]
            self.rounds = [Ended(*row) for row in ledger.execute(_query(Ended, "workflows") + ' ORDER BY "table", name, number')]
            self.rows = {(r[0], r[1]): Known(*r) for r in ledger.execute(_query(Known, "rows"))}
        self.by_id = {record.id: record for record in self.records}
        self.by_row: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self.records:
            self.by_row[record.table, record.key].append(record)
        self.asked_of: defaultdict[tuple[str, str], list[Asked]] = defaultdict(list)
        for asked in self.asked:
            self.asked_of[asked.table, asked.key].append(asked)
        self.of_run: defaultdict[str, list[Try]] = defaultdict(list)
        self.of_action: defaultdict[str, list[Try]] = defaultdict(list)
        for one in self.tries:
            self.of_run[one.run].append(one)
            self.of_action[self.by_id[one.run].action].append(one)


def _query(kind: type, table: str) -> str:
    names = ", ".join(f'"{field.name}"' for field in fields(kind))
    return f"SELECT {names} FROM {table}"  # noqa: S608 (our own names)

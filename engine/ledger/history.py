"""Questions about what happened, newest first. What rows add up to is the matter of `engine.ledger.tallies`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from actions.api import Outcome
from engine.ledger.codec import instant, micros
from engine.ledger.records import Attempt, Digest, Troubled
from engine.ledger.statements import where, with_columns
from engine.ledger.store import Store
from engine.ledger.tallies import HOUR
from engine.ledger.values import ATTEMPT_COLUMNS, OCCURRENCE_COLUMNS, attempt_of, occurrence_of
from engine.model import Occurrence
from engine.reckoning import Slot

RECENT = 20
"""So many of a task's newest runs make its usual duration."""


class History(Store):
    """Occurrences, attempts, and sums over a span."""

    def history(
        self,
        *,
        table: str | None = None,
        key: str | None = None,
        failed: bool = False,
        since: datetime | None = None,
        grep: str | None = None,
        limit: int = 50,
    ) -> list[Occurrence]:
        """Occurrences that fit all that is asked for, newest first by `told_at`, at most `limit`.

        failed: only failed, timed out and lost ones.   since: those that ended at or after it, or have not ended.
        grep: text in task, reason or outputs, whatever the case; a search without luck reads the whole history.
        """
        conditions = {
            '"table" = :table': table is not None,
            '"key" = :key': key is not None,
            "outcome IN ('failed', 'timed out', 'lost')": failed,
            "(ended_at >= :since OR ended_at IS NULL)": since is not None,
            "(holds(task, :grep) OR holds(reason, :grep) OR holds(outputs, :grep))": bool(grep),
        }
        values = {
            "table": table,
            "key": key,
            "since": None if since is None else micros(since),
            "grep": grep and grep.casefold(),
            "limit": limit,
        }
        seqs = _SEQS + where(conditions) + _NEWEST_FIRST + " LIMIT :limit"
        return [occurrence_of(row) for row in self._rows(f"{_IN_FULL} WHERE seq IN ({seqs}){_NEWEST_FIRST}", values)]

    def occurrence(self, id_or_prefix: str) -> Occurrence | None:
        """The occurrence with this id, or with the only id that begins so; None without. Raises ValueError where several do."""
        span = {"first": id_or_prefix, "beyond": id_or_prefix + "\U0010ffff"}
        rows = self._rows(_BY_ID, span) if id_or_prefix else []
        if len(rows) > 1 and rows[0][0] != id_or_prefix:
            raise ValueError(
                f'"{id_or_prefix}" could be {", ".join(row[0] for row in rows[:5])}{", …" * (len(rows) > 5)}: write more of it'
            )
        return occurrence_of(rows[0]) if rows else None

    def attempts(self, run: str) -> list[Attempt]:
        """An occurrence's attempts, first to last."""
        return [attempt_of(row) for row in self._rows(_ATTEMPTS_OF, {"run": run})]

    def streak(self, action: str) -> tuple[int, datetime | None]:
        """How many of the action's newest attempts, of all tasks, failed one after the other, and when the newest of them ended.

        Failed and timed out ones count, a success ends the streak; cancelled and lost ones say nothing about the action.
        (0, None) without any.
        """
        failures, newest = 0, None
        for outcome, ended in self._stream(_NEWEST_ATTEMPTS, {"action": action}):
            if outcome == Outcome.SUCCEEDED.value:
                break
            if outcome in (Outcome.FAILED.value, Outcome.TIMED_OUT.value):
                failures, newest = failures + 1, newest or instant(ended)
        return failures, newest

    def begun(self, table: str, since: datetime) -> list[datetime]:
        """When attempts of this table began later than that; those of runs that were pruned are not known any more."""
        rows = self._rows(_BEGUN, {"table": table, "since": micros(since)})
        return [instant(started) for (started,) in rows]

    def durations(self, table: str) -> dict[str, timedelta]:
        """Key → the median of what its last 20 runs took; absent where none ran."""
        took: dict[str, list[int]] = {}
        for key, duration in self._rows(_DURATIONS, {"table": table, "most": RECENT}):
            took.setdefault(key, []).append(duration)
        return {key: timedelta(microseconds=median(values)) for key, values in took.items()}

    def slots(self, table: str, since: datetime) -> Iterator[tuple[str, Slot]]:
        """What is recorded of schedules of this table's rows, as far as it reaches beyond `since`: each with its row's key."""
        for key, due, last, number, outcome in self._stream(_SLOTS, {"table": table, "since": micros(since)}):
            yield key, Slot(instant(due), instant(last), number, Outcome(outcome) if outcome is not None else None)

    def digest(self, since: datetime, until: datetime, tables: Sequence[str] = ()) -> Digest:
        """What ended from the hour of `since` up to, and without, the hour of `until`. Counts are exact whatever was pruned;
        troubled tasks are found among the occurrences that still stand in full.

        tables: the only ones that count; none for all.
        """
        first, beyond = micros(since) // HOUR, micros(until) // HOUR
        span = {"first": first, "beyond": beyond, "from": first * HOUR, "to": beyond * HOUR, "tables": json.dumps(list(tables))}
        with self.snapshot():
            counts = self._rows(_COUNTS, span)
            troubled = self._rows(_TROUBLED, span)
            edits = self._rows(_EDITS, span)
        return Digest(
            since=instant(first * HOUR),
            until=instant(beyond * HOUR),
            counts={Outcome(outcome): number for outcome, number in counts},
            troubled=tuple(
                Troubled(table, key, task, failures, missed, instant(last), reason)
                for table, key, task, failures, missed, last, reason in troubled
            ),
            edits=edits[0][0],
        )


_SLOTS = """
    SELECT "key", due, coalesce(last_due, due), count, outcome
    FROM occurrences
    WHERE "table" = :table AND "trigger" LIKE 'at:%' AND coalesce(last_due, due) > :since
"""
# Every record is looked at, but of most only these columns: 0.15 s for 400,000 (measured). An index would cost each claim.
_SEQS = "SELECT seq FROM occurrences"
_NEWEST_FIRST = " ORDER BY coalesce(started_at, last_due, due) DESC, claimed_at DESC, id DESC"
_IN_FULL = with_columns("SELECT {occurrences} FROM occurrences", occurrences=OCCURRENCE_COLUMNS)
_BY_ID = with_columns(
    "SELECT {occurrences} FROM occurrences WHERE id >= :first AND id < :beyond ORDER BY id LIMIT 6", occurrences=OCCURRENCE_COLUMNS
)
_ATTEMPTS_OF = with_columns("SELECT {attempts} FROM attempts WHERE run = :run ORDER BY n", attempts=ATTEMPT_COLUMNS)
_NEWEST_ATTEMPTS = """
    SELECT outcome, ended_at
    FROM attempts
    WHERE action = :action AND ended_at IS NOT NULL
    ORDER BY ended_at DESC
"""
# What began since has ended since, or not yet: each half has an index.
_BEGUN = """
    SELECT attempts.started_at
    FROM attempts
    JOIN (
        SELECT id, "table" FROM occurrences WHERE ended_at IS NOT NULL AND ended_at > :since
        UNION ALL
        SELECT id, "table" FROM occurrences WHERE stage <> 'ended'
    ) AS those ON those.id = attempts.run
    WHERE those."table" = :table AND attempts.started_at > :since
    ORDER BY attempts.started_at
"""
_DURATIONS = """
    SELECT occurrences."key", occurrences.duration
    FROM tallies
    JOIN occurrences ON occurrences.seq IN (
        SELECT run.seq
        FROM occurrences AS run
        WHERE run."table" = tallies."table"
            AND run."key" = tallies."key"
            AND run.duration IS NOT NULL
            AND run.ended_at IS NOT NULL
        ORDER BY run.seq DESC
        LIMIT :most
    )
    WHERE tallies."table" = :table
"""

_COUNTS = """
    SELECT outcome, sum(number)
    FROM hours
    WHERE hour >= :first AND hour < :beyond
        AND (:tables = '[]' OR "table" IN (SELECT value FROM json_each(:tables)))
    GROUP BY outcome
    ORDER BY outcome
"""
# With max() alone, SQLite takes the other columns from the row that holds the maximum (sqlite.org/lang_select.html, 2.5).
_TROUBLED = """
    SELECT
        "table",
        "key",
        task,
        sum(CASE WHEN outcome = 'missed' THEN 0 ELSE count END) AS failures,
        sum(CASE WHEN outcome = 'missed' THEN count ELSE 0 END) AS missed,
        max(ended_at),
        reason
    FROM occurrences
    WHERE ended_at >= :from AND ended_at < :to AND outcome IN ('failed', 'timed out', 'lost', 'missed')
        AND (:tables = '[]' OR "table" IN (SELECT value FROM json_each(:tables)))
    GROUP BY "table", "key"
    ORDER BY failures DESC, missed DESC, "table", "key"
"""
_EDITS = """
    SELECT count(*)
    FROM edits
    WHERE at >= :from AND at < :to AND "by" <> 'rowd'
        AND (:tables = '[]' OR "table" IN (SELECT value FROM json_each(:tables)))
"""

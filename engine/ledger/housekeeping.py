"""Forgetting what is old: in rounds, so that no claim waits long, and never what has not ended or what a row still shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.ledger.alterations import Alterations
from engine.ledger.announcements import Announcements
from engine.ledger.codec import micros
from engine.ledger.dispatches import Dispatches
from engine.ledger.ends import Ends
from engine.ledger.records import Pruned
from engine.ledger.rows import Rows
from engine.ledger.statements import with_columns
from engine.ledger.tallies import HOUR

KEEP_EDITS = timedelta(days=400)
"""Also of the hours' counts."""

KEEP_ANSWERED = timedelta(days=30)

ROUND = 200
"""Rows that one round of pruning looks after: well under a tenth of a second."""


class Housekeeping(Rows, Ends, Alterations, Announcements, Dispatches):
    """Retention."""

    def prune(
        self, now: datetime, keep_runs: int, keep_finished: timedelta, keep_deleted_rows: timedelta = timedelta(days=30)
    ) -> Pruned:
        """One round of forgetting; to be asked again while the answer says `more`.

        Of each task the newest `keep_runs` runs stay in full, and as many records of skipped and missed occurrences, and all that
        was missed since its last run. Of a
        finished one-off (Status completed) nothing stays in full for longer than `keep_finished`. Rows deleted for longer than
        `keep_deleted_rows` are forgotten with all they did. Counts never change, and the newest run and record of a row that is
        there stay, without their attempts and logs where those are due. Edits stay 400 days, answered requests and dead letters 30.
        """
        folders: list[str] = []
        forgotten = 0
        crowded = self._rows(_CROWDED, {"keep": keep_runs, "most": ROUND})
        for row in crowded:
            forgotten += self._thin(row, keep_runs, folders)
        finished = self._rows(_FINISHED, {"before": micros(now - keep_finished), "most": ROUND})
        for row in finished:
            forgotten += self._finish(row, micros(now - keep_finished), folders)
        gone = self._rows(_GONE, {"before": micros(now - keep_deleted_rows), "most": ROUND})
        for table, key in gone:
            folders += self.drop_rows(table, [key])
        self._write("DELETE FROM edits WHERE at < :before", {"before": micros(now - KEEP_EDITS)})
        self._write("DELETE FROM hours WHERE hour < :before", {"before": micros(now - KEEP_EDITS) // HOUR})
        self._forget_ends()
        self._forget_alterations()
        self.forget_unmade(now)
        self._forget_dead(now)
        self._write("DELETE FROM requests WHERE answered_at < :before", {"before": micros(now - KEEP_ANSWERED)})
        return Pruned(tuple(folders), forgotten, more=ROUND in (len(crowded), len(finished), len(gone)))

    def _thin(self, row: Sequence[Any], keep: int, folders: list[str]) -> int:
        table, key, last, record, last_due = row
        of = {"table": table, "key": key, "keep": keep}
        old = [r[0] for r in self._rows(_OLD_RUNS, of)]
        old += [r[0] for r in self._rows(_OLD_IDLE, of | {"until": -1 if last_due is None else last_due})]
        old = [seq for seq in old if seq not in (last, record)]
        self._forget(old, folders)
        self._write(_KEPT, {"table": table, "key": key, "most": keep})
        return len(old)

    def _finish(self, row: Sequence[Any], before: int, folders: list[str]) -> int:
        table, key, last, record, last_due = row
        of = {"table": table, "key": key, "before": before, "until": -1 if last_due is None else last_due}
        seqs = [r[0] for r in self._rows(_ENDED_BEFORE, of)]
        for shown in {last, record} & set(seqs):
            folders += [r[0] for r in self._rows(_FOLDERS, {"seq": shown})]
            self._write(_FORGET_ATTEMPTS, {"seq": shown})
        old = [seq for seq in seqs if seq not in (last, record)]
        self._forget(old, folders)
        self._write(_KEPT, {"table": table, "key": key, "most": 0})
        return len(old)

    def _forget(self, seqs: Sequence[int], folders: list[str]) -> None:
        for seq in seqs:
            folders += [r[0] for r in self._rows(_FOLDERS, {"seq": seq})]
        self._write(_FORGET, [{"seq": seq} for seq in seqs])  # attempts go with their occurrence (ON DELETE CASCADE)


_SHOWN = ("table", "key", "last", "record", "last_due")

# Two searches, one per index: SQLite would read the whole table for an OR over both of them under a LIMIT.
_CROWDED = with_columns(
    """
    SELECT {tallies} FROM tallies WHERE kept_runs > :keep
    UNION
    SELECT {tallies} FROM tallies WHERE kept_idle > :keep
    LIMIT :most
    """,
    tallies=_SHOWN,
)
_OLD_RUNS = """
    SELECT seq
    FROM occurrences
    WHERE "table" = :table AND "key" = :key AND ended_at IS NOT NULL AND started_at IS NOT NULL
    ORDER BY seq DESC
    LIMIT -1 OFFSET :keep
"""
# What was missed since the last run is still counted (`Tallies._missed_after`), so it stays.
_OLD_IDLE = """
    SELECT seq
    FROM occurrences
    WHERE "table" = :table
        AND "key" = :key
        AND ended_at IS NOT NULL
        AND started_at IS NULL
        AND (outcome <> 'missed' OR coalesce(last_due, due) <= :until)
    ORDER BY seq DESC
    LIMIT -1 OFFSET :keep
"""
_ENDED_BEFORE = """
    SELECT seq
    FROM occurrences
    WHERE "table" = :table
        AND "key" = :key
        AND ended_at IS NOT NULL
        AND (outcome <> 'missed' OR coalesce(last_due, due) <= :until)
        AND ended_at < :before
"""
_FINISHED = with_columns(
    """
    SELECT {tallies}
    FROM rows
    JOIN tallies ON tallies."table" = rows."table" AND tallies."key" = rows."key"
    JOIN occurrences AS newest ON newest.seq = tallies.record
    WHERE rows.completed = 1 AND tallies.kept_runs + tallies.kept_idle > 0 AND newest.ended_at < :before
    LIMIT :most
    """,
    tallies=_SHOWN,
)
_GONE = """
    SELECT "table", "key"
    FROM rows
    WHERE deleted_at IS NOT NULL
        AND deleted_at < :before
        AND NOT EXISTS (
            SELECT *
            FROM occurrences
            WHERE occurrences."table" = rows."table" AND occurrences."key" = rows."key" AND occurrences.stage <> 'ended'
        )
    LIMIT :most
"""
_KEPT = """
    UPDATE tallies
    SET kept_runs = min(kept_runs, :most), kept_idle = min(kept_idle, :most)
    WHERE "table" = :table AND "key" = :key
"""
_FOLDERS = """
    SELECT attempts.folder
    FROM occurrences
    JOIN attempts ON attempts.run = occurrences.id
    WHERE occurrences.seq = :seq AND attempts.folder IS NOT NULL
"""
_FORGET_ATTEMPTS = "DELETE FROM attempts WHERE run = (SELECT id FROM occurrences WHERE seq = :seq)"
_FORGET = "DELETE FROM occurrences WHERE seq = :seq"

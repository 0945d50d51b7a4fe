"""Forgetting what is old: in rounds, so that no claim waits long, and never what has not ended or what a row still shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from actions.api import Outcome
from engine.ledger.codec import micros
from engine.ledger.records import Pruned
from engine.ledger.rows import Rows
from engine.ledger.schema import ATTEMPTS, COMPLETED, DELETED, EDITS, HOURS, NOT_ENDED, OCCURRENCES, REQUESTS, ROWS, TALLIES
from engine.ledger.tallies import HOUR

KEEP_EDITS = timedelta(days=400)
"""Also of the hours' counts."""

KEEP_ANSWERED = timedelta(days=30)

ROUND = 200
"""Rows that one round of pruning looks after: well under a tenth of a second."""


class Housekeeping(Rows):
    """Retention."""

    def prune(
        self, now: datetime, keep_runs: int, keep_finished: timedelta, keep_deleted_rows: timedelta = timedelta(days=30)
    ) -> Pruned:
        """One round of forgetting; to be asked again while the answer says `more`.

        Of each task the newest `keep_runs` runs stay in full, and as many records of skipped and missed occurrences, and all that
        was missed since its last run. Of a
        finished one-off (Status completed) nothing stays in full for longer than `keep_finished`. Rows deleted for longer than
        `keep_deleted_rows` are forgotten with all they did. Counts never change, and the newest run and record of a row that is
        there stay, without their attempts and logs where those are due. Edits stay 400 days, answered requests 30.
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
        self._write(sa.delete(EDITS).where(EDITS.c.at < sa.bindparam("before")), {"before": micros(now - KEEP_EDITS)})
        self._write(sa.delete(HOURS).where(HOURS.c.hour < sa.bindparam("before")), {"before": micros(now - KEEP_EDITS) // HOUR})
        self._write(
            sa.delete(REQUESTS).where(REQUESTS.c.answered_at < sa.bindparam("before")), {"before": micros(now - KEEP_ANSWERED)}
        )
        return Pruned(tuple(folders), forgotten, more=ROUND in (len(crowded), len(finished), len(gone)))

    def _thin(self, row: Sequence[Any], keep: int, folders: list[str]) -> int:
        table, key, last, record, last_due = row
        of = {"table": table, "key": key, "keep": keep}
        old = [r[0] for r in self._rows(_OLD_RUNS, of)]
        old += [r[0] for r in self._rows(_OLD_IDLE, of | {"until": -1 if last_due is None else last_due})]
        old = [seq for seq in old if seq not in (last, record)]
        self._forget(old, folders)
        self._write(_KEPT, {"of_table": table, "of_key": key, "at_most_runs": keep, "at_most_idle": keep})
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
        self._write(_KEPT, {"of_table": table, "of_key": key, "at_most_runs": 0, "at_most_idle": 0})
        return len(old)

    def _forget(self, seqs: Sequence[int], folders: list[str]) -> None:
        for seq in seqs:
            folders += [r[0] for r in self._rows(_FOLDERS, {"seq": seq})]
        self._write(_FORGET, [{"of": seq} for seq in seqs])  # attempts go with their occurrence (ON DELETE CASCADE)


_SHOWN = (TALLIES.c.table, TALLIES.c.key, TALLIES.c.last, TALLIES.c.record, TALLIES.c.last_due)

# Two searches, one per index: SQLite would read the whole table for an OR over both of them under a LIMIT.
_CROWDED = sa.union(
    sa.select(*_SHOWN).where(TALLIES.c.kept_runs > sa.bindparam("keep")),
    sa.select(*_SHOWN).where(TALLIES.c.kept_idle > sa.bindparam("keep")),
).limit(sa.bindparam("most"))

_ended = (
    OCCURRENCES.c.table == sa.bindparam("table"),
    OCCURRENCES.c.key == sa.bindparam("key"),
    OCCURRENCES.c.ended_at.is_not(None),
)
_OLD = sa.select(OCCURRENCES.c.seq).where(*_ended).order_by(OCCURRENCES.c.seq.desc()).limit(-1).offset(sa.bindparam("keep"))
_OLD_RUNS = _OLD.where(OCCURRENCES.c.started_at.is_not(None))
# What was missed since the last run is still counted (`Tallies._missed_after`), so it stays.
_told = sa.or_(
    OCCURRENCES.c.outcome != Outcome.MISSED.value,
    sa.func.coalesce(OCCURRENCES.c.last_due, OCCURRENCES.c.due) <= sa.bindparam("until"),
)
_OLD_IDLE = _OLD.where(OCCURRENCES.c.started_at.is_(None), _told)
_ENDED_BEFORE = sa.select(OCCURRENCES.c.seq).where(*_ended, _told, OCCURRENCES.c.ended_at < sa.bindparam("before"))

_newest = OCCURRENCES.alias("newest")
_FINISHED = (
    sa.select(*_SHOWN)
    .join_from(ROWS, TALLIES, sa.and_(TALLIES.c.table == ROWS.c.table, TALLIES.c.key == ROWS.c.key))
    .join(_newest, _newest.c.seq == TALLIES.c.record)
    .where(COMPLETED, TALLIES.c.kept_runs + TALLIES.c.kept_idle > 0, _newest.c.ended_at < sa.bindparam("before"))
    .limit(sa.bindparam("most"))
)
_busy = sa.exists().where(OCCURRENCES.c.table == ROWS.c.table, OCCURRENCES.c.key == ROWS.c.key, NOT_ENDED).correlate(ROWS)
_GONE = (
    sa.select(ROWS.c.table, ROWS.c.key)
    .where(DELETED, ROWS.c.deleted_at < sa.bindparam("before"), ~_busy)
    .limit(sa.bindparam("most"))
)
_KEPT = (
    sa.update(TALLIES)
    .where(TALLIES.c.table == sa.bindparam("of_table"), TALLIES.c.key == sa.bindparam("of_key"))
    .values(
        kept_runs=sa.func.min(TALLIES.c.kept_runs, sa.bindparam("at_most_runs")),
        kept_idle=sa.func.min(TALLIES.c.kept_idle, sa.bindparam("at_most_idle")),
    )
)
_FOLDERS = (
    sa.select(ATTEMPTS.c.folder)
    .join_from(OCCURRENCES, ATTEMPTS, ATTEMPTS.c.run == OCCURRENCES.c.id)
    .where(OCCURRENCES.c.seq == sa.bindparam("seq"), ATTEMPTS.c.folder.is_not(None))
)
_FORGET_ATTEMPTS = sa.delete(ATTEMPTS).where(
    ATTEMPTS.c.run == sa.select(OCCURRENCES.c.id).where(OCCURRENCES.c.seq == sa.bindparam("seq")).scalar_subquery()
)
_FORGET = sa.delete(OCCURRENCES).where(OCCURRENCES.c.seq == sa.bindparam("of"))

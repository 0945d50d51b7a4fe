"""Questions about what happened, newest first. What rows add up to is the matter of `engine.ledger.tallies`."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from actions.api import Outcome
from engine.ledger.codec import instant, micros
from engine.ledger.records import Attempt, Digest, Troubled
from engine.ledger.schema import ATTEMPTS, EDITS, FAILURES, HOURS, OCCURRENCES, TALLIES
from engine.ledger.store import Store
from engine.ledger.tallies import FAILED, HOUR
from engine.ledger.values import ATTEMPT_COLUMNS, OCCURRENCE_COLUMNS, attempt_of, occurrence_of
from engine.model import Occurrence

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
        query = _NEWEST.limit(limit)
        for column, wanted in ((OCCURRENCES.c.table, table), (OCCURRENCES.c.key, key)):
            if wanted is not None:
                query = query.where(column == wanted)
        if failed:
            query = query.where(FAILURES)
        if since is not None:
            query = query.where(sa.or_(OCCURRENCES.c.ended_at >= micros(since), OCCURRENCES.c.ended_at.is_(None)))
        if grep:
            folded = grep.casefold()
            texts = (OCCURRENCES.c.task, OCCURRENCES.c.reason, OCCURRENCES.c.outputs)
            query = query.where(sa.or_(*(sa.func.holds(text, folded) for text in texts)))
        return [occurrence_of(row) for row in self._rows(_HISTORY.where(OCCURRENCES.c.seq.in_(query.correlate(None))))]

    def occurrence(self, id_or_prefix: str) -> Occurrence | None:
        """The occurrence with this id, or with the only id that begins so; None without. Raises ValueError where several do."""
        query = sa.select(*OCCURRENCE_COLUMNS).where(
            OCCURRENCES.c.id >= id_or_prefix, OCCURRENCES.c.id < id_or_prefix + "\U0010ffff"
        )
        rows = self._rows(query.order_by(OCCURRENCES.c.id).limit(6)) if id_or_prefix else []
        if len(rows) > 1 and rows[0][0] != id_or_prefix:
            raise ValueError(
                f'"{id_or_prefix}" could be {", ".join(row[0] for row in rows[:5])}{", …" * (len(rows) > 5)}: write more of it'
            )
        return occurrence_of(rows[0]) if rows else None

    def attempts(self, run: str) -> list[Attempt]:
        """An occurrence's attempts, first to last."""
        return [attempt_of(row) for row in self._rows(_ATTEMPTS_OF, {"of": run})]

    def streak(self, action: str) -> tuple[int, datetime | None]:
        """How many of the action's newest attempts, of all tasks, failed one after the other, and when the newest of them ended.

        Failed and timed out ones count, a success ends the streak; cancelled and lost ones say nothing about the action.
        (0, None) without any.
        """
        failures, newest = 0, None
        for outcome, ended in self._stream(_NEWEST_ATTEMPTS, {"of": action}):
            if outcome == Outcome.SUCCEEDED.value:
                break
            if outcome in (Outcome.FAILED.value, Outcome.TIMED_OUT.value):
                failures, newest = failures + 1, newest or instant(ended)
        return failures, newest

    def durations(self, table: str) -> dict[str, timedelta]:
        """Key → the median of what its last 20 runs took; absent where none ran."""
        took: dict[str, list[int]] = {}
        for key, duration in self._rows(_DURATIONS, {"of": table}):
            took.setdefault(key, []).append(duration)
        return {key: timedelta(microseconds=median(values)) for key, values in took.items()}

    def digest(self, since: datetime, until: datetime) -> Digest:
        """What ended from the hour of `since` up to, and without, the hour of `until`. Counts are exact whatever was pruned;
        troubled tasks are found among the occurrences that still stand in full.
        """
        first, beyond = micros(since) // HOUR, micros(until) // HOUR
        span = {"first": first, "beyond": beyond, "from": first * HOUR, "to": beyond * HOUR}
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


_told_at = sa.func.coalesce(OCCURRENCES.c.started_at, OCCURRENCES.c.last_due, OCCURRENCES.c.due)
_order = (_told_at.desc(), OCCURRENCES.c.claimed_at.desc(), OCCURRENCES.c.id.desc())
# Every record is looked at, but of most only these columns: 0.15 s for 400,000 (measured). An index would cost each claim.
_NEWEST = sa.select(OCCURRENCES.c.seq).order_by(*_order)
_HISTORY = sa.select(*OCCURRENCE_COLUMNS).order_by(*_order)
_ATTEMPTS_OF = sa.select(*ATTEMPT_COLUMNS).where(ATTEMPTS.c.run == sa.bindparam("of")).order_by(ATTEMPTS.c.n)
_NEWEST_ATTEMPTS = (
    sa.select(ATTEMPTS.c.outcome, ATTEMPTS.c.ended_at)
    .where(ATTEMPTS.c.action == sa.bindparam("of"), ATTEMPTS.c.ended_at.is_not(None))
    .order_by(ATTEMPTS.c.ended_at.desc())
)

_run = OCCURRENCES.alias("run")
_RECENT_RUNS = (
    sa.select(_run.c.seq)
    .where(_run.c.table == TALLIES.c.table, _run.c.key == TALLIES.c.key, _run.c.duration.is_not(None), _run.c.ended_at.is_not(None))
    .order_by(_run.c.seq.desc())
    .limit(RECENT)
    .correlate(TALLIES)
)
_DURATIONS = (
    sa.select(OCCURRENCES.c.key, OCCURRENCES.c.duration)
    .join_from(TALLIES, OCCURRENCES, OCCURRENCES.c.seq.in_(_RECENT_RUNS))
    .where(TALLIES.c.table == sa.bindparam("of"))
)

_COUNTS = (
    sa.select(HOURS.c.outcome, sa.func.sum(HOURS.c.number))
    .where(HOURS.c.hour >= sa.bindparam("first"), HOURS.c.hour < sa.bindparam("beyond"))
    .group_by(HOURS.c.outcome)
    .order_by(HOURS.c.outcome)
)
_is_failure = sa.or_(*(OCCURRENCES.c.outcome == outcome for outcome in sorted(FAILED)))
_failures = sa.func.sum(sa.case((_is_failure, OCCURRENCES.c.count), else_=0))
_missed = sa.func.sum(sa.case((_is_failure, 0), else_=OCCURRENCES.c.count))
# With max() alone, SQLite takes the other columns from the row that holds the maximum (sqlite.org/lang_select.html, 2.5).
_TROUBLED = (
    sa.select(
        OCCURRENCES.c.table,
        OCCURRENCES.c.key,
        OCCURRENCES.c.task,
        _failures.label("failures"),
        _missed.label("missed"),
        sa.func.max(OCCURRENCES.c.ended_at),
        OCCURRENCES.c.reason,
    )
    .where(
        OCCURRENCES.c.ended_at >= sa.bindparam("from"),
        OCCURRENCES.c.ended_at < sa.bindparam("to"),
        sa.or_(_is_failure, OCCURRENCES.c.outcome == Outcome.MISSED.value),
    )
    .group_by(OCCURRENCES.c.table, OCCURRENCES.c.key)
    .order_by(sa.desc("failures"), sa.desc("missed"), OCCURRENCES.c.table, OCCURRENCES.c.key)
)
_EDITS = (
    sa.select(sa.func.count())
    .select_from(EDITS)
    .where(EDITS.c.at >= sa.bindparam("from"), EDITS.c.at < sa.bindparam("to"), EDITS.c.by != "rowd")
)

"""Occurrences from claim to outcome. Each is claimed once, moves only as `MOVES` allows, and ends once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from actions.api import Outcome, Result, Uptime
from engine import deeds
from engine.ledger.codec import micros, micros_or_none, packed, prose, span
from engine.ledger.errors import IllegalMove
from engine.ledger.records import AttemptEnd, Unfinished
from engine.ledger.statements import insert, with_columns
from engine.ledger.tallies import FAILED, Tallies
from engine.ledger.values import ATTEMPT_COLUMNS, MICROS, OCCURRENCE_COLUMNS, attempt_of, occurrence_of, values_of
from engine.model import MOVES, Occurrence, Stage

_NOWHERE: Mapping[str, Path | str] = MappingProxyType({})
_NONE_LASTS: Mapping[str, str] = MappingProxyType({})


class Occurrences(Tallies):
    """Claims, attempts, outcomes."""

    def claim(
        self,
        occurrences: Sequence[Occurrence],
        folders: Mapping[str, Path | str] = _NOWHERE,
        kinds: Mapping[str, str] = _NONE_LASTS,
        since: Uptime | None = None,
    ) -> list[bool]:
        """Insert each, unless its (table, key, trigger) is there already. In the same order: True, this call claimed it.

        Each has an id of its own, drawn before, and is CLAIMED; or, where it starts at once, RUNNING with its first attempt, which
        is then put down as well.   folders, kinds, since: as in `begin`. Raises: IllegalMove, also for an id that another has.
        """
        if not occurrences:
            return []
        if wrong := next((o for o in occurrences if not _claimable(o)), None):
            raise IllegalMove(
                f"{wrong.trigger} of {wrong.table}/{wrong.key} can't be claimed: it is {wrong.stage}, its id is {wrong.id!r}"
            )
        if len({o.id for o in occurrences}) < len(occurrences):
            raise IllegalMove("two occurrences to be claimed have the same id")
        before = self._rows(_NEWEST)[0][0]
        given = [values_of(o) for o in occurrences]
        try:
            number = self._write(_CLAIM, given)
        except sqlite3.IntegrityError as exc:
            raise IllegalMove(f"a claim was refused: {exc}") from exc
        ours = {o.id for o in occurrences}
        if number < len(occurrences):
            ours = {row[0] for row in self._rows(_SINCE, {"before": before})}
        self._write(
            _FIRST_ATTEMPT,
            [
                {
                    "run": o.id,
                    "n": 1,
                    "action": o.action,
                    "started_at": micros_or_none(o.started_at),
                    "summary": "",
                    "folder": _path(folders.get(o.id)),
                    "kind": kinds.get(o.id),
                    "boot": since.boot if since else None,
                    "uptime": _micros(since),
                }
                for o in occurrences
                if o.stage is Stage.RUNNING and o.id in ours
            ],
        )
        self.note(
            deeds.begun(o.id, o.table, o.key, o.task, o.by, o.started_at, o.action, 1, o.cause.value, values["parameters"])
            for o, values in zip(occurrences, given, strict=True)
            if o.started_at is not None and o.id in ours
        )
        return [o.id in ours for o in occurrences]

    def begin(
        self,
        starts: Sequence[tuple[str, int]],
        at: datetime,
        folders: Mapping[str, Path | str] = _NOWHERE,
        kinds: Mapping[str, str] = _NONE_LASTS,
        since: Uptime | None = None,
    ) -> None:
        """(run id, number of the attempt) → RUNNING. The number is the next one, and within what the occurrence is allowed.

        started_at of an occurrence is that of its first attempt. What the attempt before came to is told by that one alone then.
        folders: run id → the attempt's folder, where it is known already, so that its log is found and pruned also where no process
        is ever begun.   kinds: run id → the kind of its action, where the attempt outlives the daemon.
        since: the same instant as `at`, by the machine's own clock.
        Raises: IllegalMove; then the transaction must be given up.
        """
        steps = [{"run": run, "n": n, "at": micros(at)} for run, n in starts]
        begun = self._write_answering(_BEGIN, steps)
        if len(begun) != len(steps):
            raise IllegalMove(f"one of these attempts may not begin: {', '.join(f'{run} attempt {n}' for run, n in starts)}")
        self._write(
            _BEGIN_ATTEMPT,
            [
                {
                    "run": run,
                    "at": micros(at),
                    "folder": _path(folders.get(run)),
                    "kind": kinds.get(run),
                    "boot": since.boot if since else None,
                    "uptime": _micros(since),
                }
                for run, _ in starts
            ],
        )
        self.note(deeds.begun(run, table, key, task, by, at, *how) for run, table, key, task, by, *how in begun)

    def ask_to_stop(self, stops: Sequence[tuple[str, str]], at: datetime) -> None:
        """(run id, why): the attempt under way is to be the last one. Nothing where an occurrence has none under way."""
        for run, why in stops:
            found = self._write_answering(_ASK_TO_STOP, {"run": run, "why": prose(why)})
            self.note(deeds.stopped(run, table, key, task, why, at) for table, key, task in found)

    def end_attempt(
        self, run: str, attempt: int, at: datetime, result: Result, duration: timedelta | None, retry_at: datetime | None = None
    ) -> Occurrence:
        """`end_attempts` for one."""
        return self.end_attempts([AttemptEnd(run, attempt, at, result, duration, retry_at)])[0]

    def end_attempts(self, ends: Sequence[AttemptEnd]) -> list[Occurrence]:
        """Record how attempts of different occurrences ended; answer the occurrences as they stand now, in the same order.

        Another attempt may follow only a failure, within the allowed number, and after LOST only where the action is repeatable.
        Raises: IllegalMove; then the transaction must be given up.
        """
        if not ends:
            return []
        known = self._found([end.run for end in ends])
        moved: list[tuple[int, Occurrence]] = []
        for end in ends:
            seq, before = known[end.run]
            if before.stage is not Stage.RUNNING or before.attempt != end.n:
                stands = f"the occurrence is {before.stage} at attempt {before.attempt}"
                raise IllegalMove(f"{end.run} attempt {end.n} is not under way: {stands}")
            if end.retry_at is not None and (refusal := _no_more(before, end.result.outcome)):
                raise IllegalMove(f"{end.run} can't have another attempt: {refusal}")
            moved.append((seq, _after(before, end)))
        self._write(
            _END_ATTEMPT,
            [
                {
                    "run": end.run,
                    "n": end.n,
                    "ended_at": micros(end.at),
                    "outcome": end.result.outcome.value,
                    "summary": prose(end.result.summary),
                    "duration": None if end.duration is None else span(end.duration),
                }
                for end in ends
            ],
        )
        self._move(moved)
        self.note(deeds.ended(after, end.at) for (_, after), end in zip(moved, ends, strict=True))
        return [after for _, after in moved]

    def end(self, run: str, outcome: Outcome, reason: str, at: datetime) -> Occurrence:
        """End an occurrence that has no attempt under way: cancelled before its start or between attempts, overtaken, refused.

        Raises: IllegalMove.
        """
        seq, before = self._found([run])[run]
        if before.stage is Stage.RUNNING:
            raise IllegalMove(f"{run} has an attempt under way: that has to end first")
        if Stage.ENDED not in MOVES[before.stage]:
            raise IllegalMove(f"{run} is {before.stage} and can't become {Stage.ENDED}")
        after = _ended(before, outcome, reason, at)
        self._move([(seq, after)])
        self.note([deeds.ended(after, at)])
        return after

    def active(self, table: str | None = None) -> list[Occurrence]:
        """Every occurrence that has not ended, in the order of their claims."""
        # Few stand here: a condition on the table would only tempt SQLite to walk that whole table's index instead.
        active = (occurrence_of(row) for row in self._rows(_ACTIVE))
        return [o for o in active if table is None or o.table == table]

    def unfinished_attempts(self) -> list[Unfinished]:
        """Attempts that were begun and have no end, in the order of their claims: for a daemon that has just started."""
        width = len(OCCURRENCE_COLUMNS)
        return [Unfinished(occurrence_of(row[:width]), attempt_of(row[width:])) for row in self._rows(_UNFINISHED)]

    def forgotten(self, runs: Sequence[str]) -> list[str]:
        """Those of these ids that no occurrence has any more; none that is newer than all we know: that is of another ledger."""
        known = {row[0] for row in self._rows(_KNOWN, {"ids": json.dumps(runs)})}
        newest = self.newest_run() or ""
        return [run for run in runs if run not in known and run < newest]

    def newest_run(self) -> str | None:
        """The id that was made last of those that are known; None for none."""
        newest: str | None = self._rows(_NEWEST_ID)[0][0]
        return newest

    def _found(self, runs: Sequence[str]) -> dict[str, tuple[int, Occurrence]]:
        """Id → seq and the occurrence as it stands. Raises IllegalMove for an id that isn't there."""
        found = {row[1]: (row[0], occurrence_of(row[1:])) for row in self._rows(_BY_IDS, {"ids": json.dumps(runs)})}
        if missing := [run for run in runs if run not in found]:
            raise IllegalMove(f"there is no occurrence {missing[0]}")
        return found

    def _move(self, moved: Sequence[tuple[int, Occurrence]]) -> None:
        """Put down where occurrences stand now, with their `seq`; what has ended is counted."""
        self._write(
            _MOVE,
            [
                {
                    "seq": seq,
                    "stage": after.stage.value,
                    "retry_at": micros_or_none(after.retry_at),
                    "outcome": after.outcome.value if after.outcome else None,
                    "reason": prose(after.reason),
                    "outputs": packed(after.outputs) if after.outputs else "{}",
                    "links": packed(after.links) if after.links else "[]",
                    "ended_at": micros_or_none(after.ended_at),
                    "duration": None if after.duration is None else span(after.duration),
                }
                for seq, after in moved
            ],
        )
        self._count_runs([(seq, after) for seq, after in moved if after.stage is Stage.ENDED])


def _claimable(occurrence: Occurrence) -> bool:
    starts = occurrence.stage is Stage.RUNNING and occurrence.attempt == 1 and occurrence.started_at is not None
    return bool(occurrence.id) and (starts or occurrence.stage is Stage.CLAIMED)


def _after(before: Occurrence, end: AttemptEnd) -> Occurrence:
    """Where an occurrence stands once this attempt has ended."""
    result = end.result
    if end.retry_at is not None:
        return replace(before, stage=Stage.WAITING, retry_at=end.retry_at, reason=result.summary, duration=end.duration)
    over = replace(before, outputs=dict(result.outputs), links=result.links, duration=end.duration)
    return _ended(over, result.outcome, result.summary, end.at)


def _ended(before: Occurrence, outcome: Outcome, reason: str, at: datetime) -> Occurrence:
    return replace(before, stage=Stage.ENDED, outcome=outcome, reason=reason, ended_at=at, retry_at=None)


def _micros(since: Uptime | None) -> int | None:
    return None if since is None else round(since.seconds * MICROS)


def _path(folder: Path | str | None) -> str | None:
    return None if folder is None else str(folder)


def _no_more(occurrence: Occurrence, outcome: Outcome) -> str | None:
    """Why no other attempt may follow this one; None when it may."""
    if outcome not in FAILED:
        return f"this one {outcome}"
    if occurrence.stopping:
        return f"it was to stop: {occurrence.stopping}"
    if outcome is Outcome.LOST and not occurrence.repeatable:
        return "the last one was lost, and the action is not repeatable"
    if occurrence.attempt >= occurrence.attempts:
        return f"{occurrence.attempts} in all are allowed"
    return None


_CLAIM = insert("occurrences", OCCURRENCE_COLUMNS) + ' ON CONFLICT ("table", "key", "trigger") DO NOTHING'
_NEWEST = "SELECT coalesce(max(seq), 0) FROM occurrences"
_SINCE = "SELECT id FROM occurrences WHERE seq > :before"
_FIRST_ATTEMPT = """
    INSERT INTO attempts (run, n, action, started_at, summary, folder, kind, boot, uptime)
    VALUES (:run, :n, :action, :started_at, :summary, :folder, :kind, :boot, :uptime)
"""
_BEGIN = """
    WITH given (run, n, at) AS (VALUES (:run, :n, :at))
    UPDATE occurrences
    SET stage = 'running',
        attempt = attempt + 1,
        started_at = coalesce(started_at, given.at),
        retry_at = NULL,
        reason = '',
        duration = NULL
    FROM given
    WHERE id = given.run
        AND stage IN ('claimed', 'waiting')
        AND attempt + 1 = given.n
        AND attempt < attempts
    RETURNING id, "table", "key", task, "by", action, attempt, cause, parameters
"""
_BEGIN_ATTEMPT = """
    WITH given (run, at, folder, kind, boot, uptime) AS (VALUES (:run, :at, :folder, :kind, :boot, :uptime))
    INSERT INTO attempts (run, n, action, started_at, summary, folder, kind, boot, uptime)
    SELECT
        given.run, occurrences.attempt, occurrences.action, given.at, '', given.folder, given.kind, given.boot, given.uptime
    FROM given
    JOIN occurrences ON occurrences.id = given.run
"""
_ASK_TO_STOP = """
    UPDATE occurrences
    SET stopping = :why
    WHERE id = :run AND stage = 'running'
    RETURNING "table", "key", task
"""
_END_ATTEMPT = """
    WITH given (run, n, ended_at, outcome, summary, duration) AS (
        VALUES (:run, :n, :ended_at, :outcome, :summary, :duration)
    )
    UPDATE attempts
    SET ended_at = given.ended_at, outcome = given.outcome, summary = given.summary, duration = given.duration
    FROM given
    WHERE attempts.run = given.run AND attempts.n = given.n
"""
_MOVE = """
    WITH given (seq, stage, retry_at, outcome, reason, outputs, links, ended_at, duration) AS (
        VALUES (:seq, :stage, :retry_at, :outcome, :reason, :outputs, :links, :ended_at, :duration)
    )
    UPDATE occurrences
    SET stage = given.stage,
        retry_at = given.retry_at,
        outcome = given.outcome,
        reason = given.reason,
        outputs = given.outputs,
        links = given.links,
        ended_at = given.ended_at,
        duration = given.duration
    FROM given
    WHERE occurrences.seq = given.seq
"""

_ACTIVE = with_columns("SELECT {occurrences} FROM occurrences WHERE stage <> 'ended' ORDER BY seq", occurrences=OCCURRENCE_COLUMNS)
_UNFINISHED = with_columns(
    """
    SELECT {occurrences}, {attempts}
    FROM occurrences
    JOIN attempts ON attempts.run = occurrences.id AND attempts.n = occurrences.attempt
    WHERE occurrences.stage <> 'ended' -- by the index of these
        AND occurrences.stage = 'running'
    ORDER BY occurrences.seq
    """,
    occurrences=OCCURRENCE_COLUMNS,
    attempts=ATTEMPT_COLUMNS,
)
_BY_IDS = with_columns(
    "SELECT seq, {occurrences} FROM occurrences WHERE id IN (SELECT value FROM json_each(:ids))", occurrences=OCCURRENCE_COLUMNS
)
_KNOWN = "SELECT id FROM occurrences WHERE id IN (SELECT value FROM json_each(:ids))"
_NEWEST_ID = "SELECT max(id) FROM occurrences"

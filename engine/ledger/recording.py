"""Occurrences that end without having run: skipped and missed ones, equal neighbours joined into one record with a count."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from actions.api import Outcome
from engine.ledger.codec import micros, prose
from engine.ledger.errors import IllegalMove
from engine.ledger.statements import insert, with_columns
from engine.ledger.tallies import Count, Place, Tallies
from engine.ledger.values import OCCURRENCE_COLUMNS, occurrence_of, values_of
from engine.model import Cause, Occurrence, Stage


class Recording(Tallies):
    """Records of what was not run."""

    def record(self, occurrences: Sequence[Occurrence], claims: Sequence[Occurrence] = ()) -> None:
        """Put down skipped and missed occurrences, oldest first per row; each with an id of its own.

        claims: what is claimed together with them; no record reaches across one.

        One that equals its row's newest occurrence in outcome, reason and cause, and comes after it, joins that record: count,
        last_due and ended_at grow, and its trigger and task name become the newest. What came due before it (the clock was set
        back) has a record of its own; so has each that was skipped for the sake of a prerequisite, since other rows go by it. One
        whose trigger is there already is ignored, as is an instant of a schedule that lies within the record it equals; several
        things may happen, or be counted, at one instant.
        Where a plan has both, call this before `claim`: a claim that came due later then parts the records before and after it.
        Raises: IllegalMove.
        """
        if not occurrences:
            return
        if wrong := next((o for o in occurrences if not _recordable(o)), None):
            raise IllegalMove(
                f"{wrong.trigger} of {wrong.table}/{wrong.key} can't be recorded: it is {wrong.stage}, {wrong.outcome}"
            )
        known = self._known(occurrences)
        places = {(o.table, o.key) for o in occurrences}
        newest, counts = self._newest(places), self._counts(places)
        between: dict[Place, list[Occurrence]] = {}
        for claim in claims:
            between.setdefault((claim.table, claim.key), []).append(claim)
        fresh: list[Occurrence] = []
        grown: dict[str, Occurrence] = {}
        added: list[tuple[str, Occurrence, bool]] = []
        for given in occurrences:
            place, trigger = (given.table, given.key), (given.table, given.key, given.trigger)
            stands = newest.get(place)
            equal = (
                stands is not None and _equal(stands, given) and not _parted(stands, counts[place], between.get(place, ()), given)
            )
            if trigger in known or (equal and stands is not None and _within(given, stands)):
                continue
            joins = equal and stands is not None and _follows(given, stands)
            known.add(trigger)
            if joins and stands is not None:
                newest[place] = grown[stands.id] = _joined(stands, given)
            else:
                newest[place] = given
                fresh.append(given)
            added.append((newest[place].id, given, joins))
        self._write(_PUT, [values_of(o) for o in fresh])
        self._write(_GROW, [_growth(o) for o in grown.values()])
        seqs = {row[0]: row[1] for row in self._rows(_SEQS, {"ids": json.dumps([i for i, _, _ in added])})}
        self._count_records(counts, [(seqs[i], given, joins) for i, given, joins in added])

    def _known(self, occurrences: Sequence[Occurrence]) -> set[tuple[str, str, str]]:
        asked = json.dumps([(o.table, o.key, o.trigger) for o in occurrences])
        return {(row[0], row[1], row[2]) for row in self._rows(_KNOWN, {"asked": asked})}

    def _newest(self, places: set[Place]) -> dict[Place, Occurrence]:
        found = (occurrence_of(row) for row in self._rows(_NEWEST, {"asked": json.dumps(sorted(places))}))
        return {(o.table, o.key): o for o in found}


def _recordable(occurrence: Occurrence) -> bool:
    return bool(
        occurrence.id
        and occurrence.stage is Stage.ENDED
        and occurrence.ended_at
        and occurrence.outcome in (Outcome.SKIPPED, Outcome.MISSED)
    )


def _last(occurrence: Occurrence) -> int:
    return micros(occurrence.last_due or occurrence.due)


def _equal(stands: Occurrence, given: Occurrence) -> bool:
    return given.cause is not Cause.COMPLETION and (
        stands.stage,
        stands.started_at,
        stands.outcome,
        stands.reason,
        stands.cause,
    ) == (
        Stage.ENDED,
        None,
        given.outcome,
        prose(given.reason),
        given.cause,
    )


def _parted(stands: Occurrence, count: Count, claims: Sequence[Occurrence], given: Occurrence) -> bool:
    """A run of a later due has ended since, or is claimed now and lies between: one record must not reach across it."""
    last = stands.last_due or stands.due
    return (count.last_due is not None and count.last_due >= micros(last)) or any(last < c.due < given.due for c in claims)


def _within(given: Occurrence, stands: Occurrence) -> bool:
    return given.cause is Cause.SCHEDULE and given.due >= stands.due and _last(given) <= _last(stands)


def _follows(given: Occurrence, stands: Occurrence) -> bool:
    due, last = micros(given.due), _last(stands)
    return due > last or (due == last and given.cause is not Cause.SCHEDULE)


def _joined(stands: Occurrence, given: Occurrence) -> Occurrence:
    return replace(
        stands,
        task=given.task,
        trigger=given.trigger,
        count=stands.count + given.count,
        last_due=given.last_due or given.due,
        ended_at=given.ended_at,
    )


def _growth(record: Occurrence) -> dict[str, object]:
    assert record.ended_at is not None  # noqa: S101 (only ended ones are joined)
    return {
        "id": record.id,
        "task": record.task,
        "trigger": record.trigger,
        "count": record.count,
        "last_due": _last(record),
        "ended_at": micros(record.ended_at),
    }


_PUT = insert("occurrences", OCCURRENCE_COLUMNS)
_GROW = """
    WITH given (id, task, "trigger", count, last_due, ended_at) AS (
        VALUES (:id, :task, :trigger, :count, :last_due, :ended_at)
    )
    UPDATE occurrences
    SET task = given.task,
        "trigger" = given."trigger",
        count = given.count,
        last_due = given.last_due,
        ended_at = given.ended_at
    FROM given
    WHERE occurrences.id = given.id
"""
_SEQS = "SELECT id, seq FROM occurrences WHERE id IN (SELECT value FROM json_each(:ids))"

# One parameter, however many are asked for: a JSON list of lists.
_KNOWN = """
    SELECT occurrences."table", occurrences."key", occurrences."trigger"
    FROM json_each(:asked) AS asked
    JOIN occurrences
        ON occurrences."table" = json_extract(asked.value, '$[0]')
        AND occurrences."key" = json_extract(asked.value, '$[1]')
        AND occurrences."trigger" = json_extract(asked.value, '$[2]')
"""
_NEWEST = with_columns(
    """
    SELECT {occurrences}
    FROM occurrences
    WHERE seq IN (
        SELECT (
            SELECT max(known.seq)
            FROM occurrences AS known
            WHERE known."table" = json_extract(asked.value, '$[0]') AND known."key" = json_extract(asked.value, '$[1]')
        )
        FROM json_each(:asked) AS asked
    )
    """,
    occurrences=OCCURRENCE_COLUMNS,
)

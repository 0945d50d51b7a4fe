"""What a row's past adds up to: kept as it happens, in the same transaction, so that pruning never changes a count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from actions.api import Outcome
from engine.ledger.codec import instant, instant_or_none, micros, span_or_none
from engine.ledger.ends import Ends
from engine.ledger.journals import Journals
from engine.ledger.statements import upsert, with_columns
from engine.ledger.values import OCCURRENCE_COLUMNS, occurrence_of
from engine.model import Occurrence
from engine.tally import RECENT, Recent, Tally

FAILED = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST})
"""Outcomes that count as a failure of the task. Cancelled is a person's will, skipped and missed were never tried."""

HOUR = 3_600_000_000

Place = tuple[str, str]
"""A row: its table and its key."""


class Count(Struct, frozen=True):
    """One line of the tallies, as stored: instants in microseconds, occurrences by their `seq`."""

    table: str
    key: str
    runs: int = 0
    failures: int = 0
    missed: int = 0
    last: int | None = None
    last_due: int | None = None
    last_success: int | None = None
    record: int | None = None
    missed_now: int = 0
    missed_since: int | None = None
    missed_until: int | None = None
    kept_runs: int = 0
    kept_idle: int = 0
    recent: str = "[]"


def with_run(count: Count, seq: int, ended: Occurrence) -> Count:
    """Add an occurrence that was claimed and has ended. One that never started is no run, but its failure is one.

    The newest run is the one claimed last: claims have an order whatever the wall clock does.
    """
    assert ended.ended_at is not None  # noqa: S101 (the schema has no ended occurrence without)
    failures = count.failures + (ended.outcome in FAILED)
    count = replace(count, recent=_newest_first(count.recent, seq))
    if ended.started_at is None:
        return replace(count, record=seq, failures=failures, kept_idle=count.kept_idle + 1)
    success = count.last_success
    if ended.outcome is Outcome.SUCCEEDED:
        at = micros(ended.ended_at)
        success = max(at, success or at)
    newest = count.last is None or count.last <= seq
    return replace(
        count,
        record=seq,
        failures=failures,
        runs=count.runs + 1,
        kept_runs=count.kept_runs + 1,
        last_success=success,
        last=seq if newest else count.last,
        last_due=micros(ended.due) if newest else count.last_due,
    )


def with_record(count: Count, seq: int, record: Occurrence, *, joined: bool) -> Count:
    """Add occurrences that ended without a run. joined: they were added to a record that stands already."""
    count = replace(count, record=seq, kept_idle=count.kept_idle + (not joined), recent=_newest_first(count.recent, seq))
    if record.outcome is not Outcome.MISSED:
        return count
    count = replace(count, missed=count.missed + record.count)
    due, until = micros(record.due), micros(record.last_due or record.due)
    if count.last_due is not None and until < count.last_due:  # several things may happen at one instant, and one of them have run
        return count
    return replace(
        count,
        missed_now=count.missed_now + record.count,
        missed_since=min(due, count.missed_since or due),
        missed_until=max(until, count.missed_until or until),
    )


def _newest_first(recent: str, seq: int) -> str:
    """One more, which may stand there already: a record that has grown is the newest once more."""
    others = [one for one in _NUMBERS.decode(recent) if one != seq]
    return msgspec.json.encode([seq, *others[: RECENT - 1]]).decode()


def _due_earlier(count: Count, before: Count) -> bool:
    """Whether the last run was due before the one that was the last until now: then more may have been missed after it."""
    return before.last_due is not None and count.last_due is not None and count.last_due < before.last_due


class Tallies(Journals, Ends):
    """Counts of every row, and of every hour."""

    def tallies(self, table: str, keys: Iterable[str] | None = None, *, recent: bool = False) -> dict[str, Tally]:
        """Key → what the ledger can say of that row's past; absent where nothing has ended yet. None: of every row.

        recent: with the newest outcomes, one by one.
        """
        if keys is None:
            of, wanted, outcomes = {"table": table}, _TALLIES, _RECENT
        else:
            of, wanted, outcomes = {"table": table, "keys": json.dumps(list(keys))}, _TALLIES_OF, _RECENT_OF
        newest: dict[str, list[Recent]] = {}
        for key, at, outcome, reason, duration, count in self._rows(outcomes, of) if recent else ():
            newest.setdefault(key, []).append(Recent(instant(at), Outcome(outcome), reason, span_or_none(duration), count))
        return {row[0]: _tally(row, tuple(newest.get(row[0], ()))) for row in self._rows(wanted, of)}

    def _count_runs(self, ended: Sequence[tuple[int, Occurrence]]) -> None:
        """Add claimed occurrences that have ended, with their `seq`."""
        counts = self._counts({(o.table, o.key) for _, o in ended})
        for seq, occurrence in ended:
            place = (occurrence.table, occurrence.key)
            before, count = counts[place], with_run(counts[place], seq, occurrence)
            if count.last != before.last and (count.missed_now or _due_earlier(count, before)):
                count = self._missed_after(count)
            counts[place] = count
        self._save_counts(list(counts.values()))
        self._count_hours([o for _, o in ended])
        self._enter([seq for seq, _ in ended], [o.table for _, o in ended])
        self._note_ends(ended)

    def _count_records(self, counts: dict[Place, Count], records: Sequence[tuple[int, Occurrence, bool]]) -> None:
        """Add to `counts` records: their `seq`, what was added, and whether it joined a record that stood already."""
        for seq, occurrence, joined in records:
            place = (occurrence.table, occurrence.key)
            counts[place] = with_record(counts[place], seq, occurrence, joined=joined)
        self._save_counts([counts[place] for place in {(o.table, o.key) for _, o, _ in records}])
        self._count_hours([o for _, o, _ in records])
        self._enter([seq for seq, _, _ in records], [o.table for _, o, _ in records])
        self._note_ends((seq, o) for seq, o, _ in records)

    def _missed_after(self, count: Count) -> Count:
        """What is still missed after a new last run: a run can end long after later occurrences were missed."""
        clear = replace(count, missed_now=0, missed_since=None, missed_until=None)
        if count.missed_until is not None and count.last_due is not None and count.missed_until < count.last_due:
            return clear
        after = {"table": count.table, "key": count.key, "after": count.last_due, "last": count.last}
        (found,) = self._rows(_MISSED_AFTER, after)
        number, since, until = found
        return replace(clear, missed_now=number, missed_since=since, missed_until=until) if number else clear

    def _counts(self, places: Iterable[Place]) -> dict[Place, Count]:
        asked = list(places)
        if not asked:
            return {}
        found = self._rows(_COUNTS, {"places": json.dumps(asked)})
        counts = {place: Count(*place) for place in asked}
        return counts | {(row[0], row[1]): Count(*row) for row in found}

    def _save_counts(self, counts: Sequence[Count]) -> None:
        self._write(_SAVE, [asdict(count) for count in counts])

    def _count_hours(self, ended: Sequence[Occurrence]) -> None:
        hours: dict[tuple[int, str, str], int] = {}
        for occurrence in ended:
            assert occurrence.ended_at is not None  # noqa: S101 (all of these have ended)
            assert occurrence.outcome is not None  # noqa: S101
            place = (micros(occurrence.ended_at) // HOUR, occurrence.table, occurrence.outcome.value)
            hours[place] = hours.get(place, 0) + occurrence.count
        self._write(_ADD_HOUR, [{"hour": h, "table": t, "outcome": o, "number": n} for (h, t, o), n in hours.items()])


_NUMBERS = msgspec.json.Decoder(list[int])

_OWN = ("key", "runs", "failures", "missed", "last_success", "missed_now", "missed_since", "last", "record")
_WIDTH = len(OCCURRENCE_COLUMNS)
_TALLIES = with_columns(
    """
    SELECT {tallies}, {newest_run}, {newest_record}
    FROM tallies
    LEFT JOIN occurrences AS newest_run ON newest_run.seq = tallies.last
    LEFT JOIN occurrences AS newest_record ON newest_record.seq = tallies.record AND tallies.record IS NOT tallies.last
    WHERE tallies."table" = :table
    """,
    tallies=_OWN,
    newest_run=OCCURRENCE_COLUMNS,
    newest_record=OCCURRENCE_COLUMNS,
)
_OF_KEYS = ' AND tallies."key" IN (SELECT value FROM json_each(:keys))'
_TALLIES_OF = _TALLIES + _OF_KEYS

# Of a reason 200 characters are read, for a line; a cell shows fewer.
_ENDED = """
    SELECT
        tallies."key",
        coalesce(occurrences.started_at, occurrences.last_due, occurrences.due),
        occurrences.outcome,
        substr(occurrences.reason, 1, 200),
        occurrences.duration,
        occurrences.count
    FROM tallies
    JOIN json_each(tallies.recent) AS of_row
    JOIN occurrences ON occurrences.seq = of_row.value
    WHERE tallies."table" = :table
        AND occurrences."table" = tallies."table"  -- what was pruned may have left its number to another row's
        AND occurrences."key" = tallies."key"
        AND occurrences.outcome IS NOT NULL
    """
_IN_ORDER = ' ORDER BY tallies."key", of_row."key"'
_RECENT = _ENDED + _IN_ORDER
_RECENT_OF = _ENDED + _OF_KEYS + _IN_ORDER

_COUNTS = with_columns(
    """
    SELECT {tallies}
    FROM json_each(:places) AS asked
    JOIN tallies
        ON tallies."table" = json_extract(asked.value, '$[0]')
        AND tallies."key" = json_extract(asked.value, '$[1]')
    """,
    tallies=Count.__struct_fields__,
)
_SAVE = upsert("tallies", Count.__struct_fields__, ("table", "key"))
_ADD_HOUR = """
    INSERT INTO hours (hour, "table", outcome, number)
    VALUES (:hour, :table, :outcome, :number)
    ON CONFLICT (hour, "table", outcome) DO UPDATE SET number = hours.number + excluded.number
"""
_MISSED_AFTER = """
    SELECT sum(count), min(due), max(coalesce(last_due, due))
    FROM occurrences
    WHERE "table" = :table AND "key" = :key AND outcome = 'missed'
        AND (coalesce(last_due, due), seq) > (:after, :last)
"""


def _tally(row: Sequence[Any], recent: tuple[Recent, ...]) -> Tally:
    _, runs, failures, missed, last_success, missed_now, missed_since, last_seq, record_seq = row[: len(_OWN)]
    last = None if last_seq is None else occurrence_of(row[len(_OWN) : len(_OWN) + _WIDTH])
    record = last if record_seq == last_seq else occurrence_of(row[len(_OWN) + _WIDTH :])
    return Tally(
        runs=runs,
        failures=failures,
        missed=missed,
        last=last,
        last_success=instant_or_none(last_success),
        record=record,
        missed_now=missed_now,
        missed_since=instant_or_none(missed_since),
        recent=recent,
    )

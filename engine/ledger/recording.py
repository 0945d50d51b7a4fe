"""Occurrences that end without having run: skipped and missed ones, equal neighbours joined into one record with a count."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from actions.api import Outcome
from engine.ledger.codec import micros, prose
from engine.ledger.errors import IllegalMove
from engine.ledger.schema import OCCURRENCES
from engine.ledger.statements import table_of
from engine.ledger.tallies import Count, Place, Tallies, asked_pairs
from engine.ledger.values import OCCURRENCE_COLUMNS, occurrence_of, values_of
from engine.model import Occurrence, Stage


class Recording(Tallies):
    """Records of what was not run."""

    def record(self, occurrences: Sequence[Occurrence], claims: Sequence[Occurrence] = ()) -> None:
        """Put down skipped and missed occurrences, oldest first per row; each with an id of its own.

        claims: what is claimed together with them; no record reaches across one.

        One that equals its row's newest occurrence in outcome, reason and cause, and comes after it, joins that record: count,
        last_due and ended_at grow, and its trigger and task name become the newest. What came due before it (the clock was set
        back) has a record of its own. One whose trigger is there already, or that lies within the record it equals, is ignored.
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
            joins = equal and stands is not None and micros(given.due) > _last(stands)
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
    return (stands.stage, stands.started_at, stands.outcome, stands.reason, stands.cause) == (
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
    return given.due >= stands.due and _last(given) <= _last(stands)


def _joined(stands: Occurrence, given: Occurrence) -> Occurrence:
    return stands._replace(
        task=given.task,
        trigger=given.trigger,
        count=stands.count + given.count,
        last_due=given.last_due or given.due,
        ended_at=given.ended_at,
    )


def _growth(record: Occurrence) -> dict[str, object]:
    assert record.ended_at is not None  # noqa: S101 (only ended ones are joined)
    return {
        "of": record.id,
        "name": record.task,
        "newest": record.trigger,
        "number": record.count,
        "last": _last(record),
        "end": micros(record.ended_at),
    }


_PUT = sa.insert(OCCURRENCES)

_asked, _table, _key = asked_pairs("asked")
_KNOWN = sa.select(OCCURRENCES.c.table, OCCURRENCES.c.key, OCCURRENCES.c.trigger).select_from(
    _asked.join(
        OCCURRENCES,
        sa.and_(
            OCCURRENCES.c.table == _table,
            OCCURRENCES.c.key == _key,
            OCCURRENCES.c.trigger == sa.func.json_extract(_asked.c.value, "$[2]"),
        ),
    )
)
_of_row = OCCURRENCES.alias("of_row")
_NEWEST = sa.select(*OCCURRENCE_COLUMNS).where(
    OCCURRENCES.c.seq.in_(
        sa.select(
            sa.select(sa.func.max(_of_row.c.seq))
            .where(_of_row.c.table == _table, _of_row.c.key == _key)
            .correlate(_asked)
            .scalar_subquery()
        ).select_from(_asked)
    )
)
_SEQS = sa.select(OCCURRENCES.c.id, OCCURRENCES.c.seq).where(
    OCCURRENCES.c.id.in_(sa.select(sa.func.json_each(sa.bindparam("ids")).table_valued("value").c.value))
)
_grown = table_of("of", "name", "newest", "number", "last", "end")
_GROW = (
    sa.update(OCCURRENCES)
    .where(OCCURRENCES.c.id == _grown.c.of)
    .values(
        task=_grown.c.name,
        trigger=_grown.c.newest,
        count=_grown.c.number,
        last_due=_grown.c.last,
        ended_at=_grown.c.end,
    )
)

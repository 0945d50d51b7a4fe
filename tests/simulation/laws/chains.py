"""Rows that wait for others: they go once these have ended, as the rule says, and once a round. Reckoned from the records alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.simulation.book import Book, Record
from tests.simulation.laws.ahead import RARELY
from tests.simulation.laws.covered import Covered, covered, well_until
from tests.simulation.machine import MICRO
from tests.simulation.spans import ON_OTHERS, Meaning
from tests.simulation.world import World

Place = tuple[str, str]

LATELY = 12 * MICRO
"""Within this the end of a run is durable, and whoever waits for it goes, where the disk stalls, too."""

AT_ONCE = 3 * MICRO
"""The same where it doesn't."""

WORDS = {
    "failed": "failed",
    "timed out": "timed out",
    "lost": "was lost",
    "cancelled": "was cancelled",
    "skipped": "was skipped",
    "missed": "was missed",
}
"""Outcome → what a row says that was skipped for its sake."""


@dataclass(frozen=True)
class Round:
    """That a row went, or was left out.   ends: place of each row that it waited for → runs one of which was its newest then."""

    record: Record
    means: Meaning
    ends: Mapping[Place, Sequence[Record]]


def _rounds(row: Covered, book: Book) -> list[Round]:
    """Those of which it is sure for which rows it waited."""
    found = []
    for record in row.all:
        means = row.meant(record.claimed_at) if record.cause == "completion" else None
        places = _waits_for(row, means, record.claimed_at) if means is not None and means.kind == "completion" else None
        if means is not None and places:
            found.append(Round(record, means, {place: _newest(book, place, record.claimed_at) for place in places}))
    return found


def _waits_for(row: Covered, means: Meaning, at: int) -> list[Place] | None:
    """For which rows it waits at an instant, by what rowd surely knows then; None where that can't be told."""
    found = []
    for name in means.after:
        its, moment = name.partition("/")[0], at - row.world.machine.origin
        bench = next((b for b in row.world.benches if name.startswith(f"{its}/") and b.name == its), row.bench)
        noted = [m for m in bench.sheet.noted if m < moment]
        key = (
            bench.spans.called(name.removeprefix(f"{bench.name}/") if bench is not row.bench else name, noted[-1], moment)
            if noted
            else None
        )
        if key is None or key in bench.spans.astray:
            return None
        found.append((bench.name, key))
    return found


def _counts(record: Record) -> bool:
    """Whether it is a run to those that wait for the row, once it has ended."""
    return record.started_at is not None or (record.cause == "completion" and not record.ran and not record.approval)


def _newest(book: Book, place: Place, at: int) -> list[Record]:
    """What may have been the newest run that had ended, as far as was known then: ends may be learnt of a little later."""
    ended = [r for r in book.by_row.get(place, ()) if _counts(r) and r.ended_at is not None and r.ended_at <= at]
    surely = max((r.ended_at or 0 for r in ended if (r.ended_at or 0) < at - LATELY), default=0)
    return [r for r in ended if (r.ended_at or 0) >= surely]


def nothing_follows_too_early(world: World, book: Book) -> Iterator[str]:
    """No row goes before each that it waits for has ended, while it waited, with nothing of that under way; nor, unless its On
    Failure says so, where one has not succeeded. What is left out says which that was.
    """
    for row in covered(world, book) if not world.jumpy else ():
        for one in _rounds(row, book):
            record, means = one.record, one.means
            name = f"{row.bench.name}/{row.key} ({means.on_failure}): {record.trigger} ({record.outcome}, {record.reason!r})"
            for place, ends in one.ends.items():
                if not ends:
                    yield f"{name} went, and {place} has not ended yet"
                busy = [
                    r for r in book.by_row.get(place, ()) if r.ran and r.claimed_at < record.claimed_at and not _over(r, record)
                ]
                if busy:
                    yield f"{name} went, and {busy[0].trigger} of {place} was under way"
            if not any(record.trigger == f"after:{end.id}" for ends in one.ends.values() for end in ends):
                yield f"{name} went by none of the runs that it waited for"
            failed = [place for place, ends in one.ends.items() if ends and all(end.outcome != "succeeded" for end in ends)]
            yield from _by_condition(one, name)
            well = all(end.outcome == "succeeded" for ends in one.ends.values() for end in ends)
            if failed and means.on_failure != "run" and record.ran:
                yield f"{name} ran, though {failed[0]} had not succeeded"
            if failed and means.on_failure == "block" and not record.ran:
                yield f"{name} was left out, and ought to wait for {failed[0]}"
            if failed and means.on_failure == "skip" and not record.ran and not _says(record, one.ends[failed[0]]):
                yield f"{name} doesn't say that {failed[0]} had not succeeded"
            if well and not record.ran and any(_says(record, ends) for ends in one.ends.values()):
                yield f"{name} was left out, though all had succeeded"


def _by_condition(one: Round, name: str) -> Iterator[str]:
    """What is wrong with it by a condition on one of the rows that it waited for."""
    for place, said in zip(one.ends, one.means.after, strict=True) if len(one.ends) == len(one.means.after) else ():
        ends = [end for end in one.ends[place] if end.ran]
        if one.means.condition != ON_OTHERS.format(said) or not ends or len(ends) < len(one.ends[place]):
            continue
        if one.record.ran and all(end.outcome != "succeeded" for end in ends):
            yield f"{name} ran, and {one.means.condition} did not hold"
        if one.record.reason.startswith("tasks[") and all(end.outcome == "succeeded" for end in ends):
            yield f"{name} was left out, and {one.means.condition} held"


def _over(run: Record, record: Record) -> bool:
    """Whether it surely may have ended when this was claimed."""
    return run.ended_at is not None and run.ended_at <= record.claimed_at


def _says(record: Record, ends: Sequence[Record]) -> bool:
    """Whether it was left out for the sake of one of these. Of more than three the others are only counted."""
    return " others" in record.reason or any(f"{end.task} {WORDS.get(str(end.outcome))}" in record.reason for end in ends)


def a_run_releases_once(world: World, book: Book) -> Iterator[str]:
    """No row goes twice by the same run of a row that it waits for, unless it makes up for what was skipped: then what had
    succeeded counts once more.
    """
    for row in covered(world, book) if not world.jumpy else ():
        for one, other in pairwise(_rounds(row, book)):
            if one.ends.keys() != other.ends.keys():
                continue
            for place, ends in one.ends.items():
                if len(ends) != 1 or len(other.ends[place]) != 1 or ends[0] is not other.ends[place][0]:
                    continue
                made_up = not one.record.ran and ends[0].outcome == "succeeded"
                if not made_up:
                    name = f"{row.bench.name}/{row.key}: {one.record.trigger} and {other.record.trigger}"
                    yield f"{name} both went by {ends[0].trigger} of {place}, which {ends[0].outcome}"


def no_round_is_lost(world: World, book: Book) -> Iterator[str]:
    """Where each row that one waits for has ended anew, and all are at rest, that one goes, or says that it is left out."""
    patience = LATELY if world.disk.stalling else AT_ONCE
    for row in covered(world, book) if not world.jumpy and not world.operator.blackouts else ():
        start = world.machine.origin
        for span in row.spans:
            means = span.meaning
            asks = means.condition or means.action in RARELY or row.key in world.snoozed or not means.after
            if means.kind != "completion" or asks or not span.sure or span.known_at is None:
                continue
            first, last = start + span.known_at, start + (world.machine.moment if span.ended is None else span.ended)
            went = [r.claimed_at for r in row.all if r.cause == "completion" and first < r.claimed_at < last]
            for since, until in pairwise([first, *went, last]):
                places = _waits_for(row, means, until)
                if not places or places != _waits_for(row, means, since + 1):
                    continue
                at = _complete(book, places, means, since)
                if (
                    at is None
                    or at + patience >= until
                    or well_until(row, at) < at + patience
                    or _stirs(book, places, at, patience)
                ):
                    continue
                if _kept(row, at, at + patience) or not all(_in_order(world, book, place, at) for place in places):
                    continue
                yield f"{row.bench.name}/{row.key}: all that it waits for ({means.after}) had ended by {at}, and it did not go"


def _complete(book: Book, places: Sequence[Place], means: Meaning, since: int) -> int | None:
    """When the last of them had ended anew, where all did."""
    last = since
    for place in places:
        ends = [r for r in book.by_row.get(place, ()) if _counts(r) and r.ended_at is not None and r.claimed_at > since]
        if not ends:
            return None
        newest = min(ends, key=lambda r: r.ended_at or 0)
        last = max(last, newest.ended_at or 0)
    newest_of = [
        max((r for r in book.by_row[p] if _counts(r) and r.ended_at and r.ended_at <= last), key=lambda r: r.ended_at or 0)
        for p in places
    ]
    return None if means.on_failure == "block" and any(r.outcome != "succeeded" for r in newest_of) else last


def _stirs(book: Book, places: Sequence[Place], at: int, patience: int) -> bool:
    """Whether anything of them was under way, or begun, from then on for some time."""
    those = (r for place in places for r in book.by_row.get(place, ()) if r.ran)
    return any(r.claimed_at < at + patience and (r.ended_at is None or r.ended_at > at or r.claimed_at == at) for r in those)


def _kept(row: Covered, since: int, until: int) -> bool:
    """Whether the row, or its table, was held, missing or unclear meanwhile."""
    start, over = row.world.machine.origin, row.bench.spans.kept.over
    held = (stretch for (_, key), those in over.items() if key in ("", row.key) for stretch in those)
    return any(start + a < until and since - LATELY < start + b for a, b in held)


def _in_order(world: World, book: Book, place: Place, at: int) -> bool:
    """Whether the row surely is a row like any other: it isn't missing, and doesn't make up for a round of its own."""
    table, key = place
    bench = next(b for b in world.benches if b.name == table)
    row = next(r for r in covered(world, book) if r.bench is bench and r.key == key)
    newest = _newest(book, place, at)
    return row.meant(at) is not None and not any(r.cause == "completion" and not r.ran for r in newest)


LAWS = (nothing_follows_too_early, a_run_releases_once, no_round_is_lost)

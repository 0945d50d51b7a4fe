"""What becomes of an occurrence that comes while the row's last one is still under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.simulation.book import Book, Record
from tests.simulation.laws.covered import Covered, covered, grace, span_of
from tests.simulation.laws.retries import STUBBORN
from tests.simulation.machine import MICRO
from tests.simulation.operator import APPROVED
from tests.simulation.spans import Meaning
from tests.simulation.world import World

BUSY = ("still running since", "another attempt of the last run is to follow", "the last run is still waiting to start")
"""How the reasons begin for which something is skipped where `Overlap` is skip."""


def under_way(record: Record, others: Sequence[Record]) -> list[Record]:
    """Which of these were surely under way when this one was claimed."""
    return [
        o
        for o in others
        if o.ran
        and o.seq < record.seq
        and o.claimed_at < record.claimed_at
        and (o.ended_at is None or record.claimed_at < o.ended_at)
    ]


def _made_up(row: Covered, record: Record) -> bool:
    """Whether `Catch Up` all claimed it for being late: it came together with others, or later than its grace."""
    others = (o for o in row.all if o is not record and o.cause == "schedule")
    if any(record.claimed_at == (o.claimed_at if o.ran or o.count == 1 else o.ended_at) for o in others):
        return True  # one that stands for several was last added to when it is said to have ended
    span = span_of(row, record.due // MICRO)
    return span is None or record.claimed_at - record.due > grace(span, record.due // MICRO) * MICRO


def _late(row: Covered, record: Record) -> bool:
    """Whether it was surely later than its grace when it was decided on."""
    span = span_of(row, record.due // MICRO)
    if span is None or record.count > 1:
        return False
    return record.claimed_at - record.due > (grace(span, record.due // MICRO) + span.meaning.jitter) * MICRO


def _may_overlap(row: Covered, record: Record, meaning: Meaning) -> bool:
    match record.cause:
        case "completion":
            return meaning.overlap in ("queue", "parallel", "restart")
        case "schedule":
            caught_up = meaning.catch_up == "all" and _made_up(row, record)
            return caught_up or meaning.overlap in ("queue", "parallel", "restart")
        case "counter" | "manual":
            return meaning.overlap == "parallel"
        case "event":
            return meaning.overlap in ("parallel", "restart")
    return False


def nothing_is_claimed_beside_another(world: World, book: Book) -> Iterator[str]:
    """While an occurrence of a row is under way no other is claimed, but as its `Overlap` says, or `Catch Up` of what is late."""
    for row in covered(world, book):
        for record, meaning in _claims(row):
            if not _may_overlap(row, record, meaning) and (others := under_way(record, row.all)):
                name = f"{row.bench.name}/{row.key} ({meaning.overlap or 'skip'})"
                yield f"{name}: {record.trigger} was claimed beside {others[0].trigger}"


def nothing_is_skipped_for_nothing(world: World, book: Book) -> Iterator[str]:
    """What is skipped because another is under way is so: only where `Overlap` says it, and only beside another."""
    for row in covered(world, book):
        for record in row.all:
            if record.outcome != "skipped" or not record.reason.startswith(BUSY):
                continue
            name = f"{row.bench.name}/{row.key}: {record.trigger} was skipped ({record.reason})"
            for instant in (record.claimed_at, record.ended_at):
                meaning = row.meant(instant or 0)
                if meaning is not None and meaning.overlap not in ("", "skip"):
                    yield f"{name}, and Overlap says {meaning.overlap}"
            first, last = record.claimed_at, record.ended_at or record.claimed_at
            beside = [
                o for o in row.all if (o.ran or o.approval) and o.claimed_at <= last and (o.ended_at is None or first <= o.ended_at)
            ]
            if not beside and not world.jumpy:
                yield f"{name}, and nothing was under way"
            if not world.jumpy and all(s.meaning.catch_up == "all" for s in row.spans) and _late(row, record):
                yield f"{name}, and Catch Up says all"


def the_next_one_restarts_it(world: World, book: Book) -> Iterator[str]:
    """Where `Overlap` is restart, what is under way is stopped when the next occurrence is claimed, by whatever daemon."""
    for row in covered(world, book):
        for record, meaning in _claims(row):
            if record.cause not in ("schedule", "completion") or meaning.overlap != "restart":
                continue
            for other in under_way(record, row.all):
                if record.action in APPROVED or other.action in APPROVED:
                    continue  # it goes on until its successor is approved
                when = f"when {record.trigger} was claimed"
                yield from still_going(book, other, record.claimed_at, when)
                yield from still_running(row, other, record.claimed_at, when)


def still_going(book: Book, record: Record, told: int, when: str) -> Iterator[str]:
    """What shows that an occurrence was not stopped, though that was durable at the instant `told`."""
    name = f"{record.table}/{record.key}: {record.trigger} was to be stopped {when}"
    if not record.stopping and record.outcome != "cancelled":
        yield f"{name}, and {record.outcome}"
    yield from (f"{name}, and attempt {t.n} began after that" for t in book.of_run[record.id] if t.started_at > told)


def still_running(row: Covered, record: Record, told: int, when: str) -> Iterator[str]:
    """What shows that an occurrence really ran on, or began, some seconds after that: also where a later daemon had to stop it."""
    world, since = row.world, told - row.world.machine.origin
    if world.jumpy:
        return
    for looked, ended in row.bench.well:
        begin = max(since, looked)
        until = begin + (STUBBORN + 2) * MICRO
        if until > ended or any(low < until and begin < high for low, high in world.disturbed):
            continue
        for seen in world.witness.of_run[record.id]:
            if seen.began < until and (seen.ended is None or seen.ended > until):
                yield f"{row.bench.name}/{row.key}: {seen.place} was to be stopped {when}, and ran on"


def _claims(row: Covered) -> Iterator[tuple[Record, Meaning]]:
    """What was claimed while the row surely meant something, and that."""
    for record in row.all:
        meaning = row.meant(record.claimed_at) if record.ran else None
        if meaning is not None and meaning.understood:
            yield record, meaning


LAWS = (nothing_is_claimed_beside_another, nothing_is_skipped_for_nothing, the_next_one_restarts_it)

"""What came due by time: recorded once; nothing else is, and nothing of it starts in a pause or a blackout."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain

from tests.simulation.book import Book
from tests.simulation.laws.covered import at, covered, span_of, within
from tests.simulation.laws.hangs import BY_ITSELF
from tests.simulation.machine import MICRO
from tests.simulation.world import World


def what_comes_due_has_one_record(world: World, book: Book) -> Iterator[str]:
    """Every instant at which a row surely came due lies in exactly one record of its row."""
    for row in covered(world, book):
        for span in row.spans:
            wanted = row.sure(span)
            if not wanted:
                continue
            parts = sorted(
                (bisect_left(wanted, r.due // MICRO), bisect_right(wanted, r.last // MICRO), r.due, r.id) for r in row.records
            )
            reached = 0
            name = f"{row.bench.name}/{row.key} ({span.meaning.text})"
            for first, beyond, _, id_ in parts:
                if first == beyond:
                    continue
                if first > reached:
                    yield f"{name}: nothing is recorded of {at(wanted[reached])}" + f" to {at(wanted[first - 1])}"
                if first < reached and not world.jumpy:  # set back, the clock shows the same instants again
                    yield f"{name}: {at(wanted[first])} stands in {id_} and in another record"
                reached = max(reached, beyond)
            if reached < len(wanted):
                yield f"{name}: nothing is recorded of {at(wanted[reached])} to {at(wanted[-1])}"


def what_is_recorded_came_due(world: World, book: Book) -> Iterator[str]:
    """Nothing is claimed or recorded that didn't come due while the row meant it: nothing from before it was seen or activated,
    nothing of a paused, deleted or unreadable row; and counts are right: what a record reaches over it stands for, unless the clock
    was set back and another record stands for it. Nothing is recorded before it comes, by the clock of that time.
    """
    for row in covered(world, book):
        guessed = not all(span.sure for span in row.spans)
        sure = [(span, row.sure(span)) for span in row.spans]
        for record in row.records:
            if record.reason.startswith("asked by") or "counted up to" in record.reason:
                continue
            if guessed and "was deleted before" in record.reason:
                continue  # while a column is away, what it last said holds on: more may have come due than the cells said
            if row.key in row.bench.spans.doubled and "before it could start" in record.reason:
                continue  # it was read while its id stood in several rows, and people wrote into one of them
            first, last = record.due // MICRO, record.last // MICRO
            name = f"{row.bench.name}/{row.key} {record.trigger} ({record.outcome}, {record.reason!r})"
            counted = any(isinstance(span.meaning.latent, int) for span in row.spans)  # from when the row was seen
            if record.due % MICRO and not counted:
                yield f"{name}: comes due at a part of a second"
            if not record.ran and record.last > (record.ended_at or 0):
                yield f"{name}: was recorded before {at(last)} had come"
            most = sum(len(row.possible(span, first, last)) for span in row.spans)
            if most < record.count:
                yield f"{name}: stands for {record.count} from {at(first)} to {at(last)}, but only {most} can have come due"
            inside = [w[bisect_left(w, first) : bisect_right(w, last)] for _, w in sure]
            least = sum(map(len, inside))
            if record.count < least and world.jumpy:  # set back, the clock shows again what other records stand for already
                others = [(r.due // MICRO, r.last // MICRO) for r in row.records if r is not record]
                least = sum(not any(a <= due <= b for a, b in others) for due in chain.from_iterable(inside))
            if record.count < least:
                yield f"{name}: stands for {record.count} from {at(first)} to {at(last)}, but {least} came due"


def nothing_starts_while_paused(world: World, book: Book) -> Iterator[str]:
    """No attempt of a schedule or a counter begins in a row that rowd surely knows to be paused."""
    if world.jumpy:
        return
    for row in covered(world, book):
        for span in row.spans:
            if span.meaning.status != "paused" or not span.sure or span.known_at is None:
                continue
            low, high = span.known_at + 3 * MICRO, world.machine.moment if span.ended is None else span.ended
            for record in book.by_row.get((row.bench.name, row.key), ()):
                for one in book.of_run[record.id] if record.cause in BY_ITSELF else ():
                    seen = world.witness.by_place.get((one.run, one.n))
                    began = one.started_at / MICRO - world.machine.start.timestamp()
                    if seen is not None and low < seen.began < high and low < began * MICRO < high:
                        yield f"{row.bench.name}/{row.key}: {record.trigger} began at {seen.wall}, when the row was paused"


def blackouts_are_kept(world: World, book: Book) -> Iterator[str]:
    """Nothing that recurs runs for an instant within a blackout, nothing else is claimed in it; outside none is skipped for it."""
    for blackout in world.operator.blackouts:
        for row in covered(world, book):
            if row.bench.name not in blackout.tables:
                continue
            for record in row.all:
                name, span = f"{row.bench.name}/{row.key} {record.trigger}", span_of(row, record.due // MICRO)
                if record.outcome == "skipped" and record.reason.startswith("blackout"):
                    if not (within(blackout, record.due) and within(blackout, record.last)):
                        yield f"{name} was skipped ({record.reason}) outside of it"
                elif record.cause not in ("schedule", "counter", "completion") or not record.ran:
                    continue
                elif span is not None and not span.meaning.one_off and within(blackout, record.due):
                    yield f"{name} ran for an instant within the blackout"
                elif (record.cause in ("counter", "completion") or (span is not None and span.meaning.one_off)) and within(
                    blackout, record.claimed_at
                ):
                    yield f"{name} was claimed within the blackout"


def one_offs_run_once(world: World, book: Book) -> Iterator[str]:
    """A row that comes due once after it was seen has at most one record for each time that it was written or activated anew."""
    for row in covered(world, book):
        if row.spans and all(isinstance(s.meaning.dues, int) or s.meaning.kind != "time" for s in row.spans):
            times = sum(s.meaning.kind == "time" for s in row.spans) + row.bench.person.done.get("save_old_copy", 0)
            those = [r for r in row.records if not r.reason.startswith("asked by")]
            if len(those) > times:
                yield f"{row.bench.name}/{row.key} has {len(those)} records, but it was written {times} times"


LAWS = (
    what_comes_due_has_one_record,
    what_is_recorded_came_due,
    nothing_starts_while_paused,
    blackouts_are_kept,
    one_offs_run_once,
)

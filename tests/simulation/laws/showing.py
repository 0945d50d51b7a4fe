"""What rows show while they are in service, when nobody has done anything to them for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.simulation import dues
from tests.simulation.book import Book, Record
from tests.simulation.laws.breakers import by_action, tripped
from tests.simulation.laws.covered import Covered, at, covered
from tests.simulation.laws.retries import shortest_wait
from tests.simulation.machine import MICRO
from tests.simulation.spans import Span, rows_of
from tests.simulation.world import World

LAG = 30
"""Seconds after which a row has surely been told what is new, with many rows and small writes."""

FARTHEST = (2, 12, 70)
"""Days in which the next instant is looked for: few at first."""


def next_run_is_the_next_instant(world: World, book: Book) -> Iterator[str]:
    """Next Run says when the row comes due next, or when something of it begins that waits; of a row that won't run, nothing."""
    now = dues.seconds(world.machine.wall())
    for row in covered(world, book):
        said, span = _cell(row, "Next Run"), row.bench.spans.current(row.key)
        if said is None or span is None or not span.sure or span.known is None:
            continue
        wanted = _coming(row, span, now, book)
        instant = _instant(said)
        if wanted is not None and instant not in wanted and not _begins_then(row, instant, book):
            shown = ", ".join("nothing" if w is None else at(w) for w in sorted(wanted, key=lambda w: w or 0)[-3:])
            name = f"{row.bench.name}/{row.key} ({span.meaning.text!r}), at {at(now)}"
            yield f"{name}: Next Run says {said!r}, and it ought to say {shown}"


def _cell(row: Covered, column: str) -> str | None:
    """What stands there, where rowd surely knows what does; None where it can't be told."""
    bench, key = row.bench, row.key
    held, grid = row.world.held(bench.name), bench.sheet.look()
    header, cells = grid.header(column), rows_of(grid).get(key)
    if held is None or key in held or key in bench.sheet.misread or header is None or cells is None:
        return None
    return cells.get(header, "")


def _coming(row: Covered, span: Span, now: int, book: Book) -> set[int | None] | None:
    """What Next Run may say: the next instant, or one that it was LAG ago; None where it can't be told."""
    meaning = span.meaning
    if meaning.kind != "time":
        return {None}
    put_off = row.key in row.world.snoozed or any(a.key == row.key and a.wish == "skip next" for a in book.asked)
    if isinstance(meaning.dues, int) or put_off:
        return None
    low = now - LAG - meaning.jitter
    if isinstance(meaning.dues, dues.At):
        if meaning.dues.instant > now:
            return {meaning.dues.instant}
        return {None} if meaning.dues.instant < low and not row.may_wait else None
    for days in FARTHEST:
        found = meaning.dues.within(low, now + days * dues.DAY)
        if ahead := next((due for due in found if due > now), None):
            return {*(due for due in found if due <= now), ahead}
    return None


def _begins_then(row: Covered, instant: int | str | None, book: Book) -> bool:
    """Whether something that waits may start at that second: another attempt, or what an open breaker keeps back."""
    active = [r for r in row.all if r.stage != "ended"]
    if not isinstance(instant, int) or not active or any(r.stage == "running" for r in active):
        return False
    return any(low - MICRO < instant * MICRO < high + MICRO for low, high in _begins(active[0], book))


def _begins(record: Record, book: Book) -> Iterator[tuple[int, int]]:
    """From when to when its next attempt may begin, in microseconds since 1970."""
    for last in (True, False):
        for trip in tripped(by_action(book).get(record.action, ()), success_last=last):
            yield from ((end, end) for _, end in trip.shut)
    tries = book.of_run.get(record.id, [])
    if tries and (ended := tries[-1].ended_at) is not None:
        wait = shortest_wait(record, len(tries))
        yield ended + wait, ended + wait * 5 // 4


def _instant(said: str) -> int | str | None:
    if not said:
        return None
    try:
        return dues.seconds(datetime.fromisoformat(said))
    except (ValueError, TypeError):
        return said


LAWS = (next_run_is_the_next_instant,)

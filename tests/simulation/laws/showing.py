"""What rows show while they are in service, when nobody has done anything to them for a while."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tests.simulation import dues
from tests.simulation.book import Book, Record
from tests.simulation.laws.breakers import by_action, tripped
from tests.simulation.laws.covered import Covered, at, covered, within
from tests.simulation.laws.retries import shortest_wait
from tests.simulation.machine import MICRO
from tests.simulation.spans import Span, rows_of
from tests.simulation.world import DEFINITIONS, World

LAG = 30
"""Seconds after which a row has surely been told what is new, with many rows and small writes."""

FARTHEST = (2, 12, 70)
"""Days in which the next instant is looked for: few at first."""


RARELY = {action: int(d.at_most_every.total_seconds() * 0.95) for action, d in DEFINITIONS.items() if d.at_most_every is not None}
"""Action → whole seconds that surely lie between two runs of one row: a twentieth of what the operator wants is forgiven."""

Start = tuple[int, int]
"""From when to when something may start: of an occurrence the seconds from its due instant until its jitter is over."""


def next_run_is_the_next_start(world: World, book: Book) -> Iterator[str]:
    """Next Run says when the row starts next, or when something of it begins that waits; of a row that won't run, nothing."""
    now = dues.seconds(world.machine.wall())
    for row in covered(world, book):
        said, span = _cell(row, "Next Run"), row.bench.spans.current(row.key)
        if said is None or span is None or not span.sure or span.known is None:
            continue
        wanted = _coming(row, span, now, book)
        instant = _instant(said)
        if wanted is not None and not _one_of(wanted, instant) and not _begins_then(row, span, instant, now, book):
            shown = ", ".join(f"{at(low)} to {at(high)}" for low, high in wanted[-3:]) or "nothing"
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


def _one_of(wanted: Sequence[Start], instant: int | str | None) -> bool:
    if instant is None:
        return not wanted
    return isinstance(instant, int) and any(low <= instant <= high for low, high in wanted)


def _coming(row: Covered, span: Span, now: int, book: Book) -> Sequence[Start] | None:
    """What Next Run may say: the next start, or one that it was LAG ago; empty for nothing, None where it can't be told."""
    meaning = span.meaning
    if meaning.kind != "time":
        return ()
    put_off = row.key in row.world.snoozed or any(a.key == row.key and a.wish in ("skip next", "snooze") for a in book.asked)
    if isinstance(meaning.dues, int) or put_off:
        return None
    low = now - LAG - meaning.jitter
    if isinstance(meaning.dues, dues.At):
        first, last = meaning.dues.instant, meaning.dues.instant + meaning.jitter
        if first < low and not row.may_wait:
            return ()
        kept_waiting = _dark(row, first) or _dark(row, last) or meaning.action in RARELY
        return None if first <= now or kept_waiting else [(first, last)]
    early, late = _allowed(row, now)
    for days in FARTHEST:
        found = [due for due in meaning.dues.within(low, now + days * dues.DAY) if not _dark(row, due)]
        if ahead := next((due for due in found if due > now and due >= late), None):
            starts = ((due, due + meaning.jitter) for due in found if due <= ahead)
            return [(max(first, early), last) for first, last in starts if last >= early]
    return None


def _allowed(row: Covered, now: int) -> Start:
    """From when on the operator's frequency lets the row start again: as it was LAG ago, and as it is now."""
    rarely = RARELY.get(row.spans[-1].meaning.action, 0)
    starts = [record.started_at // MICRO for record in row.all if record.started_at is not None]
    if not rarely or not starts:
        return 0, 0
    return max((s for s in starts if s < now - LAG), default=-rarely) + rarely, max(starts) + rarely + 2


def _dark(row: Covered, second: int) -> bool:
    return any(row.bench.name in b.tables and within(b, second * MICRO) for b in row.world.operator.blackouts)


def _begins_then(row: Covered, span: Span, instant: int | str | None, now: int, book: Book) -> bool:
    """Whether something may start at that second that waits, or did LAG ago: for an open breaker, or for another attempt."""
    if not isinstance(instant, int):
        return False
    active = [r for r in row.all if r.stage != "ended"]
    begins = [*_ends_of_waits({span.meaning.action, *(r.action for r in active[:1])}, book)]
    if active and not any(r.stage == "running" for r in active):
        begins += _next_attempt(active[0], book)
    begins += [window for record in row.all for window in _begun_since(record, now - LAG, book)]
    return any(low - MICRO < instant * MICRO < high + MICRO for low, high in begins)


def _ends_of_waits(actions: Collection[str], book: Book) -> Iterator[Start]:
    """When the actions' breakers let something start again, in microseconds since 1970."""
    for action in actions:
        for last in (True, False):
            for trip in tripped(by_action(book).get(action, ()), success_last=last):
                yield from ((end, end) for _, end in trip.shut)


def _next_attempt(record: Record, book: Book) -> Iterator[Start]:
    """From when to when it may begin, in microseconds since 1970."""
    tries = book.of_run.get(record.id, [])
    if tries and (ended := tries[-1].ended_at) is not None:
        wait = shortest_wait(record, len(tries))
        yield ended + wait, ended + wait * 5 // 4


def _begun_since(record: Record, since: int, book: Book) -> Iterator[Start]:
    """From when to when those of its further attempts were to begin that have begun since then."""
    for before, after in pairwise(book.of_run.get(record.id, [])):
        if before.ended_at is not None and after.started_at >= since * MICRO:
            wait = shortest_wait(record, before.n)
            yield before.ended_at + wait, before.ended_at + wait * 5 // 4


def _instant(said: str) -> int | str | None:
    if not said:
        return None
    try:
        return dues.seconds(datetime.fromisoformat(said))
    except (ValueError, TypeError):
        return said


LAWS = (next_run_is_the_next_start,)

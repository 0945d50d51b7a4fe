"""What rows show while they are in service, when nobody has done anything to them for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.simulation import dues
from tests.simulation.book import Book
from tests.simulation.laws.ahead import Ahead, Start
from tests.simulation.laws.covered import Covered, at, covered
from tests.simulation.spans import rows_of
from tests.simulation.world import World

LAG = 30
"""Seconds after which a row has surely been told what is new, with many rows and small writes."""

TOLD = 2
"""Seconds after which that is so of a row that rowd has nothing to tell, by its own account."""


def next_run_is_the_next_start(world: World, book: Book) -> Iterator[str]:
    """Next Run says when the row starts next: where something of it waits for another attempt, when that begins; and nothing
    before an open breaker lets it. Of a row that won't run, nothing. Where something is new, what was so a moment ago will do.
    """
    now = dues.seconds(world.machine.wall())
    for row in covered(world, book):
        said, span = _cell(row, "Next Run"), row.bench.spans.current(row.key)
        if said is None or span is None or not span.sure or span.known is None:
            continue
        ahead, instant = Ahead(row, span, now, book), _instant(said)
        if ahead.unclear:
            continue
        settled = ahead.settled(lag := LAG if row.key in world.untold(row.bench.name) else TOLD)
        wanted = ahead.next(lag) if settled else ahead.scheduled(LAG)
        if (
            wanted is None
            or _one_of(wanted, instant)
            or (not settled and instant is not None and _one_of(ahead.waited(LAG), instant))
        ):
            continue
        shown = ", ".join(f"{at(low)} to {at(high)}" for low, high in wanted[-3:]) or "nothing"
        name = f"{row.bench.name}/{row.key} ({span.meaning.text!r}), at {at(now)}"
        yield f"{name}: Next Run says {said!r}, and it ought to say {shown}"


def _cell(row: Covered, column: str) -> str | None:
    """What stands there, where rowd surely knows what does; None where it can't be told."""
    bench, key = row.bench, row.key
    held, grid = None if row.world.held_back else row.world.held(bench.name), bench.sheet.look()
    header, cells = grid.header(column), rows_of(grid).get(key)
    if held is None or key in held or key in bench.sheet.misread or header is None or cells is None:
        return None
    return cells.get(header, "")


def _one_of(wanted: Sequence[Start], instant: int | str | None) -> bool:
    if instant is None:
        return not wanted
    return isinstance(instant, int) and any(low <= instant <= high for low, high in wanted)


def _instant(said: str) -> int | str | None:
    if not said:
        return None
    try:
        return dues.seconds(datetime.fromisoformat(said))
    except (ValueError, TypeError):
        return said


LAWS = (next_run_is_the_next_start,)

"""A table's brakes: so many attempts at once, so many that begin within any hour. That what was braked runs later, others say."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.laws.covered import micros
from tests.simulation.machine import MICRO
from tests.simulation.world import World

HOUR = 3600 * MICRO


def no_table_runs_more_than_it_may(world: World, book: Book) -> Iterator[str]:
    """Never more attempts of a table at once than its `max_parallel`."""
    for table, brake in world.operator.brakes.items():
        if brake.at_once is None:
            continue
        seen = [one for one in world.witness.seen if one.request.table == table]
        steps = [(one.began, 1) for one in seen] + [(one.ended, -1) for one in seen if one.ended is not None]
        running = 0
        for moment, step in sorted(steps):
            running += step
            if running > brake.at_once:
                yield f"{running} attempts of {table} at once at {world.machine.wall(moment)}, {brake.at_once} allowed"
                break


def no_table_starts_more_in_an_hour_than_it_may(world: World, book: Book) -> Iterator[str]:
    """Of as many attempts as may begin within an hour, the next one begins an hour after the first at the earliest."""
    for table, brake in world.operator.brakes.items() if not world.jumpy else ():
        if brake.an_hour is None:
            continue
        began = begun(book, table)
        for first, next_ in zip(began, began[brake.an_hour :], strict=False):
            if next_ - first < HOUR:
                yield f"{brake.an_hour + 1} attempts of {table} began within {(next_ - first) / MICRO} s"


def begun(book: Book, table: str) -> list[int]:
    """When attempts of this table began, by the ledger (microseconds since 1970)."""
    return sorted(one.started_at for one in book.tries if book.by_id[one.run].table == table)


def full(world: World, book: Book, table: str) -> list[tuple[int, int]]:
    """From when to when nothing more of a table might begin, since as much had within an hour."""
    brake = world.operator.brakes.get(table)
    if brake is None or brake.an_hour is None:
        return []
    forgotten = (seen for seen in world.witness.by_place.values() if seen.request.run not in book.by_id)
    began = sorted([*begun(book, table), *(micros(seen.wall) for seen in forgotten if seen.request.table == table)])
    return [(last, first + HOUR) for first, last in zip(began, began[brake.an_hour - 1 :], strict=False) if last < first + HOUR]


LAWS = (no_table_runs_more_than_it_may, no_table_starts_more_in_an_hour_than_it_may)

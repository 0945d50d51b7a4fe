"""Counters: no tick is lost or doubled, and they fire as often as they are full."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.world import World


def counters_add_up(world: World, book: Book) -> Iterator[str]:
    """A counter stands at what people made of it, and ticks, less what its runs took away: no tick is lost or doubled."""
    for bench in world.benches:
        for key, count in bench.person.counts.items():
            row = book.rows.get((bench.name, key))
            spans = bench.spans.by_key.get(key, [])
            if row is None or not count.sure or key in bench.guard.gap_keys or not spans or not all(s.sure for s in spans):
                continue
            ticks = sum(a.amount for a in book.asked if (a.table, a.key, a.wish, a.taken) == (bench.name, key, "tick", 1))
            fires = sum(r.cause == "counter" for r in book.by_row.get((bench.name, key), ()))
            if fires != row.fires:
                yield f"{bench.name}/{key} fired {row.fires} times, and has {fires} occurrences"
            goal = max(s.meaning.goal for s in spans)
            if row.count != count.sum + ticks - fires * goal:
                yield f"{bench.name}/{key} stands at {row.count}, and ought to at {count.sum} + {ticks} ticks - {fires} × {goal}"


LAWS = (counters_add_up,)

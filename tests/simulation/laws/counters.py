"""Counters: no tick is lost or doubled, and they fire as often as they are full."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.laws.covered import micros
from tests.simulation.operator import SPACED
from tests.simulation.world import World


def counters_add_up(world: World, book: Book) -> Iterator[str]:
    """A counter stands at what people made of it, and ticks, less what its runs took away: no tick is lost or doubled."""
    for bench in world.benches:
        for key, count in bench.person.counts.items():
            row = book.rows.get((bench.name, key))
            spans = bench.spans.by_key.get(key, [])
            if row is None or not count.sure or key in bench.guard.overwrote or not spans or not all(s.sure for s in spans):
                continue
            ticks = sum(a.amount for a in book.asked_of[bench.name, key] if (a.wish, a.taken) == ("tick", 1))
            fires = sum(r.count for r in book.by_row.get((bench.name, key), ()) if r.cause == "counter")
            if fires != row.fires:
                yield f"{bench.name}/{key} fired {row.fires} times, and has {fires} occurrences"
            goal = max(s.meaning.goal for s in spans)
            if row.count < -count.taken:
                yield f"{bench.name}/{key} stands at {row.count}, so it fired before it was full"
            if row.count != count.sum + ticks - fires * goal:
                yield f"{bench.name}/{key} stands at {row.count}, and ought to at {count.sum} + {ticks} ticks - {fires} × {goal}"


def full_counters_have_fired(world: World, book: Book) -> Iterator[str]:
    """A counter that was ticked or edited while it is in service stands below its threshold, unless something keeps it back."""
    if world.jumpy or world.operator.blackouts:
        return
    for bench in world.benches:
        held = world.held(bench.name)
        for key, span in ((s.key, s) for s in bench.spans.all if s.ended is None and s.meaning.kind == "counter"):
            row = book.rows.get((bench.name, key))
            records = book.by_row.get((bench.name, key), ())
            kept_back = key in world.snoozed or span.meaning.action in SPACED or any(r.outcome is None for r in records)
            if row is None or not span.sure or span.known is None or held is None or key in held or kept_back:
                continue
            known = micros(span.known)
            ticked = any(
                (a.table, a.key, a.wish, a.taken) == (bench.name, key, "tick", 1) and a.asked_at > known for a in book.asked
            )
            edited = any((e.table, e.key, e.column) == (bench.name, key, "Current") and e.at > known for e in book.edits)
            if (ticked or edited) and row.count >= span.meaning.goal:
                yield f"{bench.name}/{key} stands at {row.count} of {span.meaning.goal}, and did not fire"


LAWS = (counters_add_up,)
IN_SERVICE = (full_counters_have_fired,)

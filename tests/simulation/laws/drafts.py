"""Rows that runs have made: none becomes a task without a person, each is known for what it is, none can be activated too late.

That a table takes no more than so many, those who make them see to at once.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from engine.events import DraftExpired
from tests.simulation.benches import Bench
from tests.simulation.book import Book
from tests.simulation.makers import Draft
from tests.simulation.spans import rows_of
from tests.simulation.witness import Seen
from tests.simulation.world import World


def _sure(world: World) -> Iterator[tuple[Bench, Draft]]:
    """Those that were made, and that nobody has taken for another row, or another for."""
    keys = Counter((draft.table, draft.key) for draft in world.makers.made)
    for draft in world.makers.made:
        bench = next(b for b in world.benches if b.name == draft.table)
        spans = [span for span in bench.spans.by_key.get(draft.key, []) if draft.until is None]  # else none of them is
        strange = draft.key in bench.person.copies.spoiled or draft.key in bench.spans.astray
        if draft.there and keys[draft.table, draft.key] == 1 and not strange and all(span.sure for span in spans):
            yield bench, draft


def _ran(world: World, book: Book) -> dict[tuple[str, str], list[Seen]]:
    found: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for seen in world.witness.seen:
        if (record := book.by_id.get(seen.request.run)) is not None:
            found[record.table, record.key].append(seen)
    return found


def nothing_that_a_run_made_starts_by_itself(world: World, book: Book) -> Iterator[str]:
    """No attempt of such a row begins before a person has put something else than draft into its Status."""
    ran = _ran(world, book)
    for bench, draft in _sure(world):
        typed = bench.person.typed_at
        times = [
            at
            for (key, column, text), those in typed.items()
            for at in those
            if (key, column) == (draft.key, "Status") and text != "draft"
        ]
        for seen in ran.get((draft.table, draft.key), ()):
            if not any(at <= seen.began for at in times):
                yield f"{draft} began at {seen.began}, and nobody had activated it: {times}"


def each_is_known_for_what_it_is(world: World, book: Book) -> Iterator[str]:
    """The ledger knows by which run it was made, once; of a row that a person made it knows no such thing."""
    for bench, draft in _sure(world):
        known = book.rows.get((draft.table, draft.key))
        if draft.key not in rows_of(bench.sheet.look()) or known is None:
            continue
        made = json.loads(known.made) if known.made else None
        if made is None or made["run"] != draft.run:
            yield f"{draft} is known to be made by {made}"
        if any((one.table, one.name if one.key is None else one.key) == (draft.table, draft.key) for one in book.announced):
            yield f"{draft} stands in the table, and is announced still"
    by_runs = {(draft.table, draft.key) for draft in world.makers.made}
    named = {name for draft in world.makers.made for name in (draft.key, draft.key.replace("made-", "task "))}
    for place, known in book.rows.items():
        said = json.loads(known.cells).get("Name") if known.made else None
        if known.made and place not in by_runs and said not in named and "copy_row" not in _done(world, place[0]):
            yield f"{place} is known to be made by {known.made}, and no run has made it"


def _done(world: World, table: str) -> dict[str, int]:
    return next(b for b in world.benches if b.name == table).person.done


def an_expired_one_starts_no_more(world: World, book: Book) -> Iterator[str]:
    """It is told once that one has expired, not before its time; from then on nothing of it starts."""
    told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in world.heard:
        if isinstance(one.event, DraftExpired):
            told[one.event.table, one.event.key].append(one.moment)
    ran = _ran(world, book)
    for _, draft in _sure(world) if not world.jumpy else ():
        moments = told.get((draft.table, draft.key), [])
        if len(moments) > 1:
            yield f"{draft}: told {len(moments)} times that it has expired"
        for moment in moments[:1]:
            if draft.until is None or world.machine.wall(moment) < draft.until:
                yield f"{draft}: told at {world.machine.wall(moment)} that it has expired"
            yield from (f"{draft} began at {s.wall}, and had expired" for s in ran[draft.table, draft.key] if s.began > moment)


LAWS = (nothing_that_a_run_made_starts_by_itself, each_is_known_for_what_it_is, an_expired_one_starts_no_more)

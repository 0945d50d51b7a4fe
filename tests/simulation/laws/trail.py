"""The audit trail holds, whatever was killed when, and tells of everything that the ledger knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from engine.ledger import Ledger
from engine.trail import Deed, Kind, deeds_of
from tests.simulation.book import Book
from tests.simulation.world import World


def the_trail_holds(world: World, book: Book) -> Iterator[str]:
    """Each record is as it was written, and follows on the one before it; none is missing."""
    with closing(Ledger.open(world.ledger_path)) as ledger:
        verdict = ledger.examine_trail()
    if verdict.broken is not None:
        yield f"the trail is broken at {verdict.broken.n}: {verdict.broken.why}"


def every_attempt_and_edit_is_a_deed(world: World, book: Book) -> Iterator[str]:
    """Each attempt that the ledger knows has begun once in the trail; each edit stands there once; so do the ends of claims."""
    deeds = _deeds(world)
    pruned = any(deed.kind == Kind.TRAIL_PRUNED for deed in deeds)
    if pruned:
        return
    begun = Counter((deed.run, int(str(deed.what.get("attempt", 1)))) for deed in deeds if deed.kind == Kind.RUN_BEGUN)
    for attempt, number in begun.items():
        if number > 1:
            yield f"{attempt} has begun {number} times in the trail"
    for known in book.tries:
        if (known.run, known.n) not in begun:
            yield f"attempt {known.n} of {known.run} is no deed"
    edited = Counter((d.table, d.key, d.what["column"]) for d in deeds if d.kind == Kind.ROW_EDITED)
    noted = Counter((e.table, e.key, e.column) for e in book.edits)
    if edited != noted:
        yield f"edits are {noted - edited} more than deeds, and {edited - noted} less"
    over = {deed.run for deed in deeds if deed.kind == Kind.RUN_ENDED}
    for record in book.records:
        if record.ran and record.outcome is not None and record.id not in over:
            yield f"the end of {record.id} is no deed: {record.outcome}"


def _deeds(world: World) -> list[Deed]:
    with closing(Ledger.open(world.ledger_path)) as ledger:
        return [deed for record in ledger.trail() for deed in deeds_of(record)]


LAWS = (the_trail_holds, every_attempt_and_edit_is_a_deed)

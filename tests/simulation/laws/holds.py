"""What rowd waits with because of how its table or its row stands: nothing of it starts meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.laws.covered import covered
from tests.simulation.machine import MICRO
from tests.simulation.stretches import Kept
from tests.simulation.world import World

RUNS_ON = 15 * 60 * MICRO
"""For how long a table that needs its owner runs on as it was last read."""


def nothing_starts_that_is_held(world: World, book: Book) -> Iterator[str]:
    """Nothing is claimed or begun of a row that is missing or can't be told, nor of a table that is held or locked for long.

    A hold is over with the turn that learns of it: what that turn claims bears its instant, though it is durable a little later.
    """
    start = world.machine.origin
    for row in covered(world, book) if not world.jumpy else ():
        for (why, key), stretches in row.bench.spans.kept.over.items():
            if key not in ("", row.key):
                continue
            for begun, ended in stretches:
                low, high = start + begun + (RUNS_ON + MICRO if why is Kept.LOCKED else 0), start + ended
                for record in row.all if low < high else ():
                    starts = [record.claimed_at] if record.ran else []
                    for at in (*starts, *(t.started_at for t in book.of_run[record.id])):
                        if low < at < high:
                            yield f"{row.bench.name}/{row.key}: {record.trigger} was claimed or begun, though {why}"


LAWS = (nothing_starts_that_is_held,)

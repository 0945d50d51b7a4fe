"""How often a run is tried."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.world import World


def attempts_follow_the_rules(world: World, book: Book) -> Iterator[str]:
    """Attempts stay within the allowed number; each further one follows a recorded failure, or a loss where repeatable."""
    for run, tries in book.of_run.items():
        record = book.by_id[run]
        if [t.n for t in tries] != list(range(1, len(tries) + 1)) or len(tries) > record.attempts:
            yield f"{run} has the attempts {[t.n for t in tries]} of {record.attempts}"
        for before in tries[:-1]:
            allowed = ("failed", "timed out", "lost") if record.repeatable else ("failed", "timed out")
            if before.outcome not in allowed:
                yield f"{run} was tried again after attempt {before.n} {before.outcome}"


LAWS = (attempts_follow_the_rules,)

"""A row that somebody writes in is left to settle."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.machine import MICRO
from tests.simulation.spans import EVENTFUL
from tests.simulation.world import World

SETTLE = 2 * MICRO

KNOWN = frozenset(
    {
        *("ID", "Name", "Description", "Type", "Action", "Schedule", "Current", "Threshold", "Status", "Do", "Metadata"),
        *("Time Zone", "Catch Up", "Overlap", "Timeout", "Attempts", "Priority", "Jitter"),
        *EVENTFUL,
    }
)


def a_row_settles_before_it_runs(world: World, book: Book) -> Iterator[str]:
    """For two seconds after an edit of a column that rowd knows was read, and after it first saw the row, nothing of it starts."""
    if world.jumpy:
        return
    changed: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for edit in book.edits:
        if edit.by == "person" and edit.column in KNOWN:
            changed[edit.table, edit.key].append(edit.at)
    for place, known in book.rows.items():
        changed[place].append(known.first_seen)
    for place, instants in changed.items():
        instants.sort()
        for record in book.by_row.get(place, ()):
            starts = [record.claimed_at] if record.ran else []
            for start in (*starts, *(t.started_at for t in book.of_run[record.id])):
                number = bisect_right(instants, start - 1)  # at the very instant of the edit it may have started before
                if number and start - instants[number - 1] < SETTLE:
                    since = (start - instants[number - 1]) / MICRO
                    yield f"{place}: {record.trigger} was claimed or begun {since} s after the row was changed"


LAWS = (a_row_settles_before_it_runs,)

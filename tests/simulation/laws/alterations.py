"""What people do to rows is noted where it is seen, for sources of tables: each edit once, and none left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from engine.columns import OURS, SHARED
from tests.simulation.book import Altered, Book
from tests.simulation.world import World


def each_edit_is_noted_once(world: World, book: Book) -> Iterator[str]:
    """Every edit of a person's own cell that the ledger holds has its one note there; there is no note besides. A row that is put
    back after it was deleted is added anew, whatever it says by then: what is different then is no edit of its own.
    """
    gone = {(a.table, a.id) for a in book.altered if a.change == "deleted"}
    theirs = Counter(
        (e.table, e.key, e.column, e.new or "")
        for e in book.edits
        if e.by == "person" and e.column not in OURS and e.column not in SHARED and e.column != "ID"
    )
    noted = Counter((a.table, a.id, a.column, a.new) for a in book.altered if a.change == "edited")
    for place in theirs.keys() | noted.keys():
        if theirs[place] < noted[place] or (theirs[place] > noted[place] and place[:2] not in gone):
            yield f"{place} was edited {theirs[place]} times, and noted {noted[place]} times"


def notes_of_a_cell_are_a_chain(world: World, book: Book) -> Iterator[str]:
    """Each note of a cell begins with what the one before has left there, as long as the row was there."""
    of_row: defaultdict[tuple[str, str], list[Altered]] = defaultdict(list)
    for one in book.altered:
        of_row[one.table, one.id].append(one)
    for place, those in of_row.items():
        of_cell: defaultdict[str, list[Altered]] = defaultdict(list)
        for one in those:
            if one.change != "edited":
                of_cell.clear()
                continue
            of_cell[one.column].append(one)
            for before, after in pairwise(of_cell[one.column][-2:]):
                if before.new != after.old:
                    yield f"{place}: {one.column} came to {before.new!r} by note {before.n}, and by {after.n} was {after.old!r}"


def rows_come_and_go_in_turn(world: World, book: Book) -> Iterator[str]:
    """No row is noted to have gone twice, or to have come twice, without the other in between."""
    last: dict[tuple[str, str], Altered] = {}
    for one in book.altered:
        before = last.get((one.table, one.id))
        if one.change != "edited":
            if before is not None and before.change == one.change:
                yield f"{one.table}/{one.id} was {one.change} by the notes {before.n} and {one.n}"
            last[one.table, one.id] = one


LAWS = (each_edit_is_noted_once, notes_of_a_cell_are_a_chain, rows_come_and_go_in_turn)

"""Which row of one table is which of another, and which column. Pure.

Rows are known as pairs from the last time, else by their IDs, else by their Names. Where that doesn't suffice, nothing is guessed:
the row is told, and stays alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from config.mistakes import first_of
from connectors.api import BEYOND, PROVISIONAL, Cell, Row, fold
from engine.cells import alike, quoted, text
from engine.columns import OURS, SHARED, Column
from engine.identity import id_of
from engine.layout import Layout

Cells = Mapping[str, Cell]
"""Cells of one row: name of a column → value. Names are the same in both tables: see `Side`."""


class Side(Struct, frozen=True):
    """One of two tables, as it was read completely.

    headers: name of a column → its header here. A column that rowd knows has its canonical name, a stranger its header folded, in
        brackets: so it has the same name in either table. Of two strangers that would have one name, neither has any.
    rows: key → cells by name, in table order.
    ids: whether an ID means the same here as in another table: it can be put, or is what rows are known by.
    mints: whether a new row needs an ID.
    """

    table: str
    headers: Mapping[str, str]
    rows: Mapping[str, Cells]
    ids: bool = False
    mints: bool = False

    @classmethod
    def of(cls, table: str, layout: Layout, rows: Iterable[Row], *, ids: bool, mints: bool) -> Side:
        """A complete read."""
        names = {header: _name(layout, header, key) for header, key in layout.keys if header != BEYOND}
        borne = Counter(names.values())
        headers = {name: header for header, name in names.items() if borne[name] == 1}
        found = {row.key: {name: row.cells[header] for name, header in headers.items() if header in row.cells} for row in rows}
        return cls(table, headers, found, ids=ids and Column.ID in headers, mints=mints)

    def cells(self, cells: Mapping[str, Cell]) -> dict[str, Cell]:
        """A row's cells by header, as the store gives them, by the names of their columns."""
        return {name: cells[header] for name, header in self.headers.items() if header in cells}

    def under_headers(self, cells: Cells) -> dict[str, Cell]:
        """Cells by name as this store wants them: by header. What has no column here is left out."""
        return {self.headers[name]: value for name, value in cells.items() if name in self.headers}

    def called(self, key: str) -> str:
        """The row for a person: its Name, else its ID."""
        return called(self.rows.get(key, {}), key)


def _name(layout: Layout, header: str, key: str) -> str:
    return key if any(header == known for known in layout.headers.values()) else f"({fold(header)})"


def called(cells: Cells, key: str) -> str:
    """A row for a person: its Name, else its ID, else how its store knows it."""
    return text(cells.get(Column.NAME)) or id_of(cells.get(Column.ID)) or key


class Pair(Struct, frozen=True):
    """One row in two tables.

    one, other: its keys.   base_one, base_other: what either store gave back of it after the last sync, by column; a column that
    is missing there has never been synced.
    """

    one: str
    other: str
    base_one: Cells
    base_other: Cells


class Alone(Struct, frozen=True):
    """A row that the other table doesn't have, and that can't be made there.   why: with the remedy."""

    key: str
    name: str
    why: str


class Pairing(Struct, frozen=True):
    """The rows of two tables, told apart.

    pairs: in the order of the one, with the bases that are known; both rows are there.   halves: known pairs, of which one row is
        gone.   gone: known pairs, of which both are.
    ones, others: keys of rows that the other table doesn't have, in table order.
    unclear: rows of the one, and of the other, that can't be told, or can't be made.
    """

    pairs: tuple[Pair, ...]
    halves: tuple[Pair, ...]
    gone: tuple[Pair, ...]
    ones: tuple[str, ...]
    others: tuple[str, ...]
    unclear: tuple[tuple[Alone, ...], tuple[Alone, ...]]


def paired(one: Side, other: Side, known: Sequence[Pair] = ()) -> Pairing:
    """Settle which rows are the same.   known: each key of either side at most once."""
    whole = [pair for pair in known if pair.one in one.rows and pair.other in other.rows]
    parted = [pair for pair in known if (pair.one in one.rows) != (pair.other in other.rows)]
    of_one, of_other = {pair.one: pair for pair in parted}, {pair.other: pair for pair in parted}
    bound_one, bound_other = {pair.one: pair.other for pair in whole}, {pair.other for pair in whole}
    found = {pair.one: pair for pair in whole}
    told: list[Callable[[Cells], str | None]] = [_named]
    if one.ids and other.ids:
        told.insert(0, _identified)
    for way in told:  # by ID first, where that means the same in both
        theirs = _bearers(other, way)
        for mark, key in _bearers(one, way).items():
            match = theirs.get(mark)
            if match is None or key in bound_one or match in bound_other:
                continue
            bound_one[key] = match
            bound_other.add(match)
            before = of_one.get(key) or of_other.get(match)  # its key was changed on one side: it is the row that it was
            found[key] = Pair(key, match, before.base_one, before.base_other) if before else Pair(key, match, {}, {})
    left = tuple(pair for pair in parted if pair.one not in found and pair.other not in bound_other)
    waits_one, waits_other = {pair.one for pair in left}, {pair.other for pair in left}
    ones, unclear_one = _alone(one, other, {*bound_one, *waits_one})
    others, unclear_other = _alone(other, one, {*bound_other, *waits_other})
    return Pairing(
        pairs=tuple(found[key] for key in one.rows if key in found),
        halves=left,
        gone=tuple(pair for pair in known if pair.one not in one.rows and pair.other not in other.rows),
        ones=ones,
        others=others,
        unclear=(unclear_one, unclear_other),
    )


def _identified(cells: Cells) -> str | None:
    return id_of(cells.get(Column.ID))


def _named(cells: Cells) -> str | None:
    name = text(cells.get(Column.NAME))
    return alike(name) if name is not None else None


def _bearers(side: Side, mark: Callable[[Cells], str | None]) -> dict[str, str]:
    """Mark → key of the only row that bears it."""
    marks = {key: mark(cells) for key, cells in side.rows.items()}
    number = Counter(marks.values())
    return {said: key for key, said in marks.items() if said is not None and number[said] == 1}


def _alone(here: Side, there: Side, bound: set[str]) -> tuple[tuple[str, ...], tuple[Alone, ...]]:
    """Keys of rows that are to be made there, and rows that can't be."""
    names = Counter(map(_named, here.rows.values()))
    ids = Counter(map(_identified, here.rows.values()))
    bearers, taken = _bearing(here), _bearing(there)
    free: list[str] = []
    unclear: list[Alone] = []
    for number, (key, cells) in enumerate(here.rows.items(), 1):
        if key in bound or not _says_something(cells):
            continue
        name, id_ = _named(cells), _identified(cells)
        why = None
        if name is None:
            why = "it has no Name; give it one"
        elif names[name] > 1:
            there_too = f", and {first_of(taken[name])} of {there.table}" if name in taken else ""
            why = f"{names[name]} rows of {here.table} have this Name: {first_of(bearers[name])}{there_too}; give each another"
        elif here.ids and id_ is not None and ids[id_] > 1:
            why = f"{ids[id_]} rows of {here.table} have the ID {quoted(id_)}; clear it in the copies"
        elif name in taken:
            ours = f"{_place(number, key, cells)} of {here.table}"
            why = f"{there.table} has another row of this Name, {first_of(taken[name])}, than {ours}; rename one of them"
        if why is None:
            free.append(key)
        else:
            unclear.append(Alone(key, called(cells, key), why))
    return tuple(free), tuple(unclear)


def _bearing(side: Side) -> dict[str, list[str]]:
    """Name → where its rows stand."""
    found: dict[str, list[str]] = {}
    for number, (key, cells) in enumerate(side.rows.items(), 1):
        if (name := _named(cells)) is not None:
            found.setdefault(name, []).append(_place(number, key, cells))
    return found


def _place(number: int, key: str, cells: Cells) -> str:
    """Where a row stands, for a person: `row 3 (ID 17)`, counted below the headers."""
    known = id_of(cells.get(Column.ID)) or (key if not key.startswith(PROVISIONAL) else None)
    return f"row {number}" + (f" (ID {known})" if known is not None else "")


_TYPED = frozenset(map(str, Column)) - frozenset(map(str, OURS)) - {str(Column.DO)}


def _says_something(cells: Cells) -> bool:
    """Whether a person began a row here. Strangers don't count: formulas and boxes often reach far below the last row."""
    return any(text(cells.get(c)) is not None and cells[c] is not False for c in _TYPED & cells.keys())


# --- columns


def common(one: Side, other: Side) -> list[str]:
    """Columns that are carried, in the order of the one: not the ID, by which rows are known, nor Do, a button of its own table."""
    return [name for name in one.headers if name in other.headers and name not in NOT_CARRIED]


NOT_CARRIED = frozenset({str(Column.ID), str(Column.DO)})
ROWDS = frozenset(map(str, OURS))
BLANK_MEANS_SOMETHING = frozenset(map(str, SHARED))
"""A blank Status is active, a blank Current is 0."""


def lacking(rows: Iterable[Cells], here: Side, there: Side) -> dict[str, list[str]]:
    """Columns that the other table lacks, and in which these rows say something: name → the rows. Not those of rowd alone."""
    found: dict[str, list[str]] = {}
    names = [name for name in here.headers if name not in there.headers and name not in NOT_CARRIED | ROWDS]
    for cells in rows:
        for name in names:
            if text(cells.get(name)) is not None and cells[name] is not False:
                found.setdefault(name, []).append(called(cells, ""))
    return found


def known(name: str) -> bool:
    """Whether a column of this name is one that rowd knows; any other is a stranger."""
    return name in _KNOWN


_KNOWN = frozenset(map(str, Column))


def made_of(
    keys: Sequence[str], here: Side, there: Side, *, rowds: bool, draw: Callable[[], str]
) -> list[tuple[str, dict[str, Cell]]]:
    """Rows that are to be made there: (key of the row here, cells): what both have a column for, and an ID.

    rowds: with the columns that only rowd writes.   draw: a short random id, at each call another.
    """
    names = [name for name in common(here, there) if rowds or name not in ROWDS]
    taken = {_identified(cells) for cells in there.rows.values()}
    own = {_identified(here.rows[key]) for key in keys}
    made = []
    for key in keys:
        cells = here.rows[key]
        row = {name: cells[name] for name in names if cells.get(name) is not None}
        if Column.ID in there.headers and (there.ids or there.mints):
            id_ = _identified(cells)
            if id_ is None or id_ in taken:
                id_ = _fresh(taken | own, draw) if there.mints else None
            if id_ is not None:
                row[str(Column.ID)] = id_
                taken.add(id_)
        made.append((key, row))
    return made


def _fresh(taken: set[str | None], draw: Callable[[], str]) -> str:
    while (drawn := draw()) in taken:
        pass
    return drawn

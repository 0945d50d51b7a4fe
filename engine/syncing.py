"""Two tables held against each other, three ways: what either says now, and what both said after the last sync. Pure.

The base is kept for each side, as its store gave it back: a date column drops the time, a number column makes 7 of "7", a checkbox
is never blank. So a cell has changed only where it is not what its own store said last: a sync right after one has nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from connectors.api import Cell
from engine.identity import HELD_FROM, HELD_SHARE
from engine.likeness import identical, nearly, says_the_same
from engine.pairing import BLANK_MEANS_SOMETHING, ROWDS, Alone, Cells, Pair, Pairing, Side, common

Which = Literal[0, 1]
"""Of two tables: the one, or the other."""

SIDES: tuple[Which, Which] = (0, 1)


class Put(Struct, frozen=True):
    """Cells to put into one row of a side, by column, as the other side has them.   instead: what stands there, as it was read."""

    pair: Pair
    side: Which
    cells: Cells
    instead: Cells

    @property
    def key(self) -> str:
        """Of the row that they are put into."""
        return self.pair.one if self.side == 0 else self.pair.other


class Conflict(Struct, frozen=True):
    """Both sides changed one cell, otherwise. Nothing is written of it.

    column: None where one side changed the row and the other removed it.   values: of the two sides; of a removed row None.
    base: what both said before; None also where that isn't known.   known: whether it is: the cell was synced before.
    """

    pair: Pair
    column: str | None
    values: tuple[Cell, Cell]
    base: Cell
    known: bool


class Removal(Struct, frozen=True):
    """A row that one side removed and the other left as it was.   side: where it still stands."""

    pair: Pair
    side: Which


class SyncPlan(Struct, frozen=True):
    """What there is to do.

    settled: pairs whose bases are to be remembered so, whatever else is done.   forgotten: pairs that are none any more.
    puts: at most one for each row of a side.   creates: (side where a row is to be made, key of the row on the other).
    removals: rows to be removed; where that isn't wanted they are told.
    """

    settled: tuple[Pair, ...] = ()
    forgotten: tuple[Pair, ...] = ()
    puts: tuple[Put, ...] = ()
    creates: tuple[tuple[Which, str], ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    removals: tuple[Removal, ...] = ()
    unclear: tuple[tuple[Alone, ...], tuple[Alone, ...]] = field(default=((), ()))


class Torn(Exception):
    """A side was read in a way that nobody may act upon: too much of it is gone. With the remedy."""


def planned(one: Side, other: Side, pairing: Pairing, *, served: Which | None = None, prefer: Which | None = None) -> SyncPlan:
    """What is to be done so that both say the same.

    served: the side whose rows run: the columns that only rowd writes flow from it; None where neither does.
    prefer: the side that is right where both changed.   Raises Torn.
    """
    _whole((one, other), pairing)
    columns = common(one, other)
    settled: list[Pair] = []
    puts: list[Put] = []
    conflicts: list[Conflict] = []
    for pair in pairing.pairs:
        rows = (one.rows[pair.one], other.rows[pair.other])
        judged = _Judged(pair, rows, columns, served, prefer)
        settled.append(judged.settled)
        puts += judged.puts
        conflicts += judged.conflicts
    creates: list[tuple[Which, str]] = [(1, key) for key in pairing.ones]
    creates += [(0, key) for key in pairing.others]
    removals: list[Removal] = []
    forgotten = list(pairing.gone)
    for pair in pairing.halves:
        side: Which = 0 if pair.one in one.rows else 1
        cells, base = (one.rows[pair.one], pair.base_one) if side == 0 else (other.rows[pair.other], pair.base_other)
        carried = [c for c in columns if c not in ROWDS]
        if all(c not in base or identical(cells.get(c), base[c]) for c in carried) or (prefer is not None and prefer != side):
            removals.append(Removal(pair, side))
        elif prefer == side:
            forgotten.append(pair)
            creates.append((1, pair.one) if side == 0 else (0, pair.other))
        else:
            conflicts.append(Conflict(pair, None, (None, None), None, known=True))
    return SyncPlan(
        tuple(settled), tuple(forgotten), tuple(puts), tuple(creates), tuple(conflicts), tuple(removals), pairing.unclear
    )


def _whole(sides: tuple[Side, Side], pairing: Pairing) -> None:
    before = len(pairing.pairs) + len(pairing.halves)
    for side, keys in zip(sides, ([p.one for p in pairing.halves], [p.other for p in pairing.halves]), strict=True):
        missing = sum(key not in side.rows for key in keys)
        if missing >= HELD_FROM and missing > HELD_SHARE * before:
            raise Torn(
                f"{side.table}: {missing} of the {before} rows that were synced last are gone at once, so nothing is done. Put them"
                " back; if you mean it, remove them from the other table, too, or begin anew with --anew"
            )


class _Judged:
    """One pair, column by column."""

    def __init__(
        self, pair: Pair, rows: tuple[Cells, Cells], columns: Sequence[str], served: Which | None, prefer: Which | None
    ) -> None:
        self._pair, self._rows = pair, rows
        self._bases: tuple[dict[str, Cell], dict[str, Cell]] = ({}, {})  # of columns that both have: others are forgotten
        self._put: tuple[dict[str, Cell], dict[str, Cell]] = ({}, {})
        self.conflicts: list[Conflict] = []
        for column in columns:
            self._kept(column)
            if column in ROWDS:
                if served is not None:
                    self._flows(column, served)
            else:
                self._merged(column, prefer)

    @property
    def settled(self) -> Pair:
        return replace(self._pair, base_one=self._bases[0], base_other=self._bases[1])

    @property
    def puts(self) -> list[Put]:
        return [
            Put(self.settled, side, self._put[side], {c: self._rows[side].get(c) for c in self._put[side]})
            for side in SIDES
            if self._put[side]
        ]

    def _kept(self, column: str) -> None:
        if column in self._pair.base_one and column in self._pair.base_other:
            self._bases[0][column] = self._pair.base_one[column]
            self._bases[1][column] = self._pair.base_other[column]

    def _changed(self, side: Which, column: str) -> bool:
        return not identical(self._rows[side].get(column), self._bases[side][column])

    def _settle(self, column: str) -> None:
        for side in SIDES:
            self._bases[side][column] = self._rows[side].get(column)

    def _into(self, side: Which, column: str) -> None:
        self._put[side][column] = self._rows[1 - side].get(column)

    def _flows(self, column: str, served: Which) -> None:
        ours, theirs = (row.get(column) for row in (self._rows[served], self._rows[1 - served]))
        if column in self._bases[0] and not self._changed(0, column) and not self._changed(1, column):
            return
        if says_the_same(ours, theirs) or (column not in self._bases[0] and nearly(column, ours, theirs)):
            self._settle(column)
        else:
            self._into(_opposite(served), column)

    def _merged(self, column: str, prefer: Which | None) -> None:
        one, other = (row.get(column) for row in self._rows)
        if column not in self._bases[0]:
            if nearly(column, one, other):
                self._settle(column)
            elif column not in BLANK_MEANS_SOMETHING and (one is None or other is None):  # nobody has said anything else
                self._into(0 if one is None else 1, column)
            else:
                self._clash(column, prefer)
            return
        changed = (self._changed(0, column), self._changed(1, column))
        if not any(changed):
            return
        if says_the_same(one, other) or (all(changed) and nearly(column, one, other)):
            self._settle(column)
        elif not all(changed):
            self._into(1 if changed[0] else 0, column)
        else:
            self._clash(column, prefer)

    def _clash(self, column: str, prefer: Which | None) -> None:
        if prefer is not None:
            self._into(_opposite(prefer), column)
        else:
            values = (self._rows[0].get(column), self._rows[1].get(column))
            bases = self._bases[0]
            self.conflicts.append(Conflict(self._pair, column, values, bases.get(column), known=column in bases))


def _opposite(side: Which) -> Which:
    return 1 if side == 0 else 0


def told(pair: Pair, put: Put, back: Cells, unfit: Iterable[str] = ()) -> Pair:
    """The pair once a put was carried out.   back: what its store gave back.   unfit: columns that it could not be put into."""
    carried = [c for c in put.cells if c not in set(unfit)]
    sources, targets = {c: put.cells[c] for c in carried}, {c: back.get(c) for c in carried}
    one, other = (targets, sources) if put.side == 0 else (sources, targets)
    return replace(pair, base_one={**pair.base_one, **one}, base_other={**pair.base_other, **other})


def met(one: str, other: str, cells_one: Cells, cells_other: Cells, columns: Iterable[str]) -> Pair:
    """A pair of which one row was just made of the other: what either says now is what both say."""
    columns = list(columns)
    return Pair(one, other, {c: cells_one.get(c) for c in columns}, {c: cells_other.get(c) for c in columns})

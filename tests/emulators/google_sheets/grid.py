"""A tab: rows and columns that keep who they are when they move, with cells that are replaced, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from tests.emulators.core.exchange import Json

ROWS, COLUMNS = 1000, 26
"""A new tab's (gspread's recordings: every new spreadsheet)."""
ROW_HEIGHT, COLUMN_WIDTH = 21, 100
MOST_COLUMNS = 18_278
MOST_CELLS = 10_000_000
NO_FORMAT: Mapping[str, Json] = MappingProxyType({})


class Formula(NamedTuple):
    """With its leading `=`."""

    text: str


class Failure(NamedTuple):
    """What a formula comes to that can't be computed.   kind: as the API's ErrorValue has it.   text: what the cell shows."""

    kind: str
    text: str
    message: str


Entered = bool | float | str | Formula
Value = bool | float | str | Failure


@dataclass(frozen=True, slots=True)
class Cell:
    """entered: None for an empty one.   format: the API's CellFormat.   note: "" for none.   rule: the API's DataValidationRule."""

    entered: Entered | None = None
    format: Mapping[str, Json] = field(default_factory=lambda: NO_FORMAT)
    note: str = ""
    rule: Json = None

    @property
    def bare(self) -> bool:
        """Whether it is as good as no cell."""
        return self.entered is None and not self.format and not self.note and self.rule is None


EMPTY = Cell()


@dataclass(eq=False, slots=True)
class Row:
    """cells: as far as there are any."""

    cells: list[Cell] = field(default_factory=list)
    size: int = ROW_HEIGHT
    hidden: bool = False


@dataclass(eq=False, slots=True)
class Column:
    size: int = COLUMN_WIDTH
    hidden: bool = False


class Area(NamedTuple):
    """A rectangle of cells, half open, from 0."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row < self.bottom and self.left <= column < self.right

    def meets(self, other: Area) -> bool:
        return self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right

    def within(self, other: Area) -> bool:
        return other.top <= self.top and self.bottom <= other.bottom and other.left <= self.left and self.right <= other.right


@dataclass(eq=False)
class Sheet:
    """One tab.

    properties: what the API calls SheetProperties, but for sheetId, title, index and the size of the grid.
    parts: merges, basicFilter, protectedRanges, conditionalFormats, tables, rowGroups, columnGroups: as the API has them.
    """

    id: int
    title: str
    rows: list[Row]
    columns: list[Column]
    properties: dict[str, Json] = field(default_factory=dict)
    parts: dict[str, Json] = field(default_factory=dict)

    @classmethod
    def blank(cls, number: int, title: str, rows: int = ROWS, columns: int = COLUMNS) -> Sheet:
        return cls(number, title, [Row() for _ in range(rows)], [Column() for _ in range(columns)])

    @property
    def height(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def whole(self) -> Area:
        return Area(0, self.height, 0, self.width)

    def cell(self, row: int, column: int) -> Cell:
        cells = self.rows[row].cells if row < len(self.rows) else []
        return cells[column] if column < len(cells) else EMPTY

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Within the grid."""
        cells = self.rows[row].cells
        if column >= len(cells):
            if cell.bare:
                return
            cells.extend([EMPTY] * (column + 1 - len(cells)))
        cells[column] = cell

    def change(self, area: Area, how: Callable[[Cell], Cell]) -> None:
        for row in range(area.top, area.bottom):
            for column in range(area.left, area.right):
                self.put(row, column, how(self.cell(row, column)))

    def filled(self, row: int, column: int) -> bool:
        return 0 <= row < self.height and self.cell(row, column).entered is not None

    def filled_width(self, row: int) -> int:
        """How many cells of a row there are up to the last that isn't empty."""
        cells = self.rows[row].cells
        width = len(cells)
        while width and cells[width - 1].entered is None:
            width -= 1
        return width

    def last_filled_row(self) -> int:
        """How many rows there are up to the last that isn't empty."""
        height = self.height
        while height and not self.filled_width(height - 1):
            height -= 1
        return height

    def insert(self, rows: bool, at: int, count: int) -> None:
        """Empty ones, before the one at `at`."""
        if rows:
            self.rows[at:at] = [Row() for _ in range(count)]
            return
        self.columns[at:at] = [Column() for _ in range(count)]
        for row in self.rows:
            if len(row.cells) > at:
                row.cells[at:at] = [EMPTY] * count

    def delete(self, rows: bool, start: int, end: int) -> None:
        if rows:
            del self.rows[start:end]
            return
        del self.columns[start:end]
        for row in self.rows:
            del row.cells[start:end]

    def move(self, rows: bool, start: int, end: int, to: int) -> None:
        """to: where they go, counted before they are taken out; not within them."""
        if rows:
            self.rows[:] = moved(self.rows, start, end, to)
            return
        self.columns[:] = moved(self.columns, start, end, to)
        reach = max(end, to)
        for row in self.rows:
            if len(row.cells) > min(start, to):
                row.cells.extend([EMPTY] * (reach - len(row.cells)))
                row.cells[:] = moved(row.cells, start, end, to)

    def resize(self, height: int, width: int) -> None:
        """Cut off, or grown, at the end."""
        if height > self.height:
            self.insert(True, self.height, height - self.height)
        self.delete(True, height, self.height)
        if width > self.width:
            self.insert(False, self.width, width - self.width)
        self.delete(False, width, self.width)

    def like(self, number: int, title: str) -> Sheet:
        """A copy: values, formats, notes and rules, but rows and columns of its own."""
        rows = [Row(list(row.cells), row.size, row.hidden) for row in self.rows]
        columns = [Column(column.size, column.hidden) for column in self.columns]
        return Sheet(number, title, rows, columns, deepcopy(self.properties), deepcopy(self.parts))


T = TypeVar("T")


def moved(lines: Sequence[T], start: int, end: int, to: int) -> list[T]:
    """The same lines in another order: `start` to `end` stand before what stood at `to`."""
    taken = list(lines[start:end])
    if to <= start:
        return [*lines[:to], *taken, *lines[to:start], *lines[end:]]
    return [*lines[:start], *lines[end:to], *taken, *lines[to:]]


def places(lines: Iterable[T]) -> dict[T, int]:
    """Where each of them stands."""
    return {line: index for index, line in enumerate(lines)}

"""What `spreadsheets.get` says of one tab, seen as rows: which line is which row, under which key, with which cells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell, Lease, Page, Place, Row, fold
from connectors.errors import NoHeader
from connectors.google_sheets.cells import NOTHING, Raw, Stood, cell_of, stood
from connectors.headers import columns_of, key_columns, position_of
from connectors.identity import flawless, told_apart
from connectors.leases import lease_of
from connectors.zones import zone_of

LEASE = "rowd"
"""The key of the developer metadata that a tab bears for each lease; its value is the lease's line."""

HANDLE = "r"
"""The key of the developer metadata that marks a row. One letter and no value: keys and values of a tab together may have 30,000
characters (Google's guide to developer metadata), so 30,000 rows can be marked."""

MASK = (
    "properties(timeZone),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)),merges,"
    "data(startRow,startColumn,rowData(values(effectiveValue,userEnteredValue(formulaValue),effectiveFormat(numberFormat(type)))),"
    "rowMetadata(developerMetadata(metadataId,metadataKey))),developerMetadata(metadataId,metadataKey,metadataValue))"
)
"""The parts of a Spreadsheet that `grid` wants, in one answer: cells, their formats and formulas, merges, metadata, zone, size."""

BEYOND = 10_000_000
"""The end of a range that doesn't say any: that of the tab, and what may come to be beyond it."""


class Area(NamedTuple):
    """Cells from (top, left) on, without the lines from `bottom` and the columns from `right` on; all from 0."""

    top: int
    bottom: int
    left: int
    right: int

    def meets(self, other: Area) -> bool:
        return self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right

    def holds(self, other: Area) -> bool:
        return self.top <= other.top and other.bottom <= self.bottom and self.left <= other.left and other.right <= self.right


def area_of(given: Mapping[str, Any]) -> Area:
    """A GridRange."""
    return Area(
        given.get("startRowIndex", 0),
        given.get("endRowIndex", BEYOND),
        given.get("startColumnIndex", 0),
        given.get("endColumnIndex", BEYOND),
    )


class Line(Struct, frozen=True):
    """One line of the tab. index: from 0, at that moment.   handle: its metadataId; None where it bears none of ours."""

    index: int
    handle: int | None
    cells: tuple[Stood, ...]

    def at(self, position: int) -> Stood:
        return self.cells[position] if position < len(self.cells) else NOTHING


class Grid(Struct, frozen=True, dict=True):
    """One tab at one moment.

    zone: by which its dates are read.   zone_said: as the spreadsheet names its own.
    columns: header → position of its column, in the order of the table.   key_column: by which rows are known: ID, else Name.
    lines: key → line, in the order of the table.   height, width: of the tab, whether or not anything stands there.
    end: index of the line below the last row of the table.   below: index of the line at which another table begins; the tab's
        height where none does.
    leases: by the metadataId of each.   merges: cells that are shown as one, of which only the first holds anything.
    """

    sheet_id: int
    title: str
    zone: tzinfo
    zone_said: str
    height: int
    width: int
    head: Line
    columns: Mapping[str, int]
    key_column: str
    id_column: str | None
    lines: Mapping[str, Line]
    end: int
    below: int
    leases: Mapping[int, Lease]
    merges: Sequence[Area] = ()

    @cached_property
    def page(self) -> Page:
        """Every row."""
        rows = tuple(self.row(key, line) for key, line in self.lines.items())
        leases = tuple(self.leases.values())
        return Page(rows, tuple(self.columns), id_column=self.id_column, leases=leases, time_zone=self.zone_said)

    @cached_property
    def by_handle(self) -> Mapping[int, Line]:
        return {line.handle: line for line in self.lines.values() if line.handle is not None}

    @property
    def key_position(self) -> int:
        return self.columns[self.key_column]

    @property
    def span(self) -> int:
        """How many columns, from the first of the tab on, the table reaches over."""
        return max(self.columns.values()) + 1

    def as_if(self, puts: Mapping[int, Mapping[int, Raw]]) -> Grid:
        """As it will stand once these cells were put: handle → position → raw. Rows are known by what they say then."""
        lines = [_put(line, puts.get(line.handle or 0, {})) for line in self.lines.values()]
        keys = told_apart([self.id_of(line) for line in lines], lambda n: self.row("", lines[n]))
        return replace(self, lines=dict(zip(keys, lines, strict=True)))

    def with_lines(self, changed: Mapping[str, tuple[str, Line]]) -> Grid:
        """With other lines under other keys in the place of some.   changed: key → its key of now, and the line."""
        now = (changed.get(key, (key, line)) for key, line in self.lines.items())
        return replace(self, lines=dict(now))

    def row(self, key: str, line: Line) -> Row:
        """A line as a row under this key."""
        return Row(key, self.cells(line), None if line.handle is None else str(line.handle))

    def cells(self, line: Line) -> dict[str, Cell]:
        """Header → value."""
        return {header: self.value(line.at(position)) for header, position in self.columns.items()}

    def value(self, cell: Stood) -> Cell:
        return cell_of(cell.raw, cell.kind, self.zone)

    def id_of(self, line: Line) -> str:
        """The key that a line's own cell gives it; "" where it has none that is good."""
        return flawless(self.value(line.at(self.key_position)))

    def hides(self, line: Line, position: int) -> bool:
        """Whether a cell is merged with one above it or to its left: then it holds nothing, whatever is written into it."""
        cell = Area(line.index, line.index + 1, position, position + 1)
        return any(one.holds(cell) and (line.index, position) != (one.top, one.left) for one in self.merges)

    def position(self, header: str) -> int | None:
        """Where the cell under a header stands; None where the table has no such header."""
        return position_of(self.columns, header)


def grid(answer: Mapping[str, Any], tab: int | str, place: Place, label: str) -> Grid | None:
    """See a Spreadsheet, as MASK lets it through, as a table; None where it has no such tab.

    tab: its sheetId, or its title.   The first line that holds anything is the line with the headers. A line in which nothing
    stands but boxes that nobody ticked is no row. Below a blank line, a line with a Name header begins another table.
    Raises NoHeader: nothing stands there, no Name column, or a header that stands there twice.
    """
    sheet = next((one for one in answer.get("sheets", ()) if _is(one.get("properties", {}), tab)), None)
    if sheet is None:
        return None
    found = list(_lines(sheet))
    head = next((line for line in found if any(_text(cell) for cell in line.cells)), None)
    if head is None:
        raise NoHeader(f"{label} is empty. Write the headers of the columns into its first row.")
    headers = [_text(cell) for cell in head.cells]
    columns = columns_of(headers, label)
    name_column, id_column = key_columns(columns, headers, label, name_column=place.name_column, id_column=place.id_column)
    said = str(answer.get("properties", {}).get("timeZone", ""))
    rows, other = _rows(found[head.index - found[0].index + 1 :], columns, name_column)
    properties = sheet["properties"]
    size = properties.get("gridProperties", {})
    bare = Grid(
        properties.get("sheetId", 0),
        properties.get("title", ""),
        zone_of(said) or place.zone,
        said,
        size.get("rowCount", 0),
        size.get("columnCount", 0),
        head,
        columns,
        id_column or name_column,
        id_column,
        {},
        rows[-1].index + 1 if rows else head.index + 1,
        size.get("rowCount", 0) if other is None else other.index,
        dict(_leases(sheet)),
        [area_of(one) for one in sheet.get("merges", ())],
    )
    keys = told_apart([bare.id_of(line) for line in rows], lambda n: bare.row("", rows[n]))
    return replace(bare, lines=dict(zip(keys, rows, strict=True)))


def _leases(sheet: Mapping[str, Any]) -> Iterator[tuple[int, Lease]]:
    for entry in sheet.get("developerMetadata", ()):
        if entry.get("metadataKey") == LEASE and (lease := lease_of(entry.get("metadataValue"))) is not None:
            yield int(entry["metadataId"]), lease


def _put(line: Line, cells: Mapping[int, Raw]) -> Line:
    if not cells:
        return line
    width = max(len(line.cells), *(position + 1 for position in cells))
    now = (Stood(cells[p], line.at(p).kind) if p in cells else line.at(p) for p in range(width))
    return Line(line.index, line.handle, tuple(now))


def _is(properties: Mapping[str, Any], tab: int | str) -> bool:
    return bool(properties.get("sheetId", 0) == tab if isinstance(tab, int) else properties.get("title") == tab)


def _lines(sheet: Mapping[str, Any]) -> Iterator[Line]:
    data: Mapping[str, Any] = next(iter(sheet.get("data", ())), {})
    first, left = data.get("startRow", 0), data.get("startColumn", 0)
    rows, marks = data.get("rowData", ()), data.get("rowMetadata", ())
    for n in range(len(rows)):
        cells = tuple(stood(cell) for cell in rows[n].get("values", ()))
        entries = marks[n].get("developerMetadata", ()) if n < len(marks) else ()
        ours = [int(entry["metadataId"]) for entry in entries if entry.get("metadataKey") == HANDLE]
        yield Line(first + n, min(ours, default=None), (NOTHING,) * left + cells)


def _rows(lines: Sequence[Line], columns: Mapping[str, int], name_column: str) -> tuple[list[Line], Line | None]:
    """The lines of the table that are rows, and the one with which another table begins."""
    rows: list[Line] = []
    gap = False
    for line in lines:
        if not any(_said(line.at(position)) for position in columns.values()):
            gap = gap or not any(_said(cell) for cell in line.cells)
            continue
        if gap and _heads_another(line, name_column):
            return rows, line
        rows.append(line)
    return rows, None


def _heads_another(line: Line, name_column: str) -> bool:
    """Whether it can only be the headers of another table: several words, one of them our Name."""
    words = [cell for cell in line.cells if _said(cell)]
    named = any(fold(_text(cell)) == fold(name_column) for cell in words)
    return named and len(words) > 1 and all(isinstance(cell.raw, str) for cell in words)


def _said(cell: Stood) -> bool:
    return not (cell.raw is None or cell.raw is False or (isinstance(cell.raw, str) and cell.raw.isspace()))


def _text(cell: Stood) -> str:
    """A header as text."""
    value = cell_of(cell.raw, "", UTC)
    return "" if value is None else str(value).strip()

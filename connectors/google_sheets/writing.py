"""A write by row handles: what is sent, what its answer shows, and what landed where it was not meant to. Pure.

The server finds a row by its handle at the moment of writing, but cells within the row by their position as it was read. And a
handle stays with its line where people move only cells: they sort a part of the columns, or paste over. So the line with the
headers, and every row that is written, come back with the answer, and are held against what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from connectors.api import fold
from connectors.google_sheets.cells import Raw, Stood, alike, cell_of
from connectors.google_sheets.grid import HANDLE, Grid, Line
from connectors.identity import flawless

Json = dict[str, Any]
Puts = Mapping[int, Mapping[int, Raw]]
"""Handle → position of the column → what is sent; "" clears. A row may have none: then it only comes along."""

_STARTS = re.compile(r"(?:.*!)?\$?([A-Z]+)\$?\d*", re.DOTALL)


def marks(lines: Sequence[Line], sheet_id: int) -> list[Json]:
    """Requests that give these lines, none of which has one, a handle each."""
    return [
        {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataKey": HANDLE,
                    "visibility": "DOCUMENT",  # others' credentials, and our own when they are made anew, see it too
                    "location": {
                        "dimensionRange": {
                            "sheetId": sheet_id,
                            "dimension": "ROWS",
                            "startIndex": line.index,
                            "endIndex": line.index + 1,
                        }
                    },
                }
            }
        }
        for line in lines
    ]


def data(grid: Grid, puts: Puts) -> list[Json]:
    """The value ranges of one write: first the line with the headers, which only comes along, then each row.

    The line with the headers has a handle. None leaves a cell as it is.
    """
    width = width_of(grid, puts)
    found = [_range(grid.head.handle, [None] * width)]
    for handle, cells in puts.items():
        found.append(_range(handle, [cells.get(position) for position in range(width)]))
    return found


def width_of(grid: Grid, puts: Puts) -> int:
    """How many columns a write shows: the table's, and those without a header that something is put into."""
    return max(grid.span, *(position + 1 for cells in puts.values() for position in cells), 1)


def _range(handle: int | None, values: list[Raw]) -> Json:
    return {
        "dataFilter": {"developerMetadataLookup": {"metadataId": handle}},
        "majorDimension": "ROWS",
        "values": [values],
    }


class Seen(Struct, frozen=True):
    """One line as an answer shows it: cells from column `left` on, up to `right`; what is empty at its end is left out."""

    left: int
    right: int
    values: Sequence[Raw]

    def covers(self, span: int) -> bool:
        return self.left == 0 and self.right >= span

    def at(self, position: int) -> Raw:
        place = position - self.left
        raw = self.values[place] if 0 <= place < len(self.values) else None
        return None if raw == "" else raw


class Answer(Struct, frozen=True):
    """head: the line with the headers; None where the answer doesn't show it.   rows: handle → the row; those that were found."""

    head: Seen | None
    rows: Mapping[int, Seen]

    def headers(self, span: int) -> list[str]:
        """The headers as they stand now; blank ones "". Only where `head` is shown."""
        assert self.head is not None  # noqa: S101 (the caller has looked)
        return [str(raw).strip() if (raw := self.head.at(position)) is not None else "" for position in range(span)]


def answer(grid: Grid, width: int, responses: Sequence[Json]) -> Answer:
    """Read the answers to `data`, which was so wide. A handle is unique in a spreadsheet, so each has at most one."""
    seen: dict[int, Seen] = {}
    for one in responses:
        handle = one.get("dataFilter", {}).get("developerMetadataLookup", {}).get("metadataId", 0)
        found = one.get("updatedData", {})
        rows = found.get("values", [])
        left, right = _reach(str(found.get("range", "")), width)
        seen[int(handle)] = Seen(left, right, rows[0] if rows else [])
    head = seen.pop(grid.head.handle or 0, None)
    return Answer(head if head is not None and head.covers(width) else None, seen)


def _reach(written: str, span: int) -> tuple[int, int]:
    """The first column of a range in A1 notation and the one behind its last."""
    cells = written.rpartition("!")[2]
    first, _, last = cells.partition(":")
    left = _STARTS.fullmatch(first)
    right = _STARTS.fullmatch(last or first)
    if left is None or right is None:
        return 0, span
    return _number(left[1]), _number(right[1]) + 1


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class Stray(Struct, frozen=True):
    """A cell that was written, but not meant.

    handle, header: which; a column without a header is told by its position, or by what was put there: `wrote`.
    old: what stood there, as far as we know.
    """

    handle: int
    header: str
    position: int
    wrote: Raw
    old: Stood


class Landed(Struct, frozen=True):
    """How a write came out.

    right: handles of rows in which every cell landed where it was meant to.   wrong: (handle, position) of what was put elsewhere.
    strays: what it hit there.   same_columns: whether the headers are those that were read.
    """

    right: frozenset[int]
    wrong: frozenset[tuple[int, int]]
    strays: tuple[Stray, ...]
    same_columns: bool


def landed(grid: Grid, puts: Puts, keys: Mapping[int, str], found: Answer) -> Landed:
    """Hold the answer to `data(grid, puts)` against what was meant; the answer shows the line with the headers.

    keys: handle → what the row's own key cell must say now, "" for nothing good.
    """
    width = width_of(grid, puts)
    headers = found.headers(width)
    placed = {fold(header): position for position, header in enumerate(headers) if header}
    meant = {position: fold(header) for header, position in grid.columns.items()}
    key_at = placed.get(fold(grid.key_column))
    right, wrong, strays = set(), set(), []
    for handle, seen in found.rows.items():
        key = _key(grid, handle, seen.at(key_at)) if key_at is not None else ""
        astray = [p for p in puts[handle] if key != keys[handle] or fold(headers[p]) != meant.get(p, "")]
        if not astray:
            right.add(handle)
            continue
        others = {header: p for header, p in placed.items() if p not in puts[handle] and p != key_at}
        line = _hit(grid, handle, key if key_at not in puts[handle] else None, seen, others)
        for position in astray:
            hit = headers[position]
            at = grid.position(hit) if hit else None
            old = line.at(at) if line is not None and at is not None else Stood()
            strays.append(Stray(handle, hit, position, puts[handle][position], old))
            wrong.add((handle, position))
    same_columns = placed == {header: position for position, header in meant.items()}
    return Landed(frozenset(right), frozenset(wrong), tuple(strays), same_columns)


def _key(grid: Grid, handle: int, raw: Raw) -> str:
    line = grid.by_handle.get(handle)
    return flawless(cell_of(raw, line.at(grid.key_position).kind if line is not None else "", grid.zone))


def _hit(grid: Grid, handle: int, key: str | None, seen: Seen, others: Mapping[str, int]) -> Line | None:
    """As it was read, the row that was hit: the one of the handle, or that of the key that stands there now.

    Cells were moved without their lines, or the key alone was changed: cells that nothing was put into tell.
    key: None where it was hit itself: then it can be any row.   others: folded header → position of now, of those cells.
    """
    own = grid.by_handle.get(handle)
    likely = grid.lines.values() if key is None else [grid.lines[key]] if key in grid.lines else []
    before = {fold(header): position for header, position in grid.columns.items()}

    def likeness(line: Line) -> tuple[int, bool]:
        found = sum(alike(line.at(before[h]).raw, seen.at(p)) for h, p in others.items() if h in before)
        return found, (line is own) == (key is None)

    return max([*likely, *([own] if own is not None else [])], key=likeness, default=None)


def undone(grid: Grid, strays: Sequence[Stray]) -> dict[int, dict[int, Raw]]:
    """What puts strays right, on a grid that was read after them: of cells that still hold what strayed there.

    A formula can't be put back as one, RAW as everything is sent: its text is, and stands there until somebody presses Enter in it.
    """
    puts: dict[int, dict[int, Raw]] = {}
    for stray in strays:
        position = place_of(grid, stray)
        line = grid.by_handle.get(stray.handle)
        if line is None or position is None or not alike(line.at(position).raw, stray.wrote):
            continue
        old = stray.old.formula if stray.old.formula is not None else stray.old.raw
        puts.setdefault(stray.handle, {})[position] = "" if old is None else old
    return puts


def place_of(grid: Grid, stray: Stray) -> int | None:
    """In which column a stray is to be found now; None where it is gone, or can't be told.

    A column without a header may have been moved, too: then by what was put there, where its row shows that once.
    """
    if stray.header:
        return grid.position(stray.header)
    line = grid.by_handle.get(stray.handle)
    if line is None:
        return None
    nameless = set(range(len(line.cells))) - set(grid.columns.values())
    found = [position for position in nameless if alike(line.at(position).raw, stray.wrote)]
    if stray.position in found:
        return stray.position
    return found[0] if len(found) == 1 else None


def shown(grid: Grid, line: Line, cells: Mapping[int, Raw], seen: Seen) -> Line | None:
    """The line as the answer shows it; None where the answer doesn't tell.

    line: as it was read.   cells: what was put, by position; the columns still stand as in `grid`.
    An answer has no number formats. So a number that is neither what was put nor what stood there may be a date or not, and a text
    that begins with # may be a failure: then the next read must tell.
    """
    if not seen.covers(grid.span):
        return None
    now: list[Stood] = []
    for position in range(max(grid.span, len(line.cells))):
        before = line.at(position)
        raw = seen.at(position) if position < grid.span else before.raw
        known = alike(raw, before.raw) or (position in cells and alike(raw, cells[position]))
        if not known and (_fails(raw) or (isinstance(raw, int | float) and not isinstance(raw, bool))):
            return None
        now.append(Stood(raw, before.kind, None if position in cells else before.formula))
    return Line(line.index, line.handle, tuple(now))


def _fails(raw: Raw) -> bool:
    return isinstance(raw, str) and raw.startswith("#")


def handles(replies: Sequence[Json]) -> Iterator[int]:
    """The handles that `marks` made, in their order."""
    for reply in replies:
        if "createDeveloperMetadata" in reply:
            yield int(reply["createDeveloperMetadata"]["developerMetadata"]["metadataId"])

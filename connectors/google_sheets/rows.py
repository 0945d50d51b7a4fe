"""New rows and removed ones: what can't be done by handles, since there is none yet, or nothing removes a line by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.api import Cell, Effect
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown
from connectors.google_sheets.cells import Raw, raw_of
from connectors.google_sheets.grid import Grid, Line
from connectors.google_sheets.sheet import Sheet
from connectors.google_sheets.writing import handles, marks

Json = dict[str, Any]


def created(sheet: Sheet, seen: Grid, rows: Sequence[Mapping[str, Cell]]) -> tuple[Grid, list[str]]:
    """Append rows: new lines are made for them, so that nothing is written over, whatever stands below. The tab, and their keys.

    seen: the tab as it was read last.   Cells under headers that the table doesn't have are dropped.
    Raises Bug for a row without a cell; OutcomeUnknown where the columns were moved since; and what `Table.create` does.
    """
    above = list(seen.lines.values())[-1:]
    values = [_values(seen, above, cells) for cells in rows]
    if not all(any(raw not in (None, "") for raw in row) for row in values):
        raise Bug("a new row needs at least one cell under a header that the table has")
    lines = [Line(seen.end + n, None, ()) for n in range(len(rows))]
    start = {"sheetId": seen.sheet_id, "rowIndex": seen.end, "columnIndex": 0}
    content = [{"values": [_cell(raw) for raw in row]} for row in values]
    change = {"updateCells": {"start": start, "fields": "userEnteredValue", "rows": content}}
    now, replies = sheet.change(seen, [_room(seen, len(rows)), change, *marks(lines, seen.sheet_id)])
    keys = {line.handle: key for key, line in now.lines.items()}
    found = [keys.get(handle) for handle in handles(replies)]
    if now.columns != seen.columns or len(found) != len(rows) or None in found:
        raise OutcomeUnknown(
            f"{sheet.label}: columns were moved while rows were added, so cells of the new rows may stand under wrong headers."
            " Look at the last rows"
        )
    return now, [key for key in found if key is not None]


def _room(seen: Grid, count: int) -> Json:
    """Lines for new rows: inserted below the last row, with its formats; at the end of the tab, appended to it."""
    if seen.end >= seen.height:
        return {"appendDimension": {"sheetId": seen.sheet_id, "dimension": "ROWS", "length": count}}
    lines = {"sheetId": seen.sheet_id, "dimension": "ROWS", "startIndex": seen.end, "endIndex": seen.end + count}
    return {"insertDimension": {"range": lines, "inheritFromBefore": bool(seen.lines)}}


def _values(seen: Grid, above: Sequence[Line], cells: Mapping[str, Cell]) -> list[Raw]:
    """above: the last row, whose formats the new one takes over; none where it is the first."""
    values: list[Raw] = [None] * seen.span
    for header, value in cells.items():
        position = seen.position(header)
        if position is not None:
            kind = above[0].at(position).kind if above and seen.end < seen.height else ""
            values[position] = raw_of(value, kind, seen.zone)
    return values


def _cell(raw: Raw) -> Json:
    """A CellData. A stringValue is text, whatever it looks like."""
    match raw:
        case None | "":
            return {}
        case bool():
            return {"userEnteredValue": {"boolValue": raw}}
        case str():
            return {"userEnteredValue": {"stringValue": raw}}
    return {"userEnteredValue": {"numberValue": raw}}


def deleted(sheet: Sheet, seen: Grid, keys: Sequence[str]) -> tuple[Grid, list[Effect]]:
    """Remove rows; answers in the order of the keys.   seen: the tab as it was read just now.

    Raises NeedsOwner where another row went, since rows were moved in between; and what `Table.delete` does.
    """
    gone = sorted((seen.lines[key].index for key in {*keys} if key in seen.lines), reverse=True)
    effects = [Effect.APPLIED if key in seen.lines else Effect.MISSING for key in keys]
    if not gone:
        return seen, effects
    ranges = [{"sheetId": seen.sheet_id, "dimension": "ROWS", "startIndex": at, "endIndex": at + 1} for at in gone]
    now, _ = sheet.change(seen, [{"deleteDimension": {"range": one}} for one in ranges])
    stayed = [key for key in keys if key in seen.lines and key in now.lines]
    lost = [key for key in seen.lines if key not in now.lines and key not in keys]
    if stayed and lost:
        raise NeedsOwner(
            f"{sheet.label}: rows were moved while rowd removed {', '.join(stayed)}, and {', '.join(lost[:5])} went in their place."
            " Bring them back with File › Version history in the sheet"
        )
    return now, effects

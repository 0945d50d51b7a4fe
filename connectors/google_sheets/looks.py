"""Requests of `spreadsheets:batchUpdate` that give cells a look: formats, drop-downs, colours, warnings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.google_sheets.grid import Area
from connectors.preparing import Tone

Json = dict[str, Any]

DATED: Json = {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"}

WARNING = "rowd writes these columns, over whatever is typed into them."

_COLOURS = {Tone.GOOD: (0x137333, 0xE6F4EA), Tone.BUSY: (0x8A5A00, 0xFEF7E0), Tone.BAD: (0xA50E0E, 0xFCE8E6)}
"""Of letters and of what is behind them: the darkest and the lightest of Google's own greens, yellows and reds."""

_QUIET = 0x80868B


def ranged(sheet_id: int, area: Area) -> Json:
    """A GridRange."""
    return {
        "sheetId": sheet_id,
        "startRowIndex": area.top,
        "endRowIndex": area.bottom,
        "startColumnIndex": area.left,
        "endColumnIndex": area.right,
    }


def growing(sheet_id: int, area: Area) -> Json:
    """The same without an end below: lines that are added to the tab belong to it."""
    return {name: value for name, value in ranged(sheet_id, area).items() if name != "endRowIndex"}


def headers(sheet_id: int, line: int, column: int, texts: Sequence[tuple[str, str]], look: Json) -> Json:
    """Headers, from this cell on.   texts: each with a note on what it is for.   look: CellFormat."""
    cells = [{"userEnteredValue": {"stringValue": text}, "note": note, "userEnteredFormat": look} for text, note in texts]
    start = {"sheetId": sheet_id, "rowIndex": line, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": [{"values": cells}], "fields": "userEnteredValue,note,userEnteredFormat"}}


def bare(sheet_id: int, area: Area) -> Json:
    """Cells without a look of their own. For columns that were just inserted: they take over their neighbours'."""
    return {"repeatCell": {"range": ranged(sheet_id, area), "cell": {}, "fields": "userEnteredFormat,dataValidation"}}


def frozen(sheet_id: int, lines: int) -> Json:
    properties = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": lines}}
    return {"updateSheetProperties": {"properties": properties, "fields": "gridProperties.frozenRowCount"}}


def dated(sheet_id: int, area: Area) -> Json:
    cell = {"userEnteredFormat": {"numberFormat": DATED}}
    return {"repeatCell": {"range": ranged(sheet_id, area), "cell": cell, "fields": "userEnteredFormat.numberFormat"}}


def drop_down(options: Sequence[str]) -> Json:
    """A DataValidationRule that offers these, and takes whatever else is typed."""
    values = [{"userEnteredValue": option} for option in options]
    return {"condition": {"type": "ONE_OF_LIST", "values": values}, "strict": False, "showCustomUi": True}


def ruled(sheet_id: int, area: Area, rule: Json) -> Json:
    return {"setDataValidation": {"range": ranged(sheet_id, area), "rule": rule}}


def condition(word: str, *, whole: bool) -> Json:
    """The BooleanCondition that a cell says this word, or begins with it."""
    return {"type": "TEXT_EQ" if whole else "TEXT_STARTS_WITH", "values": [{"userEnteredValue": word}]}


def coloured(where: Json, when: Json, tone: Tone, index: int) -> Json:
    """where: a GridRange.   index: its place among the tab's rules, the first of which that fits wins."""
    rule = {"ranges": [where], "booleanRule": {"condition": when, "format": _format(tone)}}
    return {"addConditionalFormatRule": {"rule": rule, "index": index}}


def _format(tone: Tone) -> Json:
    if tone not in _COLOURS:
        return {"textFormat": {"foregroundColor": _colour(_QUIET)}}
    letters, behind = _COLOURS[tone]
    return {"backgroundColor": _colour(behind), "textFormat": {"foregroundColor": _colour(letters)}}


def _colour(rgb: int) -> Json:
    return {name: part / 255 for name, part in zip(("red", "green", "blue"), rgb.to_bytes(3, "big"), strict=True)}


def warned(where: Json) -> Json:
    """where: a GridRange."""
    protected = {"range": where, "description": WARNING, "warningOnly": True}
    return {"addProtectedRange": {"protectedRange": protected}}

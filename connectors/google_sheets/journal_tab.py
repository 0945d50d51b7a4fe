"""The tab of a journal made ready: one tab, its headers frozen, dates as dates, outcomes coloured. Only what isn't there is added.

All of it goes into one request, done whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from connectors.api import fold
from connectors.google_sheets import looks
from connectors.google_sheets.grid import Area
from connectors.google_sheets.looks import Json
from connectors.preparing import Kind, Shape

BOLD: Json = {"textFormat": {"bold": True}}

Changes = tuple[list[Json], list[str]]
"""Requests of one batchUpdate, and what they change, a clause each."""


def made(title: str, size: int, shapes: Sequence[Shape], taken: Sequence[int]) -> Changes:
    """A tab where there is none.   size: how many lines it keeps.   taken: numbers of the tabs that there are."""
    number = next(one for one in count(1) if one not in taken)
    grid = {"rowCount": size + 1, "columnCount": len(shapes), "frozenRowCount": 1}
    requests: list[Json] = [{"addSheet": {"properties": {"sheetId": number, "title": title, "gridProperties": grid}}}]
    requests += _columns(number, 0, 0, size + 1, shapes)
    requests.append(looks.warned(looks.growing(number, Area(0, size + 1, 0, len(shapes)))))
    return requests, [f'make the tab "{title}" for the history, {size:,} lines long']


def mended(found: Mapping[str, Any], size: int, shapes: Sequence[Shape]) -> Changes:
    """A tab that is there: columns that it lacks are added at the right end, lines at the end."""
    sheet = found["sheets"][0]
    properties = sheet["properties"]
    title = properties.get("title", "")
    number, grid = properties.get("sheetId", 0), properties.get("gridProperties", {})
    height, width = grid.get("rowCount", 0), grid.get("columnCount", 0)
    data: Mapping[str, Any] = next(iter(sheet.get("data", ())), {})
    lines = [[_text(cell) for cell in row.get("values", ())] for row in data.get("rowData", ())]
    first = next((n for n, line in enumerate(lines) if any(line)), None)
    head = data.get("startRow", 0) + first if first is not None else 0
    there = [fold(text) for text in lines[first] if text] if first is not None else []
    used = data.get("startColumn", 0) + max((len(line) for line in lines if any(line)), default=0)
    lacking = [shape for shape in shapes if fold(shape.header) not in there]
    requests: list[Json] = []
    says: list[str] = []
    bottom = max(height, head + 1 + size)
    if height < bottom:
        requests.append({"appendDimension": {"sheetId": number, "dimension": "ROWS", "length": bottom - height}})
        says.append(f'add {bottom - height:,} lines to the tab "{title}"')
    if lacking:
        if (more := used + len(lacking) - width) > 0:
            requests.append({"appendDimension": {"sheetId": number, "dimension": "COLUMNS", "length": more}})
        requests += _columns(number, head, used, bottom, lacking)
        says += [f'add the column "{shape.header}" to the tab "{title}"' for shape in lacking]
    if not grid.get("frozenRowCount"):
        requests.append(looks.frozen(number, head + 1))
        says.append(f'freeze the line with the headers of the tab "{title}"')
    return requests, says


def _columns(number: int, head: int, left: int, bottom: int, shapes: Sequence[Shape]) -> list[Json]:
    """Headers side by side, each with a note; below them the looks of their cells."""
    requests = [looks.headers(number, head, left, [(shape.header, shape.about) for shape in shapes], BOLD)]
    rules = 0
    for position, shape in enumerate(shapes, left):
        area = Area(head + 1, bottom, position, position + 1)
        if shape.kind is Kind.INSTANT:
            requests.append(looks.dated(number, area))
        for word, tone in shape.tones.items():
            when = looks.condition(word, whole=True)
            requests.append(looks.coloured(looks.growing(number, area), when, tone, rules))
            rules += 1
    return requests


def _text(cell: Mapping[str, Any]) -> str:
    return str(next(iter(cell.get("effectiveValue", {}).values()), "")).strip()

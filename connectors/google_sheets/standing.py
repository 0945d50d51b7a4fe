"""A tab as it stands, with its looks: formats, rules of cells, colours, protected ranges; also an empty one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from connectors.api import Place
from connectors.google_sheets.grid import Grid, grid

Json = dict[str, Any]

LOOKS = (
    "properties(timeZone),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount,frozenRowCount)),"
    "protectedRanges,conditionalFormats,"
    "data(startRow,startColumn,rowData(values(effectiveValue,userEnteredValue(formulaValue),effectiveFormat(numberFormat(type)),"
    "userEnteredFormat,dataValidation)),rowMetadata(developerMetadata(metadataId,metadataKey))))"
)
"""The parts of a Spreadsheet that `standing` wants: those of `grid.MASK`, and the looks."""


class Standing(Struct, frozen=True):
    """One tab at one moment.

    grid: its table; None where nothing is written in the tab.   frozen: lines at the top that stay in sight.
    cells: (line, column) → CellData, of every cell that has anything.   used: columns, from the first on, in which anything is
        written.
    """

    sheet_id: int
    height: int
    width: int
    frozen: int
    grid: Grid | None
    cells: Mapping[tuple[int, int], Json]
    used: int
    protections: Sequence[Json]
    colours: Sequence[Json]

    @property
    def head(self) -> int:
        """Index of the line with the headers, which an empty tab is to have as its first."""
        return self.grid.head.index if self.grid is not None else 0

    @property
    def end(self) -> int:
        """Index of the line below the last row."""
        return self.grid.end if self.grid is not None else 1

    @property
    def below(self) -> int:
        """Index of the line that belongs to the table no more."""
        return self.grid.below if self.grid is not None else self.height


def standing(answer: Mapping[str, Any], tab: int | str, place: Place, label: str) -> Standing | None:
    """See a Spreadsheet, as LOOKS lets it through; None where it has no such tab.   Raises as `grid` does, but for an empty tab."""
    sheet = next((one for one in answer.get("sheets", ()) if _is(one.get("properties", {}), tab)), None)
    if sheet is None:
        return None
    cells = dict(_cells(sheet))
    said = [column for (_, column), cell in cells.items() if _said(cell)]
    properties = sheet["properties"]
    size = properties.get("gridProperties", {})
    return Standing(
        sheet_id=properties.get("sheetId", 0),
        height=size.get("rowCount", 0),
        width=size.get("columnCount", 0),
        frozen=size.get("frozenRowCount", 0),
        grid=grid(answer, tab, place, label) if said else None,
        cells=cells,
        used=max(said, default=-1) + 1,
        protections=sheet.get("protectedRanges", ()),
        colours=sheet.get("conditionalFormats", ()),
    )


def _is(properties: Mapping[str, Any], tab: int | str) -> bool:
    return bool(properties.get("sheetId", 0) == tab if isinstance(tab, int) else properties.get("title") == tab)


def _cells(sheet: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], Json]]:
    data: Mapping[str, Any] = next(iter(sheet.get("data", ())), {})
    top, left = data.get("startRow", 0), data.get("startColumn", 0)
    for line, row in enumerate(data.get("rowData", ()), top):
        for column, cell in enumerate(row.get("values", ()), left):
            if cell:
                yield (line, column), cell


def _said(cell: Mapping[str, Any]) -> bool:
    """Whether anything is written there: a box that nobody ticked is nothing."""
    value = cell.get("effectiveValue", {})
    return bool(cell.get("userEnteredValue", {}).get("formulaValue")) or any(v not in ("", False) for v in value.values())

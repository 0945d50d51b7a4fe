"""What the engine knows of the tab: by this the probe tells a change of a person's from what our own writes changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors.api import Cell, Row
from connectors.google_sheets.grid import Grid


class Told:
    """met: whether a write's answer showed something that no read had shown, or could not show how a row stands.

    holders: of the leases that the engine knows of.
    """

    def __init__(self, grid: Grid) -> None:
        """grid: as it was read, and given to the engine."""
        self.met = False
        self.holders = {lease.holder for lease in grid.leases.values()}
        self._columns, self._zone = tuple(grid.columns), grid.zone_said
        self._rows = [row.cells for row in grid.page.rows]
        self._at = {row.key: index for index, row in enumerate(grid.page.rows)}

    def row(self, key: str, put: Collection[str], row: Row | None) -> None:
        """A write was answered.   key: of the row as it was named.   put: headers.   row: as it stands now; None: untold."""
        index = self._at.pop(key, None)
        if index is None or row is None:
            self.met = True
            return
        before = self._rows[index]
        self.met |= any(row.cells.get(header) != value for header, value in before.items() if header not in put)
        self._rows[index] = row.cells
        self._at[row.key] = index

    def reads_as(self, grid: Grid) -> bool:
        """Whether the tab holds what the engine knows, in the same order, by the same clock."""
        if self.met or {lease.holder for lease in grid.leases.values()} != self.holders:
            return False
        rows: list[Mapping[str, Cell]] = [row.cells for row in grid.page.rows]
        return tuple(grid.columns) == self._columns and grid.zone_said == self._zone and rows == self._rows

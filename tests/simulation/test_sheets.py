"""The simulated table keeps the contract of tables, so that what is found on it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from connectors.api import Cell
from tests.conformance.suite import COLUMNS, START, Bench, TableConformance
from tests.simulation.sheets import Grid, MemorySheet, MemoryTable


class SheetBench(Bench):
    """A person who works on the sheet itself."""

    table: MemoryTable

    def __init__(self) -> None:
        rows = [{h: "" if row.get(h) is None else str(row[h]) for h in COLUMNS} for row in START]
        self.sheet = MemorySheet("ops", Grid(list(COLUMNS), rows))
        self.table = self.reopened()

    def reopened(self) -> MemoryTable:
        return MemoryTable(self.sheet, atomic=True, batch=20)

    def peek(self) -> list[dict[str, Cell]]:
        grid = self.sheet.look()
        return [{h: row.get(h) or None for h in grid.columns} for row in grid.rows]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        with self.sheet.hand() as grid:
            self._row(grid, name).update(_typed(cells))

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        with self.sheet.hand() as grid:
            grid.rows.insert(at, {h: _typed(cells).get(h, "") for h in grid.columns})

    def delete(self, name: str) -> None:
        with self.sheet.hand() as grid:
            grid.rows.remove(self._row(grid, name))

    def sort_by(self, header: str) -> None:
        with self.sheet.hand() as grid:
            grid.rows.sort(key=lambda row: row[header])

    def rename(self, header: str, to: str) -> None:
        with self.sheet.hand() as grid:
            grid.columns[grid.columns.index(header)] = to
            for row in grid.rows:
                row[to] = row.pop(header)

    def move(self, header: str, to: int) -> None:
        with self.sheet.hand() as grid:
            grid.columns.remove(header)
            grid.columns.insert(to, header)

    def formula(self, name: str, header: str) -> bool:
        return False  # it shows what stands there

    @staticmethod
    def _row(grid: Grid, name: str) -> dict[str, str]:
        return next(row for row in grid.rows if row["Name"] == name)


def _typed(cells: Mapping[str, Cell]) -> dict[str, str]:
    return {h: "" if v is None else str(v) for h, v in cells.items()}


class TestMemorySheet(TableConformance):
    @pytest.fixture
    def fresh_bench(self) -> Callable[[], AbstractContextManager[SheetBench]]:
        @contextmanager
        def fresh() -> Iterator[SheetBench]:
            yield SheetBench()

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Any) -> Iterator[SheetBench]:
        with fresh_bench() as bench:
            yield bench

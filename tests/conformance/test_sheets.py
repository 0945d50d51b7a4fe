"""Google Sheets keeps the contract, through the emulator over a real socket, however the vendor answers where nobody knows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conformance.sheets_bench import SheetsBench, World
from tests.conformance.suite import TableConformance


class SheetsConformance(TableConformance):
    world: World

    @pytest.fixture
    def fresh_bench(self, tmp_path: Path) -> Callable[[], AbstractContextManager[SheetsBench]]:
        @contextmanager
        def fresh() -> Iterator[SheetsBench]:
            bench = SheetsBench(Path(tempfile.mkdtemp(dir=tmp_path)), self.world)
            yield bench
            bench.close()
            assert bench.service.unserved == []

        return fresh

    @pytest.fixture
    def bench(self, fresh_bench: Callable[[], AbstractContextManager[SheetsBench]]) -> Iterator[SheetsBench]:
        with fresh_bench() as bench:
            yield bench


class TestSheets(SheetsConformance):
    world = World()


class TestSheetsTheOtherWay(SheetsConformance):
    """Every unconfirmed answer is the other one; dates in columns that show dates; Drive isn't asked; the tab by its number."""

    world = World(
        switches={"unmatched_filter": "refused", "row_copy": "metadata", "cut_paste": "follows", "view_sort": "rows"},
        dated=("Next Run",),
        zone="America/New_York",
        settings={"ask_drive": False, "tab": 1},
        height=120,
    )

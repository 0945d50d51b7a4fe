"""A spreadsheet in the emulator, with a person at it, and tables on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.sheets_bench import SheetsBench, World

Make = Callable[..., SheetsBench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Benches of a world each; `quotas` switches those on."""
    made: list[SheetsBench] = []

    def one(world: World | None = None, *, quotas: bool = False) -> SheetsBench:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(SheetsBench(folder, world, quotas=quotas))
        return made[-1]

    yield one
    for bench in made:
        bench.close()
        assert bench.service.unserved == []


@pytest.fixture
def bench(make: Make) -> SheetsBench:
    return make()

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes sites of these rows; whatever they started is gone in the end."""
    made: list[Site] = []

    def make(*rows: str, parallel: int = 8) -> Site:
        folder = tmp_path / f"site{len(made)}"
        folder.mkdir()
        made.append(Site(folder, rows, parallel))
        return made[-1]

    yield make
    for one in made:
        one.close()

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import FORKED, Site
from tests.prove.commands import Forked


@pytest.fixture(scope="session", autouse=True)
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """One process that has imported rowd, for all that is started by forking it."""
    one = Forked(tmp_path_factory.mktemp("forked"))
    FORKED.append(one)
    yield one
    FORKED.remove(one)
    one.close()


@pytest.fixture
def site(tmp_path: Path, forked: Forked) -> Iterator[Callable[..., Site]]:
    """Makes sites of these rows; whatever they started is gone in the end."""
    made: list[Site] = []

    def make(*rows: str, parallel: int = 8) -> Site:
        folder = tmp_path / f"site{len(made)}"
        folder.mkdir()
        made.append(Site(folder, rows, forked, parallel))
        return made[-1]

    yield make
    for one in made:
        one.close()

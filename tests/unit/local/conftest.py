"""A CSV in a folder of its own, and tables on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.api import Place
from connectors.local import LocalSettings, LocalTable
from connectors.local.exchange import exchange


def no_secret(name: str) -> str:
    raise KeyError(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.csv"
    path.write_bytes(b"ID,Name,Status,Last Result\na,alpha,active,\nb,beta,paused,\n")
    return path


@pytest.fixture
def table(file: Path) -> Callable[..., LocalTable]:
    """Opens tables on `file`; `exchange` is the seam, everything else a setting."""

    def opened(exchange: Any = exchange, **settings: Any) -> LocalTable:
        place = Place(name="Ops", base=file.parent, id_column="ID", name_column="Name", secret=no_secret)
        return LocalTable(LocalSettings(path=Path(file.name), **settings), place, exchange=exchange)

    return opened

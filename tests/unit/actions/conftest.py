from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An attempt's folder, as the engine makes it."""
    made = tmp_path / "attempt"
    made.mkdir(mode=0o700)
    return made

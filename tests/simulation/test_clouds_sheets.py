"""The laws hold on a table in Google Sheets; `python -m tests.simulation.clouds sheets` plays more seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.clouds import the_laws_hold


@pytest.mark.timeout(300)
def test_the_laws_hold_with_this_vendor_s_limits_and_ways(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    the_laws_hold("sheets", tmp_path, record_property)

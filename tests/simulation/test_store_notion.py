"""The laws hold with a table of Notion: its real client on an emulator with quotas, lags, faults, and people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulation.parts import the_laws_hold_with


@pytest.mark.timeout(900)
def test_the_promises_hold_with_notion(record_property: Callable[[str, object], None]) -> None:
    the_laws_hold_with("notion", record_property)

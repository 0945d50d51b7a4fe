"""The laws hold in every fourth seed, from the first on; `python -m tests.simulation` plays more of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulation.parts import the_laws_hold_in_part


@pytest.mark.timeout(900)
def test_the_promises_hold_whatever_happens(record_property: Callable[[str, object], None]) -> None:
    the_laws_hold_in_part(1, record_property)

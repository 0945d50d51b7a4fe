from __future__ import annotations

import pytest


@pytest.fixture
def switches() -> dict[str, str]:
    """How the emulator's switches stand. Replaced by tests that throw some."""
    return {}

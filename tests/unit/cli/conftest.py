"""What all tests of commands begin with."""

from __future__ import annotations

import pytest

from rowd.cli.calling import TYPED


@pytest.fixture(autouse=True)
def no_config_was_typed() -> None:
    """A command that was called before in this process leaves no --config for the next one's messages."""
    TYPED.set(None)

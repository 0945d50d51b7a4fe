"""Tells when all of what a script has begun is gone."""

from __future__ import annotations

import os
from pathlib import Path

HOLD = "exec 5> held; "
"""Put before a script that runs in the folder."""


class Held:
    """Whatever the script runs holds a pipe, so that it can be known when all of it is gone."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "held")
        self._pipe = os.open(folder / "held", os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._pipe, True)

    def all_gone(self) -> bool:
        """Once it is so; before the first of it has begun, at once."""
        return os.read(self._pipe, 1) == b""

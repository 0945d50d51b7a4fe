"""The terminal that a process was started on, and whether it is still there: who closes it means the end of what runs in it."""

from __future__ import annotations

import os


class Terminal:
    """What standard input, output and error were at the start."""

    def __init__(self) -> None:
        self._held = [number for number in (0, 1, 2) if os.isatty(number)]

    @property
    def closed(self) -> bool:
        """Whether there was a terminal, and it is gone: a window closed, a connection lost."""
        return any(not os.isatty(number) for number in self._held)

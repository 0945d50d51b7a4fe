"""Looks at files, one after the other, as the daemon takes them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from watches.api import Happening, Look
from watches.file import FileSettings, FileWatch


def settings(path: str, **more: Any) -> FileSettings:
    return FileSettings.model_validate({"kind": "file", "path": path, **more})


class Looking:
    """A watch, and the state of its last look.   later: nanoseconds that its clock is ahead of the machine's.

    reads: how often anything was read.   meanwhile: called at each read, before it.
    """

    def __init__(self, base: Path, path: str, **more: Any) -> None:
        self.later = 0
        self.reads = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self.state: str | None = None
        self.watch = FileWatch(settings(path, **more), base, lambda: time.time_ns() + self.later, self._read)

    def _read(self, handle: int, size: int) -> bytes:
        self.reads += 1
        self.meanwhile()
        return os.read(handle, size)

    def look(self) -> Happening | None:
        """What a look tells; it is at most one thing."""
        found: Look = self.watch.look(self.state)
        self.state = found.state
        (told,) = found.happenings or (None,)
        return told

    def summary(self) -> str | None:
        told = self.look()
        return told and told.summary

    def files(self) -> list[str]:
        """The paths that are known, in order."""
        return list(self.raw()["files"])

    def raw(self) -> dict[str, Any]:
        assert self.state is not None
        state: dict[str, Any] = json.loads(self.state)
        return state

"""Real JSON services as processes on 127.0.0.1, each from its own package and none of our writing.

They live in an environment of their own (`make servers`): nothing of it is rowd's. A process ends with the one that started it.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WANTED = ROOT / "requirements-servers.txt"
"""Which servers, and of which versions."""

HOME = ROOT / ".venv-servers"
PRESENT = HOME / ".ready"
"""A copy of that, which `make servers` writes when they are there."""

REMEDY = (
    "The servers are not here, or not those of requirements-servers.txt: run `make servers`. It needs a registry that gives"
    " packages by name."
)
PATIENCE = 30.0
"""Seconds that a server may take to be there on a machine under load."""


class Service:
    """A server as a process.   url: where it is.   told: what it said of itself when it was there."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        """folder: of its files, and its book."""
        if not PRESENT.exists() or PRESENT.read_bytes() != WANTED.read_bytes():
            pytest.fail(REMEDY, pytrace=False)
        self.book = folder / f"{name}.requests"
        self._log = folder / f"{name}.log"
        script = Path(__file__).with_name(f"{name}_server.py")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(HOME / "bin" / "python"), "-W", "ignore", str(script), str(self.book), *words],
                cwd=folder,
                stdin=subprocess.PIPE,  # it ends when this does, however we end
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.close()
            pytest.fail(f"{name} didn't start:\n{self._log.read_text(errors='replace')}", pytrace=False)
        self.told: dict[str, Any] = json.loads(line)
        self.url = f"http://127.0.0.1:{self.told['port']}"

    def counted(self) -> int:
        """How many requests it has answered, or begun to, by its own book: those of rowd."""
        return sum(line == "rowd" for line in self.book.read_text().splitlines())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        deadline = time.monotonic() + PATIENCE
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)

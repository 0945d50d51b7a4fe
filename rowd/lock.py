"""The lock of a state folder: one daemon at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.holding import hold, holder

NAME = "lock"


class AlreadyRunning(Exception):
    """Another daemon has this state folder.   holder: which, in one line."""

    def __init__(self, holder: str, state: Path) -> None:
        remedy = "Stop it first (`rowd status` tells more), or give this one a state_dir of its own."
        super().__init__(f"{holder} already runs on {state}. {remedy}")
        self.holder = holder


class StateUnusable(Exception):
    """The state folder can't be made or written. The text names it, and the remedy."""


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Have a state folder for ourselves, until the end of this process at the latest. Raises AlreadyRunning, StateUnusable."""
    try:
        lock = _locked(state)
    except OSError as exc:
        remedy = "Make room, mend the rights, or set daemon.state_dir."
        raise StateUnusable(f"The state folder {state} can't be written ({exc.strerror}). {remedy}") from exc
    try:
        yield
    finally:
        os.close(lock)


def held_by(state: Path) -> str | None:
    """Which process has this state folder now, in one line; None for none."""
    return holder(state / NAME)


def _locked(state: Path) -> int:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = hold(state / NAME, f"rowd, process {os.getpid()}")
    if isinstance(held, str):
        raise AlreadyRunning(held, state)
    return held

"""The lock of a state folder: one daemon at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def _locked(state: Path) -> int:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.write(lock, f"rowd, process {os.getpid()}".encode())
    except BlockingIOError:
        holder = _holder(lock)
        os.close(lock)
        raise AlreadyRunning(holder, state) from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _holder(lock: int) -> str:
    """Who has the lock. A moment after it was taken the name may still be missing, or be that of one that was killed."""
    said = ""
    for _ in range(20):
        said = os.pread(lock, 200, 0).decode("utf-8", "replace").strip()
        if (pid := said.rpartition(" ")[2]).isdecimal() and Path("/proc", pid).exists():
            return said
        time.sleep(0.05)
    return said or "another rowd"

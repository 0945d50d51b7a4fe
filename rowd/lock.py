"""The lock of a state folder: one daemon at a time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.shortages import refusal, said
from connectors.holding import hold, holder

LOCK = "lock"

KERNEL = ("/proc", "/sys")
"""Where nobody can make files, and everybody's rights look as if root could."""


class AlreadyRunning(Exception):
    """Another daemon has this state folder.   holder: which, in one line."""

    def __init__(self, holder: str, state: Path) -> None:
        remedy = "Stop it first (`rowd status` tells more), or give this one a state_dir of its own."
        super().__init__(f"{holder} already runs on {state}. {remedy}")
        self.holder = holder


class StateUnusable(Exception):
    """The state folder can't be made or written. The text names it, and the remedy."""

    def __init__(self, state: Path, why: OSError) -> None:
        remedy = "Make room, mend the rights, or set daemon.state_dir."
        shortage = said(why)
        super().__init__(
            f"The state folder {state} can't be written: {shortage}, or set daemon.state_dir."
            if shortage is not None
            else f"The state folder {state} can't be written ({why.strerror}). {remedy}"
        )


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Have a state folder for ourselves, until the end of this process at the latest. Raises AlreadyRunning, StateUnusable."""
    try:
        lock = _locked(state)
    except OSError as exc:
        raise StateUnusable(state, exc) from exc
    try:
        yield
    finally:
        os.close(lock)


def obstacle(state: Path) -> OSError | None:
    """Why a daemon of ours could not have this state folder, as far as that shows without making or writing anything.

    None for nothing, also where another daemon has it.
    """
    try:
        return _obstacle(state)
    except OSError as exc:  # a folder above it that we may not look into
        return exc


def _obstacle(state: Path) -> OSError | None:
    place = state
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        return NotADirectoryError(errno.ENOTDIR, f"{place} is no folder")
    if place.stat().st_dev in {Path(kernel).stat().st_dev for kernel in KERNEL if os.path.ismount(kernel)}:
        return OSError(errno.ENOTSUP, f"{place} is the kernel's")
    for path in (place, *(state / name for name in (LOCK, "ledger.sqlite") if os.path.lexists(state / name))):
        wanted = os.W_OK | (os.X_OK if path == place else os.R_OK)
        if not os.access(path, wanted, effective_ids=True):
            read_only = os.statvfs(path).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            return OSError(number, f"{path}: {os.strerror(number)}")
    return refusal(place)


def held_by(state: Path) -> str | None:
    """Which process has this state folder now, in one line; None for none."""
    return holder(state / LOCK)


def _locked(state: Path) -> int:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = hold(state / LOCK, f"rowd, process {os.getpid()}")
    if isinstance(held, str):
        raise AlreadyRunning(held, state)
    return held

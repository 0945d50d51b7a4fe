"""The hidden folder beside a table: its locks, drafts, and the files that were displaced from the table's place.

A displaced file is kept because an editor may still hold it open and save into it. Its name tells all that is needed to know,
also after a crash, whether that happened: `swap.NUMBER.BEFORE.NEW`, where BEFORE and NEW are digests of what it held when it was
displaced and of what went into the table instead.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from connectors.errors import TryLater
from connectors.holding import hold, lock_file

TURN = 2.0
"""Seconds for which whoever wants to write waits for its turn. A write takes milliseconds."""

_SWAP = "swap"


def digest(raw: bytes) -> str:
    """What tells contents apart, fit for a file name."""
    return blake2b(raw, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Swap:
    """A file that lies, or is about to lie, in the hidden folder after changing places with the table."""

    path: Path
    number: int
    before: str
    new: str

    def renamed(self, before: str) -> Swap:
        """Note under its name that what it holds now has been dealt with."""
        path = self.path.with_name(f"{_SWAP}.{self.number}.{before}.{self.new}")
        self.path.rename(path)
        return Swap(path, self.number, before, self.new)


class Beside:
    """The folder `.NAME.rowd` beside the file NAME."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target.parent / f".{target.name}.rowd"

    def make(self) -> None:
        """Make sure that it exists. One that root makes belongs to who has the table: the daemon may be theirs. Raises OSError."""
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            return
        if os.geteuid() == 0:
            table = (self._target if self._target.exists() else self._target.parent).stat()
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)  # no link put in its place
            try:
                os.fchown(descriptor, table.st_uid, table.st_gid)
            finally:
                os.close(descriptor)

    def swaps(self) -> list[Swap]:
        """Every swap file, the oldest first; none where there is no folder yet."""
        found = []
        with suppress(FileNotFoundError), os.scandir(self.path) as entries:
            for entry in entries:
                parts = entry.name.split(".")
                if len(parts) == 4 and parts[0] == _SWAP and parts[1].isdecimal():
                    found.append(Swap(self.path / entry.name, int(parts[1]), parts[2], parts[3]))
        return sorted(found, key=lambda swap: swap.number)

    def swap(self, before: str, new: str) -> Swap:
        """A name for the next one. Only while `alone`."""
        number = max((swap.number for swap in self.swaps()), default=0) + 1
        return Swap(self.path / f"{_SWAP}.{number}.{before}.{new}", number, before, new)

    @property
    def draft(self) -> Path:
        """Where the next contents are written before they are whole. Only while `alone`."""
        return self.path / "draft"

    @property
    def trial(self) -> tuple[Path, Path]:
        """Two files to try an exchange with. Only for the owner."""
        return self.path / "trial.1", self.path / "trial.2"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process of ours that replaces the table. Raises TryLater where others do so for longer than TURN, OSError.

        Who has its turn next waits at a gate, so nobody is passed over by one who writes again and again.
        """
        self.make()
        until = time.monotonic() + TURN
        gate = self._locked("gate", until)
        try:
            descriptor = self._locked("writing", until)
        finally:
            os.close(gate)
        try:
            yield
        finally:
            os.close(descriptor)

    def owner(self, who: str) -> int | str:
        """Hold the folder for `who`: the descriptor that holds it until it is closed, or who else holds it. Raises OSError."""
        self.make()
        return hold(self.path / "owner", who)

    def _locked(self, name: str, until: float) -> int:
        """The descriptor that holds this lock.   until: on the monotonic clock."""
        descriptor = lock_file(self.path / name)
        try:
            while not _taken(descriptor):
                if time.monotonic() >= until:
                    raise TryLater(f"{self._target} is just being written by rowd's daemon or another command; try again")
                time.sleep(0.005)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

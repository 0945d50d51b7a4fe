"""The hidden folder beside a table: its locks, drafts, and the files that were displaced from the table's place.

A displaced file is kept because an editor may still hold it open and save into it. Its name tells all that is needed to know,
also after a crash, whether that happened: `swap.NUMBER.BEFORE.NEW`, where BEFORE and NEW are digests of what it held when it was
displaced and of what went into the table instead.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shlex
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from connectors.errors import NeedsOwner, TryLater
from connectors.holding import hold, lock_file
from connectors.local.links import anchored, through, user

TURN = 2.0
"""Seconds for which whoever wants to write waits for its turn. A write takes milliseconds."""

_SWAP = "swap"
_A_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def digest(raw: bytes) -> str:
    """What tells contents apart, fit for a file name."""
    return blake2b(raw, digest_size=12).hexdigest()


class Swap(Struct, frozen=True):
    """A file that lies, or is about to lie, in the hidden folder after changing places with the table."""

    path: Path
    number: int
    before: str
    new: str


class Beside:
    """The folder `.NAME.rowd` beside the file NAME.

    The paths that it answers are for people and for comparing. To use one, ask for it `here`, and only there: `at` is a path that
    leads to the same file whatever becomes of the folders' names, and `target` one that leads so to the table.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target.parent / f".{target.name}.rowd"
        self._folder: Path | None = None  # as it is reached `here`; None elsewhere
        self._within: Path | None = None  # the folder itself, likewise; None also where there is none yet

    @contextmanager
    def here(self, *, make: bool = False) -> Iterator[None]:
        """Where both folders are, for as long as the block lasts. No link on the way is followed.

        make: make the hidden one where it is missing.
        Raises NeedsOwner for a hidden folder that is not to be trusted, OSError.
        """
        if self._folder is not None and (self._within is not None or not make):
            yield
            return
        was = self._folder, self._within
        folder = anchored(self._target.parent)
        within: int | None = None
        try:
            if make:
                self._make(folder)
            within = self._opened(folder)
            self._folder = through(folder, self._target.parent)
            self._within = through(within, self.path) if within is not None else None
            yield
        finally:
            self._folder, self._within = was
            os.close(folder)
            if within is not None:
                os.close(within)

    @property
    def target(self) -> Path:
        """The table. Only `here`."""
        assert self._folder is not None  # noqa: S101 (the caller has looked)
        return self._folder / self._target.name

    def at(self, path: Path) -> Path:
        """The same file in the hidden folder. Only `here`. Raises FileNotFoundError without such a folder."""
        if self._within is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return self._within / path.name

    def spelled(self, text: str) -> str:
        """A text with the paths that people know."""
        return re.sub(r"/proc/self/fd/\d+(?=/)", lambda found: str(self._named(text[found.end() + 1 :])), text)

    def _named(self, rest: str) -> Path:
        return self._target.parent if rest.startswith(self._target.name) else self.path

    def _make(self, folder: int) -> None:
        """One that root makes belongs to who has the table: the daemon may be theirs. Raises OSError."""
        try:
            os.mkdir(self.path.name, 0o700, dir_fd=folder)
        except FileExistsError:
            return
        except OSError as exc:
            exc.filename = str(self.path)
            raise
        if os.geteuid() == 0:
            descriptor = os.open(self.path.name, _A_FOLDER, dir_fd=folder)
            try:
                if os.fstat(descriptor).st_uid == 0:  # else another was put in its place
                    os.fchown(descriptor, *self._owner_of_the_table(folder))
            finally:
                os.close(descriptor)

    def _owner_of_the_table(self, folder: int) -> tuple[int, int]:
        try:
            table = os.stat(self._target.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            table = os.stat(folder)
        return table.st_uid, table.st_gid

    def _opened(self, folder: int) -> int | None:
        """The hidden folder, if it is there. Raises NeedsOwner where it can't be trusted, OSError."""
        try:
            found = os.stat(self.path.name, dir_fd=folder, follow_symlinks=False)
            descriptor = os.open(self.path.name, _A_FOLDER, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as exc:
            if exc.errno in (errno.ELOOP, errno.ENOTDIR):
                what = "a symlink" if stat.S_ISLNK(found.st_mode) else "no folder"
                raise NeedsOwner(
                    f"{self.path} is {what}, and rowd keeps files there while it writes {self._target.name}. Whoever may write"
                    f" {self._target.parent} could have put it there: look who did, then remove it"
                    f" (rm {shlex.quote(str(self.path))}); rowd makes its folder anew."
                ) from exc
            if exc.errno == errno.EACCES and found.st_uid != os.geteuid():
                raise NeedsOwner(self._strange(found.st_uid)) from exc
            raise
        try:
            owner = os.fstat(descriptor).st_uid
            if owner not in (0, us := os.geteuid()) and not (us == 0 and owner == self._owner_of_the_table(folder)[0]):
                raise NeedsOwner(self._strange(owner))
        except BaseException:  # whatever it is, nobody else would close it
            os.close(descriptor)
            raise
        return descriptor

    def _strange(self, owner: int) -> str:
        folder, whose, us = shlex.quote(str(self.path)), user(owner), os.geteuid()
        given = f"sudo chown -R {user(us).split()[-1]} {folder}"
        earlier = f"If {whose} ran rowd here before, stop that one and have the folder given away: {given}."
        if us == 0:
            earlier = (
                f"If rowd runs as {whose} otherwise, do this as {whose}, too (sudo -u); else stop it and: chown -R 0 {folder}."
            )
        return (
            f"{self.path}, where rowd keeps files while it writes {self._target.name}, belongs to {whose}, and this is {user(us)}."
            f" {earlier} If {whose} never ran rowd here, look who made it, and remove it: rm -r {folder}"
        )

    def swaps(self) -> list[Swap]:
        """Every swap file, the oldest first; none where there is no folder yet. Raises NeedsOwner, OSError."""
        found = []
        with self.here():
            if self._within is None:
                return []
            with os.scandir(self._within) as entries:
                for entry in entries:
                    parts = entry.name.split(".")
                    if len(parts) == 4 and parts[0] == _SWAP and parts[1].isdecimal() and entry.is_file(follow_symlinks=False):
                        found.append(Swap(self.path / entry.name, int(parts[1]), parts[2], parts[3]))
        return sorted(found, key=lambda swap: swap.number)

    def noted(self, swap: Swap, before: str) -> Swap:
        """Note under its name that what a swap file holds now has been dealt with. Only `here`."""
        noted = Swap(self.path / f"{_SWAP}.{swap.number}.{before}.{swap.new}", swap.number, before, swap.new)
        self.at(swap.path).rename(self.at(noted.path))
        return noted

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
        """Be the only process of ours that replaces the table. Raises TryLater where others do so for longer than TURN,
        NeedsOwner, OSError.

        Who has its turn next waits at a gate, so nobody is passed over by one who writes again and again.
        """
        with self.here(make=True):
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
        """Hold the folder for `who`: the descriptor that holds it until it is closed, or who else holds it.

        Raises NeedsOwner, OSError."""
        with self.here(make=True):
            return hold(self.at(self.path / "owner"), who)

    def _locked(self, name: str, until: float) -> int:
        """The descriptor that holds this lock.   until: on the monotonic clock."""
        descriptor = lock_file(self.at(self.path / name))
        try:
            while not _taken(descriptor):
                if time.monotonic() >= until:
                    raise TryLater(f"{self._target} is just being written by rowd's daemon or another command; try again")
                time.sleep(0.005)
        except BaseException:  # whatever it is, nobody else would close it
            os.close(descriptor)
            raise
        return descriptor


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

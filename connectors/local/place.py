"""Puts contents in the place of a file, durably and in one step, and what stood there beside it: by exchange, else by rename."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from connectors.errors import NeedsOwner, TryLater
from connectors.local.beside import Beside, Swap, digest
from connectors.local.exchange import UNSUPPORTED, Exchange
from connectors.local.links import fresh, held


class Placer:
    """Works on one file and the hidden folder beside it. Only while that folder is `alone`."""

    def __init__(self, target: Path, beside: Beside, exchange: Exchange, link: Callable[[Path, Path], None] = os.link) -> None:
        self._target = target
        self._beside = beside
        self._exchange = exchange
        self._link = link
        self.exchanges = False  # whether files could change places here, the last time that two were asked to

    def try_exchange(self) -> None:
        """Find out whether files can change places here, before the table has to. Only for the folder's owner. Raises nothing."""
        with suppress(OSError, NeedsOwner), self._beside.here():
            one, other = (self._beside.at(path) for path in self._beside.trial)
            try:
                os.close(fresh(one))
                os.close(fresh(other))
                self._exchanged(one, other)
            finally:
                one.unlink(missing_ok=True)
                other.unlink(missing_ok=True)

    def prepare(self, raw: bytes) -> None:
        """Write beside the file, whole and durably, what is to stand in its place. Raises OSError, NeedsOwner."""
        try:
            self._write(self._beside.at(self._beside.draft), raw)
        except BaseException:  # whatever it is, nobody else would let go of what was begun
            self.discard()
            raise

    def discard(self) -> None:
        """Let go of what was prepared. Raises OSError."""
        self._beside.at(self._beside.draft).unlink(missing_ok=True)

    def put(self, before: str, new: str) -> Swap:
        """Let the file hold what was prepared; answers where the file lies that it displaced. One that is gone is not made again.

        before, new: digests of what is expected there and of what was prepared. Raises OSError, TryLater (nothing written).
        """
        swap = self._beside.swap(before, new)
        draft, place = self._beside.at(self._beside.draft), self._beside.at(swap.path)
        try:
            if not self._by_exchange(draft, place):
                self._by_rename(draft, place, before)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._flush()
        return swap

    def _write(self, draft: Path, raw: bytes) -> None:
        target = self._beside.target
        found = target.stat(follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target))
        with os.fdopen(fresh(draft), "wb") as file:
            file.write(raw)
            self._give(file.fileno(), found)
            for name in os.listxattr(target, follow_symlinks=False) if hasattr(os, "listxattr") else ():
                with suppress(OSError):
                    os.setxattr(file.fileno(), name, os.getxattr(target, name, follow_symlinks=False))
            file.flush()
            os.fsync(file.fileno())

    def _give(self, descriptor: int, like: os.stat_result) -> None:
        """Owner, group and mode of the file that is replaced. Raises NeedsOwner where its owner could not write it any more."""
        with suppress(PermissionError):
            os.fchown(descriptor, -1, like.st_gid)
        with suppress(PermissionError):  # only root may give files away
            os.fchown(descriptor, like.st_uid, -1)
        os.fchmod(descriptor, like.st_mode & 0o7777)
        got = os.fstat(descriptor)
        shared = like.st_mode & 0o002 or (like.st_mode & 0o020 and got.st_gid == like.st_gid)
        if got.st_uid != like.st_uid and not shared:
            raise NeedsOwner(
                f"{self._target} belongs to user {like.st_uid}, who could not save it any more if rowd (user {os.geteuid()})"
                " replaced it. Run rowd as that user, or share the file: give both one group, the file that group, and chmod g+w."
            )

    def _by_exchange(self, draft: Path, place: Path) -> bool:
        draft.rename(place)  # whole now: found after a crash, its name tells what it is
        self._flush_beside()
        try:
            exchanged = self._exchanged(place, self._beside.target)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        if not exchanged:
            place.rename(draft)
        return exchanged

    def _exchanged(self, one: Path, other: Path) -> bool:
        """Let two files change places. False: the file system cannot do that. Raises OSError."""
        try:
            self._exchange(one, other)
        except OSError as exc:
            if exc.errno not in UNSUPPORTED:
                raise
            self.exchanges = False
        else:
            self.exchanges = True
        return self.exchanges

    def _by_rename(self, draft: Path, place: Path, before: str) -> None:
        """Where the file system cannot exchange. A save that falls between the last look and the rename is lost: keep it short."""
        target = self._beside.target
        try:
            self._link(target, place)
        except FileNotFoundError:
            raise
        except OSError:  # no hard links either
            _copy(target, place)
            if digest(held(target)) != before:
                place.unlink()
                raise TryLater(f"{self._target.name} was saved by a person just now") from None
        else:
            if target.stat(follow_symlinks=False).st_ino != place.stat(follow_symlinks=False).st_ino:
                place.unlink()
                raise TryLater(f"{self._target.name} was saved by a person just now")
        draft.rename(target)

    def take_back(self, swap: Swap, ours: bytes) -> bool:
        """Give the place back to the file that `put` displaced. False: it was saved meanwhile; that save now lies at `swap`.

        Raises OSError.
        """
        place, target = self._beside.at(swap.path), self._beside.target
        if not self._exchanged(place, target):
            if held(target) != ours:
                return False
            place.rename(target)
            self._flush()
            return True
        self._flush()
        if held(place) != ours:
            return False
        place.unlink()
        return True

    def put_back(self, swap: Swap) -> None:
        """Give the place back to a symlink that `put` displaced: it was put there just now, and is looked at by who reads next.

        Raises OSError.
        """
        if self._exchanged(place := self._beside.at(swap.path), self._beside.target):
            place.unlink()
            self._flush()

    def note(self, swap: Swap, before: str) -> Swap:
        """Record durably that what a displaced file holds now has been dealt with. Raises OSError."""
        noted = self._beside.noted(swap, before)
        self._flush_beside()
        return noted

    def _flush(self) -> None:
        self._flush_beside()
        _flush(self._beside.target.parent)

    def _flush_beside(self) -> None:
        _flush(self._beside.at(self._beside.draft).parent)


def _copy(one: Path, other: Path) -> None:
    """The contents with their mode and times, into a new file. Raises OSError."""
    with os.fdopen(fresh(other), "wb") as copied:
        copied.write(held(one))
    shutil.copystat(one, other, follow_symlinks=False)


def _flush(folder: Path) -> None:
    """Make renames in a folder durable, where the file system can do that. The rename itself stands, so this fails nothing."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

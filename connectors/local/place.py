"""Puts contents in the place of a file, durably and in one step, and what stood there beside it: by exchange, else by rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from connectors.errors import NeedsOwner, TryLater
from connectors.local.beside import Beside, Swap, digest
from connectors.local.exchange import UNSUPPORTED, Exchange


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
        one, other = self._beside.trial
        with suppress(OSError):
            one.touch()
            other.touch()
            self._exchanged(one, other)
        with suppress(OSError):
            one.unlink(missing_ok=True)
            other.unlink(missing_ok=True)

    def put(self, raw: bytes, before: str, new: str) -> Swap:
        """Let the file hold `raw`; answers where the file lies that it displaced. A file that is gone is not made again.

        before, new: digests of what is expected there and of `raw`. Raises OSError, TryLater (nothing written).
        """
        swap = self._beside.swap(before, new)
        draft = self._beside.draft
        try:
            self._write(draft, raw)
            if not self._by_exchange(draft, swap):
                self._by_rename(draft, swap)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._flush()
        return swap

    def _write(self, draft: Path, raw: bytes) -> None:
        stat = self._target.stat()
        with draft.open("wb") as file:
            file.write(raw)
            self._give(file.fileno(), stat)
            for name in os.listxattr(self._target) if hasattr(os, "listxattr") else ():
                with suppress(OSError):
                    os.setxattr(file.fileno(), name, os.getxattr(self._target, name))
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

    def _by_exchange(self, draft: Path, swap: Swap) -> bool:
        draft.rename(swap.path)  # whole now: found after a crash, its name tells what it is
        _flush(self._beside.path)
        try:
            exchanged = self._exchanged(swap.path, self._target)
        except BaseException:
            swap.path.unlink(missing_ok=True)
            raise
        if not exchanged:
            swap.path.rename(draft)
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

    def _by_rename(self, draft: Path, swap: Swap) -> None:
        """Where the file system cannot exchange. A save that falls between the last look and the rename is lost: keep it short."""
        try:
            self._link(self._target, swap.path)
        except FileNotFoundError:
            raise
        except OSError:  # no hard links either
            shutil.copy2(self._target, swap.path)
            if digest(self._target.read_bytes()) != swap.before:
                swap.path.unlink()
                raise TryLater(f"{self._target.name} was saved by a person just now") from None
        else:
            if self._target.stat().st_ino != swap.path.stat().st_ino:
                swap.path.unlink()
                raise TryLater(f"{self._target.name} was saved by a person just now")
        draft.rename(self._target)

    def take_back(self, swap: Swap, ours: bytes) -> bool:
        """Give the place back to the file that `put` displaced. False: it was saved meanwhile; that save now lies at `swap`.

        Raises OSError.
        """
        if not self._exchanged(swap.path, self._target):
            if self._target.read_bytes() != ours:
                return False
            swap.path.rename(self._target)
            self._flush()
            return True
        self._flush()
        if swap.path.read_bytes() != ours:
            return False
        swap.path.unlink()
        return True

    def note(self, swap: Swap, before: str) -> Swap:
        """Record durably that what a displaced file holds now has been dealt with. Raises OSError."""
        noted = swap.renamed(before)
        _flush(self._beside.path)
        return noted

    def _flush(self) -> None:
        _flush(self._beside.path)
        _flush(self._target.parent)


def _flush(folder: Path) -> None:
    """Make renames in a folder durable, where the file system can do that. The rename itself stands, so this fails nothing."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

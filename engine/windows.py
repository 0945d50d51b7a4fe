"""What the windows of vendors have let through, known to all processes of a site: a file, held by whoever counts, and written over.

A command asks the same vendor as the daemon beside it, or the command a moment ago: only together do they keep to what it allows.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from connectors.holding import lock_file
from engine.clock import Clock
from engine.quota import Allowance, Quota

BUSY = timedelta(milliseconds=5)
TRIES = 200
"""How often a file that another process has is asked for, and how far apart. One that is held longer belongs to a process that was
stopped in that very moment: then this one counts alone."""

_LARGEST = 1 << 20
"""Bytes. More is none of ours."""


class Windows(Protocol):
    """Where what was spent of the windows is known."""

    def held(self, quota: Quota, clock: Clock) -> AbstractAsyncContextManager[None]:
        """Inside, `quota` is what all have spent, and nobody else spends; at the end all know what it is then.

        Nothing is awaited inside. Raises nothing.
        """


class WindowFile:
    """One site's. Where the file can't be made, read or written, each process counts alone."""

    def __init__(self, path: Path) -> None:
        """path: in a folder that is made where only it is missing."""
        self._path = path

    @asynccontextmanager
    async def held(self, quota: Quota, clock: Clock) -> AsyncIterator[None]:
        """See `Windows.held`."""
        file = await self._locked(clock)
        if file is None:
            yield
            return
        try:
            uptime = clock.uptime()
            _take_up(quota, file, uptime.boot, uptime.seconds)
            yield
            _note(quota, file, uptime.boot)
        finally:
            os.close(file)

    def standing(self, clock: Clock) -> list[Allowance]:
        """The windows that are half spent, shut, or used by others, now; none where there is no file that can be read."""
        quota, uptime = Quota(), clock.uptime()
        with suppress(OSError), _open(self._path) as file:
            _take_up(quota, file, uptime.boot, uptime.seconds)
        return quota.standing(clock.now(), uptime.seconds)

    async def _locked(self, clock: Clock) -> int | None:
        try:
            file = self._opened()
        except OSError:
            return None
        for _ in range(TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await clock.sleep(BUSY)
            except OSError:
                break
            else:
                return file
        os.close(file)
        return None

    def _opened(self) -> int:
        try:
            return lock_file(self._path)
        except FileNotFoundError:  # no daemon has run yet; its folder belongs to who has the one above
            folder = self._path.parent
            above = folder.parent.stat()
            folder.mkdir(0o700)
            if os.geteuid() == 0:
                os.chown(folder, above.st_uid, above.st_gid, follow_symlinks=False)
            return lock_file(self._path)


class Alone:
    """Of a process that shares its windows with no other."""

    @asynccontextmanager
    async def held(self, quota: Quota, clock: Clock) -> AsyncIterator[None]:  # noqa: ARG002 (a Windows' signature)
        """See `Windows.held`."""
        yield


@contextmanager
def _open(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield file
    finally:
        os.close(file)


def _take_up(quota: Quota, file: int, boot: str, uptime: float) -> None:
    """What an earlier run of the machine spent counts no more, nor does what can't be read: it was torn by a crash."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        said = json.loads(os.pread(file, _LARGEST, 0) or b"{}")
        if said.get("boot") == boot:
            quota.take_up(said["windows"], said["locks"], said.get("learnt", ()), said.get("crowded", ()), uptime)


def _note(quota: Quota, file: int, boot: str) -> None:
    windows, locks, learnt, crowded = quota.noted()
    text = json.dumps({"boot": boot, "windows": windows, "locks": locks, "learnt": learnt, "crowded": crowded}).encode()
    with suppress(OSError):
        os.pwrite(file, text, 0)
        os.ftruncate(file, len(text))

"""Waits for an attempt's launcher, ours or one that outlived its daemon, and ends it where it must end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from actions.api import Process, Request
from actions.command.identity import kill_left

LOOK_EVERY = 1.0
"""Seconds between two looks at how much was written."""

_DYING = 5000
"""Milliseconds that a launcher may take to be gone after SIGKILL: it never waits for a device, so it takes less than one."""


class Held(Protocol):
    """A launcher that can be waited for and signalled."""

    @property
    def pidfd(self) -> int: ...

    def signal(self, number: signal.Signals) -> None:
        """Signal its whole group."""


class Adopted:
    """A launcher that another daemon started. `pidfd` is its own (see `identity.opened`); `close` gives it back."""

    def __init__(self, process: Process, pidfd: int, request: Request) -> None:
        self.process, self.pidfd, self._request = process, pidfd, request

    def signal(self, number: signal.Signals) -> None:
        """Only while the launcher lives: then its group's number can't mean another. What it left is `close`'s to kill."""
        if not _is_readable(self.pidfd, 0):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def close(self) -> None:
        os.close(self.pidfd)
        kill_left(self.process.pid, self._request)


async def until_gone(held: Held, files: Sequence[Path], limit: int, kill_after: timedelta) -> Path | None:
    """Return once the launcher has exited; the file that grew beyond `limit` bytes, where that is why it was stopped.

    Cancelled, it stops the group first: SIGTERM, SIGKILL after `kill_after`, or at once when cancelled again.
    Where it is gone already there is nothing to wait for, not even a turn of the loop: how it ended is known, and no time-out that
    passed while no daemon was there may come before that.
    """
    if _is_readable(held.pidfd, 0):
        return None
    with _watching(held.pidfd) as gone:
        try:
            while not gone.done():
                await asyncio.wait({gone}, timeout=LOOK_EVERY)
                if (long := too_long(files, limit)) is not None:
                    await _stop(held, gone, kill_after)
                    return long
        except asyncio.CancelledError:
            await _stop(held, gone, kill_after)
            raise
    return None


def too_long(files: Sequence[Path], limit: int) -> Path | None:
    """The first of the files that is larger than `limit` bytes."""
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            if file.lstat().st_size > limit:
                return file
    return None


async def _stop(held: Held, gone: asyncio.Future[None], kill_after: timedelta) -> None:
    held.signal(signal.SIGTERM)
    held.signal(signal.SIGCONT)  # a stopped process would not see the other
    try:
        await asyncio.wait({gone}, timeout=kill_after.total_seconds())
    finally:
        held.signal(signal.SIGKILL)
        _is_readable(held.pidfd, _DYING)


@contextlib.contextmanager
def _watching(pidfd: int) -> Iterator[asyncio.Future[None]]:
    """A future that is done when the process is gone. No child watcher: they reap, and then the pid could be another's."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()

    def exited() -> None:
        if not gone.done():
            gone.set_result(None)

    loop.add_reader(pidfd, exited)
    try:
        yield gone
    finally:
        loop.remove_reader(pidfd)


def _is_readable(pidfd: int, milliseconds: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(milliseconds))

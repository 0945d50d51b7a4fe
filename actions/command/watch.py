"""Waits for an attempt's program, of our own warden or of one that outlived its daemon, and ends it where it must end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from actions.api import Request
from actions.command.folder import FILES
from actions.command.identity import is_gone, kill_left, opened
from actions.command.tickets import Ticket, read

LOOK_EVERY = 1.0
"""Seconds between two looks at how much was written."""

DYING = 5.0
"""Seconds that a program may take to be gone after SIGKILL; one that waits for a device may take longer, and isn't waited for."""

_SOON, _SELDOM = 0.005, 0.25
"""Seconds between two looks for what only a file tells: the first, and at the most."""


class Held(Protocol):
    """An attempt that can be waited for and signalled."""

    @property
    def gone(self) -> asyncio.Future[Any]:
        """Done when it has ended."""

    def signal(self, number: signal.Signals) -> None:
        """Signal its whole group."""


class Adopted:
    """An attempt that another daemon's warden has begun, or is about to. End it with `close`.

    Its ticket tells how far it is; its warden lives until the last of its programs has ended and that is noted.
    """

    def __init__(self, folder: Path, ticket: Ticket, request: Request) -> None:
        self.ticket = ticket
        self._folder, self._request = folder, request
        self._warden = opened(ticket.warden)
        self._program: int | None = None
        self._group = 0
        self._gone: asyncio.Task[None] | None = None

    @property
    def gone(self) -> asyncio.Future[Any]:
        """Done when it has ended. It watches from the first time on."""
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_task(self._watch())
        return self._gone

    def is_over(self) -> bool:
        """Whether it has ended, or nobody will tell how it ends: what runs on without a warden, or a ticket, is lost."""
        here = self._look()
        if not here or self._warden is None or is_gone(self._warden):
            self._look()  # what its warden has noted last
            return True
        return (self._program is None or is_gone(self._program)) and self.ticket.status is not None

    def signal(self, number: signal.Signals) -> None:
        """Only while the leader lives: then its group's number can't mean another. Where it hasn't begun yet, nothing."""
        self._look()
        if self._program is not None and not is_gone(self._program):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)

    def close(self) -> bool:
        """Give everything back, and kill what runs on though nobody will tell how it ends. Whether something may have run on."""
        if self._gone is not None:
            self._gone.cancel()
        self._look()
        killed = False
        if self.ticket.status is None:
            killed = self._program is not None and not is_gone(self._program)
            if not kill_program(self._folder, self.ticket.nth, self._request):
                killed = True
                self._kill_warden()
        for pidfd in (self._warden, self._program):
            if pidfd is not None:
                os.close(pidfd)
        return killed

    def _kill_warden(self) -> None:
        """It has made the ticket, and doesn't tell which process it has begun: then all it began ends."""
        if self._warden is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._warden, signal.SIGKILL)
            is_gone(self._warden, int(DYING * 1000))
            kill_program(self._folder, self.ticket.nth, self._request)

    def _look(self) -> bool:
        """Read the ticket anew, and find the program as soon as it tells of it. False where it isn't there any more."""
        ticket = read(self._folder, self.ticket.nth)
        if ticket is None:
            return False
        self.ticket = ticket
        if self._program is None and ticket.program is not None:
            self._program, self._group = opened(ticket.program), ticket.program.pid
        return True

    async def _watch(self) -> None:
        nap = _SOON
        while not self.is_over():
            held = [pidfd for pidfd in (self._warden, self._program) if pidfd is not None and not is_gone(pidfd)]
            running = self._program in held
            await _any_gone(held, None if running else nap)
            nap = _SOON if running else min(2 * nap, _SELDOM)


async def until_gone(held: Held, folder: Path, limit: int, kill_after: timedelta) -> None:
    """Return once it has ended. It is stopped where what it says or gives back grows beyond `limit` bytes.   folder: its own.

    Cancelled, it stops the group first: SIGTERM, SIGKILL after `kill_after`, or at once when cancelled again.
    """
    gone = held.gone
    try:
        while not gone.done():
            await asyncio.wait((gone,), timeout=LOOK_EVERY)
            if not gone.done() and any(_size(folder / name) > limit for name in FILES):
                await _stop(held, kill_after)
                return
    except asyncio.CancelledError:
        await _stop(held, kill_after)
        raise


def _size(file: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return os.lstat(file).st_size
    return 0


def kill_program(folder: Path, nth: int, request: Request) -> bool:
    """Kill what is left of an attempt without a warden. False where it may have begun, and nothing tells which process it is."""
    ticket = read(folder, nth)
    known = None if ticket is None else ticket.program
    if known is not None and (pidfd := opened(known)) is not None:
        if not is_gone(pidfd):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(known.pid, signal.SIGKILL)
        os.close(pidfd)
    kill_left(request, known.pid if known is not None else None, ticket.nonce if ticket is not None else None)
    return ticket is None or known is not None


async def _stop(held: Held, kill_after: timedelta) -> None:
    held.signal(signal.SIGTERM)
    held.signal(signal.SIGCONT)  # a stopped process would not see the other
    try:
        await asyncio.wait((held.gone,), timeout=kill_after.total_seconds())
    finally:
        held.signal(signal.SIGKILL)
        await asyncio.wait((held.gone,), timeout=DYING)


async def _any_gone(pidfds: Sequence[int], seconds: float | None) -> None:
    """Return when one of these processes has ended, or after so many seconds. No child watcher: they reap."""
    with _watching(pidfds) as gone:
        await asyncio.wait((gone,), timeout=seconds)


@contextlib.contextmanager
def _watching(pidfds: Sequence[int]) -> Iterator[asyncio.Future[None]]:
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()

    def exited() -> None:
        if not gone.done():
            gone.set_result(None)

    for pidfd in pidfds:
        loop.add_reader(pidfd, exited)
    try:
        yield gone
    finally:
        for pidfd in pidfds:
            loop.remove_reader(pidfd)

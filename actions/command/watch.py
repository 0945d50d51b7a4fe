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

from actions.api import Process, Request
from actions.command.folder import exit_written, taken
from actions.command.identity import bears_marks, is_gone, kill_left, opened

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
    """An attempt that another daemon released. End it with `close`.

    What its warden has written in its folder tells how far it is; the warden lives until its last program's exit status is written.
    """

    def __init__(self, warden: Process, folder: Path, request: Request) -> None:
        self._folder, self._request = folder, request
        self._warden = opened(warden)
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
        """Whether it has ended, or nobody will tell how it ends: what runs on without a warden, or a folder, is lost."""
        if self._warden is None or is_gone(self._warden) or taken(self._folder) is None:
            return True
        self._look()
        return (self._program is None or is_gone(self._program)) and exit_written(self._folder)

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
        killed = False
        if not exit_written(self._folder):
            self._look()
            killed = self._program is not None and not is_gone(self._program)
            if not kill_program(self._folder, self._request):
                killed = True
                self._kill_warden()
        for pidfd in (self._warden, self._program):
            if pidfd is not None:
                os.close(pidfd)
        return killed

    def _kill_warden(self) -> None:
        """Its ticket was taken, and nobody knows by which process: then all it began ends."""
        if self._warden is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._warden, signal.SIGKILL)
            is_gone(self._warden, int(DYING * 1000))
            kill_program(self._folder, self._request)

    def _look(self) -> None:
        """Find the program, as soon as its warden has told of it."""
        if self._program is None and (process := program(self._folder, self._request)) is not None:
            self._program, self._group = opened(process), process.pid

    async def _watch(self) -> None:
        nap = _SOON
        while not self.is_over():
            held = [pidfd for pidfd in (self._warden, self._program) if pidfd is not None and not is_gone(pidfd)]
            running = self._program in held
            await _any_gone(held, None if running else nap)
            nap = _SOON if running else min(2 * nap, _SELDOM)


async def until_gone(held: Held, files: Sequence[Path], limit: int, kill_after: timedelta) -> Path | None:
    """Return once it has ended; the file that grew beyond `limit` bytes, where that is why it was stopped.

    Cancelled, it stops the group first: SIGTERM, SIGKILL after `kill_after`, or at once when cancelled again.
    """
    gone = held.gone
    try:
        while not gone.done():
            await asyncio.wait((gone,), timeout=LOOK_EVERY)
            if (long := too_long(files, limit)) is not None:
                await _stop(held, kill_after)
                return long
    except asyncio.CancelledError:
        await _stop(held, kill_after)
        raise
    return None


def too_long(files: Sequence[Path], limit: int) -> Path | None:
    """The first of the files that is larger than `limit` bytes."""
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            if os.lstat(file).st_size > limit:
                return file
    return None


def program(folder: Path, request: Request) -> Process | None:
    """The program that was begun, as its warden has told; None where it has told of none (yet).

    In the folder of another user, who can write there, only a process that was begun for this attempt is believed.
    """
    ticket = taken(folder)
    if ticket is None or ticket.program is None:
        return None
    with contextlib.suppress(FileNotFoundError):
        if folder.stat().st_uid != os.geteuid() and not bears_marks(ticket.program.pid, request):
            return None
    return ticket.program


def kill_program(folder: Path, request: Request) -> bool:
    """Kill what is left of an attempt without a warden. False where it may have begun, and nothing tells which process it is."""
    ticket, known = taken(folder), program(folder, request)
    if known is not None and (pidfd := opened(known)) is not None:
        if not is_gone(pidfd):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(known.pid, signal.SIGKILL)
        os.close(pidfd)
    kill_left(request, known.pid if known is not None else None, ticket.nonce if ticket is not None else None)
    return ticket is None or ticket.program is not None


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

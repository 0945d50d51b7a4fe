"""Which process is meant: pids are used again, also after a restart of the machine, so a pid alone names nobody."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

from actions.api import Process, Request
from actions.command.warden import MARK

_PROC = Path("/proc")


def identified(pid: int) -> Process:
    """A process that exists, with its start time. Raises ProcessLookupError where it doesn't."""
    return Process(pid, int(_stat(pid)[19]))


def opened(process: Process) -> int | None:
    """A pidfd of exactly this process; None where it is gone. A zombie counts as there: its pidfd is readable at once."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    try:
        if identified(process.pid).started <= process.started:  # looked at after opening: it is whatever the fd means, or gone
            return pidfd
    except ProcessLookupError:
        pass
    os.close(pidfd)
    return None


def is_gone(pidfd: int, milliseconds: int = 0) -> bool:
    """Whether the process has ended, or ends within so long. One that nobody has reaped has ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(milliseconds))


def kill_left(request: Request, group: int | None, nonce: str | None) -> None:
    """Kill what an attempt left behind, where its leader isn't our child: processes that bear its marks.

    group: theirs; None where it isn't known.   nonce: of a warden that is dead: whatever bears it has yet to become a program.
    """
    marks, unborn = _marks(request), f"{MARK}={nonce}".encode()
    for pid in _pids():
        with contextlib.suppress(OSError):
            if group is not None and int(_stat(pid)[2]) != group:
                continue
            pidfd = os.pidfd_open(pid)
            try:
                environ = _environ(pid)
                grouped = group is None or int(_stat(pid)[2]) == group
                if (marks <= environ and grouped) or unborn in environ:
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            finally:
                os.close(pidfd)


def _marks(request: Request) -> set[bytes]:
    return {f"ROWD_RUN_ID={request.run}".encode(), f"ROWD_ATTEMPT={request.attempt}".encode()}


def _environ(pid: int) -> set[bytes]:
    try:
        return set((_PROC / str(pid) / "environ").read_bytes().split(b"\0"))
    except OSError:  # gone, or another user's
        return set()


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from field 3 on (proc(5)); field 2, the name, may itself hold blanks and brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    return text.rpartition(")")[2].split()

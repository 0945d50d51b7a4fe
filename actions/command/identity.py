"""Which process is meant: pids are used again, also after a restart of the machine, so a pid alone names nobody."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from actions.api import Process, Request

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"


def boot() -> str:
    """The id of this run of the machine (random(4))."""
    return _BOOT.read_text().strip()


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
        if identified(process.pid) == process:  # looked at after opening: whatever the fd means is what was looked at, or gone
            return pidfd
    except ProcessLookupError:
        pass
    os.close(pidfd)
    return None


def kill_left(group: int, request: Request) -> None:
    """Kill what an attempt left in its process group, where its leader isn't our child: only processes that bear its run's id."""
    marks = {f"ROWD_RUN_ID={request.run}".encode(), f"ROWD_ATTEMPT={request.attempt}".encode()}
    for pid in _members(group):
        with contextlib.suppress(OSError):
            pidfd = os.pidfd_open(pid)
            try:
                environ = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
                if int(_stat(pid)[2]) == group and marks <= set(environ):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            finally:
                os.close(pidfd)


def _members(group: int) -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(ProcessLookupError):
                if int(_stat(int(entry.name))[2]) == group:
                    yield int(entry.name)


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from field 3 on (proc(5)); field 2, the name, may itself hold blanks and brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    return text.rpartition(")")[2].split()

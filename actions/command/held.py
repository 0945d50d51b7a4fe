"""Runs a program, reads what it prints, and leaves nothing of it running: not when its time is up, not when rowd dies."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

LONGEST_COMPLAINT = 4_000
"""Bytes that are kept of what it prints to stderr, the last ones."""

_PIECE = 1 << 16

_HOLDER = """
exec 3<&0
(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
"$@" </dev/null 3<&-
status=$?
exec 2>/dev/null
kill -KILL "$!"
wait "$!"
exit "$status"
"""
"""Leads the session. Its stdin is a pipe that rowd holds open: once rowd is gone, however it went, the whole group is killed.

$@: argv. argv[0] is a path, so no word of sh is meant by it.
"""


class Ran(Struct, frozen=True):
    """How it ended. status: as a shell tells it, 128 and the signal's number where one ended it.   complaint: the end of stderr."""

    status: int
    output: bytes
    complaint: bytes


class TooLong(Exception):
    """It was killed: its time was up."""


class TooMuch(Exception):
    """It was killed: it printed more than it may."""


class Stopped(Exception):
    """It was killed, or never begun: nobody waits any more."""


class Program:
    """A program, run again and again, by one thread at a time. `stop` may be called by any."""

    def __init__(self, most: int, patience: float) -> None:
        """most: bytes that it may print.   patience: seconds that it may take."""
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._leader: subprocess.Popen[bytes] | None = None
        self._over = False

    def run(self, argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Ran:
        """argv[0] is an absolute path.   Raises TooLong, TooMuch, Stopped, OSError; ValueError for a NUL character."""
        with self._lock:
            if self._over:
                raise Stopped
            pipe = subprocess.PIPE
            held = ["/bin/sh", "-c", _HOLDER, "rowd", *argv]
            leader = subprocess.Popen(
                held, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env={**environment, "PWD": str(cwd)}, start_new_session=True
            )
            self._leader = leader
        try:
            output, complaint = self._read(leader)
        finally:
            self._end(leader)
        if self._over:
            raise Stopped
        status = leader.returncode
        return Ran(128 - status if status < 0 else status, output, complaint)

    def stop(self) -> None:
        """Kill what runs now, and begin nothing any more."""
        with self._lock:
            self._over = True
            if self._leader is not None:
                os.killpg(self._leader.pid, signal.SIGKILL)

    def _read(self, leader: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """What it prints until it has ended, whatever it leaves running."""
        assert leader.stdout is not None  # noqa: S101 (it is a pipe)
        assert leader.stderr is not None  # noqa: S101 (it is a pipe)
        out, err = leader.stdout.fileno(), leader.stderr.fileno()
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        until = time.monotonic() + self._patience
        said = {out: bytearray(), err: bytearray()}
        gone = os.pidfd_open(leader.pid)
        try:
            poll = select.poll()
            for fd in (out, err, gone):
                poll.register(fd, select.POLLIN)
            ended = False
            while not ended:
                left = until - time.monotonic()
                if left <= 0:
                    raise TooLong
                for fd, _ in poll.poll(left * 1000):
                    if fd == gone:
                        ended = True
                    elif not self._take(fd, said[fd], most=self._most if fd == out else None):
                        poll.unregister(fd)
            for fd, into in said.items():
                while self._take(fd, into, most=self._most if fd == out else None):
                    pass
        finally:
            os.close(gone)
        return bytes(said[out]), bytes(said[err])

    @staticmethod
    def _take(fd: int, into: bytearray, most: int | None) -> bool:
        """Take what is there. False: there is nothing, now or ever.   most: None where only the end is kept."""
        try:
            piece = os.read(fd, _PIECE)
        except BlockingIOError:
            return False
        into += piece
        if most is None:
            del into[:-LONGEST_COMPLAINT]
        elif len(into) > most:
            raise TooMuch
        return bool(piece)

    def _end(self, leader: subprocess.Popen[bytes]) -> None:
        """End all of its group. Nobody has waited for its leader yet, so the number is still its own."""
        with self._lock:
            self._leader = None
            os.killpg(leader.pid, signal.SIGKILL)
            leader.wait()
        for pipe in (leader.stdin, leader.stdout, leader.stderr):
            if pipe is not None:
                pipe.close()

"""Standard output and standard error that keep no command from its work: what can't be written is left out, and told at the end.

So a command that changes something is carried out whole, wherever its answer goes. Light: `rowd --version` needs it.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import Any

SPOILED = 4
"""Exit status where an answer could not be written; `rowd.cli.exits.Exit.OWNER`."""

READER_GONE = 128 + signal.SIGPIPE
"""Exit status where the reader of an answer has closed the pipe, as a shell tells it of a program that SIGPIPE ended."""


class Sink(io.FileIO):
    """The end of a stream. After a write that fails, it takes everything and writes nothing any more.

    failed: what the first failure was; None for none.
    """

    def __init__(self, fd: int) -> None:
        super().__init__(fd, "wb", closefd=False)
        self.failed: OSError | None = None

    def write(self, data: Any, /) -> int:
        """How many bytes were taken."""
        if self.failed is None:
            try:
                return super().write(data)
            except OSError as exc:
                self.failed = exc
        return memoryview(data).nbytes


class Voice:
    """What a command answers on. See `install`.

    changes: whether the command that was called changes something: who gets no answer should know then that it was carried out.
    began: whether it was begun; only its `--help` was asked for otherwise, or it was called wrongly.
    """

    def __init__(self) -> None:
        self.changes = self.began = False
        self._sinks: list[Sink] = []

    def install(self) -> None:
        """Put streams that fail silently in the place of `sys.stdout` and `sys.stderr`, and something in that of a closed one."""
        for fd in (0, 1, 2):
            _occupied(fd)
        if sys.stdin is None:
            sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (a number has no path, and it stays open)
        out, sys.stdout = _stream(1, sys.stdout)
        err, sys.stderr = _stream(2, sys.stderr)
        self._sinks = [out, err]

    @property
    def failed(self) -> OSError | None:
        """Why something could not be written to standard output; None where all that was written arrived."""
        return self._sinks[0].failed if self._sinks else None

    def end(self, status: int) -> int:
        """Write what waits, say on standard error what could not be written, and answer the command's exit status.

        status: what it would be if all had arrived.
        """
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        failed = self.failed
        if failed is None:
            return status
        if failed.errno == errno.EIO and os.isatty(1):  # its terminal was closed
            return status
        if failed.errno == errno.EPIPE:
            return status or READER_GONE
        answer = "The answer could not be written to standard output"
        if self.changes and self.began and status in (0, 1):
            answer = "The command was carried out; only its answer could not be written to standard output"
        sys.stderr.write(f"{answer}: {_why(failed)}.\n")
        sys.stderr.flush()
        return SPOILED


VOICE = Voice()
"""That of this process."""


def _why(failed: OSError) -> str:
    if failed.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full; make room"
    return "it is closed" if failed.errno == errno.EBADF else str(failed.strerror)


def _occupied(fd: int) -> None:
    """Let no file that is opened later take the place of a standard stream that was closed. Writing there fails, as it should."""
    try:
        os.fstat(fd)
    except OSError:
        opened = os.open(os.devnull, os.O_RDONLY)
        if opened != fd:
            os.dup2(opened, fd)
            os.close(opened)


def _stream(fd: int, before: Any) -> tuple[Sink, io.TextIOWrapper]:
    """before: what Python has made of this descriptor; None where it was closed."""
    sink = Sink(fd)
    at_once = before is not None and (before.line_buffering or before.write_through)
    return sink, io.TextIOWrapper(
        io.BufferedWriter(sink),
        encoding=before.encoding if before is not None else "utf-8",
        errors=before.errors if before is not None else "backslashreplace",
        line_buffering=at_once or fd == 2,
    )

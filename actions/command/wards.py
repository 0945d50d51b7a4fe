"""The warden as its daemon sees it: started at the first command, sent orders, heard of its programs' ends, and of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from msgspec import Struct

from actions.boot import boot
from actions.command import warden

_PROGRAM = str(Path(warden.__file__).absolute())
_READ = 1 << 16


class End(Struct, frozen=True):
    """How an order ended.   status: as sh has it; None where there is none.
    why: of what has none.   orphaned: its warden is gone, and what becomes of the program is ours to see to.
    sizes: of its files, as `warden.sizes` has them.
    """

    status: int | None
    why: str = ""
    orphaned: bool = False
    sizes: Sequence[int] | None = None


class Warden:
    """A warden that we started. It lives as long as we do, and then as long as its programs."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._nonce = secrets.token_hex(8)
        self.gone = False
        self._numbers = count(1)
        self._ends: dict[bytes, asyncio.Future[End]] = {}
        self._received = bytearray()
        self._unsent = bytearray()
        self._full = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line, other = socket.socketpair()
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", _PROGRAM, warden.VERSION, boot()],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={warden.MARK: self._nonce},
                start_new_session=True,
            )
        except BaseException:
            self._line.close()
            raise
        finally:
            other.close()
        self._line.setblocking(False)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def number(self) -> bytes:
        """Of the next order: unlike any other's, of any warden."""
        return b"%s-%d" % (self._nonce.encode(), next(self._numbers))

    def begin(self, order: warden.Order) -> asyncio.Future[End]:
        """Send an order; the future tells when it has ended, and how."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[End] = loop.create_future()
        self._listen(loop)
        self._ends[order.number] = ended
        self._send(warden.framed(warden.BEGIN, *order))
        return ended

    def signal(self, number: bytes, sent: signal.Signals) -> None:
        """To the group of an order's program. Nothing where it has ended, or never began."""
        self._send(warden.framed(warden.SIGNAL, number, int(sent)))

    def forget(self, number: bytes) -> None:
        """Whoever waited for this order doesn't any more."""
        self._ends.pop(number, None)

    def kill(self) -> None:
        """The last resort: with it end all its programs."""
        if not self.gone:
            self._popen.kill()
            self._popen.wait()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            self._loop = loop
            loop.add_reader(self._line, self._hear)
            self._full = bool(self._unsent)
            if self._full:
                loop.add_writer(self._line, self._flush)

    def _send(self, frame: bytes) -> None:
        if self.gone:
            self._lose()
            return
        waiting = bool(self._unsent)
        self._unsent += frame
        if not waiting:
            self._flush()

    def _flush(self) -> None:
        """Send as much as it takes. That it is gone is heard of by reading: what it said before comes first."""
        try:
            while self._unsent:
                del self._unsent[: self._line.send(self._unsent)]
        except BlockingIOError:
            if self._loop is not None and not self._full:
                self._full = True
                self._loop.add_writer(self._line, self._flush)
            return
        except OSError:
            self._unsent.clear()
        if self._loop is not None and self._full:
            self._full = False
            self._loop.remove_writer(self._line)

    def _hear(self) -> None:
        try:
            read = self._line.recv(_READ)
        except BlockingIOError:
            return
        except ConnectionResetError:
            read = b""
        if not read:
            self._bury()
            return
        self._received += read
        for number, status, why, sizes in warden.frames(self._received):
            ended = self._ends.pop(number, None)
            if ended is not None and not ended.done():
                ended.set_result(End(status, why, sizes=sizes))

    def _bury(self) -> None:
        self.gone = True
        if self._loop is not None:
            self._loop.remove_reader(self._line)
            self._loop.remove_writer(self._line)
        self._line.close()
        self._popen.kill()  # where it only let go of us: it may do nothing more
        self._popen.wait()
        self._lose()

    def _lose(self) -> None:
        for ended in self._ends.values():
            if not ended.done():
                ended.set_result(End(None, f"its warden {_said(self._popen.returncode)}", orphaned=True))
        self._ends.clear()


_ours: list[Warden] = []


def current() -> Warden:
    """The warden of this process: started where there is none, or none any more. Raises OSError."""
    if _ours and _ours[0].gone:
        _ours.clear()
    if not _ours:
        _ours.append(Warden())
    return _ours[0]


def _said(status: int) -> str:
    if status >= 0:
        return f"ended with exit {status}"
    with contextlib.suppress(ValueError):
        name = signal.Signals(-status).name
        return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"was killed by signal {-status}"

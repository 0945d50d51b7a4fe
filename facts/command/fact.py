"""Asks a program: begun on a leash, heard as it prints, ended with all that it began once nobody waits for it any more."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from actions.command.environment import usual
from facts.answers import brief, read
from facts.api import MOST_BYTES, Tree, Unhad
from facts.command import leash
from facts.command.settings import CommandSettings

_LEASH = str(Path(leash.__file__).absolute())

_TAIL = 4_096
"""Bytes of what it complains that are kept: the last."""

_STDIN, _STDOUT = 0, 1


class Command:
    """`kind = "command"`."""

    def __init__(self, settings: CommandSettings, folder: Path, secrets: Mapping[str, str]) -> None:
        """folder: absolute.   secrets: name → value."""
        self._settings = settings
        self._folder = folder
        self._secrets = secrets

    async def ask(self) -> Tree:
        """Raises Unhad: it printed too much or nothing, or ended with another status than 0 where what it prints is asked for."""
        heard = await self._heard()
        if heard.flooded:
            raise Unhad(f"it printed more than {MOST_BYTES // 1024} kB; let it print the value alone")
        if self._settings.value == "status" and heard.status not in (leash.NOT_FOUND, leash.NOT_EXECUTABLE):
            return heard.status
        if heard.status:
            said = brief(_last_line(heard.complained))
            raise Unhad(f"its program ended with exit status {heard.status}{': ' if said else ''}{said}")
        return read(bytes(heard.printed), "its program")

    async def _heard(self) -> _Heard:
        environment = usual(self._settings.environment, self._secrets)
        try:
            transport, heard = await asyncio.get_running_loop().subprocess_exec(
                _Heard,
                sys.executable,
                *("-I", "-S", _LEASH, str(self._folder), *self._settings.argv),
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C on the daemon's terminal is the daemon's affair
            )
        except OSError as exc:
            raise Unhad(f"no process can be started ({exc.strerror}); see what this machine is short of") from exc
        try:
            await heard.over
        finally:
            heard.let_go()
            await heard.exited  # at once, unless the machine itself hangs
            transport.close()
        return heard


class _Heard(asyncio.SubprocessProtocol):
    """What the program says.   over: it has ended, and all that it said has come.   exited: its leash has ended."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.printed = bytearray()
        self.complained = b""
        self.flooded = False
        self.status = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101 (it is what runs a SubprocessProtocol)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != _STDOUT:
            self.complained = (self.complained + data)[-_TAIL:]
        elif not self.flooded:
            self.printed += data
            self.flooded = len(self.printed) > MOST_BYTES
            if self.flooded:
                self.let_go()

    def process_exited(self) -> None:
        self.status = self._transport.get_returncode() or 0
        _settle(self.exited)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (a protocol's signature)
        _settle(self.over)

    def let_go(self) -> None:
        """The program, and what it began, ends."""
        if (held := self._transport.get_pipe_transport(_STDIN)) is not None:
            held.close()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _last_line(complained: bytes) -> str:
    lines = complained.decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")

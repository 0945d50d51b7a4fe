"""Listens for requests where rowd.toml says so, as long as the daemon lives; where it can't, all else goes on."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol

from config.outside import Listen
from engine.clock import Clock
from engine.events import Listener, ListenerFailed, ListenerOpened
from rowd.wire import LATER, Goal, Patience, serve
from watches.api import Reply

MOST_AT_ONCE = 100
"""Connections; as many more are told to come again, and what is beyond is cut off."""

TRY_AGAIN = timedelta(seconds=30)
"""Where the port is another program's."""


STRANGER = Reply(403, "not for whoever asks from there")


class Desk(Protocol):
    """Who answers what is asked there."""

    def goal(self, method: str, target: str) -> tuple[str, int] | Reply:
        """See `rowd.wire.Goal`."""

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What is asked for, by that name: the answer."""

    def failed(self, exc: Exception) -> None:
        """Something of ours broke while somebody was answered."""


class Listening:
    """One listener of a daemon."""

    def __init__(
        self,
        section: str,
        desk: Desk,
        clock: Clock,
        listener: Listener,
        told: Callable[[str, str], None],
        patience: Patience | None = None,
        most: int = MOST_AT_ONCE,
    ) -> None:
        """section: of rowd.toml that is about it.   told: where it listens, "" for nowhere, and why it can't, each time that is
        news.
        """
        self._section, self._desk, self._clock, self._emit, self._told = section, desk, clock, listener, told
        self._patience, self._most = patience or Patience(), most
        self._where: Listen | None = None  # it is to listen there
        self._heard: Listen | None = None  # it listens there, by this server
        self._server: asyncio.Server | None = None
        self._moved = asyncio.Event()
        self._open = 0

    def go_by(self, where: Listen | None) -> None:
        """Listen there from now on; None: nowhere."""
        if where != self._where:
            self._where = where
            self._moved.set()

    async def run(self) -> None:
        """Until cancelled."""
        deaf: Listen | None = None  # where it was said that nothing can be heard
        try:
            while True:
                self._moved.clear()
                where = self._where
                if self._in_the_way(where):
                    self._close()
                if where is None or where == self._heard:
                    deaf = None
                    self._told(self._on, "")
                    await self._moved.wait()
                elif await self._opened(where, told=deaf == where):
                    deaf = None
                else:
                    deaf = where
                    await self._moved_within(TRY_AGAIN)
        finally:
            self._close()

    async def _opened(self, where: Listen, *, told: bool) -> bool:
        """Listen there instead. Where that can't be, it goes on where it was.   told: that it can't be has been said."""
        try:
            server = await asyncio.start_server(partial(self._met, where), where.address, where.port)
        except OSError as exc:
            if not told:
                meanwhile = f"; until then it listens on {self._on}, as before" if self._heard is not None else ""
                remedy = f"give it back, or name another under [{self._section}]"
                why = f"can't listen on {spelled(where)} ({why_not(exc)}); {remedy}{meanwhile}"
                at, section = self._clock.now(), self._section
                self._emit(ListenerFailed(at=at, section=section, address=where.address, port=where.port, message=why))
                self._told(self._on, why)
            return False
        self._close()
        self._server, self._heard = server, where
        at, section = self._clock.now(), self._section
        self._emit(ListenerOpened(at=at, section=section, address=where.address, port=where.port))
        return True

    def _in_the_way(self, where: Listen | None) -> bool:
        """Whether it has to stop listening where it does, before it can listen there: the same port elsewhere may be its own."""
        return self._heard is not None and where != self._heard and (where is None or where.port == self._heard.port)

    @property
    def _on(self) -> str:
        """Where it listens, as people write it; "" for nowhere."""
        return spelled(self._heard) if self._heard is not None else ""

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = self._heard = None

    async def _moved_within(self, span: timedelta) -> None:
        timer = self._clock.call_after(span, self._moved.set)
        try:
            await self._moved.wait()
        finally:
            timer.cancel()

    async def _met(self, where: Listen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > 2 * self._most:
                writer.transport.abort()
            else:
                await serve(reader, writer, self._goal(where, writer), self._desk.take, self._clock.now, self._patience)
        except OSError:
            pass  # whoever it was has gone
        except Exception as exc:  # whatever somebody sends, the daemon goes on
            self._desk.failed(exc)
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _goal(self, where: Listen, writer: asyncio.StreamWriter) -> Goal:
        if not where.lets_in(writer.get_extra_info("peername")[0]):
            return lambda _method, _target: STRANGER
        return self._desk.goal if self._open <= self._most else lambda _method, _target: LATER


def spelled(where: Listen) -> str:
    """As people write it: `127.0.0.1:8787`, `[::1]:8787`."""
    return f"[{where.address}]:{where.port}" if ":" in where.address else f"{where.address}:{where.port}"


def why_not(exc: OSError) -> str:
    """Without the address, which is said beside."""
    return os.strerror(exc.errno) if exc.errno else str(exc)


def unheard(where: Listen) -> str | None:
    """Why nobody could begin to listen there now; None where somebody could. It is tried, and let go of at once."""
    try:
        with socket.create_server((where.address, where.port), family=socket.AF_INET6 if ":" in where.address else socket.AF_INET):
            return None
    except OSError as exc:
        return why_not(exc)

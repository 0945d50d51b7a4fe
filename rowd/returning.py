"""A place on this machine to which a browser is led back: what it brings, and what it is told of that.

Only 127.0.0.1 is listened on. Anybody on this machine may bring anything, so what isn't waited for is turned away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

T = TypeVar("T")

HERE = "127.0.0.1"

MOST = 65_536
"""Bytes of a request."""

PATIENCE = 10.0
"""Seconds for a browser to say what it wants."""


class Awaited(Struct, Generic[T], frozen=True):
    """ours: whether a query is what is waited for.   taken: what comes of it, in a thread of its own.   said: that, to the browser.

    What `taken` raises is told to the browser, too, and ends the wait.
    """

    ours: Callable[[str], bool]
    taken: Callable[[str], T]
    said: Callable[[T], str]


class Returning:
    """port: that is listened on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.awaited: asyncio.Future[Awaited[object]] = asyncio.get_running_loop().create_future()
        self._came: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._taking = False

    @property
    def address(self) -> str:
        return f"http://{HERE}:{self.port}/"

    async def first(self, awaited: Awaited[T]) -> T:
        """What comes of the first that is ours. Once. Raises what `taken` raises."""
        self.awaited.set_result(awaited)  # type: ignore[arg-type]  # a future of any T: nothing else looks into it
        return await self._came  # type: ignore[return-value]  # what `taken` answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head, writer)
        writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        if method != "GET" or target.path != "/" or not self.awaited.done() or self._taking:
            return await _say(writer, "404 Not Found", "Nothing is to be had here.")
        awaited = self.awaited.result()
        if not awaited.ours(target.query):
            return await _say(writer, "404 Not Found", "This belongs to nothing that is waited for here.")
        self._taking = True
        try:
            found = await asyncio.to_thread(awaited.taken, target.query)
        except Exception as exc:
            await self._told(writer, "400 Bad Request", str(exc))
            self._came.set_exception(exc)
        else:
            await self._told(writer, "200 OK", awaited.said(found))
            self._came.set_result(found)

    async def _told(self, writer: asyncio.StreamWriter, status: str, text: str) -> None:
        with suppress(OSError):  # the browser may have gone meanwhile, and it is done all the same
            await _say(writer, status, text)


@asynccontextmanager
async def returning(port: int) -> AsyncIterator[Returning]:
    """port: 0 for one that is free. Raises OSError where it can't be had."""
    made: list[Returning] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await made[0].serve(reader, writer)

    server = await asyncio.start_server(serve, HERE, port, limit=MOST)
    made.append(Returning(server.sockets[0].getsockname()[1]))
    try:
        yield made[0]
    finally:
        server.close()


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"{text}\n".encode()
    headers = (
        f"HTTP/1.1 {status}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    writer.write("\r\n".join([*headers, "", ""]).encode() + body)
    await writer.drain()

"""One request over one connection, and its answer: HTTP/1.1, and nothing of it that isn't needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct

from watches.api import Reply

if TYPE_CHECKING:
    import h11

LONGEST_HEAD = 16_384
"""Bytes of a request's line and headers together."""

PIECE = 65_536

MOST_DRAINED = 4 * 1024 * 1024
"""So much of a body that nobody wants is read, so that the sender reads our answer instead of an error of its own."""


NOTHING = Reply(404, "there is nothing here")
LATER = Reply(503, "not now", wait_s=5)

GUARDS = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""With every answer: no browser keeps it, takes it for anything but text, or hands it to a page that embeds it (Fetch, 3.7)."""


class Patience(Struct, frozen=True):
    """Seconds.   asking: for a whole request.   parting: for what comes after our answer, and for the answer to leave."""

    asking: float = 15.0
    parting: float = 2.0


Goal = Callable[[str, str], "tuple[str, int] | Reply"]
"""Method, target → what is asked for, and how long a body may be; or the answer that needs no body."""

Take = Callable[[str, Mapping[str, str], bytes], Awaitable[Reply]]


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(status, text)


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    goal: Goal,
    take: Take,
    now: Callable[[], datetime],
    patience: Patience,
) -> None:
    """Answer the first request that comes, and close. What comes after it is not looked at.

    Raises: OSError where the sender has gone; what `take` raises, after the sender was told of it in general.
    """
    import h11  # 18 ms, and only where there is a listener

    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    broken: Exception | None = None
    try:
        async with asyncio.timeout(patience.asking):
            asked = await _asked(reader, writer, connection, goal)
        if asked is None:
            return
        reply = asked if isinstance(asked, Reply) else await take(*asked)
    except TimeoutError:
        reply = Reply(408, "too slow")
    except _Refused as exc:
        reply = exc.reply
    except h11.RemoteProtocolError as exc:
        reply = Reply(exc.error_status_hint, "no request that is understood here")
    except OSError:
        raise
    except Exception as exc:  # ours: the sender is told of it in general, then it is raised
        broken, reply = exc, Reply(500, "rowd failed on it")
    more = connection.their_state not in (h11.DONE, h11.MUST_CLOSE)  # the latter of a sender that says that it closes, too
    writer.write(answer(connection, reply, now()))
    with suppress(TimeoutError):
        async with asyncio.timeout(patience.parting):
            await writer.drain()
            if more:
                await _drained(reader, writer)
    if broken is not None:
        raise broken


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: h11.Connection, goal: Goal
) -> tuple[str, Mapping[str, str], bytes] | Reply | None:
    """None: whoever connected asked nothing."""
    import h11

    event = await _next(reader, connection)
    if not isinstance(event, h11.Request):
        return None
    headers = _headers(event)
    if event.http_version not in (b"1.0", b"1.1"):
        raise _Refused(505, "only HTTP/1.1")
    if len(event.target) + sum(len(name) + len(value) for name, value in headers.items()) > LONGEST_HEAD:
        raise _Refused(431, "too many headers")
    found = goal(event.method.decode("ascii", "replace"), event.target.decode("ascii", "replace"))
    if isinstance(found, Reply):
        return found
    name, most = found
    if "content-length" in headers and "transfer-encoding" in headers:
        raise _Refused(400, "its length is said twice")
    if int(headers.get("content-length", "0")) > most:  # h11 has seen to it that it is a number
        raise _Refused(413, "too long")
    if connection.they_are_waiting_for_100_continue:
        writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
    body = bytearray()
    while isinstance(event := await _next(reader, connection), h11.Data):
        body += event.data
        if len(body) > most:
            raise _Refused(413, "too long")
    return name, headers, bytes(body)  # whole: a connection that ends before raises


async def _next(reader: asyncio.StreamReader, connection: h11.Connection) -> object:
    import h11

    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(PIECE))
    return event


def _headers(request: h11.Request) -> dict[str, str]:
    """What is said twice is said with a comma between: no signature fits then."""
    found: dict[str, str] = {}
    for raw, value in request.headers:
        name, said = raw.decode("latin-1"), value.decode("latin-1")
        found[name] = f"{found[name]}, {said}" if name in found else said
    return found


def answer(connection: h11.Connection, reply: Reply, now: datetime) -> bytes:
    """The whole answer; the connection ends with it."""
    import h11

    body = (reply.text + "\n").encode()
    headers = [
        ("Date", format_datetime(now, usegmt=True)),
        ("Content-Type", reply.media),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *GUARDS,
    ]
    if reply.wait_s is not None:
        headers.append(("Retry-After", str(reply.wait_s)))
    if reply.allow:
        headers.append(("Allow", reply.allow))
    response = h11.Response(status_code=reply.status, headers=headers, reason=HTTPStatus(reply.status).phrase.encode())
    head = connection.send(response) or b""
    try:
        return head + (connection.send(h11.Data(data=body)) or b"") + (connection.send(h11.EndOfMessage()) or b"")
    except h11.LocalProtocolError:  # HEAD has no body
        return head


async def _drained(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if writer.can_write_eof():
        writer.write_eof()
    left = MOST_DRAINED
    while left > 0 and (piece := await reader.read(PIECE)):
        left -= len(piece)

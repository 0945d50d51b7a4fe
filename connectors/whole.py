"""One answer, whole, within bounds: it is given up where it comes too slowly, however steadily, or is larger than any should be.

A client library's own time-outs count silence: one byte a second is no silence. What is cut here is the connection itself, by a
thread of its own, so that it doesn't matter what the library waits for: the head, the body, a proxy.
"""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Lock, Timer
from typing import Any, Protocol
from weakref import WeakSet

from config.fields import spelled
from connectors.errors import GivenUp, OutcomeUnknown

SILENCES = 4
"""An answer may take so many times as long in all as it may keep silent."""

PIECE = 1024 * 1024
"""Bytes that are unpacked at once."""

PACKINGS = "gzip"
"""What is asked for; a second layer of it, or another kind, could unfold without end before anybody has counted."""


class Connection(Protocol):
    """Of `http.client`, or of what is built on it."""

    sock: Any


class NotWhole(Exception):
    """The answer is given up. It never leaves `Watch.within`, whatever the library makes of it."""


class Watch:
    """Watches the requests of one client, one after the other."""

    def __init__(self, silence: timedelta, setting: str, most: int) -> None:
        """silence: how long an answer may keep silent.   setting: what the operator calls that.   most: bytes, unpacked."""
        self._limit = SILENCES * silence
        self._setting = setting
        self._most = most
        self._host = "the store"
        self._open: WeakSet[Any] = WeakSet()  # connections, or sockets
        self._lock = Lock()
        self._request = 0  # which one is under way, or will be: a timer that is late cuts no other's
        self._over = False
        self._why = ""

    @contextmanager
    def within(self, where: object, *, writing: bool) -> Iterator[None]:
        """One request, with everything that is read of its answer.   where: what is being done, for the message.

        Raises GivenUp, where it writes OutcomeUnknown.
        """
        self._over, self._why = False, ""
        timer = Timer(self._limit.total_seconds(), self._cut, [self._request])
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as exc:  # whatever a library makes of a connection that was cut, or of NotWhole
            if said := self._said():
                raise (OutcomeUnknown if writing else GivenUp)(f"{where}: {said}") from exc
            raise
        else:
            if said := self._said():  # an answer without a length seems to end where it was cut
                raise (OutcomeUnknown if writing else GivenUp)(f"{where}: {said}")
        finally:
            timer.cancel()
            with self._lock:
                self._request += 1

    def asks(self, host: str) -> None:
        """A request goes there now."""
        self._host = host

    def opened(self, connection: Connection | socket.socket) -> None:
        """A request goes over this, or will. Raises NotWhole, with a socket closed, where that was long in coming about."""
        with self._lock:
            self._open.add(connection)
        if self._over:
            if isinstance(connection, socket.socket):
                connection.close()
            raise NotWhole(self._said())

    def taken(self, parts: Iterable[bytes], packing: str) -> Iterator[bytes]:
        """The answer's body, unpacked.   packing: its Content-Encoding.   Raises NotWhole."""
        size = 0
        for piece in self._unpacked(parts, packing.strip().lower()):
            size += len(piece)
            if size > self._most:
                self._give_up(
                    f"{self._host} sends more than {self._most // 1024**2} MB in one answer, so rowd has given it up. Where the"
                    " table is really that large, divide it among several"
                )
            yield piece

    def _unpacked(self, parts: Iterable[bytes], packing: str) -> Iterator[bytes]:
        if packing in ("", "identity"):
            yield from parts
            return
        if packing != PACKINGS:
            self._give_up(f"{self._host} packs its answer in a way that rowd hasn't asked for, so it isn't unpacked")
        unpack = _unpacking()
        for part in parts:
            while part:
                if unpack.eof:  # another member follows
                    unpack = _unpacking()
                try:
                    yield unpack.decompress(part, PIECE)
                except zlib.error as exc:
                    self._give_up(f"{self._host} sends an answer that can't be unpacked ({exc})")
                part = unpack.unused_data if unpack.eof else unpack.unconsumed_tail

    def _give_up(self, why: str) -> None:
        self._why = why
        raise NotWhole(why)

    def _said(self) -> str:
        if self._over:
            return (
                f"{self._host} was still at its answer after {spelled(self._limit)}, so rowd has given it up. Where answers really"
                f" take so long, make `{self._setting}` longer in rowd.toml: an answer may take {SILENCES} times that in all"
            )
        return self._why

    def _cut(self, request: int) -> None:
        """End what is open, from whatever thread: who reads there or writes finds its end."""
        with self._lock:
            if request != self._request:
                return
            self._over = True
            for one in self._open:
                under = getattr(one, "sock", one)
                under = getattr(under, "socket", under)  # where encryption runs within encryption
                if isinstance(under, socket.socket):
                    with suppress(OSError):  # not connected, or closed by now
                        socket.socket.shutdown(under, socket.SHUT_RDWR)  # not SSLSocket's, which takes what is under way apart


def _unpacking() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)

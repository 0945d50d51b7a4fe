"""An emulator behind a socket of 127.0.0.1."""

from __future__ import annotations

import socket
import struct
import threading
import time
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, Request

LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: the connection is reset, not closed."""


class Server:
    """Serves from construction until it is closed; a context manager."""

    def __init__(self, emulator: Emulator, port: int = 0) -> None:
        """port: 0 for one that is free. Raises OSError."""
        self.emulator = emulator
        self._http = _Listener(("127.0.0.1", port), emulator)
        self.base = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and tear down what is open."""
        self._http.shutdown()
        self._http.tear_down()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], emulator: Emulator) -> None:
        super().__init__(address, _Connection)
        self.emulator = emulator
        self.open: set[socket.socket] = set()

    def tear_down(self) -> None:
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended by itself meanwhile


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):  # the client has gone, or we have torn it down: ValueError is of a closed file
            self.close_connection = True

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.emulator.answer(Request(self.command, parts.path, query, headers, self._read())))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 (the names that http.server looks for)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers say nothing to us
        return body

    def _send(self, answer: Answer) -> None:
        if answer.delay:
            time.sleep(answer.delay)
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            self.close_connection = True
            return
        headers = {"Date": self.date_time_string(), **answer.headers, "Content-Length": str(len(answer.body))}
        head = f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Error')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        body = b"" if self.command == "HEAD" else answer.body[: answer.cut]
        if answer.drip:
            self.wfile.write(head.encode("latin-1"))
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                time.sleep(answer.drip)
        else:
            self.wfile.write(head.encode("latin-1") + body)  # one packet where it fits in one
        if answer.cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """The journal has it."""

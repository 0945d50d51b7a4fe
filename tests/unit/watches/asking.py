"""Looks at sources that are asked again and again, one after the other, as the daemon takes them; and a web server to ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import watches
from watches.api import Happening, Look, Unseen, Watch


def made(kind: str, base: Path, lent: Mapping[str, str] | None = None, **settings: Any) -> Watch:
    its = watches.load(kind)
    return its.make("it", its.settings.model_validate({"kind": kind, **settings}), base, lent or {})


class Asking:
    """A watch, and the state of its last look."""

    def __init__(self, watch: Watch, state: str | None = None) -> None:
        self.watch = watch
        self.state = state
        self.sees = ""

    def look(self) -> tuple[Happening, ...]:
        found: Look = self.watch.look(self.state)
        self.state, self.sees = found.state, found.sees
        return found.happenings

    def one(self) -> Happening:
        (happening,) = self.look()
        return happening

    def trouble(self) -> str:
        """Why it can't be looked at; then what is known of it stays as it is."""
        with pytest.raises(Unseen) as told:
            self.watch.look(self.state)
        return str(told.value)


class Service:
    """Answers GET as it is told.   body, status, headers: of the next answers.   asked: headers of requests, in small letters.

    tag: its ETag, where it has one; who knows it is answered 304.   hold: waited for before it answers.   reached: it was asked.
    """

    def __init__(self) -> None:
        self.url = ""
        self.body = b"one"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.tag: Callable[[], str] | None = None
        self.asked: list[dict[str, str]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.reached = threading.Event()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append(asked)
        self.reached.set()
        self.hold.wait(60)
        tag = self.tag() if self.tag is not None else None
        known = tag is not None and self.status == 200 and asked.get("if-none-match") == tag
        handler.send_response_only(304 if known else self.status)
        given = {"Content-Length": str(0 if known else len(self.body)), **self.headers, **({"ETag": tag} if tag else {})}
        for name, value in given.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not known:
            handler.wfile.write(self.body)


@contextmanager
def served() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked has given up
                service.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{running.server_port}"
    try:
        yield service
    finally:
        service.hold.set()
        running.shutdown()
        running.server_close()
        thread.join()

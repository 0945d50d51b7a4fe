"""Facts that web services tell: the value in an answer, what is no answer, and where may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import facts
from facts.api import Tree, Unhad
from facts.url.settings import UrlSettings

ANSWERS = {
    "/up": (200, b'{"api": {"state": "up", "load": [1, 2]}}', ""),
    "/page": (200, b"<h1>Stock</h1><p id=left>\xa312<p>x" + b"<!-- -->" * 10_000, ""),
    "/text": (200, b" fine\n", ""),
    "/none": (204, b"", ""),
    "/down": (503, b"{}", ""),
    "/much": (200, b"x" * 70_000, ""),
    "/away": (302, b"", "http://localhost:{port}/up"),
    "/inside": (302, b"", "http://127.0.0.2:{port}/up"),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/secret":
            said = self.headers["X-Token"].encode()
            self._send(200, said, "")
            return
        self._send(*ANSWERS[self.path])

    def _send(self, status: int, body: bytes, location: str) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location.format(port=self.server.server_address[1]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def told(url: str = "", **settings: object) -> Tree:
    definition = UrlSettings.model_validate({"kind": "url", "url": url, **settings})
    fact = facts.load("url").make("api", definition, Path("/"), {"TOKEN": "s3cret"}.__getitem__)
    return asyncio.run(fact.ask())


@pytest.mark.parametrize(
    ("path", "settings", "value"),
    [
        ("/up", {}, {"api": {"state": "up", "load": [1, 2]}}),
        ("/up", {"pointer": "/api/state"}, "up"),
        ("/up", {"pointer": "/api/load/1"}, 2),
        ("/text", {}, "fine"),
        ("/page", {"select": "#left"}, "\u00a312"),
        ("/page", {"select": "h1 + p + p"}, "x"),
        ("/down", {"value": "status"}, 503),
        ("/down", {"expect": [503]}, {}),
        ("/secret", {"headers": {"X-Token": "{secret.TOKEN}"}, "secrets": ["TOKEN"]}, "s3cret"),
    ],
)
def test_what_is_answered_is_the_value(port: int, path: str, settings: dict[str, object], value: Tree) -> None:
    assert told(f"http://127.0.0.1:{port}{path}", **settings) == value


@pytest.mark.parametrize(
    ("path", "settings", "why"),
    [
        ("/down", {}, "its server answered 503 Service Unavailable; see whether it is well, or name the status in `expect`"),
        ("/none", {}, "its server said nothing; let it tell a value, were it 0"),
        ("/up", {"pointer": "/api/stat"}, "the answer has nothing at /api/stat; correct `pointer`"),
        ("/text", {"pointer": "/api"}, "the answer is not JSON, so it has nothing at /api; remove `pointer`, or ask for JSON"),
        ("/much", {}, "its server answered with more than 64 kB; ask for the value alone"),
        ("/page", {}, "its server answered with more than 64 kB; ask for the value alone"),
        ("/page", {"select": "p"}, "p selects 2 elements of the answer; correct `select`, so that it is one"),
        (
            "/up",
            {"select": "p"},
            "the answer has nothing that p selects; correct `select`, or see whether a script puts it there",
        ),
        ("/away", {}, "its server answered 302 Found; see whether it is well, or name the status in `expect`"),
        (
            "/inside",
            {"follow_redirects": True},
            "127.0.0.2 is a loopback address: not asked; if it is meant, name it in allow_private",
        ),
    ],
)
def test_what_is_no_answer_is_told(port: int, path: str, settings: dict[str, object], why: str) -> None:
    with pytest.raises(Unhad) as told_why:
        told(f"http://127.0.0.1:{port}{path}", **settings)
    assert str(told_why.value) == why


def test_nobody_there(port: int) -> None:
    with pytest.raises(Unhad, match="refused the connection; see whether the service runs"):
        told("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"url": "ftp://example.org"}, "is no address of a web service"),
        ({"url": "http://user:pass@example.org"}, "holds a user name"),
        ({"url": "http://example.org", "pointer": "api"}, "is no JSON pointer"),
        ({"url": "http://example.org", "value": "status", "pointer": "/a"}, "so pointer, select and expect say nothing"),
        ({"url": "http://example.org", "value": "status", "select": "a"}, "so pointer, select and expect say nothing"),
        ({"url": "http://example.org", "select": "a", "pointer": "/a"}, "remove one of them"),
        ({"url": "http://example.org", "select": "a["}, "is no CSS selector"),
        ({"url": "http://example.org", "headers": {"Host": "x"}}, "rowd's own affair"),
    ],
)
def test_definitions_that_are_refused(settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):  # of the model, or of what is made of it
        told(**settings)  # type: ignore[arg-type]  # settings of any kind


def test_a_name_that_leads_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """As a name whose DNS somebody else keeps may."""

    async def inside(self: object, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", inside)
    with pytest.raises(Unhad, match=r"^api.example is 127.0.0.1, a loopback address: not asked"):
        told(f"http://api.example:{port}/up")
    assert told(f"http://api.example:{port}/text", allow_private=["api.example"]) == "fine"

"""One attempt over real HTTP, to receivers on this machine: what is sent, and what becomes of hostile ones."""

from __future__ import annotations

import asyncio
import base64
import hmac
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from msgspec.structs import replace

from actions.http.addresses import Allowed, allowed
from rowd.endpoints.endpoint import Endpoint
from rowd.endpoints.sending import Answer, Sending
from tests.fakes.virtual import NOON
from tests.unit.endpoints.post import endpoint
from watches.webhook.schemes import SCHEMES

BODY = b'{"type":"run.ended"}'


class Receiver(ThreadingHTTPServer):
    """seen: (path, headers in small letters, body).   says: status and headers of its answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.says: tuple[int, dict[str, str]] = (200, {})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers = self.server.says
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The url of a receiver that reads a request and answers by hand, once."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            with suppress(OSError):  # rowd has had enough
                answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    thread.join()
    listening.close()


def sent(its: Endpoint, id_: str = "msg_1") -> Answer:
    return asyncio.run(Sending().send(its, id_, BODY, NOON))


def test_what_is_sent_is_signed_so_that_others_accept_it(receiver: Receiver) -> None:
    its = endpoint("ops", url=receiver.url)
    assert sent(its) == Answer()
    [(path, headers, body)] = receiver.seen
    assert (path, body, headers["content-type"]) == ("/hook", BODY, "application/json")
    assert headers["user-agent"].startswith("rowd/")
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    mac = hmac.new(b"k" * 32, b"msg_1.%d.%b" % (NOON.timestamp(), BODY), "sha256").digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    standard = SCHEMES["standard"]  # rowd's own door
    assert standard.refusal(b"k" * 32, headers, body, NOON) == ""
    assert standard.refusal(b"k" * 32, headers, body + b" ", NOON) != ""


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_two_hundred_and_its_like_is_taken(receiver: Receiver, status: int) -> None:
    receiver.says = status, {}
    assert sent(endpoint(url=receiver.url)) == Answer()


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_everything_else_is_not(receiver: Receiver, status: int) -> None:
    receiver.says = status, {"Retry-After": "120"}
    answer = sent(endpoint(url=receiver.url))
    assert f"it answered {status}" in answer.why
    assert (answer.wait, answer.gone) == (timedelta(seconds=120), False)


def test_gone_is_gone(receiver: Receiver) -> None:
    receiver.says = 410, {}
    assert sent(endpoint(url=receiver.url)).gone


def test_no_endpoint_is_waited_for_longer_than_a_day(receiver: Receiver) -> None:
    receiver.says = 503, {"Retry-After": "999999999"}
    assert sent(endpoint(url=receiver.url)).wait == timedelta(days=1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.says = status, {"Location": "/elsewhere"}
    assert "its url leads elsewhere" in sent(endpoint(url=receiver.url)).why
    assert [path for path, *_ in receiver.seen] == ["/hook"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_an_inner_address_is_refused_before_anything_is_sent(receiver: Receiver, host: str) -> None:
    its = replace(endpoint(url=f"http://{host}:{receiver.server_port}/"), allowed=Allowed())
    assert "not asked; if it is meant, name it in allow_private" in sent(its).why
    assert receiver.seen == []


def test_an_inner_address_that_the_operator_names_is_told(receiver: Receiver) -> None:
    named = allowed(["127.0.0.0/8"])
    assert isinstance(named, Allowed)
    assert sent(replace(endpoint(url=receiver.url), allowed=named)) == Answer()


def test_a_receiver_that_drips_is_left(receiver: Receiver) -> None:
    del receiver
    left = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        while not left.wait(0.05):
            connection.sendall(b"x")

    with answering(drip) as url:
        began = time.monotonic()
        answer = sent(endpoint(url=url, timeout="1s"))
        left.set()
    assert answer.why == "it has not answered within 1s; see how it gets on, or make `timeout` longer"
    assert time.monotonic() - began < 10


def test_a_receiver_that_answers_gigabytes_is_read_no_further() -> None:
    written = [0]

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while written[0] < 1 << 30:
            written[0] += connection.send(b"x" * 65536)

    with answering(flood) as url:
        assert sent(endpoint(url=url)) == Answer()
    assert written[0] < 1 << 26


def test_one_that_is_not_there_or_speaks_no_http_is_told_so() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        why = sent(endpoint(url=f"http://127.0.0.1:{unheard.getsockname()[1]}/")).why
    assert "refused the connection" in why
    with answering(lambda connection: connection.sendall(b"220 mail ready\r\n")) as url:
        assert "broke off" in sent(endpoint(url=url)).why

"""Answers that come too slowly, however steadily, or too large: each client leaves them, and asks again as if nothing was.

The server is a real one on this machine. Time is the test's: the server lets it run out once it has sent so much and no more.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from connectors import whole
from connectors.airtable import AirtableSettings
from connectors.airtable import client as airtable
from connectors.airtable.errors import Asking as AirtableAsking
from connectors.api import Place
from connectors.errors import GivenUp, OutcomeUnknown
from connectors.google_sheets import GoogleSheetsSettings, edge
from connectors.google_sheets.credentials import Credentials
from connectors.notion import NotionSettings
from connectors.notion import client as notion
from connectors.notion.errors import Asking as NotionAsking
from connectors.rest import RestSettings
from connectors.rest import client as rest
from connectors.rest.errors import Asking as RestAsking
from connectors.whole import PIECE, Watch

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"so": "far"}'
DRIPS = {
    "the head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "the body": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"so": "',
    "a chunk": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"so": "\r\n6',
    "a body that is whole, and without a length": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"so": "far"}',
}
Ask = Callable[[bool], Any]
"""One request; True for one that writes."""
Close = Callable[[], None]


class Timers:
    """In the place of `threading.Timer`: they go off when the test says so."""

    def __init__(self) -> None:
        self.made: list[Timers.One] = []

    def __call__(self, seconds: float, call: Callable[..., None], args: Any = ()) -> Timers.One:
        self.made.append(self.One(seconds, call, args))
        return self.made[-1]

    class One:
        daemon = False

        def __init__(self, seconds: float, call: Callable[..., None], args: Any) -> None:
            self.seconds, self.off = seconds, lambda: call(*args)
            self.cancelled = False

        def start(self) -> None:
            assert self.daemon  # else a process would wait for it at its end

        def cancel(self) -> None:
            self.cancelled = True


class Slow:
    """Answers each request with the next of `answers`; after one that isn't whole the time runs out, and it waits until nobody is
    there any more.   before: called before each answer.   heads: of what was asked.
    """

    def __init__(self, timers: Timers, secure: ssl.SSLContext | None) -> None:
        self._timers, self._secure = timers, secure
        self.answers: list[bytes] = []
        self.before: Callable[[], None] = lambda: None
        self.heads: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.base = f"{'http' if secure is None else 'https'}://localhost:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self._secure is not None:
            with suppress(OSError):  # nobody is there any more
                connection = self._secure.wrap_socket(connection, server_side=True)
        with suppress(OSError), connection, connection.makefile("rb") as said:
            while head := b"".join(takewhile(bytes.strip, said)):
                lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length:")]
                said.read(int(lengths[0].split(b":")[1]) if lengths else 0)
                self.heads.append(head)
                self.before()
                answer = self.answers.pop(0)
                for at in range(len(answer)) if answer in DRIPS.values() else ():
                    connection.sendall(answer[at : at + 1])
                if answer in DRIPS.values():
                    while _unread(connection):
                        pass  # what has not been read would be lost with the connection
                    self._timers.made[-1].off()
                    assert said.read() == b""
                    return
                connection.sendall(answer)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _unread(connection: socket.socket) -> bool:
    """Whether the other side, on this machine, has yet to read something: proc_net_tcp(5)."""
    here, there = (f":{port:04X}" for port in (connection.getsockname()[1], connection.getpeername()[1]))
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(
        its.endswith(there) and others.endswith(here) and not queues.endswith(":00000000")
        for _, its, others, _, queues, *_ in lines
    )


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    made = Timers()
    monkeypatch.setattr(whole, "Timer", made)
    return made


@pytest.fixture(params=["plain", "encrypted"])
def slow(request: pytest.FixtureRequest, timers: Timers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    secure = None
    if request.param == "encrypted":
        secure, certificate = _secured(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setattr("certifi.where", lambda: str(certificate))
    server = Slow(timers, secure)
    if request.param == "proxy":
        monkeypatch.setenv("HTTPS_PROXY", server.base)
        server.base = "https://tasks.example.com"
    yield server
    server.close()


def _secured(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(datetime.now(UTC) - day).not_valid_after(datetime.now(UTC) + day)
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate


class Somebody:
    address, project = "robot@example.com", "project"

    def token(self, _ask: Any) -> str:
        return "token"

    def drop(self) -> None:
        raise AssertionError


LONG = {"connect_timeout": "10m", "timeout": "10m"}
"""So that nothing ends a request but what is tested."""


def _airtable(base: str, place: Place) -> tuple[Ask, Close]:
    settings = {"base": "appRowdSamples001", "table": "Tasks", "plan": "team", "endpoint": base, **LONG}
    client = airtable.Client(AirtableSettings.model_validate(settings), place)
    asking = AirtableAsking("data.records:read")
    return lambda writing: client.ask(replace(asking, writing=writing), "PATCH" if writing else "GET", "base"), client.close


def _notion(base: str, place: Place) -> tuple[Ask, Close]:
    settings = {"database": "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9", "endpoint": base, **LONG}
    client = notion.Client(NotionSettings.model_validate(settings), place)
    asking = NotionAsking("Read content")
    return lambda writing: client.ask(replace(asking, writing=writing), "PATCH" if writing else "GET", "pages"), client.close


def _rest(base: str, place: Place) -> tuple[Ask, Close]:
    client = rest.Client(
        RestSettings.model_validate({"url": base, "list": "/tasks", "update": "PATCH /tasks/{key}", **LONG}), place
    )
    asking = RestAsking("list", "GET /tasks")
    return (
        lambda writing: client.ask(replace(asking, writing=writing), "PATCH" if writing else "GET", "/tasks").document,
        client.close,
    )


def _sheets(base: str, place: Place) -> tuple[Ask, Close]:
    more = {"connect_timeout": LONG["connect_timeout"], "read_timeout": LONG["timeout"]}
    settings = {"spreadsheet": "x", "tab": "x", "credentials": "x", "endpoint": base, **more}
    one = edge.Edge(GoogleSheetsSettings.model_validate(settings), place, "table ops")
    return lambda writing: one._ask("post" if writing else "get", one._url, writing=writing, params={}), one.close


CLIENTS = {"airtable": _airtable, "notion": _notion, "rest": _rest, "google_sheets": _sheets}


@pytest.fixture(params=CLIENTS)
def ask(request: pytest.FixtureRequest, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Of a client that takes a megabyte at most."""
    for module in (airtable, notion, edge):
        monkeypatch.setattr(module, "MOST", 1024 * 1024)
    monkeypatch.setattr(Credentials, "account", lambda _self: Somebody())
    secrets = {"AIRTABLE_TOKEN": "token", "NOTION_TOKEN": "token"}
    place = Place(name="ops", base=Path("/nowhere"), id_column="ID", name_column="Name", secret=secrets.__getitem__)
    asks, close = CLIENTS[request.param](slow.base, place)
    yield asks
    close()


@pytest.mark.parametrize("drips", DRIPS)
@pytest.mark.parametrize("writing", [False, True])
def test_an_answer_that_drips_is_given_up_and_the_next_is_taken(
    ask: Ask, slow: Slow, timers: Timers, drips: str, *, writing: bool
) -> None:
    slow.answers = [GOOD, DRIPS[drips], GOOD]
    assert ask(False) == {"so": "far"}  # over a connection that is used again
    with pytest.raises(OutcomeUnknown if writing else GivenUp, match=r"localhost was still at its answer after 40m, so rowd") as it:
        ask(writing)
    assert "timeout` longer in rowd.toml" in str(it.value)
    assert ask(writing) == {"so": "far"}
    assert [timer.cancelled for timer in timers.made] == [True] * 3


@pytest.mark.parametrize("slow", ["proxy"], indirect=True)
def test_a_proxy_that_drips_is_given_up_too(ask: Ask, slow: Slow) -> None:
    slow.answers = [DRIPS["the head"]]
    with pytest.raises(GivenUp, match=r"tasks\.example\.com was still at its answer"):
        ask(False)
    assert slow.heads[0].startswith(b"CONNECT tasks.example.com:443 ")


def test_a_connection_that_comes_about_too_late_carries_nothing(ask: Ask, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a name takes minutes to be looked up: nothing can be cut before."""
    monkeypatch.setattr(Timers.One, "start", lambda timer: timer.off())
    with pytest.raises(OutcomeUnknown, match="localhost was still at its answer"):
        ask(True)
    assert slow.heads == []


@pytest.mark.parametrize("slow", ["plain"], indirect=True)
@pytest.mark.parametrize("ask", ["airtable", "notion", "google_sheets"], indirect=True)
def test_a_connection_is_cut_that_its_library_thinks_no_more_of(
    ask: Ask, slow: Slow, timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an answer has no length, its connection is the answer's alone."""
    taken = Watch.taken

    def late(watch: Watch, parts: Iterable[bytes], packing: str) -> Iterator[bytes]:
        timers.made[-1].off()
        return taken(watch, parts, packing)

    slow.answers = [DRIPS["a body that is whole, and without a length"] + b" "]  # in one piece, and then nothing
    monkeypatch.setattr(Watch, "taken", late)
    with pytest.raises(GivenUp, match="localhost was still at its answer"):
        ask(False)


def test_a_timer_that_is_late_cuts_nobody_elses_answer(ask: Ask, slow: Slow, timers: Timers) -> None:
    slow.answers = [GOOD, GOOD]
    assert ask(False) == {"so": "far"}
    slow.before = timers.made[0].off
    assert ask(False) == {"so": "far"}
    assert len(slow.heads) == 2


def packed(packing: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {packing}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("step", [1, 7, 10**9])
def test_what_is_packed_is_unpacked_piece_by_piece_however_it_comes(step: int) -> None:
    text = b"far" * 1_000_000
    sent = gzip.compress(text) + gzip.compress(b"ther")
    parts = (sent[at : at + step] for at in range(0, len(sent), step))
    pieces = list(Watch(timedelta(seconds=1), "timeout", 4_000_000).taken(parts, " GZIP "))
    assert b"".join(pieces) == text + b"ther"
    assert max(map(len, pieces)) <= PIECE


FOLDED = gzip.compress(gzip.compress(b"[" + bytes(1024 * 1024)))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (packed("gzip", gzip.compress(bytes(2 * 1024 * 1024))), "localhost sends more than 1 MB in one answer"),
        (packed("identity", bytes(2 * 1024 * 1024)), "localhost sends more than 1 MB in one answer"),
        (packed("gzip, gzip", FOLDED), "localhost packs its answer in a way that rowd hasn't asked for"),
        (packed("deflate", FOLDED), "localhost packs its answer in a way that rowd hasn't asked for"),
        (packed("gzip", b"no such thing"), "localhost sends an answer that can't be unpacked"),
    ],
)
@pytest.mark.parametrize("slow", ["plain"], indirect=True)
@pytest.mark.parametrize("ask", ["airtable", "notion", "google_sheets"], indirect=True)
def test_an_answer_that_unfolds_or_is_too_large_is_given_up(ask: Ask, slow: Slow, answer: bytes, why: str) -> None:
    """Of a JSON service, nothing is unpacked: see its own tests."""
    slow.answers = [answer, answer, GOOD]
    for writing, error in ((False, GivenUp), (True, OutcomeUnknown)):
        with pytest.raises(error, match=why):
            ask(writing)
    assert ask(False) == {"so": "far"}

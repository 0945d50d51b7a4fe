"""What all emulators share, by one of a vendor that doesn't exist."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import requests

from tests.emulators.core.clock import RealClock, SetClock, Shifted
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, Refused, Request
from tests.emulators.core.faults import Fault, Faults
from tests.emulators.core.inprocess import Adapter, Transport
from tests.emulators.core.quota import Window
from tests.emulators.core.routes import Routes
from tests.emulators.core.server import Server
from tests.emulators.core.switches import Switch, Switches

NOON = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Notes(Emulator):
    """Keeps texts by name."""

    def __init__(self) -> None:
        super().__init__(SetClock(NOON), Switches(()))
        self.kept: dict[str, str] = {}
        self.routes.on("GET", "/notes/{name}", "notes.get", self.get)
        self.routes.on("POST", "/notes/{name}:shout", "notes.shout", self.shout)
        self.routes.on("POST", "/notes/{name}", "notes.put", self.put)
        self.routes.on("GET", "/deep/{rest*}", "deep", self.rest)

    def admit(self, request: Request, operation: str) -> None:
        if request.bearer == "bad":
            raise Refused(Answer.of(401, {"error": "bad token"}))

    def no_json(self, why: str) -> Answer:
        return Answer.of(400, {"error": why})

    def rest(self, request: Request, rest: str) -> Answer:
        return Answer.of(200, rest)

    def snippet(self, base: str) -> str:
        return base

    def get(self, request: Request, name: str) -> Answer:
        if name not in self.kept:
            raise Refused(Answer.of(404, {"error": f"no {name}"}, retry_after="5"))
        return Answer.of(200, self.kept[name])

    def put(self, request: Request, name: str) -> Answer:
        self.kept[name] = request.json["text"]
        return Answer.of(200, {})

    def shout(self, request: Request, name: str) -> Answer:
        self.kept[name] = self.kept[name].upper()
        return Answer.of(200, {})


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def server(notes: Notes) -> Iterator[Server]:
    with Server(notes) as server:
        yield server


def test_a_request_finds_its_handler_and_what_nothing_serves_is_no_plausible_lie(notes: Notes) -> None:
    assert notes.answer(Request.of("POST", "/notes/a%20b", json={"text": "hi"})).status == 200
    assert notes.answer(Request.of("GET", "/notes/a%20b")).json == "hi"
    assert notes.answer(Request.of("POST", "/notes/a%20b:shout")).status == 200
    assert notes.kept == {"a b": "HI"}
    assert notes.answer(Request.of("GET", "/deep/a/b%3Ac:d")).json == "a/b:c:d"
    unserved = Request.of("DELETE", "/notes/a")
    assert notes.answer(unserved).status == 501
    assert notes.unserved == [unserved]
    assert notes.journal.counts() == {"notes.put": 1, "notes.get": 1, "notes.shout": 1, "deep": 1, "": 1}


def test_a_colon_is_part_of_a_name_but_where_it_ends_one() -> None:
    def nothing(_request: Request, **_names: str) -> Answer:
        return Answer(204)

    def found(routes: Routes, path: str) -> dict[str, str] | None:
        routes.on("GET", "/notes/{name}:sing", "notes.sing", nothing)
        routes.on("GET", "/notes/{name}", "notes.get", nothing)
        there = routes.find(Request.of("GET", path))
        return None if there is None else {there.route.operation: there.values["name"]}

    assert found(Routes(), "/notes/a:b") == found(Routes(), "/notes/a%3Ab") == {"notes.get": "a:b"}
    assert found(Routes(), "/notes/a:b:sing") == {"notes.sing": "a:b"}
    assert found(Routes(colon_ends=True), "/notes/a:b") is None
    assert found(Routes(colon_ends=True), "/notes/a:sing") == {"notes.sing": "a"}


def test_refusals_and_bad_json_are_worded_by_the_vendor(notes: Notes) -> None:
    missing = notes.answer(Request.of("GET", "/notes/x"))
    assert (missing.status, missing.json, missing.headers["Retry-After"]) == (404, {"error": "no x"}, "5")
    assert notes.answer(Request.of("GET", "/notes/x", token="bad")).status == 401
    assert notes.answer(Request("POST", "/notes/x", body=b"{")).status == 400


def test_over_a_socket_it_is_the_same_and_the_connection_is_kept(server: Server, notes: Notes) -> None:
    with requests.Session() as session:
        assert session.post(f"{server.base}/notes/ä", json={"text": "grüß"}, timeout=5).status_code == 200
        assert session.get(f"{server.base}/notes/ä", timeout=5).json() == "grüß"
        assert session.head(f"{server.base}/notes/ä", timeout=5).status_code == 501
    host = server.base.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request(
        "POST", "/notes/b", iter([b'{"text"', b': "in parts"}']), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert connection.getresponse().read() == b"{}"
    mine = connection.sock
    connection.request("GET", "/notes/b")
    assert json.loads(connection.getresponse().read()) == "in parts"
    assert connection.sock is mine
    connection.close()


def test_a_fault_hits_before_or_after_what_was_asked_for_is_done(server: Server, notes: Notes) -> None:
    def post(text: str) -> requests.Response:
        return requests.post(f"{server.base}/notes/a", json={"text": text}, timeout=5)

    notes.faults.add(Fault("notes.put", times=1, answer=Answer.html(502, "<h1>Bad</h1>")))
    first = post("one")
    assert (first.status_code, first.headers["Content-Type"], notes.kept) == (502, "text/html; charset=utf-8", {})
    notes.faults.add(Fault("notes.put", times=1, answer=Answer.of(503, {}), committed=True))
    assert (post("two").status_code, notes.kept) == (503, {"a": "two"})
    notes.faults.add(Fault("notes.put", times=1, reset=True))
    with pytest.raises(requests.ConnectionError):
        post("three")
    assert notes.kept == {"a": "two"}
    notes.faults.add(Fault("notes.put", times=1, reset=True, committed=True))
    with pytest.raises(requests.ConnectionError):
        post("four")
    assert notes.kept == {"a": "four"}
    notes.faults.add(Fault("notes.get", times=1, cut=3))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.base}/notes/a", timeout=5)
    notes.faults.add(Fault("notes.get", times=1, delay=30))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.base}/notes/a", timeout=0.1)
    notes.faults.add(Fault("notes.get", times=1, drip=0.001))
    assert requests.get(f"{server.base}/notes/a", timeout=5).json() == "four"
    assert post("five").status_code == 200


def test_chance_is_the_same_with_the_same_seed() -> None:
    def story(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault(chance=0.3))
        return [faults.draw("x") is not None for _ in range(200)]

    assert story(1) == story(1) != story(2)
    assert 30 < sum(story(1)) < 90


@pytest.mark.parametrize(("aligned", "waits"), [(True, timedelta(seconds=50)), (False, MINUTE)])
def test_a_window_is_full_until_it_moves_on(aligned: bool, waits: timedelta) -> None:
    window = Window(2, MINUTE, aligned=aligned)
    assert [window.take(NOON), window.take(NOON), window.take(NOON)] == [None, None, waits]
    assert window.left(NOON) == 0
    assert window.take(NOON + waits - timedelta(microseconds=1)) is not None
    assert window.take(NOON + waits) is None
    assert window.left(NOON + waits) == 1


def test_switches_know_their_answers() -> None:
    known = [Switch("lag", ("none", "long"), "how late", "A3")]
    assert dict(Switches(known)) == {"lag": "none"}
    assert Switches(known, {"lag": "long"})["lag"] == "long"
    with pytest.raises(ValueError, match="none or long"):
        Switches(known, {"lag": "short"})
    with pytest.raises(ValueError, match="there are lag"):
        Switches(known, {"log": "long"})


def test_the_vendors_http_libraries_reach_it_without_a_socket(notes: Notes) -> None:
    session = requests.Session()
    session.mount("https://", Adapter(notes))
    assert session.post("https://api.example.org/notes/a", json={"text": "hi"}).status_code == 200
    client = httpx.Client(transport=Transport(notes), base_url="https://api.example.org")
    assert client.get("/notes/a").json() == "hi"
    assert client.get("/notes/b").headers["retry-after"] == "5"
    notes.faults.add(Fault(reset=True))
    with pytest.raises(requests.ConnectionError):
        session.get("https://api.example.org/notes/a")
    with pytest.raises(httpx.ReadError):
        client.get("/notes/a")


def test_many_at_once_are_served_one_after_the_other(server: Server, notes: Notes) -> None:
    begun = threading.Barrier(8)

    def work(number: int) -> None:
        with requests.Session() as session:
            begun.wait()
            for at in range(20):
                session.post(f"{server.base}/notes/{number}-{at}", json={"text": "x"}, timeout=10).raise_for_status()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(notes.kept) == len(notes.journal) == 160


def test_a_closed_server_leaves_no_connection_open(notes: Notes) -> None:
    with Server(notes) as server:
        host, _, port = server.base.removeprefix("http://").partition(":")
        kept = socket.create_connection((host, int(port)), timeout=5)
        kept.sendall(b"GET /notes/a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 404 ")
    while kept.recv(1000):
        pass
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=5)
    kept.close()


def test_a_shifted_clock_goes_on_from_where_it_was_set() -> None:
    inner = SetClock(NOON)
    clock = Shifted(inner)
    clock.set(NOON + timedelta(days=-400))
    inner.advance(seconds=5)
    assert clock.now() == NOON + timedelta(days=-400, seconds=5)
    assert abs(RealClock().now() - datetime.now(UTC)) < MINUTE

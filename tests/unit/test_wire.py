"""One HTTP request over one connection: whatever comes, nothing but a whole request is taken, and the answer is one of HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowd.wire import LONGEST_HEAD, Patience, serve
from tests.fakes.virtual import NOON
from watches.api import Reply

MOST = 100
QUICK = Patience(asking=0.05, parting=0.05)
HEAD = b"POST /hooks/a HTTP/1.1\r\nHost: x\r\n"


class Writer:
    """What is written, as far as a StreamWriter is used."""

    def __init__(self) -> None:
        self.written = b""
        self.ended = False

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True


class Met:
    """One connection."""

    def __init__(self, *, broken: Exception | None = None) -> None:
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []
        self.writer = Writer()
        self._broken = broken

    def goal(self, method: str, target: str) -> tuple[str, int] | Reply:
        if target != "/hooks/a":
            return Reply(404, "nothing")
        return ("a", MOST) if method == "POST" else Reply(405, "only POST", allow="POST")

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._broken is not None:
            raise self._broken
        self.taken.append((name, headers, body))
        return Reply(202, "taken")

    async def serve(self, pieces: Sequence[bytes], *, end: bool = True) -> None:
        reader: asyncio.StreamReader = asyncio.StreamReader()
        for piece in pieces:
            reader.feed_data(piece)
        if end:
            reader.feed_eof()
        writer: Any = self.writer
        await serve(reader, writer, self.goal, self.take, lambda: NOON, QUICK)


def said(*pieces: bytes, end: bool = True) -> tuple[int | None, Met]:
    """The status that is answered, None where nothing is."""
    met = Met()
    asyncio.run(met.serve(pieces, end=end))
    return status(met.writer.written), met


def status(written: bytes) -> int | None:
    """Held against another end of the connection: the answer is a whole one, and says that the connection ends."""
    if not written:
        return None
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(written)
    client.receive_data(b"")
    found = None
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            found = event.status_code
            assert (b"connection", b"close") in event.headers
    assert found is not None
    assert isinstance(client.next_event(), h11.ConnectionClosed)  # nothing after it
    return found


def test_a_whole_request_is_taken_as_it_came() -> None:
    for pieces in (
        [HEAD + b"X-A: 1\r\nContent-Length: 5\r\n\r\n\xff{ \r\n"],
        [bytes([b]) for b in HEAD + b"X-A: 1\r\nContent-Length: 5\r\n\r\n\xff{ \r\n"],
    ):
        answered, met = said(*pieces)
        ((name, headers, body),) = met.taken
        assert not met.writer.ended  # there is no more to wait for
        assert (answered, name, headers["x-a"], body) == (202, "a", "1", b"\xff{ \r\n")


@pytest.mark.parametrize("head", [HEAD + b"Connection: close\r\n", b"POST /hooks/a HTTP/1.0\r\n"])
def test_a_sender_that_says_that_it_closes_is_not_waited_for_either(head: bytes) -> None:
    answered, met = said(head + b"Content-Length: 2\r\n\r\n{}", end=False)
    assert (answered, met.writer.ended) == (202, False)


def test_a_body_in_chunks_is_put_together() -> None:
    answered, met = said(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
    assert (answered, met.taken[0][2]) == (202, b"abcde")


def test_only_the_first_of_several_requests_is_answered() -> None:
    one = HEAD + b"Content-Length: 1\r\n\r\n"
    answered, met = said(one + b"1" + one + b"2")
    assert (answered, [body for _, _, body in met.taken]) == (202, [b"1"])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET /hooks/a HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"PUT /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", 405),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
        (b"POST //hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
        (HEAD + b"Content-Length: 101\r\n\r\n", 413),
        (HEAD + b"Content-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413),
        (HEAD + b"Content-Length: 9999999999999999999\r\n\r\n", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n65\r\n" + b"a" * 101 + b"\r\n0\r\n\r\n", 413),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: one\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (HEAD + b"Content-Length: 5\r\n\r\nabc", 400),  # and then its end
        (b"POST /hooks/a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),  # without a Host
        (b"POST /hooks/a HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (HEAD + b"X: " + b"x" * LONGEST_HEAD + b"\r\n\r\n", 431),
        (b"POST /" + b"x" * LONGEST_HEAD + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300 + b"\r\n\r\n", 400),  # TLS
        (HEAD + b"Bad Header: 1\r\n\r\n", 400),
        (HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n", 400),
    ],
)
def test_anything_else_is_refused_and_nothing_taken(request_: bytes, expected: int) -> None:
    answered, met = said(request_)
    assert (answered, met.taken) == (expected, [])


def test_a_question_about_the_head_alone_is_answered_without_a_body() -> None:
    met = Met()
    asyncio.run(met.serve([b"HEAD /hooks/a HTTP/1.1\r\nHost: x\r\n\r\n"]))
    assert met.writer.written.startswith(b"HTTP/1.1 405 ")
    assert met.writer.written.endswith(b"\r\n\r\n")
    assert b"Allow: POST\r\n" in met.writer.written


def test_who_asks_first_whether_to_send_is_told_to() -> None:
    answered, met = said(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", b"ab")
    assert (answered, len(met.taken)) == (202, 1)
    assert re.match(rb"HTTP/1.1 100 \r\n\r\nHTTP/1.1 202 ", met.writer.written)


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 5\r\n\r\nabc"])
def test_who_is_too_slow_is_told_so_and_let_go(sent: bytes) -> None:
    answered, met = said(sent, end=False)
    assert (answered, met.taken) == (408, [])


def test_who_asks_nothing_is_answered_nothing() -> None:
    assert said(b"")[0] is None


def test_what_breaks_is_told_us_and_the_sender_only_that() -> None:
    met = Met(broken=ZeroDivisionError("a secret"))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(met.serve([HEAD + b"Content-Length: 0\r\n\r\n"]))
    assert status(met.writer.written) == 500
    assert b"secret" not in met.writer.written
    assert b"Zero" not in met.writer.written


def test_when_it_may_come_again_is_said() -> None:
    met = Met()
    met.goal = lambda _method, _target: Reply(429, "too many", wait_s=7)  # type: ignore[method-assign]  # as one that is asked too much
    asyncio.run(met.serve([HEAD + b"Content-Length: 0\r\n\r\n"]))
    assert b"\r\nRetry-After: 7\r\n" in met.writer.written


def test_no_browser_keeps_an_answer_or_hands_it_to_a_page() -> None:
    met = Met()
    met.goal = lambda _method, _target: Reply(200, "numbers", media="text/x; version=1")  # type: ignore[method-assign]  # as a desk
    asyncio.run(met.serve([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]))
    head = met.writer.written.partition(b"\r\n\r\n")[0].split(b"\r\n")
    for line in (b"Cache-Control: no-store", b"X-Content-Type-Options: nosniff", b"Cross-Origin-Resource-Policy: same-origin"):
        assert line in head
    assert b"Content-Type: text/x; version=1" in head
    assert not [line for line in head if line.lower().startswith(b"access-control-")]


WHOLE = HEAD + b"Content-Length: 5\r\nX-Hub-Signature-256: sha256=ab\r\n\r\nabcde"


@given(st.integers(0, len(WHOLE) - 1))
def test_a_request_that_is_cut_anywhere_is_not_taken(at: int) -> None:
    assert said(WHOLE[:at])[1].taken == []


@given(st.binary(max_size=400), st.integers(0, len(WHOLE)), st.integers(0, 3))
def test_whatever_comes_is_answered_or_let_go(noise: bytes, at: int, skipped: int) -> None:
    answered, met = said(WHOLE[:at] + noise + WHOLE[at + skipped :])
    assert answered in (None, 202, 400, 404, 405, 413, 431, 501, 505)
    assert len(met.taken) == (1 if answered == 202 else 0)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.booleans(), st.data())
def test_however_it_is_cut_into_pieces_it_is_the_same_request(chunks: list[bytes], chunked: bool, data: st.DataObject) -> None:
    body = b"".join(chunks)
    if chunked:
        sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
    else:
        sent = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=5)))
    answered, met = said(*(sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)))
    if len(body) > MOST:
        assert (answered, met.taken) == (413, [])
    else:
        assert (answered, met.taken[0][2]) == (202, body)

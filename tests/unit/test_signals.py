"""One ping over real HTTP: what a service gets, what counts as taken, and that its address stands in no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rowd import signals
from rowd.signals import FAIL, START, SUCCESS, Receiver, address_of

SECRET = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"

Story = Callable[[str], Awaitable[None]]


class Service:
    """Speaks HTTP on loopback: answers what it is told to, and keeps what it gets."""

    def __init__(self, answer: bytes | None = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK") -> None:
        """answer: None for none, ever."""
        self.answer = answer
        self.got: list[bytes] = []
        self._gone = asyncio.Event()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        self.got.append(head + await reader.readexactly(length))
        if self.answer is None:
            await self._gone.wait()
        else:
            writer.write(self.answer)
        writer.close()

    async def at(self, story: Story, path: str = f"/ping/{SECRET}") -> None:
        server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        try:
            await story(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}")
        finally:
            self._gone.set()
            server.close()


def target(request: bytes) -> str:
    return request.split(b"\r\n")[0].decode()


def test_signals_are_what_the_protocol_wants() -> None:
    async def story() -> None:
        service = Service()

        async def pinged(address: str) -> None:
            receiver = Receiver(address)
            assert receiver.host == "127.0.0.1"
            assert [await receiver.send(signal, "why" if signal == FAIL else "") for signal in (START, SUCCESS, FAIL)] == [""] * 3

        await service.at(pinged)
        assert [target(request) for request in service.got] == [
            f"POST /ping/{SECRET}/start HTTP/1.1",
            f"POST /ping/{SECRET} HTTP/1.1",
            f"POST /ping/{SECRET}/fail HTTP/1.1",
        ]
        assert [request.partition(b"\r\n\r\n")[2] for request in service.got] == [b"", b"", b"why"]
        assert b"user-agent: rowd/" in service.got[0].lower()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "said"),
    [("/key/slug?create=1", "/key/slug/fail?create=1"), ("/abc/", "/abc/fail"), ("", "/fail"), ("/a%20b", "/a%20b/fail")],
)
def test_the_signal_stands_behind_the_path(path: str, said: str) -> None:
    async def story() -> None:
        service = Service()

        async def pinged(address: str) -> None:
            assert await Receiver(address).send(FAIL, "") == ""

        await service.at(pinged, path)
        assert target(service.got[0]) == f"POST {said} HTTP/1.1"

    asyncio.run(story())


def answer(status: str, body: bytes = b"", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), more, body)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (answer("201 Created"), ""),
        (answer("204 No Content"), ""),
        (answer("404 Not Found", SECRET.encode()), "127.0.0.1 answered 404 Not Found; see whether the check is still there"),
        (answer("200 OK", b"OK (not found)"), "127.0.0.1 answered OK (not found); see whether the check is still there, or make"),
        (answer("200 OK", b"OK (rate limited)"), "127.0.0.1 answered OK (rate limited)"),
        (answer("200 OK", b"OK (" + SECRET.encode() + b"\x1b[2J)"), "127.0.0.1 answered OK (***)"),
        (answer("302 Found", b"", b"Location: http://127.0.0.1:1/" + SECRET.encode() + b"\r\n"), "127.0.0.1 answered 302 Found"),
        (answer("500 " + SECRET), "127.0.0.1 answered 500"),
        (b"HTTP/1.1 200 " + SECRET.encode() + b"\x00\r\n\r\n", "broke off, or did not speak HTTP"),
        (SECRET.encode() + b"\r\n\r\n", "broke off, or did not speak HTTP"),
        (answer("200 OK", b"x" * 100_000), ""),
    ],
)
def test_what_is_not_taken_is_told_without_the_address(given: bytes, why: str) -> None:
    async def story() -> None:
        service = Service(given)

        async def pinged(address: str) -> None:
            said = await Receiver(address).send(SUCCESS, "")
            assert why in said
            assert bool(why) == bool(said)
            assert SECRET not in said
            assert said.isprintable()

        await service.at(pinged)
        assert len(service.got) == 1  # no redirect was followed, nothing sent again

    asyncio.run(story())


def test_one_that_does_not_answer_is_waited_for_so_long_and_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "WITHIN_S", 0.2)

    async def story() -> None:
        async def pinged(address: str) -> None:
            ticks = 0
            sending = asyncio.create_task(Receiver(address).send(SUCCESS, ""))
            while not sending.done():
                ticks += 1
                await asyncio.wait({sending}, timeout=0.01)
            assert sending.result() == "127.0.0.1 has not answered within 0.2 s; see whether it can be reached from here"
            assert ticks > 3

        await Service(None).at(pinged)

    asyncio.run(story())


def test_one_that_is_away_is_told_by_its_name_alone() -> None:
    async def story() -> None:
        gone: list[str] = []

        async def kept(address: str) -> None:
            gone.append(address)

        await Service().at(kept)
        said = await Receiver(gone[0]).send(SUCCESS, "")
        assert "refused the connection" in said
        assert SECRET not in said

    asyncio.run(story())


def test_nothing_of_the_address_is_shown_by_accident() -> None:
    receiver = Receiver(f"https://hc.example/{SECRET}?token=0123456789")
    for piece in (SECRET, "0123456789", f"https://hc.example/{SECRET}"):
        assert piece not in receiver._told(f"x {piece} y")
        assert piece not in repr(receiver)


@pytest.mark.parametrize(
    "text",
    [
        f"https://hc-ping.com/{SECRET}",
        f" http://[::1]:8000/ping/{SECRET}\n",
        "http://10.0.0.5/a?b=c",
        "https://hc-ping.com",
        "http://hc/x",
    ],
)
def test_addresses_of_web_services_are_taken(text: str) -> None:
    assert address_of(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        "",
        " ",
        "hc-ping.com/x",
        "ftp://hc-ping.com/x",
        "file:///etc/passwd",
        "https:///x",
        "https://ada:pass@hc-ping.com/x",
        "https://hc-ping.com/x#y",
        "https://hc-ping.com:port/x",
        "https://hc-ping.com:99999/x",
        "https://[::1/x",
        "https://hc ping.com/x",
        "https://hc-ping.com/x\ny",
        "https://hc-ping.com/\x7f",
        "https://hc-ping.com\\@evil/x",
        "https://höst/x",
        "https://hc..com/x",
        "https://-hc/x",
        "https://hc-ping.com/" + "x" * 2000,
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(ValueError, match="holds no address") as caught:
        address_of(text)
    assert str(caught.value) == signals.NOT_ONE
    assert caught.value.__cause__ is None

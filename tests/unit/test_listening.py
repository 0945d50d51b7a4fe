"""The listener as it lives: where it listens, what becomes of it when that changes or can't be, and of too many at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from config.outside import Listen
from engine.clock import SystemClock, Timer
from engine.events import Event, ListenerFailed, ListenerOpened
from rowd.listening import TRY_AGAIN, Listening, spelled
from rowd.wire import Patience
from watches.api import Reply

WITHIN = 30
REQUEST = b"POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Clock(SystemClock):
    """Its timers go off when the test says so."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[tuple[timedelta, Any]] = asyncio.Queue()

    def call_after(self, span: timedelta, call: Any) -> Timer:
        self.waiting.put_nowait((span, call))
        return asyncio.get_running_loop().call_later(10_000, call)


class Hooks:
    """Takes what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.may.set()
        self.under_way = asyncio.Semaphore(0)
        self.broken: Exception | None = None
        self.failures: asyncio.Queue[Exception] = asyncio.Queue()

    def goal(self, _method: str, _target: str) -> tuple[str, int]:
        return "a", 10

    async def take(self, *_: object) -> Reply:
        self.under_way.release()
        await self.may.wait()
        if self.broken is not None:
            raise self.broken
        return Reply(202, "taken")

    def failed(self, exc: Exception) -> None:
        self.failures.put_nowait(exc)


class Place:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.told: list[tuple[str, str]] = []
        self.news = asyncio.Event()
        self.hooks, self.clock = Hooks(), Clock()
        hooks: Any = self.hooks
        self.listening = Listening("listen", hooks, self.clock, self._hear, self._tell, Patience(), most=2)
        self.retold = asyncio.Event()

    def _tell(self, where: str, deaf: str) -> None:
        self.told.append((where, deaf))
        self.retold.set()

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self.news.set()

    async def is_told(self, where: str, deaf: str) -> None:
        async with asyncio.timeout(WITHIN):
            while self.told[-1] != (where, deaf):
                self.retold.clear()
                await self.retold.wait()

    def news_told(self) -> list[str]:
        """Where it listened, one after the other, each once."""
        return [where for where, _ in groupby(where for where, _ in self.told)]

    async def heard(self, number: int) -> Event:
        """The event of this number, from 1 on."""
        async with asyncio.timeout(WITHIN):
            while len(self.events) < number:
                self.news.clear()
                await self.news.wait()
        return self.events[number - 1]

    @asynccontextmanager
    async def runs(self, where: Listen | None) -> AsyncIterator[None]:
        self.listening.go_by(where)
        running = asyncio.create_task(self.listening.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def ask(port: int, request: bytes = REQUEST) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(WITHIN):
        answer = await reader.read()
    writer.close()
    return answer


def test_it_listens_where_it_is_told_and_moves_and_ends() -> None:
    async def story() -> None:
        place, first, second = Place(), free_port(), free_port()
        async with place.runs(None):
            await asyncio.sleep(0)
            assert place.events == []
            place.listening.go_by(Listen(port=first))
            assert isinstance(await place.heard(1), ListenerOpened)
            assert (await ask(first)).startswith(b"HTTP/1.1 202 ")
            place.listening.go_by(Listen(port=first))  # no news
            place.listening.go_by(Listen(port=second))
            await place.heard(2)
            assert (await ask(second)).startswith(b"HTTP/1.1 202 ")
            assert await refused(first)
            place.listening.go_by(None)
            await place.is_told("", "")
            assert await refused(second)
        assert place.news_told() == ["", f"127.0.0.1:{first}", f"127.0.0.1:{second}", ""]

    asyncio.run(story())


def test_a_move_to_a_port_of_anothers_leaves_it_where_it_was_until_there_is_room() -> None:
    async def story() -> None:
        place, first, second = Place(), free_port(), free_port()
        with socket.socket() as other:
            other.bind(("127.0.0.1", second))
            other.listen()
            async with place.runs(Listen(port=first)):
                await place.heard(1)
                place.listening.go_by(Listen(port=second))
                told = await place.heard(2)
                assert isinstance(told, ListenerFailed)
                assert f"until then it listens on 127.0.0.1:{first}, as before" in told.message
                assert place.told[-1] == (f"127.0.0.1:{first}", told.message)
                assert (await ask(first)).startswith(b"HTTP/1.1 202 ")
                place.listening.go_by(Listen(port=first))  # taken back: nothing is wrong any more
                await place.is_told(f"127.0.0.1:{first}", "")
                place.listening.go_by(Listen(port=second))
                await place.heard(3)
                other.close()
                (await place.clock.waiting.get())[1]()
                assert isinstance(await place.heard(4), ListenerOpened)
                assert await refused(first)
                assert (await ask(second)).startswith(b"HTTP/1.1 202 ")

    asyncio.run(story())


def test_the_same_port_of_another_address_is_not_in_its_own_way() -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        async with place.runs(Listen(port=port)):
            await place.heard(1)
            place.listening.go_by(Listen(address="0.0.0.0", port=port))  # noqa: S104 (for a moment)
            assert isinstance(await place.heard(2), ListenerOpened)
            assert (await ask(port)).startswith(b"HTTP/1.1 202 ")

    asyncio.run(story())


async def cut_off(port: int) -> None:
    """Raises ConnectionError."""
    if not await ask(port):
        raise ConnectionError


async def refused(port: int) -> bool:
    try:
        await ask(port)
    except ConnectionError:
        return True
    return False


def test_a_port_that_is_anothers_is_said_once_and_tried_again() -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            async with place.runs(Listen(port=port)):
                told = await place.heard(1)
                assert isinstance(told, ListenerFailed)
                assert "Address already in use" in told.message
                assert place.told[-1] == ("", told.message)
                async with asyncio.timeout(WITHIN):
                    for tries in (1, 2):
                        span, again = await place.clock.waiting.get()
                        assert span == TRY_AGAIN
                        if tries == 2:
                            other.close()
                        again()
                assert isinstance(await place.heard(2), ListenerOpened)
                assert len(place.events) == 2
                assert (await ask(port)).startswith(b"HTTP/1.1 202 ")

    asyncio.run(story())


def test_more_than_it_can_take_at_once_are_to_come_again_and_then_are_taken() -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        async with place.runs(Listen(port=port)):
            await place.heard(1)
            place.hooks.may.clear()
            first = [asyncio.create_task(ask(port)) for _ in range(2)]
            async with asyncio.timeout(WITHIN):
                for _ in first:
                    await place.hooks.under_way.acquire()
            more = await ask(port, REQUEST.replace(b"Length: 0", b"Length: 100000") + b"x" * 100_000)
            assert more.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 5\r\n" in more
            waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            with pytest.raises(ConnectionError):
                await cut_off(port)
            for _, writer in waiting:
                writer.close()
            place.hooks.may.set()
            assert all(answer.startswith(b"HTTP/1.1 202 ") for answer in await asyncio.gather(*first))
            assert (await ask(port)).startswith(b"HTTP/1.1 202 ")

    asyncio.run(story())


def test_what_breaks_is_handed_on_and_the_next_is_served() -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        async with place.runs(Listen(port=port)):
            await place.heard(1)
            place.hooks.broken = ZeroDivisionError("x")
            assert (await ask(port)).startswith(b"HTTP/1.1 500 ")
            async with asyncio.timeout(WITHIN):
                assert await place.hooks.failures.get() is place.hooks.broken
            place.hooks.broken = None
            assert (await ask(port)).startswith(b"HTTP/1.1 202 ")

    asyncio.run(story())


def test_a_body_that_is_too_long_is_answered_though_it_is_still_being_sent() -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        async with place.runs(Listen(port=port)):
            await place.heard(1)
            size = 3_000_000
            head = b"POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
            assert (await ask(port, head + b"x" * size)).startswith(b"HTTP/1.1 413 ")

    asyncio.run(story())


def test_where_it_listens_is_written_as_people_do() -> None:
    assert spelled(Listen()) == "127.0.0.1:8787"
    assert spelled(Listen(address="::1", port=1)) == "[::1]:1"


def test_who_may_not_ask_from_there_is_told_so_and_nothing_else() -> None:
    class Here(Listen):
        def lets_in(self, address: str) -> bool:
            asked.append(address)
            return len(asked) > 1

    async def story() -> None:
        place, port = Place(), free_port()
        async with place.runs(Here(port=port)):
            await place.heard(1)
            assert (await ask(port)).startswith(b"HTTP/1.1 403 ")
            assert place.hooks.under_way.locked()  # nobody was asked for anything
            assert (await ask(port)).startswith(b"HTTP/1.1 202 ")

    asked: list[str] = []
    asyncio.run(story())
    assert asked == ["127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize("section", ["listen", "health"])
def test_what_is_said_of_it_names_its_section(section: str) -> None:
    async def story() -> None:
        place, port = Place(), free_port()
        place.listening._section = section
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            async with place.runs(Listen(port=port)):
                failed = await place.heard(1)
                assert isinstance(failed, ListenerFailed)
                assert failed.section == section
                assert f"name another under [{section}]" in failed.message

    asyncio.run(story())

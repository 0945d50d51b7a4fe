"""What is answered over HTTP of how the daemon is, to whom, and how often its numbers are counted."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.events import Event, Trouble
from rowd.health import ANSWER_WITHIN_S, KEPT_S, MEDIA, NAMED, PAGE, HealthDesk
from rowd.wire import LATER, NOTHING
from tests.fakes.virtual import VirtualClock, run
from watches.api import Reply

HERE = {"host": "127.0.0.1:9127"}


class Place:
    """A desk, and how the daemon is by what the test says."""

    def __init__(self) -> None:
        self.vitals = SimpleNamespace(hangs="", unready="")
        self.events: list[Event] = []
        self.counted = 0
        self.hosts: tuple[str, ...] = ("rowd.example",)
        self.may = asyncio.Event()
        self.may.set()
        vitals = cast("Any", self.vitals)
        self.desk = HealthDesk(vitals, self._numbers, lambda: self.hosts, VirtualClock(), self.events.append)

    async def _numbers(self) -> str:
        await self.may.wait()
        self.counted += 1
        return f"rowd_x {self.counted}\n"

    async def ask(self, name: str, **headers: str) -> Reply:
        return await self.desk.take(name, {**HERE, **{key.replace("_", "-"): said for key, said in headers.items()}}, b"")


def test_only_looks_at_three_places_lead_anywhere() -> None:
    async def story() -> None:
        goal = Place().desk.goal
        for name in ("healthz", "readyz", "metrics"):
            assert goal("GET", f"/{name}") == goal("HEAD", f"/{name}?x=y") == (name, 0)
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "get", "CONNECT"):
                assert goal(method, f"/{name}") == Reply(405, "only GET and HEAD", allow="GET, HEAD")
        for target in (
            "/",
            "",
            "*",
            "/healthz/",
            "/metrics/x",
            "/METRICS",
            "/%6detrics",
            "http://127.0.0.1/metrics",
            "/hooks/forge",
        ):
            assert goal("GET", target) == goal("POST", target) == NOTHING

    run(story())


def test_it_says_that_it_lives_while_turns_end_and_that_it_is_ready_while_it_works() -> None:
    async def story() -> None:
        place = Place()
        assert (await place.ask("healthz"), await place.ask("readyz")) == (Reply(200, "lives"), Reply(200, "ready"))
        place.vitals.unready = "rowd stops"
        assert (await place.ask("healthz"), await place.ask("readyz")) == (Reply(200, "lives"), Reply(503, "rowd stops"))
        place.vitals.hangs = place.vitals.unready = "it hangs"
        assert await place.ask("healthz") == await place.ask("readyz") == Reply(503, "it hangs")

    run(story())


@pytest.mark.parametrize("name", ["healthz", "readyz", "metrics"])
def test_a_page_in_a_browser_reads_nothing(name: str) -> None:
    async def story() -> None:
        place = Place()
        assert await place.ask(name, origin="https://evil.example") == PAGE
        assert await place.ask(name, origin="null") == PAGE
        for site in ("cross-site", "same-site", "same-origin"):
            assert await place.ask(name, sec_fetch_site=site) == PAGE
        assert (await place.ask(name, sec_fetch_site="none")).status == 200  # a person typed the address
        for host in (
            "evil.example",
            "evil.example:9127",
            "127.0.0.1.evil.example",
            "localhost.evil.example:9127",
            "127.0.0.1, x",
            "x@127.0.0.1",
        ):
            assert await place.ask(name, host=host) == NAMED  # a name that was made to lead here
        assert place.counted <= 1

    run(story())


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "LOCALHOST:9127",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "10.0.0.5:9127",
        "[::1]:9127",
        "[::1]",
        "Rowd.Example:9127",
    ],
)
def test_addresses_and_names_that_the_operator_knows_may_be_asked_for(host: str) -> None:
    async def story() -> None:
        place = Place()
        assert await place.ask("healthz", host=host) == Reply(200, "lives")
        place.hosts = ()  # rowd.toml was read anew
        assert (await place.ask("healthz", host="rowd.example")) == NAMED

    run(story())


def test_numbers_are_counted_once_a_second_however_often_they_are_asked_for() -> None:
    async def story() -> None:
        place = Place()
        first = await asyncio.gather(*(place.ask("metrics") for _ in range(50)))
        assert first == [Reply(200, "rowd_x 1", media=MEDIA)] * 50
        await asyncio.sleep(KEPT_S - 0.01)
        assert (await place.ask("metrics")).text == "rowd_x 1"
        await asyncio.sleep(0.02)
        assert (await place.ask("metrics")).text == "rowd_x 2"

    run(story())


def test_numbers_that_can_not_be_had_are_not_waited_for_and_come_again() -> None:
    async def story() -> None:
        place = Place()
        place.may.clear()
        began = place.desk._clock.monotonic()
        assert await asyncio.gather(place.ask("metrics"), place.ask("metrics")) == [LATER, LATER]
        assert place.desk._clock.monotonic() - began == ANSWER_WITHIN_S
        assert await place.ask("healthz") == Reply(200, "lives")
        place.may.set()
        assert (await place.ask("metrics")).status == 200

    run(story())


def test_what_breaks_is_told_once() -> None:
    async def story() -> None:
        place = Place()
        for exc in (ValueError("a secret"), ValueError("b"), KeyError("c")):
            place.desk.failed(exc)
        assert [event.message for event in place.events if isinstance(event, Trouble)] == ["ValueError", "KeyError"]

    run(story())

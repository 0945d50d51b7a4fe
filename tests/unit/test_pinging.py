"""When who is pinged with what: in its rhythm while all is well, at once when that changes, and never twice for one trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from engine.events import Event, PingFailed, PingRecovered
from rowd.pinging import AGAIN, LOOKS, STARTS, Pinging, Rhythm
from rowd.signals import FAIL, START, SUCCESS
from tests.fakes.virtual import NOON, VirtualClock, run

MINUTE = timedelta(minutes=1)
HC = Rhythm("https://hc.example/abc", MINUTE)


class Place:
    """Who is pinged, and how the daemon is by what the test says."""

    def __init__(self) -> None:
        self.vitals = SimpleNamespace(trouble="", looked=True)
        self.clock = VirtualClock()
        self.events: list[Event] = []
        self.told: list[tuple[str, str]] = []
        self.sent: list[tuple[datetime, str, str]] = []
        self.addresses: list[str] = []
        self.refused = ""
        self.takes = timedelta(0)
        self.pinging = Pinging(
            cast("Any", self.vitals), self.clock, self.events.append, lambda on, why: self.told.append((on, why)), self._at
        )
        self._running: asyncio.Task[None] | None = None

    def _at(self, address: str) -> Any:
        self.addresses.append(address)
        return SimpleNamespace(host="hc.example", send=self.send)

    async def send(self, signal: str, says: str) -> str:
        self.sent.append((self.clock.now(), signal, says))
        await asyncio.sleep(self.takes.total_seconds())
        return self.refused

    def signals(self) -> list[tuple[float, str]]:
        """Seconds after noon, and what was said, since the last call."""
        found = [((at - NOON).total_seconds(), signal) for at, signal, _ in self.sent]
        self.sent.clear()
        return found

    async def until(self, seconds: float) -> None:
        await self.clock.sleep_until(NOON + timedelta(seconds=seconds))


def told(story: Any) -> None:
    """Run it, with a daemon that pings meanwhile."""

    async def whole() -> None:
        place = Place()
        running = asyncio.create_task(place.pinging.run())
        try:
            await cast("Coroutine[Any, Any, None]", story(place))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    run(whole())


def test_without_an_address_nobody_is_pinged() -> None:
    async def story(place: Place) -> None:
        await place.until(3600)
        await place.pinging.failed("rowd ends")
        assert (place.sent, place.addresses, place.told) == ([], [], [])

    told(story)


def test_it_says_that_it_starts_then_that_all_is_well_at_once_and_in_its_rhythm() -> None:
    async def story(place: Place) -> None:
        place.vitals.looked = False
        place.pinging.go_by(HC)
        await place.until(5.5)
        place.vitals.looked = True
        await place.until(5.5 + STARTS.total_seconds())
        assert place.signals() == [(0, START), (6, SUCCESS)]
        await place.until(130)
        assert place.signals() == [(66, SUCCESS), (126, SUCCESS)]
        assert place.told == [("", ""), ("hc.example", "")]
        assert place.events == []

    told(story)


def test_a_rhythm_quicker_than_looks_is_kept() -> None:
    async def story(place: Place) -> None:
        place.pinging.go_by(Rhythm("a", timedelta(seconds=2)))
        await place.until(7)
        assert place.signals() == [(0, SUCCESS), (2, SUCCESS), (4, SUCCESS), (6, SUCCESS)]

    told(story)


def test_trouble_is_said_at_once_and_once_and_its_end_at_once() -> None:
    async def story(place: Place) -> None:
        place.pinging.go_by(Rhythm("a", timedelta(hours=1)))
        await place.until(25)
        place.vitals.trouble = "the ledger can't be written, so nothing starts"
        await place.until(25 + LOOKS.total_seconds())
        assert [(signal, says) for _, signal, says in place.sent] == [(SUCCESS, ""), (FAIL, place.vitals.trouble)]
        place.signals()
        await place.until(4 * 3600)
        assert place.signals() == []  # while there is trouble no other word
        place.vitals.trouble = ""
        await place.until(4 * 3600 + LOOKS.total_seconds())
        assert [signal for _, signal in place.signals()] == [SUCCESS]

    told(story)


def test_a_ping_that_is_not_taken_is_told_once_and_tried_again_soon_and_so_is_the_recovery() -> None:
    async def story(place: Place) -> None:
        place.refused = "hc.example refused the connection"
        place.pinging.go_by(Rhythm("a", timedelta(hours=1)))
        await place.until(100)
        tried = [at for at, _ in place.signals()]
        assert tried[:2] == [0, 20]  # looked at every ten seconds, and not before AGAIN is over
        assert all(later - before >= AGAIN.total_seconds() for before, later in pairwise(tried))
        assert place.events == [PingFailed(at=NOON, message=place.refused)]
        assert place.told == [("", ""), ("", place.refused)]
        place.refused = ""
        await place.until(200)
        [(at, _)] = place.signals()
        assert place.events[1:] == [PingRecovered(at=NOON + timedelta(seconds=at), seconds=at)]
        assert place.told[2:] == [("hc.example", "")]

    told(story)


def test_trouble_that_was_not_heard_is_said_again() -> None:
    async def story(place: Place) -> None:
        place.pinging.go_by(HC)
        place.vitals.trouble, place.refused = "it hangs", "away"
        await place.until(35)
        assert {signal for _, signal in place.signals()} == {FAIL}
        place.refused = ""
        await place.until(60)
        assert [signal for _, signal in place.signals()] == [FAIL]
        await place.until(3600)
        assert place.signals() == []

    told(story)


def test_a_slow_service_holds_up_nothing_but_its_own_pings() -> None:
    async def story(place: Place) -> None:
        place.takes = timedelta(seconds=9)
        place.pinging.go_by(Rhythm("a", timedelta(seconds=1)))
        before = place.clock.now()
        await asyncio.sleep(0)
        assert place.clock.now() == before
        await place.until(35)
        assert [at for at, _ in place.signals()] == [0, 10, 20, 30]

    told(story)


def test_another_address_is_pinged_at_once_and_what_the_old_one_says_counts_no_more() -> None:
    async def story(place: Place) -> None:
        place.takes, place.refused = timedelta(seconds=5), "the old one is away"
        place.pinging.go_by(HC)
        await place.until(1)
        place.pinging.go_by(Rhythm("b", MINUTE))
        place.pinging.go_by(Rhythm("b", MINUTE))  # no news
        await place.until(5)
        assert (place.events, place.told) == ([], [("", ""), ("", "")])
        place.takes, place.refused = timedelta(0), ""
        await place.until(6)
        assert place.addresses == [HC.address, "b"]
        assert place.signals() == [(0, SUCCESS), (5, SUCCESS)]
        assert place.events == []
        place.pinging.go_by(None)
        await place.until(1000)
        assert place.signals() == []
        assert place.told[-1] == ("", "")

    told(story)


def test_an_end_in_trouble_is_said() -> None:
    async def story(place: Place) -> None:
        place.pinging.go_by(HC)
        await place.until(1)
        await place.pinging.failed("rowd ends: the ledger is damaged")
        assert [(signal, says) for _, signal, says in place.sent] == [(SUCCESS, ""), (FAIL, "rowd ends: the ledger is damaged")]

    told(story)

"""Pings a service that is to miss the daemon: while all is well in its rhythm, and once when it isn't. Silence says the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from engine.clock import Clock
from engine.events import Listener, PingFailed, PingRecovered
from rowd.signals import FAIL, START, SUCCESS
from rowd.vitals import Vitals

LOOKS = timedelta(seconds=10)
"""How often it is looked at how the daemon is."""

STARTS = timedelta(seconds=1)
"""The same while it starts."""

AGAIN = timedelta(seconds=15)
"""After a ping that was not taken; sooner where pings are closer."""

UNTOLD = "untold"
"""Nothing was said yet."""


class Taker(Protocol):
    """Who is pinged.   host: its name."""

    @property
    def host(self) -> str: ...

    async def send(self, signal: str, says: str) -> str:
        """See `rowd.signals.Receiver.send`."""


class Rhythm(Struct, frozen=True):
    """address: a secret.   every: how often, while all is well."""

    address: str
    every: timedelta


class Pinging:
    """Of one daemon."""

    def __init__(
        self,
        vitals: Vitals,
        clock: Clock,
        listener: Listener,
        told: Callable[[str, str], None],
        receiver: Callable[[str], Taker],
    ) -> None:
        """told: who takes the pings, "" for nobody, and why the last was not taken, each time that is news.
        receiver: who is at an address.
        """
        self._vitals, self._clock, self._emit, self._told, self._receiver = vitals, clock, listener, told, receiver
        self._rhythm: Rhythm | None = None
        self._taker: Taker | None = None
        self._said = self._tried = UNTOLD  # the last signal that was taken, and that was sent
        self._next = 0.0  # not before that is the same said again, on the monotonic clock
        self._failing: float | None = None  # since when pings are not taken
        self._moved = asyncio.Event()

    def go_by(self, rhythm: Rhythm | None) -> None:
        """Ping there from now on; None: nowhere."""
        if rhythm != self._rhythm:
            self._rhythm = rhythm
            self._taker = self._receiver(rhythm.address) if rhythm is not None else None
            self._said = self._tried = UNTOLD
            self._failing = None
            self._told("", "")
            self._moved.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._moved.clear()
            if self._taker is None or self._rhythm is None:
                await self._moved.wait()
                continue
            signal, says = self._wanted()
            if signal != self._tried or (self._clock.monotonic() >= self._next and (signal == SUCCESS or signal != self._said)):
                await self._say(self._taker, self._rhythm.every, signal, says)
            await self._rest(STARTS if signal == START else min(LOOKS, self._rhythm.every))

    async def failed(self, says: str) -> None:
        """The daemon ends in trouble: say so, if that can be. A stop that somebody asked for is no trouble."""
        if self._taker is not None:
            await self._send(self._taker, FAIL, says)

    def _wanted(self) -> tuple[str, str]:
        if trouble := self._vitals.trouble:
            return FAIL, trouble
        return (SUCCESS if self._vitals.looked else START), ""

    async def _say(self, taker: Taker, every: timedelta, signal: str, says: str) -> None:
        self._tried = signal
        taken = await self._send(taker, signal, says)
        self._next = self._clock.monotonic() + (every if taken else min(every, AGAIN)).total_seconds()

    async def _send(self, taker: Taker, signal: str, says: str) -> bool:
        why = await taker.send(signal, says)
        if taker is not self._taker:  # rowd.toml was read anew meanwhile
            return False
        now = self._clock.monotonic()
        if why and self._failing is None:
            self._failing = now
            self._emit(PingFailed(at=self._clock.now(), message=why))
            self._told("", why)
        elif not why:
            if self._failing is not None:
                self._emit(PingRecovered(at=self._clock.now(), seconds=round(now - self._failing, 3)))
            if self._failing is not None or self._said == UNTOLD:
                self._told(taker.host, "")
            self._failing, self._said = None, signal
        return not why

    async def _rest(self, span: timedelta) -> None:
        timer = self._clock.call_after(span, self._moved.set)
        try:
            await self._moved.wait()
        finally:
            timer.cancel()

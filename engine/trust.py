"""Which wall clock to believe: a far jump counts only once it has stood for a while; until then time goes on as it went before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from actions.api import Uptime
from engine.clock import LONGEST_NAP, Clock, Timer

FAR = timedelta(days=1)
STANDS = timedelta(minutes=5)
"""A wall clock that jumped by more than FAR is believed only after it has stood for so long."""


class Trust:
    """Compares how far the wall clock went with how much time really passed. A suspended machine's sleep is no jump. Pure."""

    def __init__(self, wall: datetime, uptime: float) -> None:
        """uptime: seconds since some fixed moment, the time that the machine slept included."""
        self._seen = (wall, uptime)
        self._believed = (wall, uptime)
        self._since: float | None = None  # since when the wall clock is in doubt

    def look(self, wall: datetime, uptime: float) -> timedelta | None:
        """What both clocks say now. Answers a far jump since the last look, None for none."""
        (before, then), self._seen = self._seen, (wall, uptime)
        passed = timedelta(seconds=uptime - then)
        jump = wall - before - passed
        far = abs(jump) > FAR
        if far:
            back = abs(wall - self._expected(uptime)) <= FAR  # it jumped back to where it would have been
            self._since = None if back else uptime
        elif self._since is not None and uptime - self._since >= STANDS.total_seconds():
            self._since = None
        if self._since is None:
            self._believed = (wall, uptime)
        return jump if far else None

    def now(self, uptime: float) -> datetime:
        """The instant to go by, as of the last look."""
        return self._believed[0] if self._since is None else self._expected(uptime)

    def _expected(self, uptime: float) -> datetime:
        """Where the wall clock would be if it had gone on as it went when it was last believed."""
        wall, then = self._believed
        return wall + timedelta(seconds=round(uptime - then, 6))


class SteadyClock:
    """A clock whose `now` makes no far jump before that has stood. All of a daemon goes by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._trust = Trust(clock.now(), clock.uptime().seconds)
        self._jumps: list[timedelta] = []

    def now(self) -> datetime:
        """See `Clock.now`."""
        uptime = self._clock.uptime().seconds
        if (jump := self._trust.look(self._clock.now(), uptime)) is not None:
            self._jumps.append(jump)
        return self._trust.now(uptime)

    def jumps(self) -> list[timedelta]:
        """The far jumps of the machine's clock since the last call, whether or not they are believed yet."""
        found, self._jumps = self._jumps, []
        return found

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._clock.monotonic()

    def uptime(self) -> Uptime:
        """See `Clock.uptime`."""
        return self._clock.uptime()

    async def sleep_until(self, when: datetime) -> None:
        """See `Clock.sleep_until`."""
        while (left := when - self.now()) > timedelta(0):
            await self._clock.sleep(min(left, LONGEST_NAP))

    async def sleep(self, span: timedelta) -> None:
        """See `Clock.sleep`."""
        await self._clock.sleep(span)

    def call_after(self, span: timedelta, call: Callable[[], object]) -> Timer:
        """See `Clock.call_after`."""
        return self._clock.call_after(span, call)

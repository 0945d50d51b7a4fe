"""Lets requests out to the vendors: each waits until there is room for it, on the engine's clock. One for all tables."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from connectors.errors import Limited, TryLater
from engine.clock import Clock
from engine.quota import Asked, Quota

LONGEST_WAIT = timedelta(seconds=30)
"""What has to wait longer doesn't wait here: whoever asked hears for how long, and comes again."""


class Governor:
    """Of one process. All of it happens on the event loop, so nothing comes between a look for room and its taking."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.quota = Quota()

    async def admit(self, asked: Asked) -> None:
        """Return when it may go out, counted. Raises TryLater, counting nothing, where that is further off than LONGEST_WAIT."""
        while (wait := self._wait(asked)) > timedelta(0):
            if wait > LONGEST_WAIT:
                until = f"{self.clock.now() + wait:%Y-%m-%d %H:%M:%S} UTC"
                raise TryLater(f"what the store allows is spent until {until}; a longer `poll` makes it last", wait=wait)
            await self.clock.sleep(wait)
        self.quota.spend(asked, self.clock.uptime())

    def refused(self, asked: Asked, exc: TryLater) -> None:
        """A request that went out was answered so. What asks for a pause gets it, from all whom it concerns."""
        if exc.wait is None:
            return
        until = self.clock.uptime() + exc.wait.total_seconds()
        if isinstance(exc, Limited):
            self.quota.lock(exc.scope, exc.kind, until)
        else:
            self.quota.lock(f"table {asked.table}", "any", until)

    def _wait(self, asked: Asked) -> timedelta:
        now = self.clock.uptime()
        return timedelta(microseconds=ceil(round((self.quota.free_at(asked, now) - now) * 1e6, 3)))

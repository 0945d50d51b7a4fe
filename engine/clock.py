"""The only module that asks the machine what time it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from actions.api import Uptime
from actions.boot import boot

LONGEST_NAP = timedelta(seconds=30)
"""No sleep is longer, so that a suspended or reset clock is noticed within that time."""


ROUSED = timedelta(milliseconds=120)
"""So long before its time a timer wakes up once. Linux lets a long wait in `epoll` end late by a thousandth of it (by a 200th where
the process is nice, 0.1 s at most: `select_estimate_accuracy` in fs/select.c): 10 ms after ten seconds, but 0.12 after this."""


class Timer(Protocol):
    """Something that is to happen."""

    def cancel(self) -> None:
        """It is not to happen any more. Nothing where it has happened."""


class Clock(Protocol):
    """Wall time for schedules, monotonic time for time-outs."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def uptime(self) -> Uptime:
        """The instant on the machine's own clock: like `monotonic`, but the time that it was suspended counts too."""

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` has reached `when`, also when the wall clock is set meanwhile."""

    async def sleep(self, span: timedelta) -> None:
        """Return after `span` of monotonic time."""

    def call_after(self, span: timedelta, call: Callable[[], object]) -> Timer:
        """Call it after `span` of monotonic time, never at once. Cheaper than a task that sleeps."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uptime(self) -> Uptime:
        return Uptime(boot(), time.clock_gettime(time.CLOCK_BOOTTIME))

    async def sleep_until(self, when: datetime) -> None:
        while (left := when - self.now()) > timedelta(0):  # noqa: ASYNC110 (what is awaited here is the wall clock itself)
            await asyncio.sleep(min(left, LONGEST_NAP).total_seconds())

    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds())

    def call_after(self, span: timedelta, call: Callable[[], object]) -> Timer:
        return _Timer(asyncio.get_running_loop(), span.total_seconds(), call)


class _Timer:
    """Of the machine's clock; in two steps where it is long."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], object]) -> None:
        roused = ROUSED.total_seconds()
        at = loop.time() + seconds
        if seconds > 2 * roused:
            self._handle = loop.call_at(at - roused, self._rest, loop, at, call)
        else:
            self._rest(loop, at, call)

    def _rest(self, loop: asyncio.AbstractEventLoop, at: float, call: Callable[[], object]) -> None:
        self._handle = loop.call_at(at, call)

    def cancel(self) -> None:
        self._handle.cancel()

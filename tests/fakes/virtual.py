"""Virtual time: an event loop whose clock jumps to the next timer once nothing is left to do, and a clock that reads it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from actions.api import Uptime
from engine.clock import SystemClock, Timer

T = TypeVar("T")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class NothingLeftToWaitFor(RuntimeError):
    """Every coroutine waits for something that can never happen."""


class _Selector(selectors.SelectSelector):
    """Instead of waiting for a time-out, lets it have passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingLeftToWaitFor
            self.passed += max(timeout, 0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, seconds from 0."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.passed


class VirtualClock(SystemClock):
    """A clock on the running VirtualLoop. `set_wall` moves the wall clock alone, as a person with `date -s` would."""

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start
        self._shift = timedelta(0)
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=round(self.monotonic(), 6)) + self._shift

    def monotonic(self) -> float:
        """Also in a thread, while its loop stands still (see `SteppedWorker`)."""
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    def uptime(self) -> Uptime:
        return Uptime("boot", self.monotonic())

    def call_after(self, span: timedelta, call: Callable[[], object]) -> Timer:
        """In one step: this loop is never late."""
        return asyncio.get_running_loop().call_later(span.total_seconds(), call)

    def set_wall(self, shift: timedelta) -> None:
        self._shift += shift


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)

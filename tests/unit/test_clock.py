"""Timers of the machine's clock, held against an event loop that only notes what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import engine.clock
from engine.clock import ROUSED, SystemClock


class Handle:
    def __init__(self, at: float, call: Callable[[], object]) -> None:
        self.at, self._call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True

    def fire(self) -> None:
        if not self.cancelled:
            self._call()


class Loop:
    """Its time is what the test says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[..., object], *args: object) -> Handle:
        self.asked.append(Handle(at, lambda: call(*args)))
        return self.asked[-1]

    def fire(self, late_s: float) -> None:
        """The last one asked for, so late as epoll ends."""
        self.now = self.asked[-1].at + late_s
        self.asked[-1].fire()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    fake: Any = type("asyncio", (), {"get_running_loop": staticmethod(lambda: loop)})
    monkeypatch.setattr(engine.clock, "asyncio", fake)
    return loop


def test_a_long_wait_wakes_up_once_before_its_time_so_that_the_slack_of_the_rest_is_small(loop: Loop) -> None:
    rung: list[float] = []
    SystemClock().call_after(timedelta(seconds=30), lambda: rung.append(loop.now))
    loop.fire(late_s=0.030)
    assert rung == []
    loop.fire(late_s=0.0001)
    assert rung == [pytest.approx(1030.0001)]
    assert [handle.at for handle in loop.asked] == pytest.approx([1030 - ROUSED.total_seconds(), 1030])


def test_a_short_wait_is_one(loop: Loop) -> None:
    rung: list[float] = []
    SystemClock().call_after(timedelta(seconds=0.2), lambda: rung.append(loop.now))
    loop.fire(late_s=0)
    assert rung == [pytest.approx(1000.2)]


@pytest.mark.parametrize("steps", [0, 1])
def test_what_is_cancelled_never_happens_however_far_it_was(loop: Loop, steps: int) -> None:
    rung: list[float] = []
    timer = SystemClock().call_after(timedelta(seconds=30), lambda: rung.append(loop.now))
    for _ in range(steps):
        loop.fire(late_s=0)
    timer.cancel()
    loop.fire(late_s=0)
    assert rung == []
    assert len(loop.asked) == steps + 1


def test_one_that_is_woken_too_late_for_its_second_step_rings_at_once(loop: Loop) -> None:
    rung: list[float] = []
    SystemClock().call_after(timedelta(seconds=30), lambda: rung.append(loop.now))
    loop.fire(late_s=5)
    assert loop.asked[-1].at < loop.now
    loop.asked[-1].fire()
    assert rung == [pytest.approx(1030 - ROUSED.total_seconds() + 5)]

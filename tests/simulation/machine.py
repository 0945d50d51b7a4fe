"""The simulated machine: its clocks, its agenda, and the death of what runs on it. Time passes nowhere else."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random
from typing import Any

from actions.api import Uptime
from engine.clock import SystemClock

MICRO = 1_000_000

BUSY = 30_000
"""So many steps of the event loop at one instant are a loop that turns without end."""


def source(seed: float) -> Random:
    """A source of chance that gives the same for the same seed."""
    return Random(seed)  # noqa: S311 (nothing here is a secret)


class Killed(KeyboardInterrupt):
    """The process is gone. asyncio lets a KeyboardInterrupt out of a task and out of the loop, and no code of ours catches one."""


class Machine:
    """Counts microseconds since its start; whatever is to happen later stands in its agenda.

    start: what the wall clock said at first (aware UTC).   moment: real microseconds, time asleep included.
    """

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.moment = 0
        self.boot = 0  # counts reboots
        self.shift = timedelta(0)
        self._shown = (0, self.shift), start  # (moment, shift), and what the wall clock says then
        self.origin = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)  # microseconds since 1970
        self.jumps: list[tuple[int, timedelta, timedelta]] = []  # (moment, shift before, shift after)
        self._slept = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    # --- clocks

    def wall(self, moment: int | None = None) -> datetime:
        """What the wall clock says now; or said at a moment gone by."""
        if moment is None:
            if (now := (self.moment, self.shift)) != self._shown[0]:
                self._shown = now, self.start + timedelta(microseconds=self.moment) + self.shift
            return self._shown[1]
        if not self.jumps:
            return self.start + timedelta(microseconds=moment)
        shift = next(
            (after for at, _, after in reversed(self.jumps) if at <= moment), self.jumps[0][1] if self.jumps else self.shift
        )
        return self.start + timedelta(microseconds=moment) + shift

    def highest(self, since: int) -> datetime:
        """The latest that the wall clock said from that moment to now."""
        if not self.jumps:
            return self.wall()
        before = (self.start + timedelta(microseconds=at) + shift for at, shift, _ in self.jumps if at >= since)
        return max(self.wall(), self.wall(since), *before)

    def lowest(self, since: int) -> datetime:
        """The earliest that the wall clock said from that moment to now."""
        if not self.jumps:
            return self.wall(since)
        after = (self.start + timedelta(microseconds=at) + shift for at, _, shift in self.jumps if at >= since)
        return min(self.wall(), self.wall(since), *after)

    def monotonic(self) -> float:
        return (self.moment - self._slept) / MICRO

    def uptime(self) -> Uptime:
        return Uptime(str(self.boot), self.moment / MICRO)

    def set_wall(self, by: timedelta) -> None:
        """Move the wall clock, as a person with `date -s` would."""
        self.jumps.append((self.moment, self.shift, self.shift + by))
        self.shift += by

    def suspend(self, span: timedelta) -> None:
        """Sleep: real time passes, nothing runs."""
        micros = span // timedelta(microseconds=1)
        self.moment += micros
        self._slept += micros

    # --- what is to come

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something so many seconds from now."""
        heapq.heappush(self._agenda, (self.moment + max(0, round(seconds * MICRO)), next(self._numbers), what))

    def pass_until(self, target: int | None) -> None:
        """Let time pass until the target, or until the next thing has happened, whichever is first. None: no target."""
        if self._agenda and (target is None or self._agenda[0][0] <= target):
            at, _, what = heapq.heappop(self._agenda)
            self.moment = max(self.moment, at)
            what()
        elif target is None:
            raise RuntimeError("everything waits for something that can never happen")
        else:
            self.moment = max(self.moment, target)

    def pass_for(self, seconds: float) -> None:
        """Let time pass while no daemon runs; what is to happen meanwhile happens."""
        target = self.moment + round(seconds * MICRO)
        while self.moment < target:
            self.pass_until(target)


class Life:
    """One daemon process: alive until it ends or is killed. Everything it does to the world asks here first.

    die_at: the step of its event loop (every await and every callback is one) at which it is killed; None for never.
    """

    def __init__(self, number: int, machine: Machine, die_at: int | None = None) -> None:
        self.number, self.machine = number, machine
        self.alive = True
        self.steps = 0
        self.busy = False  # it was ended because it turned without end
        self.stopping = False  # it was told to stop: whatever its tenders did just then is broken off
        self._die_at = die_at
        self._moment = -1
        self._steps_now = 0

    def check(self) -> None:
        """Go no further where the process is dead: a `finally` block, or the garbage collector, has come here."""
        if not self.alive:
            raise Killed

    def kill(self) -> None:
        """End the process here and now."""
        self.alive = False
        raise Killed

    def step(self) -> None:
        """The event loop is about to run one more callback."""
        self.steps += 1
        if self.steps == self._die_at:
            self.kill()
        if self.machine.moment != self._moment:
            self._moment, self._steps_now = self.machine.moment, 0
        self._steps_now += 1
        if self._steps_now > BUSY:
            self.busy = True
            self.kill()


class _Ready(deque[Any]):
    """The loop's queue of callbacks, which tells the life of each one that is taken."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    def popleft(self) -> Any:
        self._life.step()
        return super().popleft()


class _Selector(selectors.BaseSelector):
    """Instead of waiting, lets virtual time pass. There are no files to wait for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            machine = self._machine
            machine.pass_until(None if timeout is None else machine.moment + max(1, ceil(timeout * MICRO - 0.001)))
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        raise NotImplementedError("no files in here")

    unregister = register  # type: ignore[assignment]

    def get_map(self) -> dict[Any, selectors.SelectorKey]:  # type: ignore[override]
        return {}


class SimLoop(asyncio.SelectorEventLoop):
    """The event loop of one life. It has no pipe to itself: there are no threads."""

    def __init__(self, life: Life) -> None:
        self._machine = life.machine
        super().__init__(_Selector(life.machine))
        self._ready = _Ready(life)

    def _make_self_pipe(self) -> None:
        pass

    def _close_self_pipe(self) -> None:
        pass

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def time(self) -> float:
        return self._machine.monotonic()

    def bury(self) -> None:
        """Take the loop of a dead process away. What its coroutines do on the way out meets the gate of `Life`, or nothing."""
        self.set_exception_handler(lambda *_: None)
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            _close(task.get_coro())
        self.close()


def _close(coroutine: Any) -> None:
    for _ in range(20):  # a `finally` block may wait for something once more
        try:
            coroutine.close()
        except BaseException:  # noqa: S112 (the process is dead: nobody is left to be told)
            continue
        return


class SimClock(SystemClock):
    """The machine's clocks, as the engine asks for them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def now(self) -> datetime:
        return self._machine.wall().astimezone(UTC)

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def uptime(self) -> Uptime:
        return self._machine.uptime()

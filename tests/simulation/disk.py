"""The ledger on a simulated disk: commits take virtual time, fail where the disk is full, and die with the process."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Self

from engine.committer import Committer, _Job, _resolve
from engine.crash import Crash
from engine.ledger import Ledger, LedgerUnwritable
from tests.simulation.machine import Life, Machine


class Disk:
    """How the disk behaves, for all lives.

    lag: seconds that a commit takes at the most.   stalls, failing: share (0 to 1) of those that take much longer, that fail.
    """

    def __init__(self, chance: Random, machine: Machine, *, lag: float, stalls: float, failing: float) -> None:
        self._chance, self._machine = chance, machine
        self.longest, self._stalls, self._failing = lag, stalls, failing
        self._full_until = 0
        self.stalling = stalls > 0
        self.refused: list[int] = []  # moments
        self.stalled: list[int] = []  # moments
        self.calm = False

    def fill(self, micros: int) -> None:
        """No space is left for a while."""
        self._full_until = self._machine.moment + micros

    def refuses(self) -> bool:
        """Whether the commit that is about to be made fails."""
        if self.calm:
            return False
        refused = self._machine.moment < self._full_until or (self._failing > 0 and self._chance.random() < self._failing)
        if refused:
            self.refused.append(self._machine.moment)
        return refused

    def lag(self) -> float:
        """Seconds until a commit is on disk."""
        if not self.longest or self.calm:
            return 0
        drawn = self._chance.random()
        if self._chance.random() < self._stalls:
            self.stalled.append(self._machine.moment)
            return drawn * 5
        return drawn * self.longest


class SimLedger(Ledger):
    """A ledger that a disk may refuse."""

    disk: Disk | None = None

    @classmethod
    def on(cls, path: Path, disk: Disk) -> Self:
        ledger = cls.open(path)
        ledger._drive("PRAGMA synchronous = OFF")  # the machine whose disk this is never loses power for real
        ledger.disk = disk
        return ledger

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            if self._depth == 1 and self.disk is not None and self.disk.refuses():
                raise LedgerUnwritable("the disk is full")


class SimCommitter(Committer):
    """The real group commit, carried out by the event loop of its life instead of a thread.

    What is asked for is committed some time later, and its caller hears of it some time after that: a kill can come in between.
    """

    def __init__(self, ledger: Ledger, crash: Crash, disk: Disk, life: Life) -> None:
        self._ledger, self._crash = ledger, crash
        self._queue = queue.SimpleQueue()
        self._closing = False
        self._disk, self._life = disk, life
        self._busy = False

    async def close(self) -> None:
        while self._busy:  # noqa: ASYNC110 (there is no thread that could set an event)
            await asyncio.sleep(0.001)  # of virtual time: it is the disk that is waited for
        self._closing = True
        self._ledger.close()

    def _asked(self, work: Callable[[Ledger], Any], point: str | None) -> asyncio.Future[Any]:
        self._life.check()
        future = super()._asked(work, point)
        if not self._busy:
            self._busy = True
            self._later(self._pump)
        return future

    def _pump(self) -> None:
        jobs, _ = self._gathered()
        self._carry_out(jobs)
        self._later(self._told, jobs)

    def _told(self, jobs: Sequence[_Job]) -> None:
        _resolve(jobs)
        self._busy = not self._queue.empty()
        if self._busy:
            self._later(self._pump)

    def _later(self, what: Callable[..., None], *args: Any) -> None:
        loop, lag = asyncio.get_running_loop(), self._disk.lag()
        if lag:
            loop.call_later(lag, what, *args)
        else:
            loop.call_soon(what, *args)

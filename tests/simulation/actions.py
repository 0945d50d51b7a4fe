"""Actions of the simulated world. What they come to is drawn when they run: success, failure, nonsense, an exception, no end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from actions.api import Context, Outcome, Process, Request, Result
from tests.simulation.machine import MICRO, Life, Machine
from tests.simulation.witness import Seen, Witness


@dataclass(frozen=True)
class Nature:
    """How an action behaves: shares of its attempts.   slow: those that take time, up to `longest` seconds."""

    failing: float = 0.15
    odd: float = 0.05
    slow: float = 0.3
    longest: float = 40
    stubborn: float = 0.1


class InProcess:
    """Runs inside the daemon, and dies with it."""

    def __init__(self, life: Life, witness: Witness, chance: Random, nature: Nature) -> None:
        self._life, self._witness, self._chance, self._nature = life, witness, chance, nature

    async def run(self, request: Request, context: Context) -> Result:
        self._life.check()
        chance, nature = self._chance, self._nature
        seen = self._witness.began(self._life, request)
        try:
            if chance.random() < nature.slow:
                await asyncio.sleep(chance.random() ** 3 * nature.longest)
            drawn = chance.random()
            if drawn < nature.odd / 2:
                self._end(seen, Outcome.FAILED)
                raise ValueError("an action that fell over")
            if drawn < nature.odd:
                self._end(seen, Outcome.FAILED)
                return _nonsense(chance)
            outcome = Outcome.FAILED if drawn < nature.odd + nature.failing else Outcome.SUCCEEDED
            self._end(seen, outcome)
            return Result(outcome, f"{outcome} after {request.attempt}")
        except asyncio.CancelledError:
            if chance.random() < nature.stubborn:
                await asyncio.sleep(chance.random() * 5)
            raise
        finally:
            self._end(seen, None)

    def _end(self, seen: Seen, came_to: Outcome | None) -> None:
        if self._life.alive:
            self._witness.ended(seen, came_to)


def _nonsense(chance: Random) -> Any:
    return chance.choice((None, "done", 7, Result(Outcome.SUCCEEDED, "x", outputs={"a": [1]})))  # type: ignore[dict-item]


@dataclass
class Proc:
    """One process of the machine, with the files that it leaves."""

    process: Process
    request: Request
    files: dict[str, Any]
    life: Life
    released: bool = False
    seen: Seen | None = None
    gone: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)


class Processes:
    """The machine's processes. They outlive daemons; nothing of one runs before it is released."""

    def __init__(
        self,
        machine: Machine,
        witness: Witness,
        chance: Random,
        natures: Mapping[str, Nature],
        known: Callable[[Request], int | None],
    ) -> None:
        """natures: by action.   known: the pid that the ledger holds of an attempt, durably; None without."""
        self.files: dict[str, dict[str, Any]] = {}
        self._machine, self._witness, self._chance, self._natures, self._known = machine, witness, chance, natures, known
        self._alive: dict[tuple[int, int], Proc] = {}
        self._pid = 300

    def spawn(self, life: Life, request: Request, folder: str) -> Proc:
        """A launcher that waits at its gate."""
        life.check()
        self._pid += 1
        files = self.files[folder] = {"boot": self._machine.boot}
        proc = Proc(Process(self._pid, self._machine.moment // 10_000), request, files, life)
        self._alive[proc.process.pid, proc.process.started] = proc
        return proc

    def release(self, proc: Proc, broken: Callable[[str, str], None]) -> None:
        """Let it go; it begins a little later, whatever became of the daemon."""
        proc.life.check()
        if proc.gone:
            return
        if self._known(proc.request) != proc.process.pid:
            broken("gate", f"{proc.request.run} attempt {proc.request.attempt} was released before the ledger knew its process")
        proc.released = True
        self._machine.after(self._chance.choice((0, 0, 0.001, 0.005)), partial(self._begin, proc))

    def abandon(self, proc: Proc) -> None:
        """It is killed at its gate."""
        if not proc.released:
            self._leave(proc)

    def stop(self, proc: Proc) -> None:
        """SIGTERM; it takes a while, or dies at once."""
        wait = self._chance.random() * 5 if self._chance.random() < self._natures[proc.request.action].stubborn else 0
        self._machine.after(wait, partial(self._leave, proc))

    def kill(self, proc: Proc) -> None:
        """SIGKILL."""
        self._leave(proc)

    def find(self, process: Process) -> Proc | None:
        return self._alive.get((process.pid, process.started))

    def orphaned(self) -> None:
        """The daemon is gone: whoever still waits at a gate sees the pipe close."""
        for proc in [p for p in self._alive.values() if not p.released]:
            self._leave(proc)

    def powered_off(self) -> None:
        """The machine went down: all processes are gone, and some of the files they wrote last."""
        self._machine.boot += 1
        for proc in list(self._alive.values()):
            self._leave(proc)
        for files in self.files.values():
            if files.get("exit_at", -1) > self._machine.moment - 5 * MICRO and self._chance.random() < 0.5:
                files.pop("exit", None)

    def _begin(self, proc: Proc) -> None:
        if proc.gone:
            return
        proc.files["stdout"] = True
        proc.seen = self._witness.began(proc.life, proc.request, process=True)
        chance, nature = self._chance, self._natures[proc.request.action]
        takes = chance.random() ** 3 * nature.longest if chance.random() < nature.slow else chance.random() * 0.2
        outcome = Outcome.FAILED if chance.random() < nature.failing else Outcome.SUCCEEDED
        self._machine.after(takes, partial(self._exit, proc, outcome))

    def _exit(self, proc: Proc, outcome: Outcome) -> None:
        if proc.gone:
            return
        if self._chance.random() >= self._natures[proc.request.action].odd / 2:  # else it was killed by somebody, sh and all
            proc.files.update(exit=outcome, exit_at=self._machine.moment)
            if proc.seen is not None:
                self._witness.ended(proc.seen, outcome)
        self._leave(proc)

    def _leave(self, proc: Proc) -> None:
        if proc.gone:
            return
        proc.gone = True
        self._alive.pop((proc.process.pid, proc.process.started), None)
        if proc.seen is not None:
            self._witness.ended(proc.seen, None)
        waiting, proc.waiting = proc.waiting, []
        for tell in waiting:
            tell()


class OutOfProcess:
    """Starts processes as `actions.command` does: behind a gate, adoptable, with an exit file. One per life."""

    kind = "process"

    def __init__(self, life: Life, processes: Processes, chance: Random, broken: Callable[[str, str], None]) -> None:
        self._life, self._processes, self._chance, self._broken = life, processes, chance, broken

    async def run(self, request: Request, context: Context) -> Result:
        self._life.check()
        folder = str(context.folder)
        if self._chance.random() < 0.1:
            await asyncio.sleep(self._chance.random() * 0.5)
        proc = self._processes.spawn(self._life, request, folder)
        try:
            await context.launched(proc.process)
        except BaseException:
            if self._life.alive:
                self._processes.abandon(proc)
            raise
        self._processes.release(proc, self._broken)
        await self._until_gone(proc)
        return _result(proc.files) or Result(Outcome.FAILED, "it left no exit status")

    async def adopt(self, request: Request, context: Context, process: Process) -> Result | None:
        self._life.check()
        files = self._processes.files.get(str(context.folder), {})
        if files.get("boot") != self._processes_boot():
            return _result(files)
        proc = self._processes.find(process)
        if proc is not None:
            await self._until_gone(proc)
        if "stdout" not in files:
            return await self.run(request, context)
        return _result(files)

    def _processes_boot(self) -> int:
        return self._life.machine.boot

    async def _until_gone(self, proc: Proc) -> None:
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if proc.gone:
            return

        def tell() -> None:
            if self._life.alive and not gone.done():
                gone.set_result(None)

        proc.waiting.append(tell)
        try:
            await asyncio.shield(gone)
        except asyncio.CancelledError:
            if self._life.alive:
                self._processes.stop(proc)
                await self._dying(proc, gone)
            raise

    async def _dying(self, proc: Proc, gone: asyncio.Future[None]) -> None:
        try:
            await asyncio.shield(gone)
        except asyncio.CancelledError:  # asked once more: SIGKILL
            if self._life.alive:
                self._processes.kill(proc)
            raise


def _result(files: dict[str, Any]) -> Result | None:
    outcome = files.get("exit")
    return None if outcome is None else Result(outcome, f"exit {outcome}")

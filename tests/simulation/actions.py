"""Actions of the simulated world. What they come to is drawn when they run: success, failure, nonsense, an exception, no end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import Any

from actions.api import Context, Lost, Outcome, Request, Result, Unbegun, Uptime
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

    def __init__(
        self,
        life: Life,
        witness: Witness,
        chance: Random,
        nature: Nature,
        told: Callable[[Request], None] = lambda _: None,
        version: str = "",
    ) -> None:
        """told: called by each attempt before it ends.   version: see `Seen`."""
        self._life, self._witness, self._chance, self._nature, self._told = life, witness, chance, nature, told
        self._version = version

    async def run(self, request: Request, context: Context) -> Result:
        self._life.check()
        chance, nature = self._chance, self._nature
        seen = self._witness.began(self._life, request, self._version)
        try:
            if chance.random() < nature.slow:
                await asyncio.sleep(chance.random() ** 3 * nature.longest)
            self._told(request)
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
    """An order to the machine's warden, and the process that came of it.   exit, exit_at: what its ticket tells of its end."""

    request: Request
    ticket: tuple[str, int]
    life: Life
    version: str
    seen: Seen | None = None
    gone: bool = False
    exit: Outcome | None = None
    exit_at: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)


class Processes:
    """The machine's wardens and their processes, which outlive daemons. Of each ticket, (folder, number), there is one at most."""

    def __init__(
        self,
        machine: Machine,
        witness: Witness,
        chance: Random,
        natures: Mapping[str, Nature],
        known: Callable[[Request], Uptime | None],
    ) -> None:
        """natures: by action.   known: since when the ledger knows an attempt, durably; None where it doesn't."""
        self._machine, self._witness, self._chance, self._natures, self._known = machine, witness, chance, natures, known
        self._tickets: dict[tuple[str, int], Proc | None] = {}  # None: void
        self._made_at: dict[tuple[str, int], int] = {}
        self._open: list[Proc] = []

    def order(
        self, life: Life, request: Request, ticket: tuple[str, int], broken: Callable[[str, str], None], version: str
    ) -> Proc:
        """Have it begun; that comes a little later, or much, whatever became of the daemon."""
        life.check()
        since = self._known(request)
        if since is None or since.boot != str(self._machine.boot):
            broken("gate", f"{request.run} attempt {request.attempt} was ordered before the ledger knew of it")
        proc = Proc(request, ticket, life, version)
        self._open.append(proc)
        self._machine.after(self._chance.choice((0, 0, 0, 0.001, 0.005, 3)), partial(self._begin, proc))
        return proc

    def void(self, ticket: tuple[str, int]) -> bool:
        """Make a ticket void; False where it was made before."""
        if ticket in self._tickets:
            return False
        self._made(ticket, None)
        return True

    def unmade(self, folder: str) -> int:
        """The first ticket of an attempt that there isn't."""
        return next(nth for nth in count(1) if (folder, nth) not in self._tickets)

    def begun(self, folder: str) -> Proc | None:
        """The process of the attempt, if there is or was one."""
        return next((proc for (of, _), proc in self._tickets.items() if of == folder and proc is not None), None)

    def stop(self, proc: Proc) -> None:
        """SIGTERM; it takes a while, or dies at once."""
        wait = self._chance.random() * 5 if self._chance.random() < self._natures[proc.request.action].stubborn else 0
        self._machine.after(wait, partial(self._leave, proc))

    def kill(self, proc: Proc) -> None:
        """SIGKILL; what has not begun never will."""
        self.void(proc.ticket)
        self._leave(proc)

    def powered_off(self) -> None:
        """The machine went down: all processes are gone, and some of the files that were written last."""
        self._machine.boot += 1
        for proc in list(self._open):
            self._leave(proc)
        recent = self._machine.moment - 5 * MICRO
        for ticket, proc in list(self._tickets.items()):
            if self._made_at[ticket] > recent and self._chance.random() < 0.5:
                del self._tickets[ticket]
            elif proc is not None and proc.exit_at > recent and self._chance.random() < 0.5:
                proc.exit = None

    def _made(self, ticket: tuple[str, int], proc: Proc | None) -> None:
        self._tickets[ticket], self._made_at[ticket] = proc, self._machine.moment

    def _begin(self, proc: Proc) -> None:
        if proc.gone:
            return
        if proc.ticket in self._tickets:
            self._leave(proc)
            return
        self._made(proc.ticket, proc)
        proc.seen = self._witness.began(proc.life, proc.request, proc.version, process=True)
        chance, nature = self._chance, self._natures[proc.request.action]
        takes = chance.random() ** 3 * nature.longest if chance.random() < nature.slow else chance.random() * 0.2
        outcome = Outcome.FAILED if chance.random() < nature.failing else Outcome.SUCCEEDED
        self._machine.after(takes, partial(self._exit, proc, outcome))

    def _exit(self, proc: Proc, outcome: Outcome) -> None:
        if proc.gone:
            return
        if self._chance.random() >= self._natures[proc.request.action].odd / 2:  # else its warden was killed by somebody, and it
            proc.exit, proc.exit_at = outcome, self._machine.moment
            if proc.seen is not None:
                self._witness.ended(proc.seen, outcome)
        self._leave(proc)

    def _leave(self, proc: Proc) -> None:
        if proc.gone:
            return
        proc.gone = True
        self._open.remove(proc)
        if proc.seen is not None:
            self._witness.ended(proc.seen, None)
        waiting, proc.waiting = proc.waiting, []
        for tell in waiting:
            tell()


class OutOfProcess:
    """Has processes begun as `actions.command` does: by tickets, adoptable, with an exit status that is noted. One per life."""

    kind = "process"

    def __init__(
        self, life: Life, processes: Processes, chance: Random, broken: Callable[[str, str], None], version: str = ""
    ) -> None:
        """version: see `Seen`."""
        self._version = version
        self._life, self._processes, self._chance, self._broken = life, processes, chance, broken

    async def run(self, request: Request, context: Context) -> Result:
        self._life.check()
        folder = str(context.path)
        if self._chance.random() < 0.1:
            await asyncio.sleep(self._chance.random() * 0.5)
        proc = self._processes.order(self._life, request, (folder, self._processes.unmade(folder)), self._broken, self._version)
        await self._until_gone(proc)
        return _result(proc) or Result(Outcome.FAILED, "it left no exit status")

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        self._life.check()
        folder, proc = str(context.path), None
        if since is not None and since.boot == str(self._life.machine.boot):
            nth = 1
            while not self._processes.void((folder, nth)):
                if (proc := self._processes.begun(folder)) is not None:
                    break
                nth += 1
            else:
                return Unbegun()
            if proc.seen is not None:
                context.began(Uptime(since.boot, proc.seen.began / MICRO))
            await self._until_gone(proc)
        return _result(proc or self._processes.begun(folder)) or Lost("it left no exit status")

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
                if self._processes.void(proc.ticket):
                    self._processes.kill(proc)
                else:
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


def _result(proc: Proc | None) -> Result | None:
    return None if proc is None or proc.exit is None else Result(proc.exit, f"exit {proc.exit}")

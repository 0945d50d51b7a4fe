"""The daemon's lives, one after the other: how each is put together, what happens to it, and what passes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from engine.crash import POINTS
from engine.loop import Daemon
from engine.model import Stage
from engine.trust import SteadyClock
from tests.simulation.assembly import STOP, Dying, parts, tender
from tests.simulation.disk import SimCommitter, SimLedger
from tests.simulation.doings import Doings
from tests.simulation.hearing import Hearing
from tests.simulation.link import Worker
from tests.simulation.machine import MICRO, Killed, Life, SimClock, SimLoop, source
from tests.simulation.rival import Rival
from tests.simulation.troubles import Tally, Troubles
from tests.simulation.world import World


@dataclass(frozen=True)
class Plan:
    """How much of everything a seed has.

    lives: daemons one after the other, before the last one.   alive: seconds of a life at the most.   edits: of people, in all.
    quiet: seconds of the last life after people's last edit.   patience: for how much longer it goes on at the most while something
    is under way: an open breaker lets what waits for it through one at a time, minutes apart.
    """

    lives: int = 4
    alive: float = 240
    edits: int = 360
    quiet: float = 420
    patience: float = 4800


class Lives:
    """Lives a seed through: daemons that are killed, stopped, rebooted; a last one that is left in peace."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan, self.tally = world, plan, Tally()
        self.daemon: Daemon | None = None
        self.life: Life | None = None
        self.ledger: SimLedger | None = None
        self.turns_at_rest = 0
        self.left: Callable[[], None] = lambda: None
        self.in_service: Callable[[], None] = lambda: None
        self.at_rest: Callable[[], None] = lambda: None
        self._stopping: asyncio.Event | None = None
        self._poke: asyncio.Event | None = None
        self._told_to_stop: int | None = None
        self._chance = source(world.chance.random())
        self.troubles = Troubles(world, self._chance, self.tally)
        self._doings = Doings(world, self._chance, Rival(world, source(world.seed + 0.5)), self._poked)
        self._most = plan.edits * 2 / (plan.lives + 1)  # of what people do to tables in one life
        self._last = False
        self._hearing = Hearing(world, lambda: self.daemon)
        world.meddle = self._doings.meddle
        world.approvers.poke = self._poked
        world.outside.poke, world.outside.box = (
            self._poked,
            lambda source: self.daemon.box(source) if self.daemon is not None else None,
        )

    def run(self) -> None:
        """All of it."""
        for number in range(self.plan.lives):
            self._live(number)
            self.left()
            if self.world.broken:
                return
            much = self.world.vendor is not None or (self.world.eventful and self.world.seed % 2 == 1)
            self._between(long=number == 1 and much)
        self._last = True
        self._live(self.plan.lives)

    # --- one life

    def _live(self, number: int) -> None:
        world, chance = self.world, self._chance
        die_at = None if self._last or chance.random() < 0.5 else int(10 ** (1 + 3.2 * chance.random()))
        world.births.append(world.machine.moment)
        self.tally.lives += 1
        if self._last:
            self._calm()
        point = None if self._last or chance.random() < 0.6 else chance.choice((*POINTS, *[STOP] * 10))
        if point == STOP:
            die_at = None
        life = self.life = Life(number, world.machine, die_at)
        world.tell(
            f"--- life {number} begins" + (f", to die at {point}" if point else "") + (f", at step {die_at}" if die_at else "")
        )
        loop = SimLoop(life)
        loop.set_exception_handler(lambda _, context: self._fell_through(life, context))
        lived = self._quiet if self._last else self._troubled
        try:
            loop.run_until_complete(lived(life, self._dying(life, point)))
            self.tally.stops += 1
            life.alive = False
            world.tell(f"--- life {number} ends in order")
        except Killed:
            life.alive = False
            self.tally.kills += 1
            world.tell(f"--- life {number} is killed at step {life.steps}")
            if life.busy:
                world.broke("idle", "the daemon turns without end at one instant")
        except Exception as exc:
            life.alive = False
            world.broke("stands", f"the daemon ended with {type(exc).__name__}: {exc}")
            if world.telling:
                raise
        finally:
            self._gone(life, loop)
        self.tally.steps += life.steps

    def _dying(self, life: Life, point: str | None) -> Dying:
        hit = 1 if point == STOP else int(10 ** (1.7 * self._chance.random()))
        return Dying(life, point, hit, self._died_at, self._stopping_something)

    def _stopping_something(self) -> bool:
        desk = self.world.desk
        return desk is not None and any(o.stopping and o.stage is Stage.RUNNING for o in desk.active())

    def _gone(self, life: Life, loop: SimLoop) -> None:
        """The process is no more; the operating system lets go of what it held."""
        world = self.world
        world.deaths.append(world.machine.moment)
        life.alive = False
        loop.bury()
        if self.ledger is not None:
            self.ledger.close()
        for bench in world.benches:
            for link in bench.links:
                if link.looked is not None:
                    bench.well.append((link.looked, self._told_to_stop or world.machine.moment))
                link.close()
            bench.links.clear()
        for table in list(self._hearing.held_since):
            self._hearing.released(table)
        world.witness.died(processes=False)
        self.daemon = self.ledger = self._stopping = self._poke = self._told_to_stop = None

    def _died_at(self, name: str) -> None:
        self.tally.crash_points[name] = self.tally.crash_points.get(name, 0) + 1
        self.world.tell(f"dies at {name}")

    def _fell_through(self, life: Life, context: dict[str, object]) -> None:
        if life.alive:
            self.world.broke("stands", f"nobody caught: {context.get('message')} {context.get('exception')!r}")

    async def _troubled(self, life: Life, dying: Dying) -> None:
        """A life in which anything may happen."""
        stopping = await self._begin(life, dying)
        chance, span = self._chance, self.plan.alive * self._chance.random()
        fate = chance.random()
        if fate < 0.35:
            self.world.machine.after(span, lambda: self._stop(life, stopping))
        elif fate < 0.5:
            self.world.machine.after(span, lambda: self._reboot(life))
        else:
            self.world.machine.after(span, lambda: self._kill(life))
        self._doings.schedule(self._most, span)
        self.troubles.schedule(span, life, lambda: self._reload(life))
        await self._serve(life, stopping)

    async def _quiet(self, life: Life, dying: Dying) -> None:
        """The last life: people work on for a while, then nobody does anything any more, and at last everything is stopped."""
        stopping = await self._begin(life, dying)
        world, quiet = self.world, self.plan.quiet
        self._doings.schedule(self._most, self.plan.alive / 4)
        busy = self.plan.alive / 4
        world.machine.after(busy, self._tidy_up)
        for seconds in (50, 70, 89):
            world.machine.after(busy + seconds, self.in_service)
        world.machine.after(busy + 90, self._settle_down)
        until = world.machine.moment + round((busy + quiet + self.plan.patience) * MICRO)
        world.machine.after(busy + quiet - 60, lambda: self._rest(life, stopping, until))
        await self._serve(life, stopping)

    def _tidy_up(self) -> None:
        self.world.outside.over = self.world.approvers.over = True
        for bench in self.world.benches:
            bench.person.tidy_up()

    def _settle_down(self) -> None:
        self.world.settled = self.world.machine.moment
        for bench in self.world.benches:
            bench.person.settle_down()
        self._clear_up()

    def _clear_up(self) -> None:
        """Again and again: an attempt that fails may have to be approved once more."""
        if self.daemon is not None:
            self.world.approvers.clear_up()
            self.world.machine.after(40, self._clear_up)

    def _rest(self, life: Life, stopping: asyncio.Event, until: int) -> None:
        """A minute later all is looked at, if nothing is under way any more, or nobody waits for that any longer."""
        steps = life.steps

        def over() -> None:
            waits = self._hearing.held_since or self.world.held_back or self._slowly_told()
            busy = self.daemon is not None and (waits or list(self.daemon.under_way))
            if busy and self.world.machine.moment < until:
                self._rest(life, stopping, until)
                return
            self.turns_at_rest = life.steps - steps
            if self.daemon is not None:
                self.at_rest()
            life.stopping = True
            stopping.set()

        self.world.machine.after(60, over)

    def _slowly_told(self) -> bool:
        """Whether a table of a vendor's, which lets through so much in a minute, has yet to be told something."""
        return self.world.vendor is not None and any(self.world.untold(bench.name) for bench in self.world.benches)

    async def _begin(self, life: Life, dying: Dying) -> asyncio.Event:
        world = self.world
        clock = SteadyClock(SimClock(world.machine))
        self.ledger = ledger = SimLedger.on(world.ledger_path, world.disk)
        committer = SimCommitter(ledger, dying, world.disk, life)
        self._committer = committer
        listener = partial(self._hearing.hear, life)
        aside = Worker(life, world.machine, world.outside.weather)
        daemon = Daemon(parts(world, self._chance, life, dying), clock, committer, listener, world.windows, aside)
        tenders = [tender(world, bench, ledger, life, daemon.governor, listener, dying) for bench in world.benches]
        await daemon.open(tenders)
        self.daemon = daemon
        self._stopping = asyncio.Event()
        return self._stopping

    async def _serve(self, life: Life, stopping: asyncio.Event) -> None:
        assert self.daemon is not None
        daemon, self._poke = self.daemon, asyncio.Event()
        listening = asyncio.create_task(daemon.listen(self._pokes(self._poke)))
        try:
            await daemon.run(stopping)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await daemon.close()
        await self._committer.close()

    def _poked(self) -> None:
        if self._poke is not None:
            self._poke.set()

    @staticmethod
    async def _pokes(poke: asyncio.Event) -> AsyncIterator[None]:
        while True:
            await poke.wait()
            poke.clear()
            yield

    # --- what happens meanwhile

    def _reload(self, life: Life) -> None:
        """rowd.toml has changed, and is read again."""
        daemon = self.daemon
        if not life.alive or daemon is None:
            return
        self.troubles.change_settings()
        daemon.reconfigure(
            parts(self.world, self._chance, life, daemon.parts.crash), {b.name: self.world.rules(b) for b in self.world.benches}
        )

    # --- how it ends, and what follows

    def _stop(self, life: Life, stopping: asyncio.Event) -> None:
        if life.alive:
            self.world.tell("rowd is asked to stop")
            self._told_to_stop = self.world.machine.moment
            life.stopping = True
            stopping.set()

    def _kill(self, life: Life) -> None:
        if life.alive:
            life.kill()

    def _reboot(self, life: Life) -> None:
        if life.alive:
            self.world.tell("the machine goes down")
            self.tally.reboots += 1
            self.world.rebooted = True
            self.world.witness.died(processes=True)
            self.world.processes.powered_off()
            life.kill()

    def _between(self, *, long: bool) -> None:
        """Time passes without a daemon; people go on.   long: a day or so, in which much comes due."""
        chance, world = self._chance, self.world
        spans, weights = (0.1, 5, 90, 900, 7200, 90_000, 400_000), (4, 5, 5, 4, 2, 2, 0.5)
        span = chance.choices(spans[:4] if world.dense else spans, weights[:4] if world.dense else weights)[0] * (
            0.5 + chance.random()
        )
        if long:
            span = 90_000 * (0.5 + chance.random())
        world.tell(f"--- nothing runs for {timedelta(seconds=span)}")
        for _ in range(chance.choice((0, 0, 0, 1, 3))):
            world.machine.after(chance.random() * span, self._doings.person_acts)
        if chance.random() < 0.1:
            world.machine.after(chance.random() * span, self._doings.someone_asks)
        if world.eventful and chance.random() < 0.4:
            world.machine.after(chance.random() * span, world.approvers.redefine)
        world.machine.pass_for(span)

    def _calm(self) -> None:
        self.world.disk.calm = self.world.facts.calm = self.world.outside.weather.calm = True
        for bench in self.world.benches:
            bench.weather.calm = True
            if bench.store is not None:
                bench.store.wire.quiet()

"""What people do while a daemon lives, or while none does: to the tables, and with rowd's commands."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from engine.asked import Wish
from engine.model import Stage
from tests.simulation.rival import Rival
from tests.simulation.sheets import Sheet
from tests.simulation.spans import rows_of
from tests.simulation.world import World

WISHES = (Wish.RUN_NOW, Wish.TICK, Wish.CANCEL, Wish.SKIP_NEXT, Wish.RETRY, Wish.SNOOZE)


class Doings:
    """Draws them, and brings them about."""

    def __init__(self, world: World, chance: Random, rival: Rival, poke: Callable[[], None]) -> None:
        """poke: tells the daemon, if one lives, that somebody has asked for something."""
        self._world, self._chance, self._rival, self._poke = world, chance, rival, poke

    def schedule(self, most: float, span: float) -> None:
        """Some of them, within so many seconds.   most: times that somebody lays a hand on a table, or begins to, at the most."""
        number = round(self._chance.random() * most)
        for _ in range(number):
            at = self._chance.random() * span
            if self._chance.random() < 0.3:  # people do things in a row
                for more in range(self._chance.randint(1, 4)):
                    self._world.machine.after(at + more * self._chance.choice((0.1, 1, 2.5)), self.person_acts)
            self._world.machine.after(at, self.person_acts)
        for _ in range(number // 4):
            self._world.machine.after(self._chance.random() * span, self.someone_asks)
        self._world.machine.after(span / 2, self._rival.act)
        if self._world.eventful:
            self._world.outside.schedule(span)
            self._world.approvers.schedule(span)

    def person_acts(self) -> None:
        """Somebody does one thing to one of the tables."""
        self._chance.choice(self._world.benches).person.act()

    def meddle(self, sheet: Sheet) -> None:
        """Somebody does one thing to this table."""
        next(b for b in self._world.benches if b.sheet is sheet).person.act()

    def someone_asks(self) -> None:
        """A request, as commands put it into the ledger."""
        bench, desk = self._chance.choice(self._world.benches), self._world.desk
        keys = list(rows_of(bench.sheet.look()))
        if desk is None or not keys or bench.person.over:
            return
        key, wish = self._chance.choice(keys), self._chance.choice(WISHES)
        counters = [k for k in keys if k in bench.person.counts]
        if counters and self._chance.random() < 0.5:
            key, wish = self._chance.choice(counters), self._chance.choice((Wish.TICK, Wish.TICK, Wish.TICK, Wish.SNOOZE))
        busy = [o.key for o in desk.active(bench.name) if o.stage is Stage.RUNNING and o.key in keys] if wish is Wish.CANCEL else []
        if busy:
            key = self._chance.choice(busy)
        amount = {Wish.TICK: self._chance.choice((1, 1, 3)), Wish.SNOOZE: 45}.get(wish, 0)
        with desk.transaction():
            desk.ask(bench.name, key, wish, amount, "cli:ann", self._world.machine.wall())
        self._world.asked += 1
        if wish is Wish.SNOOZE:
            self._world.snoozed.add(key)
        self._world.tell(f"ann asks: {wish} {amount} of {key}")
        self._poke()

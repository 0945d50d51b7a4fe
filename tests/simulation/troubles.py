"""What goes wrong around a daemon while it lives: its disk, its tables, its machine, its clock, its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from connectors.errors import Bug, NeedsOwner, TryLater
from tests.simulation.benches import Bench
from tests.simulation.machine import MICRO, Life
from tests.simulation.world import World


@dataclass
class Tally:
    """What a seed was made of, for the report."""

    lives: int = 0
    kills: int = 0
    reboots: int = 0
    stops: int = 0
    faults: int = 0
    jumps: int = 0
    reloads: int = 0
    steps: int = 0
    crash_points: dict[str, int] = field(default_factory=dict)


class Troubles:
    """Draws them, and brings them about."""

    def __init__(self, world: World, chance: Random, tally: Tally) -> None:
        self._world, self._chance, self._tally = world, chance, tally

    def schedule(self, span: float, life: Life, reload: Callable[[], None]) -> None:
        """Some of them, within so many seconds.   reload: has rowd.toml changed and read again."""
        chance, after = self._chance, self._world.machine.after
        if chance.random() < 0.2:
            after(chance.random() * span, lambda: self._fault(life, self._disk_fills))
        if chance.random() < 0.3:
            after(chance.random() * span, lambda: self._fault(life, self._table_goes))
        if chance.random() < 0.2:
            after(chance.random() * span, lambda: self._fault(life, self._falls_asleep))
        if chance.random() < 0.1:
            at, bench = chance.random() * span, chance.choice(self._world.benches)
            after(at, lambda: self._fault(life, lambda: self._locked_out(bench, 1100)))
            after(at + 45, lambda: self._fault(life, lambda: self._sleeps(1000)))
        if chance.random() < (0.5 if self._world.eventful else 0.2):
            after(chance.random() * span, reload)
        if self._world.jumpy and chance.random() < 0.6:
            after(chance.random() * span, self._clock_jumps)

    def change_settings(self) -> None:
        """rowd.toml says something else."""
        operator = self._world.operator
        self._tally.reloads += 1
        match self._chance.randint(0, 4 if self._world.eventful else 2):
            case 0:
                operator.actions = operator.actions ^ {"extra"}
            case 1:
                operator.max_parallel = self._chance.choice((1, 4, 32))
            case 3 | 4:
                self._world.approvers.redefine()
            case _:
                operator.limits = {} if operator.limits else {"quick": 2, "outside": 2}
        self._world.tell(f"rowd.toml now: {operator}")
        self._world.changed_settings()

    def _fault(self, life: Life, what: Callable[[], None]) -> None:
        if life.alive:
            self._tally.faults += 1
            what()

    def _disk_fills(self) -> None:
        self._world.tell("the disk is full for a while")
        self._world.disk.fill(round(self._chance.choice((0.5, 5, 60)) * MICRO))

    def _table_goes(self) -> None:
        bench: Bench = self._chance.choice(self._world.benches)
        bench.weather.away = self._chance.choice((TryLater("no route"), NeedsOwner("unshared"), Bug("400")))
        bench.weather.away_until = self._world.machine.moment + round(self._chance.choice((2, 30, 300, 1500)) * MICRO)
        self._world.tell(f"table {bench.name} goes away: {bench.weather.away!r}")

    def _falls_asleep(self) -> None:
        self._sleeps(self._chance.choice((20, 400, 5000, 90_000)))

    def _locked_out(self, bench: Bench, seconds: float) -> None:
        """A person must act before rowd may read it again."""
        bench.weather.away, bench.weather.away_until = NeedsOwner("unshared"), self._world.machine.moment + round(seconds * MICRO)
        self._world.tell(f"rowd is locked out of table {bench.name}")

    def _sleeps(self, seconds: float) -> None:
        span = timedelta(seconds=seconds)
        self._world.tell(f"the machine sleeps for {span}")
        asleep = self._world.machine.moment
        self._world.machine.suspend(span)
        self._world.disturbed.append((asleep, self._world.machine.moment))

    def _clock_jumps(self) -> None:
        near, far = (-7200, -90, -2, 3, 200, 4000), (200_000, -200_000)
        by = timedelta(seconds=self._chance.choice((*near, *far) if self._world.far else near))
        self._world.tell(f"the wall clock is set by {by}")
        self._world.machine.set_wall(by)
        self._tally.jumps += 1

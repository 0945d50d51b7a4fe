"""One seed's world: what outlives every daemon. Drawn once, in one order, from one source of chance."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, time, timedelta
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from actions.api import Definition, Request, Uptime
from engine import outside as known
from engine.blackout import Blackout
from engine.brakes import Brake
from engine.breaker import BreakerRules
from engine.links import Openness
from engine.model import Type
from engine.parse import Rules
from engine.rules import TableRules
from engine.windows import WindowFile
from tests.simulation import rows
from tests.simulation.actions import Nature, Processes
from tests.simulation.approvers import Approvers
from tests.simulation.benches import Bench, bench_of, join
from tests.simulation.disk import Disk, SimLedger
from tests.simulation.facts import MAX_AGE, Facts
from tests.simulation.link import Link
from tests.simulation.machine import MICRO, Machine, source
from tests.simulation.makers import Makers
from tests.simulation.operator import DEFINITIONS, Operator
from tests.simulation.outside import SAID, Outside
from tests.simulation.sheets import Sheet
from tests.simulation.spans import Terms
from tests.simulation.starts import STARTS
from tests.simulation.stores import PAUSE
from tests.simulation.stretches import Kept
from tests.simulation.witness import Witness

if TYPE_CHECKING:
    from tests.simulation.hearing import Heard

FELT = {"refused": 15 * MICRO, "disturbed": 40 * MICRO, "jumped": 400 * MICRO}
"""For how long rowd may be behind after a commit was refused, after something happened to it, and after its clock was set: a far
jump is believed five minutes later.
"""


BRAKES = (Brake(1, None), Brake(None, 30), None, Brake(2, 50))
"""What the last table of a seed may start: each seed has the next of these."""

REACTIONS: Mapping[str, Any] = {
    "sources": dict.fromkeys(SAID, Type.ON_CHANGE),
    "says": SAID,
    "outside": known.Outside(facts=frozenset(MAX_AGE)),
}
"""What rows are told of the world outside, where things happen in it."""


@dataclass(frozen=True)
class Broken:
    """A law that did not hold."""

    law: str
    what: str


class World:
    """What a seed comes to."""

    def __init__(self, seed: int, folder: Path, tell: Callable[[str], None] | None = None, store: str | None = None) -> None:
        """store: of which vendor its table is; None for tables of this machine."""
        self.seed, self.folder, self.vendor = seed, folder, store
        self.chance = source(seed)
        self.broken: list[Broken] = []
        self._tell = tell
        start, zone = self.chance.choice(STARTS)
        self.machine = Machine(
            start + timedelta(seconds=self.chance.randint(0, 600), microseconds=self.chance.choice((0, 431_912)))
        )
        chance = self.chance
        self.dense = seed % 3 == 0  # very many occurrences, little else
        self.zoned = seed % 10 == 2  # tables have time zones of their own, and people change them
        self.bold = not self.dense and chance.random() < 0.6  # people do what makes rows ambiguous
        self.eventful = not self.dense and store is None  # things happen outside to which rows react
        self.jumpy = chance.random() < 0.15  # the wall clock is set
        self.far = self.jumpy and chance.random() < 0.3  # by days, even: then nothing can be told of when rows came due
        self.rebooted = False
        self.births: list[int] = []  # the moments at which daemons began
        self.deaths: list[int] = []  # the moments at which they were gone
        self.asked = 0  # requests put down by commands
        self.snoozed: set[str] = set()  # keys of rows that people may have snoozed
        self.rivalled: list[tuple[str, str]] = []  # (table, key) of rows of which another daemon claimed something
        self.disturbed: list[tuple[int, int]] = []  # from when to when something happened that may make rowd late
        self.operator = Operator(
            zone=UTC if zone == "UTC" or chance.random() < 0.3 else ZoneInfo(zone),
            actions=frozenset(rows.ACTIONS),
            limits={} if self.dense or chance.random() < 0.5 else {"quick": chance.randint(1, 6), "outside": chance.randint(1, 4)},
            max_parallel=64 if self.dense else chance.choice((2, 3, 4, 64)),
            blackouts=self._blackouts() if not self.dense and chance.random() < 0.35 else (),
            brakes={},
        )
        self.heard: list[Heard] = []
        self.settled = 0  # the moment from which on every row is out of service
        self.outside = Outside(self.machine, source(chance.random()), self.tell, self.broke, lambda: self.desk)
        self.facts = Facts(self.machine, source(chance.random()))
        self.approvers = Approvers(self.machine, source(seed + 0.25), self.operator, self.tell, lambda: self.desk)
        self.makers = Makers(self, source(seed + 0.125))
        self.settings = [(0, self.operator.max_parallel, self.operator.limits)]  # since which moment, `max_parallel`, the limits
        self.least_parallel = self.operator.max_parallel  # the lowest that was ever set
        self.least = dict(self.operator.limits)
        self.disk = Disk(
            source(chance.random()),
            self.machine,
            lag=chance.choice((0, 0, 0.003, 0.05)),
            stalls=chance.choice((0, 0.01)),
            failing=chance.choice((0, 0, 0.002, 0.02)),
        )
        self.witness = Witness(self.machine, self.broke)
        self.nature = Nature(
            slow=0.02 if self.dense else chance.choice((0, 0.05, 0.3)),
            failing=chance.choice((0.02, 0.15)),
            longest=chance.choice((5, 40, 120)),
        )
        self.frail = replace(self.nature, failing=0.6)
        natures = {"outside": self.nature, "signed": self.nature, "slow": Nature(slow=1, failing=0.2, longest=24, stubborn=0.3)}
        self.processes = Processes(self.machine, self.witness, source(chance.random()), natures, self._known_since)
        self._desk: SimLedger | None = None
        self._draws = source(chance.random())
        self.windows = WindowFile(folder / "state" / "windows") if store else None
        fast = 0.97 if self.dense else chance.choice((0.05, 0.3, 0.7))
        before, after = ((start + timedelta(days=n)).astimezone(self.operator.zone).utcoffset() for n in (-1, 1))
        self.nights = before != after
        self.benches = [bench_of(self, n, fast) for n in range(1 if self.dense or store else chance.choice((1, 1, 2)))]
        for bench, other in permutations(self.benches, 2) if self.eventful else ():
            join(bench, other)
        if self.eventful and (brake := BRAKES[seed % len(BRAKES)]) is not None:
            self.operator.brakes[self.benches[-1].name] = brake

    # --- telling

    def broke(self, law: str, what: str) -> None:
        self.broken.append(Broken(law, what))
        self.tell(f"!!! {law}: {what}")

    def tell(self, text: str) -> None:
        """One line of the story."""
        if self._tell is not None:
            self._tell(f"{self.machine.wall():%Y-%m-%d %H:%M:%S.%f} {text}")

    @property
    def telling(self) -> bool:
        return self._tell is not None

    # --- settings

    def changed_settings(self) -> None:
        """rowd.toml says something else now."""
        self.disturbed.append((self.machine.moment, self.machine.moment))
        self.settings.append((self.machine.moment, self.operator.max_parallel, self.operator.limits))
        self.least_parallel = min(self.least_parallel, self.operator.max_parallel)
        for action, limit in self.operator.limits.items():
            self.least[action] = min(limit, self.least.get(action, limit))
        for bench in self.benches:
            bench.spans.observe()

    def terms(self, sheet: Sheet) -> Terms:
        """By the table's own clock, where it has one."""
        own = UTC if sheet.zone == "UTC" else ZoneInfo(sheet.zone) if sheet.zone else None
        return Terms(own or self.operator.zone, self.operator.actions)

    def definitions(self) -> dict[str, Definition]:
        return {name: definition for name, definition in DEFINITIONS.items() if name in self.operator.actions}

    def rules(self, bench: Bench) -> TableRules:
        known = self.definitions()
        return TableRules(
            rules=Rules(
                table=bench.name,
                zone=self.operator.zone,
                daily_at=time(9),
                actions=known,
                repeatable={name: bool(d.repeatable) for name, d in known.items()},
                **(
                    REACTIONS | {"tables": {b.name: Openness.OPEN for b in self.benches if b is not bench}} if self.eventful else {}
                ),
            ),
            renames={},
            poll=bench.poll,
            offline_limit=timedelta(hours=24),
            blackouts=self.operator.blackouts,
        )

    breaker = BreakerRules(failures=6, wait=timedelta(seconds=20), wait_max=timedelta(minutes=2))

    def _blackouts(self) -> tuple[Blackout, ...]:
        begins = self.chance.choice((-1, 0, 1, 2, 5, 45))  # minutes from when all begins
        hour = (self.machine.start + timedelta(minutes=begins)).replace(second=0, microsecond=0)
        end = hour + timedelta(minutes=self.chance.choice((3, 20, 90)))
        return (Blackout("quiet", UTC, hour.time(), end.time(), tables=frozenset({"ops"})),)

    # --- chance for the product

    def draw_bytes(self, number: int) -> bytes:
        return self._draws.randbytes(number)

    def draw_id(self) -> str:
        """As the product's: no spreadsheet takes one for a number."""
        drawn = hashlib.blake2b(self._draws.randbytes(8), digest_size=4).hexdigest()
        return drawn if re.search("[a-df]", drawn) else self.draw_id()

    # --- the ledger, as other processes use it

    @property
    def ledger_path(self) -> Path:
        return self.folder / "state" / "ledger.sqlite"

    @property
    def desk(self) -> SimLedger | None:
        """A ledger of the commands' own; None before the first daemon has made it."""
        if self._desk is None and self.ledger_path.exists() and self.ledger_path.stat().st_size > 0:
            calm = Disk(source(0), self.machine, lag=0, stalls=0, failing=0)
            self._desk = SimLedger.on(self.ledger_path, calm)
        return self._desk

    def close(self) -> None:
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        for bench in self.benches:
            if bench.store is not None:
                bench.store.close()

    def _known_since(self, request: Request) -> Uptime | None:
        attempts = self.desk.attempts(request.run) if self.desk is not None else []
        return next((one.since for one in attempts if one.n == request.attempt), None)

    # --- tables

    meddle: Callable[[Sheet], None] | None = None

    def well(self, link: Link) -> None:
        """A link was used, and nothing is wrong with it; whether anything else is, is looked at here."""
        felt = (
            (FELT["refused"], self.disk.refused[-1:]),
            (FELT["disturbed"], [end for _, end in self.disturbed[-1:]]),
            (FELT["jumped"], [at for at, _, _ in self.machine.jumps[-1:]]),
        )
        troubled = any(self.machine.moment - moment < span for span, moments in felt for moment in moments)
        bench = next(b for b in self.benches if b.spans is link.spans)
        held = self.held(bench.name)
        if not troubled and held is not None:
            bench.spans.all_is_well(held)

    @property
    def held_back(self) -> bool:
        """Whether a vendor has asked for a pause, which may still be felt."""
        return any(bench.store.wire.held_back(PAUSE) for bench in self.benches if bench.store is not None)

    def noted(self, link: Link) -> None:
        """rowd has had the time to learn what a link has read: which rows are missing, and which it can't tell from others."""
        bench = next(b for b in self.benches if b.spans is link.spans)
        if not self.disk.stalling and not any(self.machine.moment - at < MICRO for at in self.disk.refused[-1:]):
            bench.spans.missing(bench.sheet.reads)
        for key in self.unclear(bench.name):
            bench.spans.kept.begin(Kept.UNCLEAR, key)

    held: Callable[[str], dict[str, object] | None]
    unclear: Callable[[str], Iterable[str]]
    untold: Callable[[str], Collection[str]]

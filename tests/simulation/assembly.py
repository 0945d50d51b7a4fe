"""How the daemon of one life is put together: the product's own parts, joined to a simulated world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from connectors.api import Probeable
from engine.crash import POINTS, Crash
from engine.events import Listener
from engine.gate import TableGate
from engine.governor import Governor
from engine.keeper import Keeper
from engine.parts import Parts
from engine.patience import PatientTable
from engine.tenancy import Holder
from engine.tender import Tender
from tests.simulation.actions import InProcess, OutOfProcess
from tests.simulation.benches import Bench
from tests.simulation.disk import SimLedger
from tests.simulation.link import Worker
from tests.simulation.machine import Life
from tests.simulation.store_link import ProbedStore, StoreLink
from tests.simulation.store_worker import StoreWorker
from tests.simulation.world import World

STOP = "a stop"
"""Beside the crash points: just after the commit by which something that runs is to be stopped."""

MOVES = ("claim.after", "begin.after", "record.after")


class Dying:
    """The crash points of one life: it dies at one of them, at the n-th time."""

    def __init__(
        self, life: Life, name: str | None, hit: int, died: Callable[[str], None], stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """stopping: whether something that runs is to be stopped, durably."""
        self._life, self._name, self._left, self._died, self._stopping = life, name, hit, died, stopping

    def at(self, name: str) -> None:
        assert name in POINTS, name
        self._life.check()
        if name == self._name or (self._name == STOP and name in MOVES and self._stopping()):
            self._left -= 1
            if self._left == 0:
                self._died(name)
                self._life.kill()


def parts(world: World, chance: Random, life: Life, crash: Crash) -> Parts:
    """What a daemon of this life is made of, as rowd.toml stands now."""
    operator = world.operator
    inside = InProcess(life, world.witness, chance, world.nature)
    outside = OutOfProcess(life, world.processes, chance, world.broke)
    actions = {
        "quick": inside,
        "again": inside,
        "outside": outside,
        "rare": inside,
        "frail": InProcess(life, world.witness, chance, world.frail),
        "slow": outside,
        "extra": inside,
        "teller": InProcess(life, world.witness, chance, world.nature, world.outside.emitted_in),
        "maker": InProcess(life, world.witness, chance, world.nature, world.makers.make),
        "signed": OutOfProcess(life, world.processes, chance, world.broke, operator.versions["signed"]),
        "sealed": InProcess(life, world.witness, chance, world.nature, version=operator.versions["sealed"]),
    }
    return Parts(
        actions={name: action for name, action in actions.items() if name in operator.actions},
        secrets={},
        limits=dict(operator.limits),
        max_parallel=operator.max_parallel,
        stop_within=timedelta(seconds=30),
        blackouts=operator.blackouts,
        breaker=world.breaker,
        runs=world.folder / "runs",
        draw=world.draw_bytes,
        crash=crash,
        sources=world.outside.sources(life) if world.eventful else {},
        facts=world.facts.questions(life) if world.eventful else {},
        brakes=operator.brakes,
        approvals=operator.approvals,
    )


def tender(
    world: World, bench: Bench, ledger: SimLedger, life: Life, governor: Governor, listener: Listener, crash: Crash
) -> Tender:
    """Of one table, over a new link to it, from what the ledger remembers."""
    keeper = Keeper(
        world.rules(bench), ledger.rows(bench.name, deleted=True), ledger.tallies(bench.name), ledger.table_mark(bench.name)
    )
    patient = _patient(world, bench, life, governor)
    return Tender(keeper, patient, governor.clock, listener, world.draw_id, Holder("one", f"life {life.number}"), crash)


def _patient(world: World, bench: Bench, life: Life, governor: Governor) -> PatientTable:
    around = (bench.weather, bench.spans, bench.guard)
    if bench.store is None:
        link = bench.link(life, world.machine, bench.sheet, bench.open(), *around)
        patient = PatientTable(link, governor.clock, Worker(life, world.machine, bench.weather))
    else:
        worker = StoreWorker(life)
        gate = TableGate(bench.name, governor, worker.wait)
        table = bench.store.open(gate.request, worker)
        kind = ProbedStore if isinstance(table, Probeable) else StoreLink
        link = vendors = kind(life, world.machine, bench.sheet, table, *around)
        vendors.worker, vendors.lag = worker, bench.store.lag
        patient = PatientTable(link, governor.clock, worker, gate)
    link.noted = bench.person.presses.taken_note
    bench.links.append(link)
    return patient

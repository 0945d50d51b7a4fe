"""One seed from beginning to end: its world, its daemons' lives, the laws; and what all that came to, in numbers."""

from __future__ import annotations

import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from engine import foresight
from tests.simulation import rest
from tests.simulation.book import Book
from tests.simulation.laws import IN_SERVICE, LAWS, forgetting
from tests.simulation.lives import Lives, Plan
from tests.simulation.world import Broken, World

MEMORY = Path("/dev/shm")

PLANS = (1, 3, foresight.TOGETHER)
"""Tasks in one plan: so few that most turns make several, of which each is decided while the one before is made durable; or all."""


CROWDS = (2, foresight.CROWD)
"""Tasks at one instant that are decided on before it comes: two, and up to half a minute before, so that much happens meanwhile."""


IN_STORE = Plan(edits=2000, alive=360)
"""With a vendor's table, whose every request costs much, people do more in each life."""


@dataclass
class Report:
    """What one seed, or many, came to."""

    seeds: int = 0
    numbers: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, Broken]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.seeds += other.seeds
        self.numbers += other.numbers
        self.broken += other.broken

    def __str__(self) -> str:
        return f"{self.seeds} seeds: " + ", ".join(f"{number:,} {name}" for name, number in self.numbers.items())


def play(seed: int, tell: Callable[[str], None] | None = None, plan: Plan | None = None, store: str | None = None) -> Report:
    """store: of which vendor its table is; None for tables of this machine.

    Live through one seed, and hold it against the laws. Raises nothing: what goes wrong here is a broken law, too."""
    folder = Path(tempfile.mkdtemp(prefix=f"rowd-sim-{seed}-", dir=MEMORY if MEMORY.is_dir() else None))
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # coroutines of dead daemons, collected by and by
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of those same coroutines
            return _played(seed, folder, tell, plan or (IN_STORE if store else Plan()), store)
    finally:
        sys.unraisablehook = hook
        shutil.rmtree(folder, ignore_errors=True)


def _played(seed: int, folder: Path, tell: Callable[[str], None] | None, plan: Plan, store: str | None) -> Report:
    foresight.TOGETHER = PLANS[seed % len(PLANS)]
    foresight.CROWD = CROWDS[seed // len(PLANS) % len(CROWDS)]
    foresight.BEFORE = timedelta(seconds=0.02 if foresight.CROWD > 2 else 1 + seed % 30)
    world = World(seed, folder, tell, store)
    lives = Lives(world, plan)

    lives.at_rest, lives.in_service, lives.left = (partial(check, world, lives) for check in (_at_rest, _in_service, _left))
    report = Report(seeds=1)
    try:
        lives.run()
        book = Book(world.ledger_path)
        if not world.broken:
            _held_to(world, (rest.the_daemon_is_idle,), lives.turns_at_rest)
            _held_to(world, LAWS, book)
        report.numbers = _numbers(world, lives, book)
    except Exception:
        world.broke("stands", traceback.format_exc())
    finally:
        world.close()
    report.broken = [(seed, broken) for broken in world.broken]
    return report


def _held_to(world: World, laws: Iterable[Callable[..., Iterator[str]]], *given: object) -> None:
    for law in laws:
        for what in law(world, *given):
            world.broke(law.__name__, what)


def _left(world: World, _lives: Lives) -> None:
    _held_to(world, forgetting.LAWS)


def _in_service(world: World, _lives: Lives) -> None:
    _held_to(world, IN_SERVICE, Book(world.ledger_path))


def _at_rest(world: World, lives: Lives) -> None:
    assert lives.daemon is not None  # it is asked before it is stopped
    _held_to(world, rest.LAWS, lives.daemon)


def _numbers(world: World, lives: Lives, book: Book) -> Counter[str]:
    tally = lives.tally
    stores = [bench.store for bench in world.benches if bench.store is not None]
    vendors = {
        "requests sent": sum(len(store.emulator.journal) for store in stores),
        "refused by quotas": sum(store.wire.refused() for store in stores),
        "torn or refused on purpose": sum(store.wire.failed for store in stores),
        "edits in the window": sum(bench.guard.gaps for bench in world.benches),
    }
    return Counter(
        {
            "occurrences": sum(record.count for record in book.records),
            "runs witnessed": len({seen.request.run for seen in world.witness.seen}),
            "attempts": len(world.witness.seen),
            "records": len(book.records),
            "edits": sum(bench.person.edits for bench in world.benches),
            "presses": sum(len(bench.person.presses.all) for bench in world.benches),
            "requests": len(book.asked),
            "approvals": sum(a.taken == 1 for a in book.asked if a.wish == "approve"),
            "rounds of rows": sum(r.cause == "completion" for r in book.records),
            "rounds of workflows": sum(one.number > 0 for one in book.rounds),
            "drafts of runs": sum(draft.there for draft in world.makers.made),
            "refusals": sum(a.taken == 1 for a in book.asked if a.wish == "decline"),
            "kills": tally.kills - tally.reboots,
            "reboots": tally.reboots,
            "stops in order": tally.stops,
            "deaths at crash points": sum(tally.crash_points.values()),
            "faults": tally.faults + sum(b.weather.failed for b in world.benches) + len(world.disk.refused),
            "clock jumps": tally.jumps,
            "reloads": tally.reloads,
            "steps of the loop": tally.steps,
            **(vendors if stores else {}),
        }
    )

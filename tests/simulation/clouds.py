"""`python -m tests.simulation.clouds STORE --seed N`: hours of a table in the cloud, on virtual time; the laws at their end.

The real connector talks to the vendor's emulator, quotas on, each unconfirmed behaviour drawn by the seed. A person works on
the table at any time, also just before a request of rowd's is served; answers are lost or refused; the daemon dies and comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from engine.events import Trouble
from engine.gate import TableGate
from engine.governor import Governor
from engine.ledger import Ledger
from engine.model import Occurrence
from engine.patience import PatientTable
from engine.rules import TableRules
from engine.windows import WindowFile
from tests.conftest import SIMULATED
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.faults import Fault
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import SteppedWorker
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.simulation.in_clouds import CLOUDS, SWITCHES, Cloud

STEADY = {f"steady {n}": every for n, every in enumerate([20, 30, 30, 60, 60, 120])}
"""Rows whose Schedule nobody touches → seconds between their instants."""

SECONDS = 4
"""Steady rows that come due each second, and run for minutes: most that comes due is skipped, or missed while nobody is there."""

PLAYED = [f"played {n}" for n in range(8)]
SCHEDULES = ("every minute", "every 45 seconds", "every 5 minutes", "daily 12:30", "hourly", "sometimes", "")
MINUTES = 10
"""A story's length."""

QUIET = timedelta(minutes=8)
"""For so long nothing happens in the end: longer than a table is held of which a third has vanished."""

HIDDEN = 2
"""Refusals until a limit that the vendor doesn't publish is kept to."""

LARGEST = 30
"""Rows that a person lets a table have."""

FAULTS = (
    Fault(chance=0.01, committed=True, reset=True),
    Fault(chance=0.01, reset=True),
    Fault(chance=0.01, answer=Answer(503)),
    Fault(chance=0.005, committed=True, answer=Answer(502)),
)


@dataclass
class Story:
    """What happened. typed: (Name, column) → what the person last wrote there.   own: refusals as too many that no fault had made.

    windows: edits right before a write of rowd's was served.
    """

    store: str
    seed: int
    switches: Mapping[str, str]
    edits: int = 0
    windows: int = 0
    kills: int = 0
    stops: int = 0
    faults: int = 0
    own: int = 0
    typed: dict[tuple[str, str], str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    runs: list[Occurrence] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    cut: datetime = NOON

    @property
    def occurrences(self) -> int:
        return sum(run.count for run in self.runs)

    @property
    def numbers(self) -> dict[str, int]:
        """For the last lines of a test run."""
        return {"seeds": 1, "occurrences": self.occurrences, "edits": self.edits, "edits just before a write": self.windows}

    def __str__(self) -> str:
        return (
            f"{self.store}, seed {self.seed}: {self.occurrences:,} occurrences, {len(self.starts):,} attempts, {self.edits:,} edits"
            f" ({self.windows} just before a write), {self.kills} kills, {self.stops} stops in order, {self.faults} faults"
        )


class InCloud(House):
    """A daemon whose table is in a store; it can be killed."""

    def __init__(self, path: Path, clock: VirtualClock, cloud: Cloud) -> None:
        super().__init__(path, clock)
        self._cloud = cloud
        self.windows = WindowFile(path / "windows")

    def patient(self, table: Any, its: TableRules, governor: Governor) -> PatientTable:
        worker = SteppedWorker()
        gate = TableGate(its.rules.table, governor, worker.wait, lambda: its.quota_share)
        return PatientTable(self._cloud.open(gate.request), governor.clock, worker, gate)

    async def live(self, its: TableRules, span: timedelta, *, in_order: bool) -> None:
        """One daemon, for so long."""
        daemon, committer = await self.daemon("ops", table_rules=its)
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        await asyncio.sleep(span.total_seconds())
        if in_order:
            stopping.set()
            await running
            await daemon.close()
        else:
            for refuses in ("do", "read"):  # what it would tidy up is undone by nobody
                setattr(committer, refuses, _dead)
            mine = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not mine and task.get_name() != "person"]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await committer.close()


async def _dead(*_: object, **__: object) -> Any:
    raise asyncio.CancelledError


def play(store: str, seed: int, folder: Path, minutes: int = MINUTES) -> Story:
    """One seed, from its first daemon to the judgement's facts."""
    rng = random.Random(f"{store} {seed}")  # noqa: S311 (lots of a test, no secrets)
    switches = {switch.name: rng.choice(switch.answers) for switch in SWITCHES[store]}
    switches |= {name: answer for name, answer in KEPT[store].items() if name in switches}
    story = Story(store, seed, switches)
    run(_played(story, rng, folder, timedelta(minutes=minutes)))
    return story


KEPT: Mapping[str, Mapping[str, str]] = {
    "sheets": {"publishing": "production"},  # of people's sign-ins
    "airtable": {},
    "notion": {},
}
"""Switches that would say nothing here."""


async def _played(story: Story, rng: random.Random, folder: Path, length: timedelta) -> None:
    clock = VirtualClock()
    clock.monotonic()
    steady = {**STEADY, **{f"second {n}": 1 for n in range(SECONDS)}}
    rows = [_row(name, f"every {every} seconds" if every > 1 else "every second") for name, every in steady.items()]
    rows += [_row(name, rng.choice(SCHEDULES)) for name in PLAYED]
    cloud = CLOUDS[story.store](clock, story.switches, [{**row, "ID": f"r{n}"} for n, row in enumerate(rows)], folder)
    cloud.service.faults._random = rng
    for fault in FAULTS:
        cloud.service.faults.add(copy(fault))
    house = InCloud(folder, clock, cloud)
    house.witness.behaviour = lambda request: slow(timedelta(seconds=_takes(request.task)))(request)
    its = replace(rules(), poll=timedelta(seconds=10))
    person = _Person(cloud, rng, story)
    cloud.service.before.append(person.meanwhile)
    with patch("google.auth._helpers.utcnow", lambda: clock.now().replace(tzinfo=None)):
        end = clock.now() + length
        hand = asyncio.create_task(person.work(), name="person")
        while clock.now() < end:
            in_order = rng.random() < 0.3
            await house.live(its, timedelta(seconds=rng.uniform(5, 420)), in_order=in_order)
            story.kills, story.stops = story.kills + (not in_order), story.stops + in_order
            await asyncio.sleep(rng.choice([0, 1, 20, rng.uniform(0, 300)]))
        hand.cancel()
        with suppress(asyncio.CancelledError):
            await hand
        cloud.service.before.remove(person.meanwhile)
        story.faults = sum(fault.hits for fault in cloud.service.faults._faults)
        cloud.service.faults.clear()
        story.cut = clock.now()
        await house.live(its, QUIET, in_order=True)
    story.own = sum(entry.answer.status == 429 and not entry.faulty for entry in cloud.service.journal)
    story.rows = cloud.rows()
    story.starts = [(request.run, request.attempt) for request in house.witness.seen]
    story.trouble = [f"{event.where}: {event.message}" for event in house.of(Trouble)]
    ledger = Ledger.open(folder / "ledger.sqlite")
    try:
        story.runs = ledger.history(limit=10_000_000)
    finally:
        ledger.close()
    assert cloud.service.unserved == []


def _row(name: str, schedule: str) -> dict[str, str]:
    return {"Name": name, "Description": "-", "Action": "act", "Schedule": schedule, "Status": "active"}


def _takes(task: str) -> float:
    return 290.0 if task.startswith("second") else 1.5


class _Person:
    """Works on the table, and is sometimes at it just when rowd is."""

    def __init__(self, cloud: Cloud, rng: random.Random, story: Story) -> None:
        self._cloud, self._rng, self._story = cloud, rng, story
        self._number = 0

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / 2.5))
            self._do()

    def meanwhile(self, request: Request) -> None:
        """Right before this request is served."""
        if self._rng.random() < 0.1:
            self._do()
            self._story.windows += request.method in ("PATCH", "PUT") or "batchUpdate" in request.path

    def _do(self) -> None:
        rows = self._cloud.rows()
        names = [name for name in rows if name and not name.startswith("rowd runs")]
        played = [name for name in names if not name.startswith(("steady", "second"))]
        self._number += 1
        self._story.edits += 1
        lot = self._rng.random()
        if lot < 0.6 or not played:
            self._type(self._rng.choice(names), "Description", f"text {self._number}")
        elif lot < 0.7:
            self._type(self._rng.choice(played), "Status", self._rng.choice(["active", "active", "paused"]))
        elif lot < 0.78:
            self._type(self._rng.choice(played), "Schedule", self._rng.choice(SCHEDULES[:-1]))
        elif lot < 0.82:
            self._type(self._rng.choice(names), "Priority", str(self._rng.randrange(-3, 4)))
        elif lot < 0.88 and len(names) < LARGEST:
            new = f"new {self._number}"
            cells = _row(new, self._rng.choice(SCHEDULES))
            self._cloud.insert(cells)
            self._typed(new, cells)
        elif lot < 0.91 and len(names) < LARGEST:
            new, old = f"copy {self._number}", self._rng.choice(names)
            self._cloud.copy(old, new)
            self._typed(new, {**rows[old], "Name": new})
        elif lot < 0.95 and len(played) > 3:
            gone = self._rng.choice(played)
            self._cloud.delete(gone)
            self._story.gone.add(gone)
        else:
            self._cloud.shuffle(self._rng)

    def _type(self, name: str, column: str, text: str) -> None:
        self._cloud.type(name, column, text)
        self._story.typed[name, column] = text

    def _typed(self, name: str, cells: Mapping[str, str]) -> None:
        for column in ("Description", "Schedule", "Priority", "Action"):
            if cells.get(column):
                self._story.typed[name, column] = cells[column]


def broken(story: Story) -> Iterator[str]:
    """Each law that doesn't hold, and where."""
    twice = [what for what, times in Counter(story.starts).items() if times > 1]
    yield from (f"attempt {attempt} of {run} began twice" for run, attempt in twice)
    known = {run.id for run in story.runs}
    yield from (f"{run} ran, and the ledger doesn't know it" for run, _ in story.starts if run not in known)
    if story.own > (HIDDEN if story.switches.get("workspace_budget", "none") != "none" else 0):
        yield f"{story.own} requests were refused as too many"
    yield from story.trouble
    steady = {**STEADY, **{f"second {n}": 1 for n in range(SECONDS)}}
    for name, every in steady.items():
        yield from _each_instant_once(story, name, timedelta(seconds=every))
        yield from _shown(story, name)
    for (name, column), text in story.typed.items():
        stands = story.rows.get(name, {}).get(column, "")
        if name not in story.gone and stands != text and not (column == "Status" and stands in ("completed", "draft")):
            yield f"{name}: {column} says {stands!r}, a person wrote {text!r}"
    for name in story.rows.keys() & story.gone:
        yield f"{name} was deleted, and stands there again"
    for name, cells in story.rows.items():
        if name in steady and cells.get("Action") != "act":
            yield f"{name}: its Action is gone"


def _each_instant_once(story: Story, name: str, every: timedelta) -> Iterator[str]:
    instants: Counter[datetime] = Counter()
    for one in story.runs:
        if one.task == name:
            last = one.last_due or one.due
            number = round((last - one.due) / every) + 1
            if number != one.count:
                yield f"{name}: a record of {one.count} reaches over {number} instants"
            instants.update(one.due + n * every for n in range(number))
            if one.outcome is None and one.due < story.cut:
                yield f"{name}: {one.due:%H:%M:%S} has no outcome"
    if not instants:
        yield f"{name} never came due"
        return
    at = min(instants)
    while at <= story.cut:
        if instants[at] != 1:
            yield f"{name}: {instants[at]} records of {at:%H:%M:%S}"
        at += every


def _shown(story: Story, name: str) -> Iterator[str]:
    """That the row says what the ledger says."""
    cells = story.rows.get(name, {})
    began = [one for one in story.runs if one.task == name and one.started_at is not None and one.outcome is not None]
    missed = sum(one.count for one in story.runs if one.task == name and one.outcome == "missed")
    for column, number in (("Runs", len(began)), ("Missed", missed)):
        if cells.get(column, "0").removesuffix(".0") != str(number):
            yield f"{name}: {column} says {cells.get(column)!r}, the ledger {number}"


def the_laws_hold(store: str, folder: Path, told: Callable[[str, object], None]) -> None:
    """In each of the first $ROWD_CLOUD_SEEDS; told what happened, for the last lines of a test run."""
    for seed in range(1, int(os.environ.get("ROWD_CLOUD_SEEDS") or 1) + 1):
        (home := folder / str(seed)).mkdir()
        story = play(store, seed, home)
        told(f"{SIMULATED} hours in {store}:", story.numbers)
        assert not list(broken(story)), f"python -m tests.simulation.clouds {store} --seed {seed}"
        assert story.edits > 150
        assert story.windows > 10
        assert story.occurrences > 1_500


def main() -> int:
    """Play seeds, and tell which broke a law."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.clouds", description=__doc__)
    parser.add_argument("store", choices=CLOUDS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="play the first N")
    parser.add_argument("--minutes", type=int, default=MINUTES, help="of each story")
    given = parser.parse_args()
    wrong = 0
    for seed in [given.seed] if given.seed is not None else range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            story = play(given.store, seed, Path(folder), given.minutes)
        print(story, flush=True)
        for law in list(broken(story))[:10]:
            wrong += 1
            print(f"  {law}", flush=True)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())

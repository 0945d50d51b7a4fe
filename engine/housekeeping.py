"""The daemon's own chores: prune, back up, sum up the day and hold it against what was asked for, tell the audit trail's head.

Kept by the `schedule` library, woken by our clock.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path

import schedule
from msgspec import Struct

from engine.clock import Clock
from engine.committer import Commits
from engine.events import AuditSealed, DigestMade, LedgerCopied, LedgerPruned, Listener, RowUnaccounted, Trouble
from engine.keeper import Keeper
from engine.ledger import Ledger
from engine.ledger.backups import PATTERN, backup_name
from engine.model import Task
from engine.reckoning import Reckoning, reckoned
from engine.trail import Head

LONGEST_NAP = timedelta(hours=1)

AT_ONCE = 500
"""Rows that are reckoned up before others have their turn."""

Keepers = Callable[[], Mapping[str, Keeper]]


class Chores(Struct, frozen=True):
    """What is kept and when. Times of day are the machine's own, as everywhere in `schedule`.

    runs: the folder of all attempts' folders.   keep_runs: runs per task kept in full.   keep_finished: how long finished one-offs
    stay.   backups: copies kept.   keep_deeds, most_deeds: of the audit trail.
    tell_head: how often its head is told; None for never.
    """

    ledger: Path
    runs: Path
    backups_dir: Path
    keep_runs: int
    keep_finished: timedelta
    backup_at: time
    backups: int
    digest_at: time
    keep_deeds: timedelta = timedelta(days=400)
    most_deeds: int = 5_000_000
    tell_head: timedelta | None = timedelta(hours=1)


class Housekeeping:
    """Does the chores until cancelled. A chore that fails is told, and done again at its next time."""

    def __init__(self, chores: Chores, clock: Clock, committer: Commits, listener: Listener, keepers: Keepers = dict) -> None:
        """keepers: the daemon's tables now, by name."""
        self._chores = chores
        self._keepers = keepers
        self._clock = clock
        self._committer = committer
        self._listener = listener
        self._told: Head | None = None
        self._due: list[Callable[[], object]] = []
        self._timetable = schedule.Scheduler()
        self._timetable.every().hour.do(self._due.append, self.prune)
        self._timetable.every().hour.do(self._due.append, self.prune_trail)
        if chores.backups:
            self._timetable.every().day.at(f"{chores.backup_at:%H:%M}").do(self._due.append, self.back_up)
        if chores.tell_head is not None:
            self._timetable.every(max(1, round(chores.tell_head.total_seconds()))).seconds.do(self._due.append, self.tell_head)
        self._timetable.every().day.at(f"{chores.digest_at:%H:%M}").do(self._due.append, self.digest)
        self._timetable.every().day.at(f"{chores.digest_at:%H:%M}").do(self._due.append, self.reckon)

    async def tend(self) -> None:
        """Do each chore at its time."""
        await self._contained(self.sweep)
        await self._contained(self.prune)
        await self._contained(self.prune_trail)
        if self._chores.tell_head is not None:
            await self._contained(self.tell_head)
        while True:
            await self._clock.sleep_until(min(self._next(), self._clock.now() + LONGEST_NAP))
            self._timetable.run_pending()
            while self._due:
                await self._contained(self._due.pop(0))

    def _next(self) -> datetime:
        """When `schedule` wants to be asked next, by our clock: it thinks in the machine's naive local time."""
        at = self._timetable.next_run
        soonest = self._clock.now() + timedelta(seconds=1)
        return max(at.astimezone(), soonest) if at is not None else soonest + LONGEST_NAP

    async def _contained(self, chore: Callable[[], object]) -> None:
        try:
            await chore()  # type: ignore[misc]  # one of the coroutines below
        except Exception as exc:  # a chore that fails must not stop the daemon
            name = getattr(chore, "__name__", "chore")
            self._listener(Trouble(at=self._clock.now(), where=f"housekeeping: {name}", message=f"{type(exc).__name__}: {exc}"))

    async def prune(self) -> None:
        """Forget what is older than the operator keeps, and delete the logs of it."""
        chores, occurrences, folders = self._chores, 0, 0
        while True:
            now = self._clock.now()
            pruned = await self._committer.do(
                lambda ledger, now=now: ledger.prune(now, chores.keep_runs, chores.keep_finished),  # type: ignore[misc]  # mypy: default
                point="prune",
            )
            await asyncio.to_thread(_delete, pruned.folders)
            occurrences, folders = occurrences + pruned.occurrences, folders + len(pruned.folders)
            if not pruned.more:
                break
        if occurrences:
            self._listener(LedgerPruned(at=self._clock.now(), occurrences=occurrences, folders=folders))

    async def prune_trail(self) -> None:
        """Forget what is old of the audit trail; the trail itself tells of it."""
        chores = self._chores
        while await self._committer.do(
            lambda ledger: ledger.prune_trail(self._clock.now(), chores.keep_deeds, chores.most_deeds), point="prune"
        ):
            pass

    async def tell_head(self) -> None:
        """Say where the audit trail has come to, so that the log proves it."""
        head = await self._committer.read(lambda ledger: ledger.trail_head())
        if head.n and head != self._told:
            self._told = head
            self._listener(AuditSealed(at=self._clock.now(), head=str(head)))

    async def sweep(self) -> None:
        """Delete the logs of runs that the ledger forgot: it was pruned, and the daemon died before it deleted them.

        A run has its folder only after it is known; so what is looked at first and asked about then can't be a new one's.
        """
        there = await asyncio.to_thread(_names, self._chores.runs)
        left = await self._committer.read(lambda ledger: ledger.forgotten(there))
        await asyncio.to_thread(_delete, tuple(str(folder) for run in left for folder in _attempts(self._chores.runs / run)))

    async def back_up(self) -> None:
        """Copy the ledger while it is in use, and keep the newest copies."""
        now = self._clock.now()
        path = self._chores.backups_dir / backup_name(now)
        await asyncio.to_thread(_copy, self._chores.ledger, path, now, self._chores.backups)
        self._listener(LedgerCopied(at=self._clock.now(), path=str(path)))

    async def digest(self) -> None:
        """Say what the last day came to."""
        until = self._clock.now()
        digest = await self._committer.read(lambda ledger: ledger.digest(until - timedelta(days=1), until))
        troubled = tuple(f"{t.table}/{t.task}: {t.reason}" for t in digest.troubled)
        self._listener(DigestMade(at=until, counts={str(o): n for o, n in digest.counts.items()}, troubled=troubled))

    async def reckon(self) -> None:
        """Hold what the schedules of the last day asked for against what there is of it, and say where that differs."""
        since = self._clock.now() - timedelta(days=1)
        for table, keeper in list(self._keepers().items()):
            rows = [(one, keeper.states[key]) for key, one in keeper.understood.items() if isinstance(one, Task)]
            slots = defaultdict(list)
            for key, slot in await self._committer.read(lambda ledger, of=table: list(ledger.slots(of, since))):  # type: ignore[misc]  # mypy: default
                slots[key].append(slot)
            for number, (task, state) in enumerate(rows):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                its = reckoned(task, state, slots[task.key], since, self._chores.keep_runs)
                if its is not None and its.lacking:
                    self._listener(_unaccounted(task, its, self._clock.now()))


def _unaccounted(task: Task, its: Reckoning, now: datetime) -> RowUnaccounted:
    recorded, span = its.expected - its.lacking, {"since": its.since, "until": its.until}
    return RowUnaccounted(at=now, table=task.table, key=task.key, task=task.name, expected=its.expected, recorded=recorded, **span)


def _names(runs: Path) -> list[str]:
    """The folders in there, each named by its run."""
    return [path.name for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []


def _attempts(run: Path) -> set[Path]:
    """The folders of a run's attempts, each by what there is of it: itself, or what stands beside it (see `Context.path`)."""
    return {run / path.name.partition(".")[0] for path in run.iterdir()}


def _delete(folders: tuple[str, ...]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        run = Path(folder).parent
        for beside in run.glob(f"{Path(folder).name}.*"):
            beside.unlink(missing_ok=True)
        if run.is_dir() and not any(run.iterdir()):
            run.rmdir()


def _copy(ledger: Path, path: Path, at: datetime, keep: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = Ledger.open(ledger, migrate=False)
    try:
        source.backup(path, at)
    finally:
        source.close()
    for old in sorted(path.parent.glob(PATTERN), reverse=True)[keep:]:
        old.unlink(missing_ok=True)

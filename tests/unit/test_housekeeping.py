"""The daemon's own chores: what is pruned, copied and summed up, and that a failing chore stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Context, Request, Result
from engine.clock import SystemClock
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import AuditSealed, DigestMade, Event, LedgerCopied, LedgerPruned, Trouble
from engine.housekeeping import Chores, Housekeeping
from engine.ledger import Ledger, Pruned
from engine.trail import deeds_of
from tests.fakes.house import House, Witness
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row, table


def chores(folder: Path) -> Chores:
    return Chores(
        ledger=folder / "ledger.sqlite",
        runs=folder / "runs",
        backups_dir=folder / "backups",
        keep_runs=3,
        keep_finished=timedelta(days=30),
        backup_at=time(3, 15),
        backups=2,
        digest_at=time(8),
    )


class Printing(Witness):
    """A witness whose attempts leave a file in their folder, and one beside it."""

    async def run(self, request: Request, context: Context) -> Result:
        (context.folder / "stdout").write_text("ran\n")
        context.path.with_name(f"{context.path.name}.ticket-1").touch()
        return await super().run(request, context)


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    """A folder with the ledger of a daemon that ran ten times."""

    async def story() -> None:
        witness = Printing()
        house, sheet = House(tmp_path, actions={"act": witness}), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=10, seconds=5))
        for run_ in witness.seen:
            assert (tmp_path / "runs" / run_.run / "1").is_dir()

    run(story())
    return tmp_path


def kept(folder: Path, its: Chores, *names: str) -> list[Event]:
    """Do these chores once, on real time, and answer what they told."""
    told: list[Event] = []

    async def work() -> None:
        committer = InlineCommitter(Ledger.open(folder / "ledger.sqlite"), CrashPoints(None))
        keeping = Housekeeping(its, SystemClock(), committer, told.append)
        for name in names:
            await keeping._contained(getattr(keeping, name))
        await committer.close()

    asyncio.run(work())
    return told


def test_only_the_last_runs_are_kept_in_full_and_no_count_changes(lived: Path) -> None:
    (pruned,) = kept(lived, chores(lived), "prune")
    assert isinstance(pruned, LedgerPruned)
    assert (pruned.occurrences, pruned.folders) == (7, 7)
    assert len(list((lived / "runs").iterdir())) == 3
    ledger = Ledger.open(lived / "ledger.sqlite")
    assert len(ledger.history()) == 3
    assert ledger.tallies("ops")["tick"].runs == 10
    ledger.close()


class Rounds:
    """A committer whose ledger takes three rounds to forget what is old."""

    def __init__(self) -> None:
        self.left = 3

    async def do(self, work: Callable[[Ledger], Any], *, point: str) -> Any:
        self.left -= 1
        return Pruned((), 5, more=self.left > 0)

    async def read(self, work: Callable[[Ledger], Any]) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


def test_what_takes_several_rounds_to_forget_is_forgotten_at_once_and_told_once(tmp_path: Path) -> None:
    told: list[Event] = []
    asyncio.run(Housekeeping(chores(tmp_path), SystemClock(), Rounds(), told.append).prune())
    assert [e.occurrences for e in told if isinstance(e, LedgerPruned)] == [15]


def test_the_newest_copies_of_the_ledger_are_kept_and_can_be_read(lived: Path) -> None:
    backups = lived / "backups"
    backups.mkdir()
    for day in (1, 2, 3):
        (backups / f"ledger-2020010{day}-031500.sqlite").touch()
    (copied,) = kept(lived, chores(lived), "back_up")
    assert isinstance(copied, LedgerCopied)
    assert sorted(p.name for p in backups.iterdir()) == ["ledger-20200103-031500.sqlite", Path(copied.path).name]
    copy = Ledger.open(Path(copied.path), migrate=False)
    assert copy.tallies("ops")["tick"].runs == 10
    copy.close()


def test_the_day_is_summed_up(lived: Path) -> None:
    (digest,) = kept(lived, chores(lived), "digest")
    assert isinstance(digest, DigestMade)
    assert digest.counts == {}  # what happened on virtual time was not today


def test_a_chore_that_fails_is_told_and_the_next_one_done(lived: Path) -> None:
    (lived / "in-the-way").touch()
    told = kept(lived, replace(chores(lived), backups_dir=lived / "in-the-way"), "back_up", "prune")
    assert [type(event) for event in told] == [Trouble, LedgerPruned]
    assert isinstance(told[0], Trouble)
    assert told[0].where == "housekeeping: back_up"


def test_no_copies_are_wanted_so_none_is_planned(tmp_path: Path) -> None:
    committer = InlineCommitter(Ledger.open(tmp_path / "ledger.sqlite"), CrashPoints(None))
    with_copies = Housekeeping(chores(tmp_path), SystemClock(), committer, print)
    without = Housekeeping(replace(chores(tmp_path), backups=0), SystemClock(), committer, print)
    assert len(with_copies._timetable.jobs) == len(without._timetable.jobs) + 1
    asyncio.run(committer.close())


def test_logs_of_pruned_runs_go_though_the_daemon_died_before_it_deleted_them(lived: Path) -> None:
    ledger = Ledger.open(lived / "ledger.sqlite")
    with ledger.transaction():
        ledger.prune(NOON, keep_runs=3, keep_finished=timedelta(days=30))
    kept_runs = {o.id for o in ledger.history(limit=1000)}
    ledger.close()
    assert len(list((lived / "runs").iterdir())) == 10
    assert kept(lived, chores(lived), "sweep") == []
    assert {path.name for path in (lived / "runs").iterdir()} == kept_runs
    assert len(kept_runs) == 3


def test_logs_that_the_ledger_never_knew_stay(lived: Path) -> None:
    """A ledger that was lost, or put back from a copy: they are all there is of what ran."""
    (lived / "ledger.sqlite").unlink()
    (lived / "ledger.sqlite-wal").unlink(missing_ok=True)
    assert kept(lived, chores(lived), "sweep") == []
    assert len(list((lived / "runs").iterdir())) == 10


def test_a_daemon_that_never_ran_anything_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert kept(tmp_path, chores(tmp_path), "sweep") == []


def test_the_head_of_the_audit_trail_is_told_where_it_has_moved(lived: Path) -> None:
    (told,) = kept(lived, chores(lived), "tell_head", "tell_head")
    assert isinstance(told, AuditSealed)
    with closing(Ledger.open(lived / "ledger.sqlite")) as ledger:
        assert told.head == str(ledger.trail_head())
        assert ledger.trail_head().n == 20  # of ten runs, as they began and ended


def test_of_the_audit_trail_as_much_is_kept_as_is_wanted_and_it_still_holds(lived: Path) -> None:
    kept(lived, replace(chores(lived), most_deeds=5), "prune_trail")
    with closing(Ledger.open(lived / "ledger.sqlite")) as ledger:
        verdict = ledger.examine_trail()
        assert (verdict.broken, verdict.number) == (None, 5 + 1)
    kept(lived, replace(chores(lived), keep_deeds=timedelta(days=1)), "prune_trail")  # the story is of the past
    with closing(Ledger.open(lived / "ledger.sqlite")) as ledger:
        assert [(r.n, len(deeds_of(r))) for r in ledger.trail()] == [(21, 1), (22, 1)]


def test_an_empty_trail_has_no_head_to_tell(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger.sqlite").close()
    assert kept(tmp_path, chores(tmp_path), "tell_head", "prune_trail") == []

"""Copies and syncs of two tables while other things happen: people edit, answers are lost, stores are late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.api import Cell, Effect, Patch, Traits, Written
from connectors.errors import NeedsOwner, NoHeader, OutcomeUnknown, TableError, TryLater
from engine.crash import CrashPoints
from engine.ledger import Ledger
from engine.pairing import Side
from engine.patience import PatientTable
from engine.syncing import Torn
from rowd.copying import Copied, copied, planned
from rowd.moving import FRESH, WRITTEN, AlreadyMoving, Book, Moved, alone
from rowd.syncing import Synced, Syncing, Wanted
from tests.fakes.memory_table import InlineWorker, MemoryTable
from tests.fakes.virtual import VirtualClock, run

COLUMNS = ("ID", "Name", "Action", "Schedule", "Status", "Health")
LAG = timedelta(seconds=60)


class Store(MemoryTable):
    """One in which rows can be made and removed.

    after: errors that the next writes end with once they are done: their answers are lost.   slow: how long each write takes.
    """

    def __init__(
        self, clock: VirtualClock, rows: Sequence[Mapping[str, str]] = (), *, exact: bool = False, lag: bool = False
    ) -> None:
        super().__init__(rows, COLUMNS)
        self.traits = Traits(atomic_expect=exact, batch=2, lag=LAG if lag else timedelta(0))
        self.after: list[TableError] = []
        self.slow = timedelta(0)
        self.clock = clock
        self.made: list[float] = []

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        return self._done(lambda: super(Store, self).write(patches))

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        def make() -> list[str]:
            self._trouble()
            self.rows += [{c: self._text(row.get(c)) for c in self.columns} for row in rows]
            return [self._key(index) for index in range(len(self.rows) - len(rows), len(self.rows))]

        return self._done(make)

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        def remove() -> list[Effect]:
            found = {self._key(index): row for index, row in enumerate(self.rows)}
            self.rows = [row for row in self.rows if not any(row is found.get(key) for key in keys)]
            return [Effect.APPLIED if key in found else Effect.MISSING for key in keys]

        return self._done(remove)

    def _done(self, work: Callable[[], Any]) -> Any:
        if self.hook is not None:
            self.hook()
        self.made.append(self.clock.monotonic())
        done = work()
        self.clock.shift(self.slow)
        if self.after:
            raise self.after.pop(0)
        return done


class Clock(VirtualClock):
    """One that a blocking call can move on."""

    shifted = timedelta(0)

    def shift(self, span: timedelta) -> None:
        self.shifted += span

    def now(self) -> Any:
        return super().now() + self.shifted


def task(name: str, **cells: str) -> dict[str, str]:
    return {"ID": name, "Name": name, "Action": "work", "Schedule": "daily 09:00", "Status": "active", "Health": "", **cells}


class Bench:
    """Two stores, one and other, and the ledger between them."""

    def __init__(self, folder: Path, rows: int, *, exact: bool = False, lag: bool = False) -> None:
        self.folder, self.clock = folder, Clock()
        names = [f"task {n}" for n in range(rows)]
        self.one = Store(self.clock, [task(name) for name in names])
        self.other = Store(self.clock, exact=exact, lag=lag)
        self.ledger = Ledger.open(folder / "ledger.sqlite")
        self.book = Book(self.ledger, "one", "other", CrashPoints(None))

    def _moved(self, name: str, store: Store) -> Moved:
        rules = SimpleNamespace(rules=SimpleNamespace(table=name), renames={})
        bound = cast("Any", SimpleNamespace(rules=rules, ledger=self.folder / "ledger.sqlite", served=name == "one"))
        return Moved(bound, PatientTable(store, self.clock, InlineWorker()), self.clock, CrashPoints(None))

    @property
    def tables(self) -> tuple[Moved, Moved]:
        return self._moved("one", self.one), self._moved("other", self.other)

    def copy(self) -> Copied:
        return run(copied(*self.tables, self.book, lambda *_: None, dry_run=False))

    def sync(self, **wanted: Any) -> Synced:
        return run(Syncing(self.book, self.tables, Wanted(0, **wanted), lambda *_: None).run())

    def names(self, store: Store) -> list[str]:
        return [row["Name"] for row in store.rows]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(rows: int = 5, **more: bool) -> Bench:
        made.append(Bench(tmp_path, rows, **more))
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


Make = Callable[..., Bench]


# --- what a target can't hold


def test_a_cell_that_only_rowd_writes_keeps_no_row_from_being_copied() -> None:
    headers = {c: c for c in ("Name", "Status", "Last Status")}
    source = Side("a", headers, {"x": {"Name": "n", "Status": "draft", "Last Status": "timed out"}})
    target = Side("b", headers, {})

    def misfits(*names: str) -> Callable[[Mapping[str, Cell]], Mapping[str, str]]:
        return lambda cells: {name: f"no option {cells[name]}" for name in names if name in cells}

    plan = planned(source, target, misfits("Last Status"), str)
    assert (plan.fits, plan.creates) == (True, (("x", {"Name": "n", "Status": "draft"}),))
    plan = planned(source, target, misfits("Last Status", "Status"), str)
    assert (plan.fits, plan.unfit) == (False, {"no option draft": ["n"]})


# --- answers that are lost


@pytest.mark.parametrize("which", range(3))
def test_a_copy_whose_answer_is_lost_makes_no_row_twice(bench: Make, which: int) -> None:
    here = bench()
    here.other.after = [OutcomeUnknown("reset")]
    here.other.hook = lambda: None
    errors: list[TableError] = []

    def hook() -> None:
        here.other.after = [OutcomeUnknown("reset")] if len(here.other.made) == which and not errors else []
        errors.extend(here.other.after)

    here.other.hook = hook
    assert here.copy().made == tuple(f"task {n}" for n in range(5))
    assert here.names(here.other) == [f"task {n}" for n in range(5)]


def test_a_copy_whose_answers_are_lost_again_and_again_says_how_far_it_came(bench: Make) -> None:
    here = bench(rows=20)
    here.other.after = [OutcomeUnknown("reset")] * 20
    with pytest.raises(TryLater, match="8 of 20 rows were made"):
        here.copy()
    here.other.after = []
    assert len(here.copy().made) == 12
    assert len(here.names(here.other)) == 20


def test_a_sync_whose_answer_is_lost_reads_again_and_goes_on(bench: Make) -> None:
    here = bench()
    here.copy()
    here.one.person("task 1")["Status"] = "paused"
    here.one.rows.append(task("new"))
    here.other.after = [OutcomeUnknown("reset"), OutcomeUnknown("reset")]
    assert not here.sync().unfinished
    assert here.names(here.other) == [*(f"task {n}" for n in range(5)), "new"]
    assert here.other.person("task 1")["Status"] == "paused"
    assert here.sync() == Synced()


# --- people meanwhile


def test_an_edit_made_while_a_long_sync_writes_is_not_overwritten(bench: Make) -> None:
    here = bench(rows=8)
    here.copy()
    for row in here.one.rows:
        row["Status"] = "paused"
    here.other.slow = FRESH / 2  # three writes, and what was read is old

    def hook() -> None:
        here.other.hook = None
        here.other.person("task 7")["Status"] = "completed"

    here.other.hook = hook
    done = here.sync()
    assert [clash.row for clash in done.conflicts] == ["task 7"]
    assert here.other.person("task 7")["Status"] == "completed"
    assert {row["Status"] for row in here.other.rows if row["Name"] != "task 7"} == {"paused"}


def test_where_the_store_tests_what_it_replaces_no_edit_is_overwritten_however_late_it_comes(bench: Make) -> None:
    here = bench(exact=True)
    here.copy()
    here.one.person("task 1")["Status"] = "paused"

    def hook() -> None:
        here.other.hook = None
        here.other.person("task 1")["Status"] = "completed"

    here.other.hook = hook
    done = here.sync()
    assert [clash.values for clash in done.conflicts] == [("paused", "completed")]
    assert here.other.person("task 1")["Status"] == "completed"


def test_a_row_that_was_changed_meanwhile_is_not_removed(bench: Make) -> None:
    here = bench(rows=8)
    here.copy()
    here.one.rows = [row for row in here.one.rows if row["Name"] not in ("task 6", "task 7")]
    here.other.slow = FRESH * 2
    here.one.person("task 0")["Status"] = "paused"  # a write before the removals

    def hook() -> None:
        here.other.hook = None
        here.other.person("task 7")["Status"] = "completed"

    here.other.hook = hook
    done = here.sync(remove=True)
    assert done.removed == [("other", "task 6")]
    assert [(clash.row, clash.column, clash.removed_from) for clash in done.conflicts] == [("task 7", None, "one")]


def test_a_row_that_somebody_else_makes_meanwhile_is_not_made_twice(bench: Make) -> None:
    here = bench()
    here.copy()
    here.one.rows.append(task("new"))
    here.one.person("task 0")["Status"] = "paused"
    here.other.slow = FRESH * 2

    def hook() -> None:
        here.other.hook = None
        here.other.rows.append(task("new", ID="of another"))

    here.other.hook = hook
    here.sync()
    assert here.names(here.other).count("new") == here.names(here.one).count("new") == 1


def test_a_key_that_changes_with_what_is_put_is_followed(bench: Make) -> None:
    here = bench()
    here.copy()
    for row in here.other.rows:
        row["ID"] = ""
    here.sync()
    here.one.person("task 1")["Status"] = "paused"
    here.other.person("task 2")["Schedule"] = "daily 10:00"
    assert len(here.sync().changed) == 2
    assert here.sync() == Synced()
    assert len(here.other.rows) == 5


def test_a_row_without_an_id_is_the_same_row_though_it_was_written_and_then_renamed(bench: Make) -> None:
    here = bench()
    here.copy()
    for row in here.other.rows:
        row["ID"] = ""
    here.sync()
    here.one.person("task 1")["Status"] = "paused"
    here.sync()
    here.one.person("task 1")["Name"] = "renamed"
    assert [(change.column, change.new) for change in here.sync().changed] == [("Name", "renamed")]
    assert len(here.other.rows) == 5


def test_what_was_forgotten_removes_nothing(bench: Make) -> None:
    here = bench()
    here.copy()
    here.one.rows = [row for row in here.one.rows if row["Name"] != "task 1"]
    here.other.rows.append(task("task 1", ID="twin"))
    assert here.sync().waiting == [("other", "task 1")]
    assert here.sync(anew=True).waiting == []
    assert here.sync(remove=True).removed == []
    assert len(here.other.rows) == 6


# --- reads that nobody may act upon


def test_a_table_that_has_no_line_of_headers_stops_it(bench: Make) -> None:
    here = bench()
    here.copy()
    here.other.fail = [NoHeader("other has no headers") for _ in range(4)]
    with pytest.raises(NeedsOwner, match="other has no headers"):
        here.sync(remove=True)
    assert len(here.one.rows) == 5


def test_rows_that_are_removed_from_both_are_none_that_lack(bench: Make) -> None:
    here = bench()
    here.copy()
    here.one.rows, here.other.rows = here.one.rows[:1], here.other.rows[:1]
    assert here.sync() == Synced()


def test_a_read_without_headers_stops_it(bench: Make) -> None:
    here = bench()
    here.copy()
    here.other.columns = ["Something"]
    with pytest.raises(NeedsOwner, match='other: no column "Name" and "Action"'):
        here.sync(remove=True)
    assert len(here.one.rows) == 5


def test_a_read_in_which_most_rows_lack_stops_it_before_anything_is_written(bench: Make) -> None:
    here = bench()
    here.copy()
    here.one.rows, here.other.rows = [*here.one.rows, task("new")], here.other.rows[:2]
    writes = len(here.other.made)
    with pytest.raises(Torn, match="other: 3 of the 5 rows"):
        here.sync(remove=True)
    assert len(here.other.made) == writes
    assert len(here.one.rows) == 6


# --- a store that is late


def test_the_next_command_waits_until_a_late_store_shows_what_was_written(bench: Make) -> None:
    here = bench(lag=True)

    async def settled() -> float:
        before = here.clock.monotonic()
        for table in here.tables:
            await table.settled(lambda *_: None)
        return here.clock.monotonic() - before

    assert run(settled()) == 0
    here.copy()
    assert (here.folder / WRITTEN).exists()
    here.clock.shift(timedelta(seconds=20))
    assert run(settled()) == pytest.approx(40, abs=1)
    (here.folder / WRITTEN).write_text("[not what it was")
    assert run(settled()) == 0


def test_only_one_moves_rows_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(AlreadyMoving, match="Another rowd copy or rowd sync is at work"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass

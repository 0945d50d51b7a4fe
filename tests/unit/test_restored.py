"""A ledger that was put back from a copy: nothing that came due since is started again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actions.api import Outcome
from engine.asked import Wish
from engine.events import LedgerBehind, LedgerRestored
from engine.ledger import Ledger
from engine.ledger.ids import made_at, new_run_id
from tests.fakes.house import House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start

BARE = tuple(column for column in (*COLUMNS, "Catch Up") if column != "Status")


def back_up(house: House) -> None:
    ledger = Ledger.open(house.path / "ledger.sqlite", migrate=False)
    ledger.backup(house.path / "copy.sqlite", house.clock.now())
    ledger.close()


def put_back(house: House) -> None:
    for left in house.path.glob("ledger.sqlite*"):
        left.unlink()
    (house.path / "copy.sqlite").rename(house.path / "ledger.sqlite")


def test_what_came_due_since_the_copy_is_recorded_and_never_started_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable(
            [
                {**row("all", "every 20 seconds"), "Catch Up": "all"},
                {**row("once", "every 5 minutes"), "Catch Up": "once"},
                row("one-off", "2026-03-02 12:05"),
                row("soon", "in 6 minutes"),
                row("c", Type="counter", Current="1", Threshold="3"),
            ],
            BARE,
        )
        async with house.open(sheet):
            await house.after(minutes=2, seconds=5)
            back_up(house)
            await house.until(NOON + timedelta(minutes=3, seconds=30))
            sheet.person("c")["Current"] = "3"
            await house.until(NOON + timedelta(minutes=7))
        ran = [(r.task, r.due) for r in house.witness.seen]
        assert len(ran) == 21 + 1 + 1 + 1 + 1
        put_back(house)
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(minutes=14))
            (told,) = house.of(LedgerRestored)
            assert told.copied_at == NOON + timedelta(minutes=2, seconds=5)
            runs = await daemon._committer.read(lambda ledger: ledger.active())
        again = [(r.task, r.due) for r in house.witness.seen[len(ran) :]]
        assert not set(ran) & set(again)
        assert {task for task, _ in again} == {"all", "once"}
        assert (told.missed, runs) == (15 + 1 + 1 + 1, [])
        assert sheet.person("c")["Current"] == "0"

    run(story())


def test_a_run_from_before_the_copy_may_have_counted_since_so_it_counts_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable(
            [row("a", "daily 12:01"), row("b", "4,14 * * * *"), {**row("c"), "Depends On": "a, b"}], (*COLUMNS, "Depends On")
        )
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=2))
            back_up(house)
            await house.until(NOON + timedelta(minutes=5))
        assert [r.task for r in house.witness.seen] == ["a", "b", "c"]
        put_back(house)
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=15))
        assert [r.task for r in house.witness.seen] == ["a", "b", "c", "b"]

    run(story())


def test_what_was_under_way_or_asked_for_then_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        house.witness.behaviour = slow(timedelta(seconds=30))
        sheet = MemoryTable([row("a", Type="manual"), row("b", Type="manual")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(seconds=5)
        await alive.ask("a", Wish.RUN_NOW)
        await alive.ask("b", Wish.RUN_NOW)
        await house.after(seconds=5)
        back_up(house)
        await house.after(minutes=5)
        await alive.stop()
        assert [r.task for r in house.witness.seen] == ["a", "b"]
        put_back(house)
        alive = await start(house, sheet)
        await house.after(minutes=5)
        active, tallies = await alive.committer.read(lambda ledger: (ledger.active(), ledger.tallies("ops", ["a"])))
        await alive.stop()
        assert [r.task for r in house.witness.seen] == ["a", "b"]
        assert active == []
        assert tallies["a"].last is not None
        assert tallies["a"].last.outcome is Outcome.LOST
        assert "put back from a copy" in sheet.person("a")["Last Result"]

    run(story())


def lose_what_is_newer(house: House) -> None:
    """As when the write-ahead log is gone, or a copy was put there by hand."""
    for left in house.path.glob("ledger.sqlite*"):
        left.unlink()
    (house.path / "before.sqlite").rename(house.path / "ledger.sqlite")


def keep(house: House) -> None:
    with (
        closing(sqlite3.connect(house.path / "ledger.sqlite")) as ledger,
        closing(sqlite3.connect(house.path / "before.sqlite")) as now,
    ):
        ledger.backup(now)


def test_a_ledger_that_has_lost_what_left_its_folders_starts_nothing_of_that_time_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        rows = [{**row("all", "every 20 seconds"), "Catch Up": "all"}, {**row("once", "every 5 minutes"), "Catch Up": "once"}]
        sheet = MemoryTable([*rows, row("one-off", "2026-03-02 12:04")], BARE)
        async with house.open(sheet):
            await house.after(minutes=2, seconds=5)
            keep(house)
            await house.until(NOON + timedelta(minutes=6, seconds=5))
        ran = [(r.task, r.due) for r in house.witness.seen]
        assert {task for task, _ in ran} == {"all", "once", "one-off"}
        for request in house.witness.seen:
            (tmp_path / "runs" / request.run).mkdir(parents=True)
        (tmp_path / "runs" / "lost+found").mkdir()  # a disk of its own
        lose_what_is_newer(house)
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=7, seconds=30))
        (told,) = house.of(LedgerBehind)
        assert (told.known_until, told.runs) == (NOON + timedelta(minutes=2), 12 + 1 + 1)
        again = [(r.task, r.due) for r in house.witness.seen[len(ran) :]]
        assert not set(ran) & set(again)
        assert again[0] == ("all", NOON + timedelta(minutes=6, seconds=20))
        assert len(list((tmp_path / "runs").glob("*.unknown"))) == told.runs
        async with house.open(sheet):  # it is told once, and what is late now is late in the usual way
            await house.until(NOON + timedelta(minutes=8, seconds=30))
        assert len(house.of(LedgerBehind)) == 1

    run(story())


def test_a_new_ledger_beside_old_runs_has_lost_nothing_and_a_copy_is_told_as_one(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        (tmp_path / "runs" / "1zzzzzzzz-00000000").mkdir(parents=True)  # of another ledger
        sheet = MemoryTable([row("a", "every minute")], COLUMNS)
        async with house.open(sheet):
            await house.after(minutes=1, seconds=5)
            back_up(house)
            await house.after(minutes=2)
        put_back(house)
        async with house.open(sheet):
            await house.after(minutes=2)
        assert len(house.of(LedgerRestored)) == 1
        async with house.open(sheet):
            await house.after(minutes=2)
        assert (len(house.of(LedgerBehind)), len(house.of(LedgerRestored))) == (0, 1)

    run(story())


def test_an_id_tells_when_it_was_made() -> None:
    at = NOON + timedelta(milliseconds=7)
    assert made_at(new_run_id(at, bytes)) == at
    assert [made_at(name) for name in ("", "lost+found", "1jd4q8m2x-7xq4k0zc.unknown", "1jd4q8m2x-7xq4k0zi")] == [None] * 4

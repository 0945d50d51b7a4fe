"""What the operator bounds: the distance between starts, and how much of one task may be under way."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from actions.api import Definition
from engine.events import RunStarted
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row

TEN_MINUTES = timedelta(minutes=10)
SELDOM = rules(actions={"act": Definition(kind="witness", at_most_every=TEN_MINUTES)})


def distances(house: House) -> list[timedelta]:
    starts: list[datetime] = [e.at for e in house.of(RunStarted)]
    return [later - earlier for earlier, later in pairwise(starts)]


def test_the_operators_distance_between_two_starts_holds_for_what_is_caught_up(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([{**row("a", "every 15 minutes"), "Catch Up": "all"}], (*COLUMNS, "Catch Up"))
        async with house.open(sheet, table_rules=SELDOM):
            await house.after(minutes=1)
        await house.until(NOON + timedelta(hours=1, minutes=1))
        async with house.open(sheet, table_rules=SELDOM):
            await house.after(minutes=30)
        assert distances(house)
        assert min(distances(house)) >= TEN_MINUTES

    run(story())


def test_the_operators_distance_between_two_starts_holds_for_parallel_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([{**row("a", "every minute"), "Overlap": "parallel"}], (*COLUMNS, "Overlap"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(NOON + timedelta(minutes=30))
        assert len(distances(house)) == 2
        assert min(distances(house)) >= TEN_MINUTES

    run(story())


def test_a_counter_lets_no_more_than_a_hundred_fires_wait_and_forgets_none(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        cells = {**row("c", Type="counter", Current="0", Threshold="1"), "Overlap": "parallel"}
        sheet = MemoryTable([cells], (*COLUMNS, "Overlap"))
        house.witness.behaviour = slow(timedelta(seconds=10))
        async with house.open(sheet) as daemon:
            await house.after(seconds=15)
            sheet.person("c")["Current"] = "150"
            await house.after(seconds=15)
            assert len(list(daemon.under_way)) == 100
            await house.after(minutes=5)
            assert len(house.witness.seen) == 150
            assert sheet.person("c")["Current"] == "0"

    run(story())

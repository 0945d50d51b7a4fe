"""The daemon on virtual time when the wall clock is set back: what was to come comes, no later and no oftener than it ought to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from actions.api import Outcome, Result
from engine.events import OccurrenceRecorded
from tests.fakes.house import House
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table


def test_another_attempt_does_not_wait_until_the_clock_is_where_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("flaky", "every hour", Attempts="2")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "no")
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, seconds=1))
            assert len(house.witness.seen) == 1
            house.clock.set_wall(timedelta(hours=-2))
            await house.after(minutes=1)
            assert len(house.witness.seen) == 2
            assert sheet.person("flaky")["Last Status"] == "failed"

    run(story())


def test_skip_next_leaves_out_one_run(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.after(seconds=5)
            sheet.person("tick")["Do"] = "skip next"
            await house.after(seconds=20)
            house.clock.set_wall(timedelta(minutes=-5))
            await house.after(minutes=4)
        assert [(r.count, r.due) for r in house.of(OccurrenceRecorded)] == [(1, NOON - 4 * MINUTE)]
        assert house.witness.times() == [NOON - n * MINUTE for n in (3, 2, 1)]

    run(story())

"""How a daemon gets on: the same answers to a manager, to HTTP and to pings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from rowd.vitals import PATIENCE, UNWRITABLE, Vitals
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row
from tests.unit.test_loop_corners import Disk, start


def test_it_is_ready_once_each_table_was_looked_at_and_stays_so_when_one_is_added(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        alive = await start(house, MemoryTable([row("tick", "every minute")], COLUMNS))
        vitals = Vitals(alive.daemon, lambda: False)
        assert (vitals.hangs, vitals.trouble) == ("", "")
        assert vitals.unready == "rowd starts: it has not looked at 1 table yet"
        await house.after(seconds=1)
        assert vitals.unready == ""
        more = await house.tender(MemoryTable([], COLUMNS), rules("more"), alive.daemon.governor, alive.committer)
        await alive.daemon.add(more)
        assert alive.daemon.unlooked == ["more"]
        assert vitals.unready == ""
        await alive.stop()

    run(story())


def test_a_stop_makes_it_unready_and_is_no_trouble(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        alive = await start(house, MemoryTable([row("tick", "every minute")], COLUMNS))
        vitals = Vitals(alive.daemon, alive.stopping.is_set)
        await house.after(seconds=1)
        alive.stopping.set()
        assert (vitals.unready, vitals.trouble) == ("rowd stops", "")
        await alive.stop()

    run(story())


def test_a_ledger_that_refuses_is_trouble_and_no_hang_and_a_turn_that_does_not_end_is_one(tmp_path: Path) -> None:
    stuck, full = asyncio.Event(), Disk(full=False)

    def commits(do: Any) -> Any:
        async def commit(work: Any, *, point: str) -> Any:
            if stuck.is_set():
                await asyncio.sleep(1000)
            return await full.commits(do)(work, point=point)

        return commit

    async def story() -> None:
        house = House(tmp_path)
        alive = await start(house, MemoryTable([row("tick", "every minute")], COLUMNS), commits=commits)
        vitals, patient = Vitals(alive.daemon, lambda: False), Vitals(alive.daemon, lambda: False, 2 * PATIENCE)
        await house.until(NOON + MINUTE - timedelta(seconds=2))
        full.full = True
        await house.until(NOON + 3 * MINUTE)
        assert (vitals.hangs, vitals.trouble, vitals.unready) == ("", UNWRITABLE, UNWRITABLE)
        full.full = False
        await house.until(NOON + 4 * MINUTE - timedelta(seconds=2))
        assert vitals.trouble == ""
        stuck.set()
        await house.until(NOON + 4 * MINUTE + PATIENCE - timedelta(seconds=2))
        assert vitals.trouble == ""
        await house.until(NOON + 4 * MINUTE + PATIENCE + timedelta(seconds=2))
        said = "a turn has taken longer than 60 s, so it seems that rowd hangs"
        assert (vitals.hangs, vitals.trouble, vitals.unready, patient.hangs) == (said, said, said, "")
        stuck.clear()
        await alive.stop()

    run(story())

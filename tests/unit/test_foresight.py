"""A crowd is decided on before it comes due, and whatever happens in between counts all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import deciding, foresight
from engine.asked import Wish
from engine.decide import decide
from engine.events import OccurrenceRecorded
from engine.plan import House as Holds
from engine.plan import Plan, Standing
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit import test_loop_corners as corners
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import Alive, start

ONE = NOON + timedelta(minutes=1)
AHEAD = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def three_are_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is decided on half a minute before, so that much can happen meanwhile."""
    monkeypatch.setattr(foresight, "CROWD", 3)
    monkeypatch.setattr(foresight, "BEFORE", AHEAD)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, int]]:
    """Every decision that claims for three tasks or more: the instant that it was for, and how many claims."""
    answers: list[tuple[datetime, int]] = []

    def spied(standings: Iterable[Standing], now: datetime, house: Holds) -> Plan:
        plan = decide(standings, now, house)
        if len(plan.claims) > 2:
            answers.append((now, len(plan.claims)))
        return plan

    monkeypatch.setattr(deciding, "decide", spied)
    return answers


def crowd(number: int = 3) -> MemoryTable:
    return MemoryTable([*(row(f"t{n}", "every minute") for n in range(number)), row("by hand", Type="manual")], COLUMNS)


def story(path: Path, meanwhile: Callable[[Alive, MemoryTable], Any], until: datetime, **parts: Any) -> House:
    """Three tasks that come due at 12:01; at 12:00:40, when that has been decided on, `meanwhile` happens."""
    house, sheet = House(path, **parts), crowd()

    async def told() -> None:
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(seconds=40))
        await meanwhile(alive, sheet)
        await house.until(until)
        await alive.stop()

    run(told())
    return house


async def nothing(_alive: Alive, _sheet: MemoryTable) -> None:
    pass


def ran(house: House, due: datetime = ONE) -> list[str]:
    return sorted(request.task for request in house.witness.seen if request.due == due)


def test_a_crowd_is_decided_on_once_and_before_it_comes_due(tmp_path: Path, asked: list[tuple[datetime, int]]) -> None:
    house = story(tmp_path, nothing, ONE + timedelta(seconds=1))
    assert [number for at, number in asked if at == ONE] == [3]
    assert ran(house) == ["t0", "t1", "t2"]


def test_nothing_starts_before_its_time(tmp_path: Path) -> None:
    assert story(tmp_path, nothing, ONE - timedelta(microseconds=1)).witness.seen == []


def test_a_crowd_of_many_plans_is_decided_on_step_by_step(
    tmp_path: Path, asked: list[tuple[datetime, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "TOGETHER", 3)
    house, sheet = House(tmp_path, max_parallel=20), crowd(8)

    async def told() -> None:
        alive = await start(house, sheet)
        await house.until(ONE + timedelta(seconds=1))
        await alive.stop()

    run(told())
    assert [number for at, number in asked if at == ONE] == [3, 3]  # and two, which were not counted
    assert ran(house) == [f"t{n}" for n in range(8)]


async def paused(_alive: Alive, sheet: MemoryTable) -> None:
    sheet.rows[1]["Status"] = "paused"


async def skipped(alive: Alive, sheet: MemoryTable) -> None:
    await alive.ask(sheet.rows[1]["ID"], Wish.SKIP_NEXT)


async def deleted(_alive: Alive, sheet: MemoryTable) -> None:
    del sheet.rows[1]


async def put_off(_alive: Alive, sheet: MemoryTable) -> None:
    sheet.rows[1]["Schedule"] = "every 2 minutes"


@pytest.mark.parametrize("meanwhile", [paused, skipped, deleted, put_off])
def test_what_happens_to_a_row_meanwhile_counts(meanwhile: Callable[[Alive, MemoryTable], Any], tmp_path: Path) -> None:
    assert ran(story(tmp_path, meanwhile, ONE + timedelta(seconds=30))) == ["t0", "t2"]


def test_other_definitions_count(tmp_path: Path) -> None:
    other = House(tmp_path / "other")

    async def redefined(alive: Alive, _sheet: MemoryTable) -> None:
        alive.daemon.reconfigure(other.parts(), {"ops": rules()})

    house = story(tmp_path, redefined, ONE + timedelta(seconds=1))
    assert (ran(house), ran(other)) == ([], ["t0", "t1", "t2"])


def test_after_a_sleep_what_was_known_for_its_instant_is_not_what_is_right_now(tmp_path: Path) -> None:
    async def asleep(alive: Alive, _sheet: MemoryTable) -> None:
        alive.house.clock.set_wall(timedelta(hours=2))

    house = story(tmp_path, asleep, NOON + timedelta(hours=2, seconds=50))
    missed = [e.count for e in house.of(OccurrenceRecorded) if e.outcome == "missed"]
    assert (ran(house), ran(house, NOON + timedelta(hours=2))) == ([], ["t0", "t1", "t2"])
    assert missed == [119] * 3


def test_workers_that_are_taken_meanwhile_are_not_given_twice(tmp_path: Path, asked: list[tuple[datetime, int]]) -> None:
    async def busy(alive: Alive, sheet: MemoryTable) -> None:
        alive.house.witness.behaviour = slow(timedelta(minutes=5))
        await alive.ask(sheet.rows[3]["ID"], Wish.RUN_NOW)

    house = story(tmp_path, busy, ONE + timedelta(seconds=1), max_parallel=2)
    assert [number for at, number in asked if at == ONE] == [3, 3]
    assert len(house.witness.seen) == 2


def test_tasks_that_fit_all_the_same_are_not_decided_on_again(tmp_path: Path, asked: list[tuple[datetime, int]]) -> None:
    house, sheet = House(tmp_path, max_parallel=8), crowd()
    sheet.rows.append(row("long", "2026-03-02 12:00:30"))

    async def told() -> None:
        house.witness.behaviour = lambda request: slow(timedelta(seconds=40 if request.task == "long" else 0))(request)
        alive = await start(house, sheet)
        await house.until(ONE + timedelta(seconds=1))
        await alive.stop()

    run(told())
    assert [number for at, number in asked if at == ONE] == [3]
    assert ran(house) == ["t0", "t1", "t2"]


@pytest.mark.parametrize(
    "test",
    [
        corners.test_a_table_released_while_the_disk_is_full_runs_on,
        corners.test_an_edit_read_while_the_disk_is_full_is_not_lost,
        corners.test_what_a_full_disk_kept_from_starting_is_missed_for_that_reason,
    ],
    ids=lambda test: test.__name__.removeprefix("test_"),
)
def test_a_single_task_that_is_foreseen(test: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "CROWD", 1)
    test(tmp_path)

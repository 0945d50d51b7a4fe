"""Deadlines in a whole daemon on virtual time: said once, whatever is restarted when."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Context, Lost, Outcome, Past, Request, Result, Uptime
from engine.asked import Wish
from engine.events import DeadlineMissed, LedgerRestored, RowDefective
from engine.judging import HEARD
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row
from tests.unit.test_loop_corners import Commit, start
from tests.unit.test_loop_restarts import Outliving
from tests.unit.test_restored import back_up, put_back

DUE = NOON + 5 * MINUTE
BY = NOON + 60 * MINUTE
SELDOM = replace(rules(), poll=5 * MINUTE)
"""Of tables that are looked at seldom: whole days are to pass."""


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, (*COLUMNS, "Understood As", "Deadline", "Depends On", "Metadata"))


def report(deadline: str = "13:00", schedule: str = "daily 12:05", **cells: str) -> dict[str, str]:
    return row("report", schedule, Deadline=deadline, **cells)


def missed(house: House) -> list[DeadlineMissed]:
    return house.of(DeadlineMissed)


def test_a_run_that_goes_on_beyond_it_is_told_and_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report(Metadata='{"timeout": "1h"}'))
        house.witness.behaviour = slow(timedelta(minutes=58))
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(BY + timedelta(seconds=1))
            why = "it was still running, since Mon 2 Mar 2026 12:05 UTC"
            assert [(e.at, e.due, e.by, e.count, e.reason) for e in missed(house)] == [(BY, DUE, BY, 1, why)]
            expected = f"OVERDUE: not succeeded by Mon 2 Mar 13:00 UTC: {why}. RUNNING since Mon 2 Mar 12:05 UTC"
            assert sheet.person("report")["Health"] == expected
            assert sheet.person("report")["Understood As"].endswith("Deadline: every day at 13:00 (UTC)")
            await house.until(BY + 5 * MINUTE)
            expected = "OK, next Tue 3 Mar 12:05 UTC. NOTE: succeeded Mon 2 Mar 13:03 UTC, 3m after its deadline"
            assert sheet.person("report")["Health"] == expected
            house.witness.behaviour = slow(timedelta(minutes=1))
            await house.until(BY + timedelta(days=1))
            assert sheet.person("report")["Health"] == "OK, next Wed 4 Mar 12:05 UTC"
        assert len(missed(house)) == 1

    run(story())


def test_a_run_in_time_is_none_of_its_business(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report(), row("often", "every 15 minutes", Deadline="10 min"))
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(NOON + timedelta(hours=5))
        assert missed(house) == []

    run(story())


@pytest.mark.parametrize("down", [(30, 59), (30, 61), (30, 300), (61, 62)], ids=["before", "over it", "for hours", "after it"])
def test_it_is_said_once_whatever_is_restarted_when(tmp_path: Path, down: tuple[int, int]) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        alive = await start(house, sheet)
        await house.until(NOON + down[0] * MINUTE)
        await alive.kill()
        await house.until(NOON + down[1] * MINUTE)
        for _ in range(3):
            alive = await start(house, sheet)
            await house.after(minutes=5)
            await alive.kill()
        assert [e.reason for e in missed(house)] == ["it failed Mon 2 Mar 2026 12:05 UTC: exit 1"]
        assert missed(house)[0].at == max(BY, NOON + down[1] * MINUTE if down[0] < 60 else BY)

    run(story())


@pytest.mark.parametrize(("durable", "told"), [(False, 1), (True, 0)], ids=["before its commit", "after its commit"])
def test_a_daemon_that_dies_over_it_leaves_it_to_be_said_or_has_said_it(tmp_path: Path, *, durable: bool, told: int) -> None:
    """What is durable was said: the row tells it, also where the daemon died before its log could."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")

        def commits(do: Commit) -> Commit:
            async def commit(work: Any, *, point: str) -> Any:
                if house.clock.now() >= BY and point == "record":
                    if durable:
                        await do(work, point=point)
                    await asyncio.Event().wait()
                return await do(work, point=point)

            return commit

        alive = await start(house, sheet, commits=commits)
        await house.until(BY + MINUTE)
        assert missed(house) == []
        await alive.kill()
        alive = await start(house, sheet)
        await house.after(minutes=5)
        assert "OVERDUE: not succeeded by Mon 2 Mar 13:00 UTC: it failed" in sheet.person("report")["Health"]
        assert len(missed(house)) == told
        await alive.stop()

    run(story())


class Ended(Outliving):
    """A command that ended while no daemon ran."""

    def __init__(self, minutes: float, outcome: Outcome = Outcome.SUCCEEDED) -> None:
        super().__init__(100_000)
        self.past = Past(NOON + minutes * MINUTE, timedelta(minutes=minutes - 5))
        self.outcome = outcome

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost:
        return Result(self.outcome, "ran", past=self.past)


@pytest.mark.parametrize(
    ("minutes", "reasons"),
    [(50, []), (60, []), (80, ["it succeeded only Mon 2 Mar 2026 13:20 UTC"])],
    ids=["in time", "just in time", "too late"],
)
def test_what_ended_while_rowd_was_down_counts_by_when_it_ended(tmp_path: Path, minutes: float, reasons: list[str]) -> None:
    async def story() -> None:
        house = House(tmp_path, actions={"act": Ended(minutes)})
        sheet = table(report(Metadata='{"timeout": "1h"}'))
        alive = await start(house, sheet)
        await house.until(DUE + MINUTE)
        await alive.kill()
        await house.until(NOON + 100 * MINUTE)
        alive = await start(house, sheet)
        await house.after(minutes=1)
        assert [e.reason for e in missed(house)] == reasons
        noted = "NOTE: succeeded Mon 2 Mar 13:20 UTC, 20m after its deadline" in sheet.person("report")["Health"]
        assert noted is bool(reasons)
        await alive.stop()

    run(story())


def test_what_still_runs_after_a_restart_is_said_once_that_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, actions={"act": Outliving(100_000)})
        sheet = table(report(Metadata='{"timeout": "1h"}'))
        alive = await start(house, sheet)
        await house.until(DUE + MINUTE)
        await alive.kill()
        await house.until(BY + MINUTE)
        alive = await start(house, sheet)
        await house.after(minutes=1)
        assert [e.at - BY - MINUTE for e in missed(house)] == [HEARD]
        await alive.stop()

    run(story())


def test_what_came_due_while_rowd_was_down_is_said_at_the_next_start(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        alive = await start(house, sheet)
        await house.after(minutes=1)
        await alive.kill()
        await house.until(NOON + timedelta(days=2, minutes=90))
        alive = await start(house, sheet)
        await house.after(minutes=1)
        assert [(e.count, e.by, e.reason) for e in missed(house)] == [
            (3, BY + timedelta(days=2), "it was missed: rowd was not running")
        ]
        assert "(3 in a row)" in sheet.person("report")["Health"]
        await alive.stop()

    run(story())


def test_a_row_seen_after_it_owes_nothing_that_day(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report(schedule="daily 11:00"))
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(NOON + timedelta(hours=9))
        assert missed(house) == []

    run(story())


def test_a_paused_row_owes_nothing_and_one_that_is_activated_begins_anew(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        async with house.open(sheet):
            await house.until(DUE + MINUTE)
            sheet.person("report")["Status"] = "paused"
            await house.until(BY + MINUTE)
            sheet.person("report")["Status"] = "active"
            await house.until(BY + timedelta(hours=3))
        assert missed(house) == []

    run(story())


def test_another_deadline_holds_from_when_it_is_written(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        async with house.open(sheet):
            await house.until(DUE + MINUTE)
            sheet.person("report")["Deadline"] = "14:00"
            await house.until(NOON + 119 * MINUTE)
            assert missed(house) == []
            await house.until(NOON + 121 * MINUTE)
            assert [e.by for e in missed(house)] == [NOON + 120 * MINUTE]

    run(story())


def test_a_clock_that_is_set_back_leaves_what_was_kept_kept(tmp_path: Path) -> None:
    """What has run at 12:05 doesn't run again when it is 12:05 once more, so it owes nothing either."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        async with house.open(sheet):
            await house.until(NOON + 10 * MINUTE)
            house.clock.set_wall(timedelta(minutes=-8))
            await house.after(minutes=90)
        assert len(house.witness.seen) == 1
        assert missed(house) == []

    run(story())


@pytest.mark.parametrize("zone", [None, "America/Sao_Paulo"], ids=["schedule", "zone"])
def test_another_schedule_or_zone_begins_anew(tmp_path: Path, zone: str | None) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        async with house.open(sheet, table_rules=SELDOM) as daemon:
            await house.until(DUE + MINUTE)
            if zone is None:
                sheet.person("report")["Schedule"] = "daily 23:00"
            else:
                elsewhere = replace(SELDOM, rules=replace(SELDOM.rules, zone=ZoneInfo(zone)))
                daemon._turns.reconfigure(house.parts(), {"ops": elsewhere})
            await house.until(NOON + timedelta(hours=9))
        assert DUE not in [e.due for e in missed(house)]
        assert len(missed(house)) == (zone is not None)  # what came due in the new zone, at 15:05

    run(story())


def test_a_deadline_that_is_past_when_it_is_written_is_for_the_next_day(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(NOON + 20 * MINUTE)
            sheet.person("report")["Deadline"] = "12:10"
            await house.until(BY + timedelta(hours=3))
        assert missed(house) == []

    run(story())


def test_a_ledger_that_was_put_back_owes_nothing_from_before(tmp_path: Path) -> None:
    """Whether a run has succeeded since the copy is not known."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        alive = await start(house, sheet)
        await house.until(DUE + MINUTE)
        back_up(house)
        await alive.kill()
        put_back(house)
        alive = await start(house, sheet)
        await house.until(BY + MINUTE)
        assert len(house.of(LedgerRestored)) == 1
        assert missed(house) == []
        await alive.stop()

    run(story())


def test_a_retry_makes_it_good(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(report())
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "exit 1")
        alive = await start(house, sheet)
        await house.until(BY + MINUTE)
        assert sheet.person("report")["Health"].startswith("OVERDUE: ")
        house.witness.behaviour = lambda _: Result(Outcome.SUCCEEDED, "done")
        await alive.ask("report", Wish.RETRY)
        await house.after(minutes=1)
        assert "NOTE: succeeded Mon 2 Mar 13:01 UTC, 1m after its deadline" in sheet.person("report")["Health"]
        await alive.stop()

    run(story())


def test_the_end_of_a_chain_says_what_it_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("build", "daily 12:05"), row("send", Deadline="13:00", **{"Depends On": "build"}))
        async with house.open(sheet, table_rules=SELDOM):
            await house.until(NOON + timedelta(hours=2))
            sheet.person("build")["Status"] = "paused"
            assert missed(house) == []  # from the first whole span on
            await house.until(NOON + timedelta(days=2, hours=2))
        assert [e.reason for e in missed(house)] == ["it waited for build (paused)"] * 2

    run(story())


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (report("asap"), 'Deadline "asap": not understood; write a time of day such as "18:00"'),
        (report("12:05"), 'Deadline "12:05": the row comes due at just that time'),
        (report("2026-03-02 12:00", "2026-03-02 13:00"), 'Deadline "2026-03-02 12:00": the row comes due only then, or later'),
        (report(schedule="", Type="manual"), 'Deadline "13:00": a task of Type manual runs only when asked'),
        (report("", Metadata='{"deadline": "asap"}'), 'Metadata, Deadline "asap": not understood'),
    ],
)
def test_what_can_be_no_deadline_is_a_defect(tmp_path: Path, cells: dict[str, str], why: str) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(cells)
        async with house.open(sheet):
            await house.until(NOON + MINUTE)
        assert [e.message.startswith(why) for e in house.of(RowDefective)] == [True]

    run(story())

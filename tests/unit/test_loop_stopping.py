"""What people and rows take back: what runs is stopped for good, what waits ends, and the row says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from actions.api import Context, Lost, Outcome, Request, Result, Unbegun, Uptime
from connectors.errors import TryLater
from engine.asked import Wish
from engine.events import LedgerRecovered, LedgerRefused, RequestRefused, RunEnded, RunStarted
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table
from tests.unit.test_loop_corners import Disk, start, synced


def retrying(name: str, schedule: str, **cells: str) -> MemoryTable:
    return MemoryTable([{**row(name, schedule), "Attempts": "3", **cells}], (*COLUMNS, "Attempts", "Overlap"))


async def interrupted(_: Request) -> Result:
    """Answers its cancellation, as an action may, and calls it a failure."""
    try:
        await asyncio.sleep(200)
    except asyncio.CancelledError:
        return Result(Outcome.FAILED, "interrupted")
    return Result(Outcome.SUCCEEDED, "done")


def test_no_attempt_follows_a_cancel_that_was_taken(tmp_path: Path) -> None:
    """The attempt fails by itself while the cancel is being committed."""

    async def story() -> None:
        house, sheet = House(tmp_path), retrying("slow", "every hour")
        house.witness.behaviour = slow(timedelta(seconds=30), Outcome.FAILED)
        alive = await start(house, sheet, commits=synced)
        await house.until(NOON + timedelta(hours=1, seconds=1))
        started = house.of(RunStarted)[0].at
        await house.until(started + timedelta(seconds=29, milliseconds=995))
        number = await alive.ask("slow", Wish.CANCEL)
        await house.after(minutes=5)
        assert await alive.answer(number) == (True, "taken")
        assert [r.attempt for r in house.witness.seen] == [1]
        assert [(e.outcome, e.retry_at) for e in house.of(RunEnded)] == [("failed", None)]
        await alive.stop()

    run(story())


def test_an_action_that_answers_its_cancellation_is_not_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), retrying("slow", "every hour")
        house.witness.behaviour = interrupted
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(hours=1, seconds=10))
        await alive.ask("slow", Wish.CANCEL)
        await house.after(minutes=5)
        assert [r.attempt for r in house.witness.seen] == [1]
        assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("cancelled", "cancelled by cli:a")]
        await alive.stop()

    run(story())


def test_what_does_not_end_in_time_after_a_stop_says_how_long_it_had(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every hour"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(hours=1, minutes=1))
        await alive.stop()
        reason = "rowd was stopped, and it had not ended 30s later"
        assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("cancelled", reason)]

    run(story())


def test_an_action_that_answers_its_time_out_has_timed_out(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([{**row("slow", "every hour"), "Timeout": "1m"}], (*COLUMNS, "Timeout"))
        house.witness.behaviour = interrupted
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, minutes=2))
            assert [e.outcome for e in house.of(RunEnded)] == ["timed out"]

    run(story())


def test_a_restarted_run_that_fails_as_it_is_stopped_makes_room_for_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), retrying("a", "every minute", Overlap="restart")
        house.witness.behaviour = interrupted
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=3, seconds=30))
            assert [(r.due, r.attempt) for r in house.witness.seen] == [(NOON + n * MINUTE, 1) for n in (1, 2, 3)]
            assert {e.reason for e in house.of(RunEnded)} == {"restarted by the next occurrence"}

    run(story())


def test_a_run_that_was_lost_is_tried_again_only_where_its_action_is_repeatable(tmp_path: Path) -> None:
    async def story(name: str, repeatable: bool) -> list[tuple[str, bool]]:
        house, sheet = House(tmp_path / name), retrying("job", "2026-03-02 12:01")
        house.path.mkdir()
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet, table_rules=rules(repeatable=repeatable))
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        await alive.kill()
        async with house.open(sheet, table_rules=rules(repeatable=repeatable)):
            await house.until(NOON + timedelta(minutes=10))
        return [(e.outcome, e.retry_at is not None) for e in house.of(RunEnded)]

    assert run(story("once", repeatable=False)) == [("lost", False)]
    assert run(story("again", repeatable=True)) == [("lost", True), ("succeeded", False)]


def test_a_run_can_be_cancelled_though_its_row_is_a_defect_now(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every hour"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, seconds=10))
            sheet.person("slow")["Status"] = "draft"
            sheet.person("slow")["Do"] = "cancel"
            await house.after(minutes=1)
            assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("cancelled", "cancelled by the Do cell")]
            assert not house.of(RequestRefused)

    run(story())


def test_what_waits_for_a_row_that_is_a_defect_now_ends_and_says_why(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = table(row("long", "2026-03-02 12:01"), row("waits", "2026-03-02 12:01:01"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        sheet.person("waits")["Schedule"] = "evry monday"
        await house.after(minutes=1)
        (waited,) = await alive.committer.read(lambda ledger: ledger.history(key="waits"))
        assert waited.outcome is Outcome.CANCELLED
        assert waited.reason.startswith('Schedule "evry monday"')
        await house.after(minutes=10)
        assert [r.task for r in house.witness.seen] == ["long"]
        await alive.stop()

    run(story())


def test_a_one_off_that_was_cancelled_before_it_started_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = table(row("long", "2026-03-02 12:01"), row("waits", "2026-03-02 12:01:01"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        await alive.ask("waits", Wish.CANCEL)
        await house.after(seconds=30)
        cells = sheet.person("waits")
        assert cells["Status"] == "completed"
        assert cells["Health"] == "CANCELLED Mon 2 Mar 2026 12:01:10 UTC: cancelled by cli:a"
        sheet.person("waits").update(Schedule="2026-03-02 12:08", Status="active")
        await house.until(NOON + timedelta(minutes=9))
        await alive.stop()
        assert house.witness.times("waits") == [NOON + 8 * MINUTE]

    run(story())


def test_a_one_off_that_was_cancelled_between_two_attempts_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), retrying("flaky", "2026-03-02 12:01")
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=1, seconds=5))
        await alive.ask("flaky", Wish.CANCEL)
        await house.after(minutes=1)
        await alive.stop()
        alive = await start(house, sheet)  # the ledger knows it, too
        await house.after(minutes=1)
        cells = sheet.person("flaky")
        assert (cells["Status"], cells["Last Status"], cells["Runs"]) == ("completed", "cancelled", "1")
        assert cells["Health"].startswith("CANCELLED Mon 2 Mar 2026 12:01:05 UTC: cancelled by cli:a")
        assert len(house.witness.seen) == 1
        await alive.stop()

    run(story())


def test_a_paused_one_off_stays_paused(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), retrying("flaky", "2026-03-02 12:01")
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1, seconds=1))
            sheet.person("flaky")["Status"] = "paused"
            await house.after(minutes=2)
            assert sheet.person("flaky")["Status"] == "paused"
            assert len(house.witness.seen) == 1

    run(story())


@dataclass
class Outliving:
    """An action whose attempts outlive the daemon, as a command's do; it takes ten seconds to stop."""

    kind = "outliving"

    unbegun: bool = False
    seen: list[str] = field(default_factory=list)

    async def run(self, request: Request, context: Context) -> Result:
        """Take its time."""
        self.seen.append("run")
        return await self._work()

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        """Go on taking its time."""
        self.seen.append("adopt")
        if self.unbegun:
            return Unbegun()
        return await self._work()

    async def _work(self) -> Result:
        try:
            await asyncio.sleep(200)
        except asyncio.CancelledError:
            await asyncio.sleep(10)
            self.seen.append("stopped")
            raise
        return Result(Outcome.FAILED, "it came to its end")


@pytest.mark.parametrize(
    ("kind", "seen", "outcome"),
    [
        (Outliving(), ["run", "adopt", "stopped"], "cancelled"),
        (Outliving(unbegun=True), ["run", "adopt"], "cancelled"),
        (None, [], "lost"),
    ],
    ids=["outlives the daemon", "had not begun", "died with the daemon"],
)
def test_a_cancel_that_was_taken_holds_though_the_daemon_is_killed_before_the_run_has_stopped(
    tmp_path: Path, kind: Outliving | None, seen: list[str], outcome: str
) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), retrying("slow", "2026-03-02 12:01")
        house.witness.behaviour = lambda _: Outliving()._work()
        if kind is not None:
            house._parts["actions"] = {"act": kind}
        alive = await start(house, sheet, table_rules=rules(repeatable=True))
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        number = await alive.ask("slow", Wish.CANCEL)
        await house.after(seconds=1)
        assert await alive.answer(number) == (True, "taken")
        await alive.kill()
        alive = await start(house, sheet, table_rules=rules(repeatable=True))
        await house.after(minutes=10)
        assert [(e.outcome, e.retry_at) for e in house.of(RunEnded)] == [(outcome, None)]
        assert kind is None or kind.seen == seen
        await alive.stop()

    run(story())


def test_a_one_off_that_was_taken_back_is_over_also_for_the_ledger(tmp_path: Path) -> None:
    """The table can't be told, so nothing that it answers is written down."""

    async def story() -> None:
        house, sheet = House(tmp_path), retrying("flaky", "2026-03-02 12:01")
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=1, seconds=5))
        sheet.fail = [TryLater("429")] * 99
        await alive.ask("flaky", Wish.CANCEL)
        await house.after(seconds=1)
        (state,) = await alive.committer.read(lambda ledger: ledger.rows("ops"))
        assert state.cells["Status"] == "completed"
        await alive.stop()

    run(story())


@pytest.mark.parametrize("takes", [timedelta(0), timedelta(minutes=4)], ids=["nothing runs", "one runs"])
def test_with_a_full_disk_a_stop_takes_no_longer_than_it_may(tmp_path: Path, takes: timedelta) -> None:
    """An edit that was read waits to be made durable, so the tables can't be told either."""

    async def story() -> None:
        house, sheet = (
            House(tmp_path, stop_within=timedelta(seconds=3)),
            table(row("a", "2026-03-02 12:01"), row("b", "every hour")),
        )
        house.witness.behaviour = slow(takes)
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(minutes=1, seconds=30))
        disk.full = True
        sheet.person("b")["Schedule"] = "every 2 hours"
        await house.after(minutes=1)
        before = house.clock.monotonic()
        alive.stopping.set()
        await alive.task
        assert 3 <= house.clock.monotonic() - before < 3.5
        assert (len(house.of(LedgerRefused)), len(house.of(LedgerRecovered))) == (1, 0)
        await alive.stop()

    run(story())


def test_room_that_is_made_while_the_daemon_stops_lets_it_keep_all(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, stop_within=timedelta(seconds=10)), table(row("a", "2026-03-02 12:01"))
        house.witness.behaviour = slow(timedelta(seconds=20))
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        disk.full = True
        await house.after(seconds=30)
        alive.stopping.set()
        await house.after(seconds=5)
        assert not alive.task.done()
        disk.full = False
        await alive.task
        assert [e.outcome for e in house.of(RunEnded)] == ["succeeded"]
        assert len(house.of(LedgerRecovered)) == 1
        assert sheet.person("a")["Last Status"] == "succeeded"
        await alive.stop()

    run(story())


def test_what_could_not_be_kept_at_a_stop_is_taken_up_by_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, stop_within=timedelta(seconds=3)), table(row("a", "2026-03-02 12:01"))
        kind = Outliving()
        house._parts["actions"] = {"act": kind}
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(minutes=1, seconds=10))
        disk.full = True
        await alive.stop()
        assert house.of(RunEnded) == []
        alive = await start(house, sheet)
        await house.after(minutes=10)
        assert kind.seen == ["run", "stopped", "adopt"]
        assert len(house.of(RunEnded)) == 1
        await alive.stop()

    run(story())

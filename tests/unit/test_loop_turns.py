"""What gives the daemon a turn. Tables that say whether they changed, and have no column to be told, give it none by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from connectors.errors import NeedsOwner
from engine import foresight
from engine.asked import Wish
from engine.breaker import BreakerRules
from engine.events import OccurrenceRecorded, RunEnded, RunStarted, TableUnreachable
from engine.ledger import Ledger
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable, ProbedTable
from tests.fakes.virtual import NOON, run
from tests.unit.ledger.making import occurrence
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start

BARE = ("ID", "Name", "Type", "Action", "Schedule", "Threshold", "Overlap", "Attempts")
"""No column that rowd writes."""

SELDOM = replace(rules(), poll=timedelta(hours=5))


def probed(*rows: dict[str, str]) -> ProbedTable:
    return ProbedTable(rows, BARE)


def test_a_request_that_comes_while_a_commit_is_synced_is_seen(tmp_path: Path) -> None:
    """The transaction that would have shown it is over, but its caller has not been told yet."""

    def late(do):  # type: ignore[no-untyped-def]  # as InlineCommitter's
        async def commit(work, *, point):  # type: ignore[no-untyped-def]
            result = await do(work, point=point)
            await asyncio.sleep(0.01)
            return result

        return commit

    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", Type="manual"), row("b", Type="manual"))
        alive = await start(house, sheet, commits=late, table_rules=SELDOM)
        await house.after(seconds=35)
        await alive.ask("a", Wish.SNOOZE, 60)
        await asyncio.sleep(0.005)
        await alive.ask("b", Wish.RUN_NOW)
        await house.after(seconds=5)
        assert [r.task for r in house.witness.seen] == ["b"]
        await alive.stop()

    run(story())


def test_a_request_whose_poke_got_lost_is_seen_within_half_a_minute(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", Type="manual"))
        alive = await start(house, sheet, table_rules=SELDOM)
        await house.after(minutes=10)
        await alive.ask("a", Wish.RUN_NOW, poke=False)
        await house.after(seconds=30)
        assert len(house.witness.seen) == 1
        await alive.stop()

    run(story())


def test_a_parallel_counter_far_above_its_threshold_fires_all_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("c", Type="counter", Threshold="1", Overlap="parallel"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet, table_rules=SELDOM)
        await house.after(seconds=35)
        await alive.ask("c", Wish.TICK, 5)
        await house.after(seconds=1)
        assert len(house.witness.seen) == 5
        await alive.stop()

    run(story())


def in_the_way(house: House) -> tuple[ProbedTable, ProbedTable]:
    """One worker, and three rows due nearly at once: when `long` has ended, `high` is next, but may not start; `waits` may."""
    others = (row(f"x{n}", Type="manual") for n in range(6))
    one = probed(row("long", "2026-03-02 12:00:01"), row("high", "2026-03-02 12:00:02"), *others)

    async def behave(request: Request) -> Result:
        if request.task == "long":
            await asyncio.sleep(60)
            one.person("high")["Attempts"] = "2"  # edited and copied: nobody can tell which is meant
            one.rows.append({**one.person("high"), "Name": "high2"})
            await asyncio.sleep(61)
        return Result(Outcome.SUCCEEDED, "done")

    house.witness.behaviour = behave
    return one, probed(row("waits", "2026-03-02 12:00:02"))


def test_a_waiting_run_is_not_starved_by_one_that_may_not_start(tmp_path: Path) -> None:
    """The only free worker is offered to a row that is held, and has to be offered to the next one then."""

    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        async with house.open(*in_the_way(house)) as daemon:
            await house.until(NOON + timedelta(minutes=2))
            assert len(list(daemon.under_way)) == 3
            await house.until(NOON + timedelta(minutes=10))
        (ended, _), (_, waits) = house.of(RunEnded), house.of(RunStarted)
        assert (waits.task, waits.at) == ("waits", ended.at)

    run(story())


def test_one_pass_starts_all_that_can_start_before_it_ends(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        daemon, committer = await house.daemon(*in_the_way(house))
        await daemon.run_once(asyncio.Event())
        await daemon.close()
        await committer.close()
        assert [r.task for r in house.witness.seen] == ["long", "waits"]
        (ended, _), (_, waits) = house.of(RunEnded), house.of(RunStarted)
        assert waits.at == ended.at  # though nothing that came due since was looked at
        with closing(Ledger.open(tmp_path / "ledger.sqlite")) as left:
            begun = {o.task: o.started_at for o in left.history(limit=9) if o.started_at is not None}
            assert begun == {e.task: e.at for e in house.of(RunStarted)}

    run(story())


def test_one_pass_ends_though_something_was_claimed_behind_a_retry(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("q", "every second", Overlap="queue", Attempts="3"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        for _ in range(2):
            daemon, committer = await house.daemon(sheet)
            async with asyncio.timeout(60):
                await daemon.run_once(asyncio.Event())
            await daemon.close()
            await committer.close()

    run(story())


def test_what_waits_for_a_worker_behind_an_open_breaker_starts_as_soon_as_it_closes(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1, breaker=BreakerRules(failures=1, wait=timedelta(seconds=100)))
        house.witness.behaviour = slow(timedelta(seconds=10), Outcome.FAILED)
        async with house.open(probed(row("bad", "2026-03-02 12:01"), row("waits", "2026-03-02 12:01:05"))):
            await house.until(NOON + timedelta(minutes=4))
        (failed, _), (_, waits) = house.of(RunEnded), house.of(RunStarted)
        assert (waits.task, waits.at) == ("waits", failed.at + timedelta(seconds=100))

    run(story())


def test_what_waits_in_a_table_without_access_is_missed_at_the_quarter_hour(tmp_path: Path) -> None:
    """Nothing but time says that the table was away for too long."""

    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("once", "2026-03-02 12:10"))
        alive = await start(house, sheet, table_rules=replace(rules(), poll=timedelta(seconds=50)))
        await house.after(seconds=5)
        await alive.ask("once", Wish.SNOOZE, 7200)
        sheet.rows.append(dict.fromkeys(BARE, ""))
        sheet.fail = [NeedsOwner("unshared")] * 999
        await house.until(NOON + timedelta(hours=1))
        (away,), (missed,) = house.of(TableUnreachable), house.of(OccurrenceRecorded)
        assert missed.reason == "no access: unshared"
        assert missed.at == away.at + timedelta(minutes=15)
        await alive.stop()

    run(story())


def test_a_worker_that_becomes_idle_while_a_long_turn_decides_goes_to_the_best_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "TOGETHER", 1)

    def slowly(do: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def commit(work: Callable[[Ledger], Any], *, point: str) -> Any:
            await asyncio.sleep(0.01)
            return await do(work, point=point)

        return commit

    async def story() -> None:
        house, at = House(tmp_path, max_parallel=1), NOON + timedelta(minutes=2)

        async def act(request: Request) -> Result:
            if request.task == "busy":  # until two of the others have been decided on
                await house.clock.sleep_until(at + timedelta(seconds=0.005))
            return Result(Outcome.SUCCEEDED, "done")

        house.witness.behaviour = act
        others = [row(f"r{n}", "2026-03-02 12:02", Priority=str(n)) for n in range(4)]
        sheet = MemoryTable([row("busy", "2026-03-02 12:01"), *others], (*COLUMNS, "Priority"))
        alive = await start(house, sheet, commits=slowly)
        await house.until(at + timedelta(seconds=30))
        await alive.stop()
        assert [r.task for r in house.witness.seen] == ["busy", "r3", "r2", "r1", "r0"]

    run(story())


def test_a_worker_of_what_another_daemon_claimed_first_goes_to_the_best_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foresight, "TOGETHER", 1)
    at = NOON + timedelta(minutes=2)

    def after_a_rival(do: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        theirs = occurrence("r3", f"at:{at.isoformat()}", table="ops")

        async def commit(work: Callable[[Ledger], Any], *, point: str) -> Any:
            if house.clock.now() >= at:
                await do(lambda ledger: ledger.claim([theirs]), point=point)
            return await do(work, point=point)

        return commit

    async def story() -> None:
        sheet = MemoryTable([row(f"r{n}", "2026-03-02 12:02", Priority=str(n)) for n in range(4)], (*COLUMNS, "Priority"))
        alive = await start(house, sheet, commits=after_a_rival)
        await house.until(at + timedelta(seconds=30))
        await alive.stop()
        assert [r.task for r in house.witness.seen] == ["r2", "r1", "r0"]

    house = House(tmp_path, max_parallel=1)
    house.witness.behaviour = slow(timedelta(seconds=1))
    run(story())

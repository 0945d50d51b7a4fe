"""A table that another daemon has: this one decides nothing of it until it has it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from actions.api import Outcome
from connectors.api import Lease
from connectors.errors import NeedsOwner, TableError, Taken, TryLater
from engine.access import HAD_ELSEWHERE
from engine.asked import Wish
from engine.events import DeadlineMissed, OccurrenceRecorded, RequestRefused, RunEnded
from engine.handover import ELSEWHERE
from engine.ledger import Ledger, Reach, TableMark
from engine.loop import Daemon
from engine.tenancy import Holder
from tests.fakes.house import House, slow
from tests.fakes.memory_table import LeasedTable
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.unit.test_loop import COLUMNS, MINUTE, row

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
BETA = "rowd, process 7 on beta"


def sheet(*rows: dict[str, str]) -> LeasedTable:
    return LeasedTable(rows, (*COLUMNS, "Attempts", "Deadline"))


def host(folder: Path, name: str, clock: VirtualClock | None = None) -> House:
    house = House(folder / name, clock)
    house.holder = Holder(name, f"rowd, process 7 on {name}")
    return house


def taken_over(table: LeasedTable) -> None:
    """By a daemon elsewhere, as `--take-over` does it."""
    table.leases = {"beta": Lease("beta", BETA, NOON + timedelta(days=2))}


def mark_of(house: House) -> TableMark:
    ledger = Ledger.open(house.path / "ledger.sqlite")
    try:
        mark = ledger.table_mark("ops")
    finally:
        ledger.close()
    assert mark is not None
    return mark


def recorded(house: House) -> list[tuple[str, str, int]]:
    return [(e.outcome, e.reason, e.count) for e in house.of(OccurrenceRecorded)]


async def _ask(house: House, daemon: Daemon, key: str, wish: Wish) -> None:
    now, event = house.clock.now(), {"summary": "x"} if wish is Wish.REACT else {}
    await daemon._committer.do(lambda ledger: ledger.ask("ops", key, wish, 1, "cli:a", now, event), point="requests")
    daemon._poke()
    await house.after(seconds=1)


def test_one_that_is_pushed_out_records_nothing_as_missed_that_the_other_runs(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("tick", "every minute"))
        old = host(tmp_path, "alpha")
        new = host(tmp_path, "beta", old.clock)
        async with old.open(table):
            await old.until(NOON + 2 * MINUTE + 30 * SECOND)
            table.leases.clear()
            async with new.open(table):
                await old.until(NOON + 10 * MINUTE + 30 * SECOND)
                assert recorded(old) == []
                assert (mark := mark_of(old)).state is Reach.ELSEWHERE
                assert mark.message.startswith(f"{BETA} runs this table, at least until ")
            await old.until(NOON + 12 * MINUTE + 30 * SECOND)
            assert mark_of(old).state is Reach.OK
        assert old.witness.times() == [NOON + n * MINUTE for n in (1, 2, 11, 12)]
        assert new.witness.times() == [NOON + n * MINUTE for n in range(3, 11)]
        assert recorded(old) == [("skipped", ELSEWHERE, 8)]

    run(story())


def test_what_the_other_has_not_run_is_late_and_says_whose_the_table_was(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("early", "daily 12:05"))
        house = host(tmp_path, "alpha")
        async with house.open(table):
            await house.until(NOON + 2 * MINUTE)
            taken_over(table)
            await house.until(NOON + 20 * MINUTE)
            assert recorded(house) == []
            table.leases.clear()
            await house.until(NOON + 21 * MINUTE)
        assert recorded(house) == [("missed", HAD_ELSEWHERE, 1)]

    run(story())


@pytest.mark.parametrize("away", [TryLater("no network"), NeedsOwner("unshared")])
def test_it_stays_the_others_while_the_store_can_not_be_asked_also_over_a_restart(tmp_path: Path, away: TableError) -> None:
    """Else what runs on from the ledger's copy would run on both."""

    async def story() -> None:
        table = sheet(row("tick", "every minute"))
        house = host(tmp_path, "alpha")
        async with house.open(table):
            await house.until(NOON + MINUTE + SECOND)
            taken_over(table)
            await house.until(NOON + 2 * MINUTE - SECOND)
            table.fail = [away] * 100_000
            await house.until(NOON + HOUR)
        assert mark_of(house).message.startswith(BETA)
        again = host(tmp_path, "alpha", house.clock)
        async with again.open(table):
            await again.until(NOON + 2 * HOUR)
            assert mark_of(again).state is Reach.ELSEWHERE
            table.fail, table.leases = [], {}
            await again.until(NOON + 2 * HOUR + MINUTE + SECOND)
        assert house.witness.times() == [NOON + MINUTE]
        assert again.witness.times()[-1] == NOON + 2 * HOUR + MINUTE
        assert {reason.partition(",")[0] for _, reason, _ in recorded(again)} == {HAD_ELSEWHERE}

    run(story())


def test_what_is_under_way_ends_and_can_be_stopped_and_all_other_wishes_are_refused(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("long", "daily 12:01"), row("other", "daily 12:01"), row("idle", Type="manual"))
        house = host(tmp_path, "alpha")
        house.witness.behaviour = slow(4 * MINUTE)
        async with house.open(table) as daemon:
            await house.until(NOON + 2 * MINUTE)
            taken_over(table)
            await house.until(NOON + 3 * MINUTE)
            for key, wish in (("idle", Wish.RUN_NOW), ("idle", Wish.TICK), ("idle", Wish.SNOOZE), ("other", Wish.CANCEL)):
                await _ask(house, daemon, key, wish)
            await house.until(NOON + 40 * MINUTE)
        refused = house.of(RequestRefused)
        assert [e.wish for e in refused] == ["run now", "tick", "snooze"]
        assert all(e.reason.startswith(f"{BETA} runs this table") for e in refused)
        assert [(e.task, e.outcome) for e in house.of(RunEnded)] == [("other", "cancelled"), ("long", "succeeded")]

    run(story())


def test_what_waits_starts_once_the_table_is_ours_again(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("flaky", "daily 12:01", Attempts="2"))
        house = host(tmp_path, "alpha")
        outcomes = iter([Outcome.FAILED, Outcome.SUCCEEDED])
        house.witness.behaviour = lambda request: slow(2 * MINUTE, next(outcomes))(request)
        async with house.open(table):
            await house.until(NOON + 2 * MINUTE)
            taken_over(table)
            await house.until(NOON + 20 * MINUTE)
            assert len(house.witness.seen) == 1
            table.leases.clear()
            await house.until(NOON + 30 * MINUTE)
        assert [e.outcome for e in house.of(RunEnded)] == ["failed", "succeeded"]

    run(story())


@pytest.mark.parametrize("ran", [True, False])
def test_a_deadline_is_the_others_to_judge_where_it_has_run_the_row(tmp_path: Path, ran: bool) -> None:
    async def story() -> None:
        table = sheet(row("report", "daily 12:01", Deadline="10 minutes"))
        house = host(tmp_path, "alpha")
        house.witness.behaviour = slow(30 * SECOND, Outcome.FAILED)
        async with house.open(table):
            await house.until(NOON + 2 * MINUTE)
            taken_over(table)
            await house.until(NOON + 20 * MINUTE)
            assert house.of(DeadlineMissed) == []
            if ran:
                table.person("report")["Last Run"] = "2026-03-02T12:05:00Z"
            table.leases.clear()
            await house.until(NOON + 21 * MINUTE)
        assert len(house.of(DeadlineMissed)) == (0 if ran else 1)

    run(story())


def test_one_that_is_refused_at_its_start_leaves_word_whose_the_table_is(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("tick", "every minute"))
        house = host(tmp_path, "alpha")
        async with house.open(table):
            await house.until(NOON + MINUTE)
        known = mark_of(house)
        taken_over(table)
        with pytest.raises(Taken):
            await house.daemon(table)
        mark = mark_of(house)
        assert (mark.state, mark.message.partition(",")[0]) == (Reach.ELSEWHERE, BETA.partition(",")[0])
        assert (mark.first_read, mark.last_read, mark.tasks) == (known.first_read, known.last_read, 1)

    run(story())


def test_a_lease_of_our_own_that_was_left_behind_hides_nothing_that_the_other_has_run(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("report", "daily 12:05"))
        house = host(tmp_path, "alpha")
        async with house.open(table):
            await house.until(NOON + 2 * MINUTE)
            ours = table.leases["alpha"]
            taken_over(table)
            await house.until(NOON + 6 * MINUTE)
            table.person("report")["Last Run"] = "2026-03-02T12:05:00Z"
            table.leases = {"alpha": ours}
            await house.until(NOON + 7 * MINUTE)
        assert house.witness.seen == []
        assert recorded(house) == [("skipped", ELSEWHERE, 1)]

    run(story())


def test_what_has_happened_waits_until_the_table_is_ours_again(tmp_path: Path) -> None:
    async def story() -> None:
        table = sheet(row("idle", Type="manual"))
        house = host(tmp_path, "alpha")
        async with house.open(table) as daemon:
            await house.until(NOON + MINUTE)
            taken_over(table)
            await house.until(NOON + 2 * MINUTE)
            await _ask(house, daemon, "idle", Wish.REACT)
            await house.until(NOON + 3 * MINUTE)
            assert house.of(RequestRefused) == []
            table.leases.clear()
            await house.until(NOON + 4 * MINUTE)
        assert len(house.witness.seen) == 1

    run(story())

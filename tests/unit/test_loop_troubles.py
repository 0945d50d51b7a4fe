"""The daemon on virtual time when things go wrong: a table that is away, rows that vanish, a ledger that can't be written."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from datetime import UTC, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from config.shortages import FULL, TOO_LITTLE_MEMORY, TOO_MANY_FILES
from connectors.errors import Bug, Limited, NeedsOwner, NoHeader, OutcomeUnknown, TableError, TryLater
from engine import acting
from engine.asked import Wish
from engine.blackout import Blackout
from engine.breaker import BreakerRules
from engine.events import (
    BreakerClosed,
    BreakerOpened,
    ClockJumped,
    LedgerRecovered,
    LedgerRefused,
    OccurrenceRecorded,
    QuotaSpent,
    RequestRefused,
    RowDefective,
    RowVanished,
    RunEnded,
    RunStarted,
    TableHeld,
    TableRecovered,
    TableReleased,
    TableUnreachable,
    TableUnwritable,
    TableWritable,
)
from engine.identity import HELD_FOR
from engine.ledger import Ledger, LedgerUnwritable, Reach
from engine.model import Stage
from engine.plan import bare
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table


class AwayTable(MemoryTable):
    """A table that can't be reached while `away` is set."""

    away: TableError | None = None
    read_only: TableError | None = None

    def _trouble(self) -> None:
        if self.away is not None:
            raise self.away
        super()._trouble()

    def write(self, patches):  # type: ignore[no-untyped-def]  # as the base's
        if self.read_only is not None:
            raise self.read_only
        return super().write(patches)


def away(*rows: dict[str, str]) -> AwayTable:
    return AwayTable(rows, COLUMNS)


def test_rows_run_on_while_the_store_is_unreachable_and_results_come_later(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every 10 minutes"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=5))
            sheet.away = TryLater("the network is down")
            await house.until(NOON + timedelta(hours=2, minutes=5))
            assert len(house.witness.seen) == 12
            assert sheet.person("tick")["Runs"] == "0"
            sheet.away = None
            await house.after(minutes=1)
        assert sheet.person("tick")["Runs"] == "12"
        assert len(house.of(TableUnreachable)) == 1
        assert len(house.of(TableRecovered)) == 1

    run(story())


def test_a_quota_that_is_spent_is_told_as_that_and_once_though_its_end_moves(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every 10 minutes"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=5))
            for until in ("12:06", "12:07", "12:08"):
                sheet.away = Limited(f"too many requests, until {until}", wait=MINUTE, scope="base")
                await house.after(minutes=1)
            with closing(Ledger.open(tmp_path / "ledger.sqlite")) as ledger:
                mark = ledger.table_mark("ops")
            assert mark is not None
            assert (mark.state, mark.message.partition(";")[0]) == (Reach.SPENT, "too many requests, until 12:08")
            sheet.away = None
            await house.after(minutes=2)
        assert [(e.message, e.needs_owner) for e in house.of(QuotaSpent)] == [("too many requests, until 12:06", False)]
        assert len(house.of(TableRecovered)) == 1

    run(story())


def test_a_table_that_needs_its_owner_holds_its_starts_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every 10 minutes"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1))
            sheet.away = NeedsOwner("the sheet is no longer shared")
            await house.until(NOON + timedelta(minutes=45))
            assert house.witness.times() == [NOON + 10 * MINUTE]
            assert {e.reason for e in house.of(OccurrenceRecorded)} == {"no access: the sheet is no longer shared"}
            sheet.away = None
            await house.until(NOON + timedelta(minutes=51))
        assert house.witness.times() == [NOON + 10 * MINUTE, NOON + 50 * MINUTE]
        assert sheet.person("tick")["Missed"] if "Missed" in sheet.columns else True

    run(story())


def test_a_row_missing_once_waits_and_missing_twice_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute" if n == 0 else "daily 03:00") for n in range(5)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            gone = sheet.rows.pop(0)
            await house.until(NOON + timedelta(minutes=10))
            assert len(house.witness.seen) == 1
            assert [e.task for e in house.of(RowVanished)] == ["r0"]
            sheet.rows.append(gone)
            await house.until(NOON + timedelta(minutes=12, seconds=5))
        assert house.witness.times() == [NOON + MINUTE, NOON + 11 * MINUTE, NOON + 12 * MINUTE]

    run(story())


def test_no_cell_ever_tells_where_on_the_operators_machine_a_file_lies(tmp_path: Path) -> None:
    """Whatever was said of a table that was away, or had lost its headers, stands in rows once it is back."""

    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every 10 minutes"), row("asked"))
        told: set[str] = set()

        async def looked(minutes: int) -> None:
            for _ in range(minutes):
                await house.after(minutes=1)
                told.update(str(cell) for row in sheet.rows for cell in row.values())

        async with house.open(sheet) as daemon:
            await looked(1)
            for error in (NeedsOwner("/srv/team/ops.csv (table ops) is gone"), NoHeader("/srv/team/ops.csv is empty")):
                sheet.away = error
                await house.after(minutes=31)
                ledger = daemon._turns._committer
                await ledger.do(lambda it: it.ask("ops", "asked", Wish.RUN_NOW, 0, "cli:a", house.clock.now()), point="requests")
                daemon._turns.poke()
                await house.after(minutes=1)
                sheet.away = None
                await looked(12)
        assert any("ops.csv (table ops) is gone" in cell for cell in told)  # so something was told
        assert not [cell for cell in told if "/srv" in cell]

    run(story())


def test_many_rows_gone_at_once_hold_the_whole_table_until_they_are_back(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute") for n in range(10)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=30))
            kept = sheet.copy()
            del sheet.rows[:5]
            await house.until(NOON + timedelta(minutes=3))
            assert not house.witness.seen
            assert "5 of 10 rows are gone at once" in house.of(TableHeld)[0].message
            assert sheet.rows[0]["Health"].startswith("HELD: 5 of 10 rows")
            sheet.rows = kept
            await house.until(NOON + timedelta(minutes=4, seconds=30))
        assert len(house.of(TableReleased)) == 1
        assert len(house.witness.seen) == 20  # those of minute 3, within their grace, and of minute 4
        assert not house.of(RowVanished)

    run(story())


def test_a_hold_ends_in_its_time_though_a_row_came_back_that_can_not_be_told_from_another(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row("twin" if n < 2 else f"r{n}", "every hour") for n in range(12)))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(seconds=30))
            back = sheet.rows[0]
            del sheet.rows[:8]
            await house.until(NOON + timedelta(minutes=2))
            sheet.rows.append({**back, "ID": ""})
            await house.until(NOON + timedelta(minutes=3))
            keeper = daemon.keepers["ops"]
            assert len(keeper.sight.doubtful) == 2
            assert keeper.sight.held is not None
            await house.after(seconds=HELD_FOR.total_seconds() + 60)
            assert keeper.sight.held is None
        assert len(house.of(TableReleased)) == 1
        assert {event.task for event in house.of(RowVanished)} == {f"r{n}" for n in range(2, 8)}

    run(story())


def test_rows_that_were_meant_to_go_can_be_let_go_at_once_and_one_that_came_back_stays(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute", **({"Action": "nobody's"} if n == 3 else {})) for n in range(10)))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(seconds=30))
            back = sheet.rows[4]
            del sheet.rows[:5]
            await house.until(NOON + timedelta(minutes=1, seconds=30))
            assert not house.witness.seen
            keeper, ledger = daemon.keepers["ops"], daemon._turns._committer
            gone = [key for key, state in keeper.states.items() if state.absent_since is not None]
            assert len(gone) == 5  # a defect among them

            def wished(it: Ledger) -> list[int]:
                return [it.ask("ops", key, Wish.LET_GO, 0, "cli:a", house.clock.now()) for key in gone]

            asked = await ledger.do(wished, point="requests")
            daemon._turns.poke()
            await house.after(seconds=3)
            answers = await ledger.read(lambda it: [it.answer_to(number) for number in asked])
            assert answers == [(True, "taken")] * 5
            assert len(house.of(RowVanished)) == 5
            assert len(house.of(TableReleased)) == 1
            assert len(house.witness.seen) == 5  # those of minute 1, within their grace
            sheet.rows.append(back)
            await house.after(seconds=10)
            late = await ledger.do(lambda it: it.ask("ops", gone[4], Wish.LET_GO, 0, "cli:a", house.clock.now()), point="requests")
            daemon._turns.poke()
            await house.after(seconds=3)
            assert await ledger.read(lambda it: it.answer_to(late)) == (False, "the row is in the table again")
        with closing(Ledger.open(tmp_path / "ledger.sqlite")) as left:
            assert {s.key for s in left.rows("ops", deleted=True) if s.deleted_at is not None} == set(gone[:4])

    run(story())


def test_until_when_a_table_is_held_or_runs_on_unread_is_told_on_its_own_clock(tmp_path: Path) -> None:
    async def story() -> None:
        its = rules()
        berlin = replace(its, rules=replace(its.rules, zone=ZoneInfo("Europe/Berlin")))
        house, sheet = House(tmp_path), table(*(row(f"r{n}", "every minute") for n in range(10)))
        async with house.open(sheet, table_rules=berlin):
            await house.until(NOON + timedelta(seconds=30))
            kept = sheet.copy()
            del sheet.rows[:5]
            await house.until(NOON + timedelta(minutes=3))
            assert re.search(
                r"until Mon 2 Mar 2026 13:0\d(:\d\d)? Berlin if you mean it \(`rowd delete --gone`: at once\)$",
                sheet.rows[0]["Health"],
            )
            sheet.rows = kept
            await house.until(NOON + timedelta(minutes=4))
            sheet.fail = [NeedsOwner("unshared")] * 1000
            await house.until(NOON + timedelta(minutes=5))
        with closing(Ledger.open(tmp_path / "ledger.sqlite")) as ledger:
            mark = ledger.table_mark("ops")
        assert mark is not None
        assert re.search(r"as last read until Mon 2 Mar 2026 13:\d\d(:\d\d)? Berlin$", mark.message)

    run(story())


def test_rows_that_stay_away_are_gone_after_five_minutes(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute") for n in range(10)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=30))
            del sheet.rows[:5]
            await house.until(NOON + timedelta(minutes=8))
        assert len(house.of(RowVanished)) == 5
        assert {r.task for r in house.witness.seen} == {f"r{n}" for n in range(5, 10)}

    run(story())


def test_a_table_without_its_name_column_is_held_and_says_what_is_missing(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            sheet.columns[1] = "Nme"
            sheet.rows = [{("Nme" if c == "Name" else c): v for c, v in r.items()} for r in sheet.rows]
            await house.until(NOON + timedelta(minutes=5))
        assert len(house.witness.seen) == 1
        assert "Name" in house.of(TableHeld)[0].message

    run(story())


@pytest.mark.parametrize("column", ["Action", "ID"])
def test_into_a_table_whose_headers_are_wrong_nothing_is_written_for_they_may_stand_beside_what_they_name(
    tmp_path: Path, column: str
) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(*(row(f"r{n}", "daily 12:10") for n in range(3)))
        async with house.open(sheet):
            await house.until(NOON + MINUTE)
            sheet.columns.remove(column)  # its cell was deleted, and all that follow moved up beside the data
            slid = [dict(zip(sheet.columns, one.values(), strict=False)) for one in sheet.rows]
            sheet.rows = [dict(one) for one in slid]
            await house.until(NOON + 30 * MINUTE)
            assert sheet.rows == slid
        assert house.witness.seen == []

    run(story())


def test_a_table_whose_headers_are_gone_for_a_moment_runs_on_and_for_longer_is_held(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            sheet.away = NoHeader("ops.csv is empty")
            await house.after(seconds=20)
            sheet.away = None
            await house.until(NOON + timedelta(minutes=2, seconds=30))
            assert [e.message for e in house.of(TableHeld)] == ["ops.csv is empty"]
            assert len(house.of(TableReleased)) == 1
            assert len(house.witness.seen) == 2
            sheet.away = NoHeader("ops.csv is empty")
            await house.until(NOON + timedelta(minutes=30))
        assert len(house.witness.seen) == 2
        assert not house.of(TableUnreachable)

    run(story())


@pytest.mark.parametrize("error", [TryLater("ops: an editor has it"), Bug("refused"), OutcomeUnknown("cut off")])
def test_a_table_that_can_be_read_but_not_written_runs_on_and_is_told_later(tmp_path: Path, error: TableError) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every minute"))
        async with house.open(sheet):
            sheet.read_only = error
            await house.until(NOON + timedelta(minutes=3, seconds=1))
            assert len(house.witness.seen) == 3
            sheet.read_only = None
            await house.after(seconds=30)
            assert sheet.person("tick")["Runs"] == "3"
        if not isinstance(error, OutcomeUnknown):
            assert [event.message for event in house.of(TableUnwritable)] == [bare("ops", str(error))]
            assert len(house.of(TableWritable)) == 1
        assert sheet.writes < 100

    run(story())


def test_a_table_that_fails_in_an_unforeseen_way_stops_nothing_else(tmp_path: Path) -> None:
    async def story() -> None:
        house, sick, well = House(tmp_path), away(row("a", "every minute")), table(row("b", "every minute"))
        async with house.open(sick, well):
            sick.away = ZeroDivisionError("?")  # type: ignore[assignment]  # something that no connector may raise
            await house.until(NOON + timedelta(minutes=2, seconds=5))
        assert len(house.witness.times("b")) == 2
        assert [(e.table, e.message) for e in house.of(TableUnreachable)] == [("ops", "ZeroDivisionError: ?")]

    run(story())


def test_an_edit_between_our_read_and_our_write_is_not_trampled(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("third", Type="counter", Current="0", Threshold="3"), row("hello", Type="manual"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("hello")["Do"] = "run now"

            def just_before_the_write() -> None:
                sheet.hook = None
                sheet.person("hello")["Do"] = "cancel"
                sheet.person("third")["Current"] = "2"

            sheet.hook = just_before_the_write
            await house.after(seconds=40)
        (refused,) = house.of(RequestRefused)
        assert (refused.wish, refused.reason) == ("run now", "cancelled by the Do cell before it started")
        assert not house.witness.seen
        assert sheet.person("third")["Current"] == "2"

    run(story())


def test_a_row_that_is_missing_starts_nothing_until_the_next_read(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute" if n == 0 else "daily 03:00") for n in range(5)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=59))
            gone = sheet.rows.pop(0)
            await house.until(NOON + timedelta(seconds=60, milliseconds=500))  # it is read, without the row, at the full minute
            sheet.rows.append(gone)
            await house.until(NOON + timedelta(seconds=70))
        started = house.of(RunStarted)
        assert [e.due for e in started] == [NOON + MINUTE]
        assert started[0].late_s >= 1.9

    run(story())


def test_a_claim_that_somebody_else_had_is_not_started(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        daemon, committer = await house.daemon(sheet)
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        await house.until(NOON + timedelta(seconds=65))
        (had,) = await committer.read(lambda ledger: ledger.history(key="tick"))
        due = NOON + 2 * MINUTE
        theirs = replace(
            had, id="theirs", trigger=f"at:{due.isoformat()}", due=due, stage=Stage.CLAIMED, outcome=None, ended_at=None
        )
        assert await committer.do(lambda ledger: ledger.claim([theirs]), point="claim") == [True]
        await house.until(NOON + timedelta(minutes=3, seconds=5))
        stopping.set()
        await running
        await committer.close()
        assert house.witness.times() == [NOON + MINUTE, NOON + 3 * MINUTE]

    run(story())


def test_a_row_that_was_deleted_while_nobody_was_there_does_not_run(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every hour" if n == 0 else "daily 03:00") for n in range(5)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1))
        del sheet.rows[0]
        await house.until(NOON + timedelta(minutes=61))
        async with house.open(sheet):
            await house.after(minutes=5)
        assert not house.witness.seen

    run(story())


def test_a_one_off_is_completed_after_its_last_attempt_only(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("first", "now", Attempts="2")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda r: Result(Outcome.FAILED if r.attempt == 1 else Outcome.SUCCEEDED, "x")
        async with house.open(sheet):
            await house.after(seconds=8)
            assert sheet.person("first")["Status"] == "active"
            assert sheet.person("first")["Health"].startswith("RETRYING: attempt 2 of 2 at")
            await house.after(minutes=1)
        assert sheet.person("first")["Status"] == "completed"
        assert len(house.witness.seen) == 2

    run(story())


def test_a_run_that_is_stopped_twice_is_waited_for_until_it_has_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every hour"))
        stopped_at = []

        async def tidy(_: Request) -> Result:
            try:
                await asyncio.sleep(10_000)
            finally:
                await asyncio.sleep(20)
                stopped_at.append(house.clock.now())

        house.witness.behaviour = tidy
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(hours=1, seconds=1))
            (occurrence,) = daemon.under_way
            runner = daemon._turns.runner
            assert runner.stop(occurrence.id, Outcome.CANCELLED, "once")
            await house.after(seconds=5)
            assert runner.stop(occurrence.id, Outcome.CANCELLED, "again")
            await house.after(seconds=40)
            (ended,) = house.of(RunEnded)
            assert ended.reason == "once"
            assert stopped_at == [ended.at]

    run(story())


def test_a_blackout_is_named_before_it_comes(tmp_path: Path) -> None:
    async def story() -> None:
        lunch = Blackout("lunch", UTC, time(12), time(13))
        house, sheet = House(tmp_path, blackouts=(lunch,)), table(row("tick", "every 10 minutes"), row("once", "2026-03-02 12:20"))
        async with house.open(sheet, table_rules=replace(rules(), blackouts=(lunch,))):
            await house.until(NOON + timedelta(minutes=5))
            assert sheet.person("tick")["Health"] == ("OK, next Mon 2 Mar 13:00 UTC (blackout lunch until Mon 2 Mar 13:00 UTC)")
            await house.until(NOON + timedelta(minutes=30))
            assert sheet.person("once")["Health"] == (
                "OK, next Mon 2 Mar 13:00 UTC (due Mon 2 Mar 12:20 UTC, waits: blackout lunch)"
            )
            await house.until(NOON + timedelta(minutes=61))
        assert sorted({r.task for r in house.witness.seen}) == ["once", "tick"]

    run(story())


def test_a_counter_that_waits_for_the_end_of_a_blackout_says_that_it_waits(tmp_path: Path) -> None:
    async def story() -> None:
        lunch = Blackout("lunch", UTC, time(12), time(13))
        house, sheet = House(tmp_path, blackouts=(lunch,)), table(row("third", Type="counter", Current="0", Threshold="3"))
        async with house.open(sheet, table_rules=replace(rules(), blackouts=(lunch,))):
            await house.until(NOON + timedelta(minutes=5))
            sheet.person("third")["Current"] = "4"
            await house.until(NOON + timedelta(minutes=30))
            assert sheet.person("third")["Health"] == "OK, 4 of 3: runs once nothing is in its way"
            assert house.witness.seen == []
            await house.until(NOON + timedelta(minutes=61))
            assert sheet.person("third")["Health"] == "OK, 1 of 3"
        assert house.witness.times("third") == [NOON + timedelta(hours=1)]

    run(story())


def test_rows_that_share_an_id_run_neither_and_both_say_so(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("one", "every minute", ID="7"), row("two", "every minute", ID="7"), row("three", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=2, seconds=30))
        assert {r.task for r in house.witness.seen} == {"three"}
        assert sheet.person("one")["Health"].startswith("ERROR: ")
        assert sheet.person("two")["Health"].startswith("ERROR: ")
        assert 1 <= len(house.of(RowDefective)) <= 2

    run(story())


def test_a_full_disk_stops_nothing_for_good(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        daemon, committer = await house.daemon(sheet)
        full, do = False, committer.do

        async def failing(work, *, point):  # type: ignore[no-untyped-def]  # as InlineCommitter's
            if full:
                raise LedgerUnwritable("no space left on the device")
            return await do(work, point=point)

        daemon._turns._acting._committer = daemon._turns._committer = _With(committer, failing)
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        await house.until(NOON + timedelta(seconds=65))
        full = True
        await house.until(NOON + timedelta(minutes=4, seconds=30))
        assert len(house.witness.seen) == 1
        full = False
        await house.until(NOON + timedelta(minutes=5, seconds=30))
        stopping.set()
        await running
        await committer.close()
        assert house.witness.times() == [NOON + n * MINUTE for n in (1, 4, 5)]
        assert (len(house.of(LedgerRefused)), len(house.of(LedgerRecovered))) == (1, 1)  # told once, not at every try
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        assert ledger.tallies("ops")["tick"].missed == 2
        ledger.close()

    run(story())


def test_what_could_leave_no_file_waits_though_the_ledger_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("once", "2026-03-02 12:02"), row("tick", "every minute"))
        denied: list[str | None] = [None]
        monkeypatch.setattr(acting, "found", lambda _: denied[0])
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            denied[0] = FULL
            await house.until(NOON + timedelta(minutes=3, seconds=30))
            assert len(house.witness.seen) == 1
            (told,) = house.of(LedgerRefused)
            assert told.message == f"The folder {tmp_path}/runs, where runs leave what they print, can't be written: {FULL}."
            denied[0] = TOO_MANY_FILES  # which is no matter of the disk: the warden opens them
            await house.until(NOON + timedelta(minutes=3, seconds=40))
            assert [(r.task, r.due) for r in house.witness.seen[1:]] == [
                ("once", NOON + timedelta(minutes=2)),
                ("tick", NOON + timedelta(minutes=3)),
            ]
            assert len(house.of(LedgerRecovered)) == 1

    run(story())


def test_a_table_that_is_too_big_for_the_memory_is_away_and_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_big(*_: object) -> None:
        raise MemoryError

    async def story() -> None:
        house, big, small = House(tmp_path), table(row("big", "every minute")), table(row("small", "every minute"))
        monkeypatch.setattr(big, "read", too_big)
        async with house.open(big, small):
            await house.until(NOON + timedelta(seconds=65))
        assert {event.message for event in house.of(TableUnreachable)} == {TOO_LITTLE_MEMORY}
        assert {r.task for r in house.witness.seen} == {"small"}

    run(story())


class _With:
    """A committer whose commits go another way."""

    def __init__(self, committer, do) -> None:  # type: ignore[no-untyped-def]
        self.do, self.read, self.close = do, committer.read, committer.close


def test_workers_are_shared_by_priority_and_never_exceeded(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = MemoryTable([row(f"r{n}", "every hour", Priority=str(n)) for n in range(6)], (*COLUMNS, "Priority"))
        house = House(tmp_path, max_parallel=2)
        most = 0

        async def watch(request: Request) -> Result:
            nonlocal most
            most = max(most, daemon.under_way.attempts)
            return await slow(timedelta(seconds=30))(request)  # type: ignore[misc]  # slow gives a coroutine

        house.witness.behaviour = watch
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(hours=1, minutes=5))
        assert most == 2
        assert [r.task for r in house.witness.seen] == ["r5", "r4", "r3", "r2", "r1", "r0"]
        assert not house.of(OccurrenceRecorded)

    run(story())


def test_a_breaker_leaves_a_failing_action_alone_and_tries_it_once(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, breaker=BreakerRules(failures=3, wait=timedelta(minutes=5)))
        sheet = table(*(row(f"r{n}", "every minute", Action="act") for n in range(3)), row("fine", "every minute", Action="other"))
        broken = True
        house.witness.behaviour = lambda r: Result(Outcome.FAILED if broken and r.action == "act" else Outcome.SUCCEEDED, "x")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=5, seconds=30))
            assert len([r for r in house.witness.seen if r.action == "act"]) == 3
            assert sheet.person("r1")["Health"] == "WAITING: act keeps failing and is left alone until Mon 2 Mar 12:06 UTC"
            assert sheet.person("r1")["Next Run"] == "2026-03-02T12:06:00Z"
            assert {(e.outcome, e.reason) for e in house.of(OccurrenceRecorded)} == {
                ("skipped", "act keeps failing and is left alone until Mon 2 Mar 2026 12:06 UTC")
            }
            assert len(house.witness.times("fine")) == 5
            await house.until(NOON + timedelta(minutes=7, seconds=5))  # tried once more, and left alone for twice as long
            assert len([r for r in house.witness.seen if r.action == "act"]) == 4
            assert {sheet.person(f"r{n}")["Next Run"] for n in range(3)} == {"2026-03-02T12:16:00Z"}, "also of those that only wait"
            broken = False
            await house.until(NOON + timedelta(minutes=18))
        assert len(house.of(BreakerOpened)) == 2
        assert len(house.of(BreakerClosed)) == 1
        assert len([r for r in house.witness.seen if r.action == "act"]) > 6

    run(story())


def test_rows_whose_action_is_left_alone_name_the_instant_at_which_it_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, breaker=BreakerRules(failures=2, wait=timedelta(minutes=5)))
        often, seldom = row("often", "every minute"), row("seldom", "every 4 minutes")
        retries = {**row("retries", "every 2 minutes"), "Attempts": "2"}
        sheet = MemoryTable([often, seldom, retries], (*COLUMNS, "Attempts"))
        broken = True
        house.witness.behaviour = lambda _: Result(Outcome.FAILED if broken else Outcome.SUCCEEDED, "x")
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(minutes=2, seconds=2))  # two have failed, one is to be tried again
            (shut,) = {*daemon._turns.memory.breakers.shut(house.clock.now()).values()}
            at = f"{shut:%H:%M}"
            assert {line["Next Run"] for line in sheet.rows} == {f"{shut:%Y-%m-%dT%H:%M:%SZ}"}
            assert sheet.person("seldom")["Health"] == f"OK, next Mon 2 Mar {at} UTC (act keeps failing until Mon 2 Mar {at} UTC)"
            assert sheet.person("retries")["Health"] == (
                f"RETRYING: attempt 2 of 2 at Mon 2 Mar {at} UTC (act keeps failing and is left alone until then), after: x"
            )
            broken = False
            await house.until(shut + timedelta(seconds=5))
            assert not any("keeps failing" in line["Health"] for line in sheet.rows)

    run(story())


def test_a_clock_that_jumps_far_is_believed_only_after_a_while(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("daily", "daily 12:05"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1))
            house.clock.set_wall(timedelta(days=40))
            await house.after(minutes=3)
            assert not house.witness.seen
            house.clock.set_wall(timedelta(days=-40))
            await house.after(minutes=10)
        assert house.witness.times() == [NOON + timedelta(minutes=5)]
        assert house.of(RunStarted)[0].late_s < 1
        assert len(house.of(ClockJumped)) == 2

    run(story())


def test_a_command_that_is_cancelled_by_a_button_ends_and_says_by_whom(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every hour"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, seconds=30))
            sheet.person("slow")["Do"] = "cancel"
            await house.after(seconds=40)
            assert sheet.person("slow")["Last Status"] == "cancelled"
            assert sheet.person("slow")["Last Result"] == "cancelled by the Do cell"

    run(story())


def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("slow", "every hour", Timeout="30s")], (*COLUMNS, "Timeout"))
        house.witness.behaviour = slow(timedelta(hours=3))
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, minutes=1))
        assert sheet.person("slow")["Last Status"] == "timed out"
        assert len(house.of(RunStarted)) == 1

    run(story())


def test_other_definitions_take_effect_without_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every minute", Action="later"))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(seconds=70))
            assert not house.witness.seen
            assert sheet.person("a")["Health"].startswith('ERROR: Action "later"')
            its = rules(actions={"later": rules().rules.actions["act"]})
            daemon.reconfigure(replace(daemon.parts, actions={"later": house.witness}), {"ops": its})
            await house.until(NOON + timedelta(minutes=2, seconds=5))
        assert house.witness.times() == [NOON + MINUTE, NOON + 2 * MINUTE]  # the first was late, within its grace

    run(story())


def test_a_plan_that_could_not_be_written_is_made_again_without_anything_else_happening(tmp_path: Path) -> None:
    async def story() -> None:
        slow_poll = replace(rules(), poll=timedelta(hours=5))
        house, sheet = House(tmp_path), table(row("daily", "daily 13:00"))
        daemon, committer = await house.daemon(sheet, table_rules=slow_poll)
        do, refused = committer.do, []

        async def failing(work, *, point):  # type: ignore[no-untyped-def]  # as InlineCommitter's
            if point == "claim" and len(refused) < 3:
                refused.append(point)
                raise LedgerUnwritable("no space left on the device")
            return await do(work, point=point)

        daemon._turns._acting._committer = daemon._turns._committer = _With(committer, failing)
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        await house.until(NOON + timedelta(hours=1, seconds=30))
        stopping.set()
        await running
        await committer.close()
        (started,) = house.of(RunStarted)
        assert 6 <= started.late_s <= 7

    run(story())


def test_a_snoozed_row_shows_the_first_run_that_will_come(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every 10 minutes"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("a")["Do"] = "snooze 25 min"
            await house.after(seconds=30)
            assert sheet.person("a")["Next Run"] == "2026-03-02T12:30:00Z"
            assert sheet.person("a")["Health"].startswith("OK, next Mon 2 Mar 12:30 UTC (snoozed until Mon 2 Mar 12:25")
            await house.until(NOON + timedelta(minutes=31))
        assert house.witness.times() == [NOON + timedelta(minutes=30)]
        assert sum(e.count for e in house.of(OccurrenceRecorded)) == 2

    run(story())


def test_a_word_that_is_no_button_is_told_as_long_as_it_stands(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every minute"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("a")["Do"] = "run it"
            await house.after(minutes=3)
            assert 'Do "run it" is no button' in sheet.person("a")["Health"]
            assert "OK, next" in sheet.person("a")["Health"]
            sheet.person("a")["Do"] = ""
            await house.after(seconds=30)
            assert sheet.person("a")["Health"].startswith("OK, next")
        assert len(house.witness.seen) == 3

    run(story())

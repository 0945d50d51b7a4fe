"""Corners of the daemon on virtual time: what meets at one instant, fails half-way, or answers what nobody expects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from connectors.api import Traits, Written
from connectors.errors import TryLater
from engine.asked import Wish
from engine.breaker import BreakerRules
from engine.committer import InlineCommitter
from engine.events import OccurrenceRecorded, RequestRefused, RowEdited, RunEnded, RunStarted
from engine.ledger import LedgerUnwritable
from engine.loop import PASS_BEARS, Daemon
from engine.model import Stage
from engine.rules import TableRules
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table
from tests.unit.test_loop_troubles import _With, away

Commit = Callable[..., Awaitable[Any]]


@dataclass
class Alive:
    """A daemon that runs in the background, with what a test reaches into."""

    house: House
    daemon: Daemon
    committer: InlineCommitter
    stopping: asyncio.Event
    task: asyncio.Task[None]

    async def cancel(self, key: str, by: str) -> None:
        """Ask for a cancel as the command line does; the daemon sees it at its next turn."""
        now = self.house.clock.now()
        await self.committer.do(lambda ledger: ledger.ask("ops", key, Wish.CANCEL, 0, by, now), point="requests")

    async def ask(self, key: str, wish: Wish, amount: float = 0, *, poke: bool = True, **about: str) -> int:
        """Ask for something as the command line does, which pokes the daemon once it is asked. Answer the request's number."""
        now = self.house.clock.now()
        number = await self.committer.do(
            lambda ledger: ledger.ask("ops", key, wish, amount, "cli:a", now, about=about), point="requests"
        )
        if poke:
            self.daemon._turns.poke()
        return number

    async def answer(self, number: int) -> tuple[bool, str] | None:
        """What became of a request; None where it is open."""
        return await self.committer.read(lambda ledger: ledger.answer_to(number))

    async def kill(self) -> None:
        """End it as `kill -9` would: nothing of what is cancelled here reaches the ledger."""
        me = asyncio.current_task()
        for _ in range(3):  # what is cancelled may begin something more
            others = [task for task in asyncio.all_tasks() if task is not me]
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await self.committer.close()

    async def stop(self) -> None:
        """Stop it in order; raises what it died of."""
        self.stopping.set()
        await self.task
        await self.committer.close()


async def start(
    house: House, *sheets: MemoryTable, commits: Any = None, table_rules: TableRules | Sequence[TableRules] | None = None
) -> Alive:
    """Start a daemon on these tables. `commits` makes another way to commit from the committer's own."""
    daemon, committer = await house.daemon(*sheets, table_rules=table_rules)
    if commits is not None:
        daemon._turns._acting._committer = daemon._turns._committer = _With(committer, commits(committer.do))
    stopping = asyncio.Event()
    return Alive(house, daemon, committer, stopping, asyncio.create_task(daemon.run(stopping)))


@dataclass
class Disk:
    """A disk that refuses every commit while it is full."""

    full: bool

    def commits(self, do):  # type: ignore[no-untyped-def]
        """Commits that fail while the disk is full."""

        async def commit(work, *, point):  # type: ignore[no-untyped-def]
            if self.full:
                raise LedgerUnwritable("full")
            return await do(work, point=point)

        return commit


def taking(span: timedelta) -> Callable[[Commit], Commit]:
    """Commits that take so long."""

    def commits(do: Commit) -> Commit:
        async def commit(work: Any, *, point: str) -> Any:
            await asyncio.sleep(span.total_seconds())
            return await do(work, point=point)

        return commit

    return commits


synced = taking(timedelta(milliseconds=10))
"""As a disk's sync does."""


def misname(sheet: MemoryTable) -> None:
    """Rename the Name column, which holds the whole table."""
    sheet.columns[1] = "Nme"
    sheet.rows = [{("Nme" if c == "Name" else c): v for c, v in r.items()} for r in sheet.rows]


class Loose(MemoryTable):
    """A store that can not compare before it writes, and whose reads can be refused while its writes are not."""

    traits = Traits(atomic_expect=False, batch=50)
    deaf = False

    def read(self, cursor=None):  # type: ignore[no-untyped-def]  # as the base's
        if self.deaf:
            raise TryLater("429")
        return super().read(cursor)

    def write(self, patches):  # type: ignore[no-untyped-def]  # as the base's
        return super().write([replace(p, expect={}) for p in patches])


def test_an_edit_read_while_the_disk_is_full_is_not_lost(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(seconds=65))
        disk.full = True
        sheet.person("tick")["Schedule"] = "every hour"
        await house.until(NOON + timedelta(seconds=100))
        disk.full = False
        await house.until(NOON + timedelta(minutes=5))
        await alive.stop()
        assert house.witness.times() == [NOON + MINUTE]

    run(story())


def test_what_a_full_disk_kept_from_starting_is_missed_for_that_reason(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("report", "daily 12:03"))
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + MINUTE)
        disk.full = True
        await house.until(NOON + 30 * MINUTE)
        disk.full = False
        await house.until(NOON + 31 * MINUTE)
        await alive.stop()
        assert not house.witness.seen
        assert [(e.due, e.reason) for e in house.of(OccurrenceRecorded)] == [(NOON + 3 * MINUTE, "rowd could not write its ledger")]

    run(story())


def test_what_a_hold_of_the_table_kept_from_starting_is_missed_for_that_reason(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("often", "every minute"), row("report", "daily 12:03"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            good = list(sheet.columns), sheet.copy()
            misname(sheet)
            await house.until(NOON + 30 * MINUTE)
            sheet.columns, sheet.rows = good
            await house.until(NOON + 31 * MINUTE)
        why = 'the table was held: no column "Name" (is it "Nme"?)'
        records = {e.task: e for e in house.of(OccurrenceRecorded)}
        assert records["report"].reason.startswith(why)
        assert records["often"].reason.startswith(why)
        assert records["often"].reason.endswith(", and a newer one took its place")
        assert records["often"].count == 28

    run(story())


def test_a_new_ledger_stays_new_when_its_first_commit_fails(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = (
            House(tmp_path),
            table({**row("first", "now"), "Runs": "1", "Last Status": "failed"}, {**row("b", Type="manual"), "Do": "run now"}),
        )
        disk = Disk(full=True)
        alive = await start(house, sheet, commits=disk.commits)
        await house.after(seconds=5)
        disk.full = False
        await house.after(seconds=60)
        await alive.stop()
        assert not house.witness.seen

    run(story())


def test_a_table_released_while_the_disk_is_full_runs_on(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(f"r{n}", "every minute") for n in range(4)))
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(seconds=65))
        old = sheet.rows
        misname(sheet)
        await house.until(NOON + timedelta(seconds=200))
        disk.full = True
        sheet.columns[1] = "Name"
        sheet.rows = old
        await house.until(NOON + timedelta(seconds=220))
        disk.full = False
        before = len(house.witness.seen)
        await house.until(NOON + timedelta(minutes=10, seconds=5))
        await alive.stop()
        assert len(house.witness.seen) - before >= 4 * 6

    run(story())


def test_two_cancels_before_a_retry_do_not_kill_the_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("flaky", "every hour", Attempts="3")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(hours=1, seconds=2))
        for by in ("cli:a", "cli:b"):
            await alive.cancel("flaky", by)
        alive.daemon._turns.poke()
        await house.after(seconds=5)
        assert not alive.task.done(), alive.task.exception()
        await alive.stop()

    run(story())


@pytest.mark.parametrize("seconds", [0, 40], ids=["a short run", "a long run"])
def test_a_press_that_is_refused_beside_a_run_now_stands_in_health_with_its_reason(tmp_path: Path, seconds: int) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("hello", Type="manual"))
        house.witness.behaviour = slow(timedelta(seconds=seconds))
        alive = await start(house, sheet)
        await house.after(seconds=15)
        sheet.person("hello")["Do"] = "retry"
        await house.after(seconds=6)  # it was read, and settles
        await alive.ask("hello", Wish.RUN_NOW)
        await house.after(seconds=12)
        assert len(house.witness.seen) == 1
        assert [e.wish for e in house.of(RequestRefused)] == ["retry"]
        health = sheet.person("hello")["Health"]
        assert health.startswith("NOTE: retry refused: ")
        await house.after(minutes=2)
        assert sheet.person("hello")["Health"].startswith("NOTE: retry refused: ")
        await alive.ask("hello", Wish.RUN_NOW)
        await house.after(minutes=2)
        assert "NOTE" not in sheet.person("hello")["Health"]  # until the next run
        await alive.stop()

    run(story())


def test_what_is_noted_of_a_word_that_stands_in_do_is_covered_by_no_refusal(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("hello", Type="manual"))
        house.witness.behaviour = slow(timedelta(minutes=1))
        alive = await start(house, sheet)
        await house.after(seconds=15)
        sheet.person("hello")["Do"] = "run noww"
        await house.after(seconds=15)
        await alive.ask("hello", Wish.RUN_NOW)
        await house.after(seconds=5)
        await alive.ask("hello", Wish.RETRY)
        await house.after(seconds=15)
        assert [e.wish for e in house.of(RequestRefused)] == ["retry"]
        assert sheet.person("hello")["Health"].startswith('NOTE: Do "run noww" is no button')
        await alive.stop()

    run(story())


def test_restart_and_catch_up_all_do_not_kill_the_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable(
            [{**row("a", "every minute", Attempts="3"), "Overlap": "restart", "Catch Up": "all"}],
            (*COLUMNS, "Attempts", "Overlap", "Catch Up"),
        )
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1, seconds=2))
        await house.until(NOON + timedelta(minutes=5, seconds=2))
        async with house.open(sheet):
            await house.after(seconds=5)

    run(story())


def test_a_run_that_ends_while_its_cancel_is_committed_keeps_its_outcome(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every hour"))
        house.witness.behaviour = slow(timedelta(seconds=30))
        alive = await start(house, sheet, commits=synced)
        await house.until(NOON + timedelta(hours=1, seconds=1))
        started = house.of(RunStarted)[0].at
        await house.until(started + timedelta(seconds=29, milliseconds=995))
        await alive.cancel("slow", "cli:a")
        alive.daemon._turns.poke()
        await house.after(minutes=5)
        left = await alive.committer.read(lambda ledger: ledger.active())
        await alive.stop()
        assert left == []
        assert len(house.of(RunEnded)) == 1

    run(story())


def test_after_a_restart_with_the_table_away_rows_run_from_the_ledger(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
        sheet.away = TryLater("down")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=10, seconds=5))
            assert len(house.witness.seen) >= 9

    run(story())


def test_after_a_restart_a_row_is_on_time(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        slow_poll = replace(rules(), poll=timedelta(minutes=5))
        async with house.open(sheet, table_rules=slow_poll):
            await house.until(NOON + timedelta(seconds=65))
        async with house.open(sheet, table_rules=slow_poll):
            await house.until(NOON + timedelta(minutes=10, seconds=5))
        assert max(e.late_s for e in house.of(RunStarted)) < 1

    run(story())


def test_a_retry_that_found_no_worker_comes_when_one_is_free(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = MemoryTable(
            [row("flaky", "2026-03-02 12:01", Attempts="2"), row("long", "2026-03-02 12:01:05")], (*COLUMNS, "Attempts")
        )

        async def behave(r: Request) -> Result:
            if r.task == "long":
                await asyncio.sleep(120)
                return Result(Outcome.SUCCEEDED, "x")
            return Result(Outcome.FAILED if r.attempt == 1 else Outcome.SUCCEEDED, "x")

        house.witness.behaviour = behave
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=3))
        assert [(r.task, r.attempt) for r in house.witness.seen] == [("flaky", 1), ("long", 1), ("flaky", 2)]

    run(story())


def test_a_task_that_queues_behind_itself_does_not_starve_others(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=2)
        sheet = MemoryTable(
            [
                {**row("queuer", "every minute"), "Overlap": "queue"},
                row("other", "2026-03-02 12:01:30"),
                row("waits", "2026-03-02 12:05:30"),
            ],
            (*COLUMNS, "Overlap", "Timeout"),
        )
        for r in sheet.rows:
            r["Timeout"] = "2h"
        spans = {"queuer": 3000, "other": 300, "waits": 1}

        async def behave(r: Request) -> Result:
            await asyncio.sleep(spans[r.task])
            return Result(Outcome.SUCCEEDED, "x")

        house.witness.behaviour = behave
        wide = rules()
        wide = replace(
            wide,
            rules=replace(
                wide.rules, actions={k: d.model_copy(update={"timeout": timedelta(hours=3)}) for k, d in wide.rules.actions.items()}
            ),
        )
        async with house.open(sheet, table_rules=wide):
            await house.until(NOON + timedelta(minutes=40))
            assert "waits" in [r.task for r in house.witness.seen], [r.task for r in house.witness.seen]

    run(story())


def test_a_held_table_does_not_starve_another(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        one, two = (
            table(row("long", "2026-03-02 12:01"), row("high", "2026-03-02 12:01:01")),
            table(row("waits", "2026-03-02 12:01:02")),
        )

        async def behave(r: Request) -> Result:
            await asyncio.sleep(120 if r.task == "long" else 1)
            return Result(Outcome.SUCCEEDED, "x")

        house.witness.behaviour = behave
        async with house.open(one, two):
            await house.until(NOON + timedelta(minutes=1, seconds=30))
            misname(one)
            await house.until(NOON + timedelta(hours=1))
            assert "waits" in [r.task for r in house.witness.seen]

    run(story())


def test_a_one_off_moved_while_it_runs_runs_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "now"))
        house.witness.behaviour = slow(timedelta(minutes=1))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("first")["Schedule"] = "2026-03-02 13:00"
            await house.until(NOON + timedelta(minutes=62))
        assert house.witness.times()[1:] == [NOON + timedelta(hours=1)]

    run(story())


def test_a_recurring_row_made_a_one_off_while_it_runs_still_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "every minute"))
        house.witness.behaviour = slow(timedelta(minutes=1))
        async with house.open(sheet):
            await house.after(seconds=65)
            sheet.person("first")["Schedule"] = "2026-03-02 13:00"
            await house.until(NOON + timedelta(minutes=62))
        assert house.witness.times()[1:] == [NOON + timedelta(hours=1)]

    run(story())


def test_status_paused_while_a_one_off_runs_is_not_overwritten(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "now"))
        house.witness.behaviour = slow(timedelta(minutes=1))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("first")["Status"] = "paused"
            await house.until(NOON + timedelta(minutes=5))
        assert sheet.person("first")["Status"] == "paused"

    run(story())


def test_skip_next_leaves_no_occurrence_without_a_record(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(seconds=55))
        sheet.person("tick")["Do"] = "skip next"  # read at 12:01:00, settled at 12:01:02
        await house.until(NOON + timedelta(minutes=4, seconds=5))
        found = await alive.committer.read(lambda ledger: ledger.history(key="tick"))
        await alive.stop()
        assert sum(o.count for o in found) == 4, [(o.due, o.outcome) for o in found]

    run(story())


@pytest.mark.parametrize("what", ["none", "object"])
def test_an_action_that_answers_nonsense_kills_nobody(tmp_path: Path, what: str) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("bad", "every minute"), row("good", "every minute"))

        async def behave(r: Request):
            if r.task == "good":
                return Result(Outcome.SUCCEEDED, "x")
            return None if what == "none" else Result(Outcome.SUCCEEDED, "x", outputs={"x": object()})

        house.witness.behaviour = behave
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=3, seconds=5))
        assert not alive.task.done(), alive.task.exception()
        await alive.stop()

    run(story())


def test_a_connector_that_answers_too_few_kills_nobody(tmp_path: Path) -> None:
    class Few(MemoryTable):
        def write(self, patches):
            super().write(patches)
            return []

    async def story() -> None:
        house, sheet, good = House(tmp_path), Few([row("bad", "every minute")], COLUMNS), table(row("good", "every minute"))
        alive = await start(house, sheet, good)
        await house.until(NOON + timedelta(minutes=3, seconds=5))
        assert not alive.task.done(), alive.task.exception()
        await alive.stop()

    run(story())


def test_a_shared_cell_edited_after_a_run_is_not_written_while_reads_fail(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = (
            House(tmp_path),
            Loose([row("third", Type="counter", Current="0", Threshold="3"), row("hello", "2026-03-02 12:01")], COLUMNS),
        )
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=59, milliseconds=900))
            sheet.deaf = True
            # the one-off completes at 12:01:00 and its Status is to be written; a person writes something else there
            await house.until(NOON + timedelta(seconds=60, milliseconds=100))
            sheet.person("hello")["Status"] = "paused"
            await house.until(NOON + timedelta(seconds=75))
            sheet.deaf = False
            await house.until(NOON + timedelta(seconds=100))
        assert sheet.person("hello")["Status"] == "paused"

    run(story())


def test_one_pass_ends_though_the_breaker_is_open(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, breaker=BreakerRules(failures=2, wait=timedelta(minutes=1)), limits={"act": 1})
        sheet = table(*(row(f"r{n}", "now") for n in range(3)))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        daemon, committer = await house.daemon(sheet)
        async with asyncio.timeout(24 * 3600):
            await daemon.run_once(asyncio.Event())
        await committer.close()

    run(story())


def test_one_pass_ends_though_a_table_fails_in_an_unforeseen_way(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("a", "now"))
        sheet.away = ZeroDivisionError("?")
        daemon, committer = await house.daemon(sheet)
        async with asyncio.timeout(24 * 3600):
            await daemon.run_once(asyncio.Event())
        await committer.close()

    run(story())


def test_a_daemon_on_a_full_disk_can_be_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        disk = Disk(full=False)
        alive = await start(house, sheet, commits=disk.commits)
        await house.until(NOON + timedelta(seconds=65))
        disk.full = True
        await house.until(NOON + timedelta(seconds=100))
        async with asyncio.timeout(3600):
            await alive.stop()

    run(story())


def test_definitions_that_change_during_a_commit_take_effect(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "2026-03-02 12:30", Action="later"), row("b", "2026-03-02 12:10:05"))
        slow_poll = replace(rules(), poll=timedelta(hours=5))
        alive = await start(house, sheet, table_rules=slow_poll, commits=synced)
        await house.until(NOON + timedelta(minutes=10, seconds=5, milliseconds=5))
        its = rules(actions={"later": rules().rules.actions["act"], "act": rules().rules.actions["act"]})
        its = replace(its, poll=timedelta(hours=5))
        house.witness.behaviour = slow(timedelta(hours=2))
        alive.daemon.reconfigure(replace(alive.daemon.parts, actions={"later": house.witness, "act": house.witness}), {"ops": its})
        await house.until(NOON + timedelta(minutes=31))
        await alive.stop()
        assert "a" in [r.task for r in house.witness.seen]

    run(story())


def test_a_store_that_shows_dates_its_own_way_is_not_written_for_ever(tmp_path: Path) -> None:
    class Own(MemoryTable):
        @staticmethod
        def _text(value):
            text = MemoryTable._text(value)
            return text.replace("T", " ").replace("Z", "") if hasattr(value, "year") else text

        def write(self, patches):
            return [Written(w.effect) for w in super().write(patches)]

    async def story() -> None:
        house, sheet = House(tmp_path), Own([row("tick", "every hour")], COLUMNS)
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=70))
        assert sheet.writes < 20
        await alive.stop()

    run(story())


# What people, scripts and other programs may put into a cell.
NASTY = [
    "snooze 99999999999 h",
    "snooze 9999999 h",
    "snooze 1e300 s",
    "nan",
    "1e999",
    "-1e999",
    "9" * 400,
    "9" * 5000,
    "every 99999999999 years",
    "every 999999999 days",
    "9999-12-31 23:59:59",
    "0001-01-01 00:00",
    "in 99999999 hours",
    "in 999999999999999 hours",
    "99999999999999999999",
    "9e18",
    "1e-300",
    "\udcff",
    "\x00",
    "inf",
    "true",
    "{}",
    "[" * 10000,
    '{"a":' * 5000,
    "= 1",
    "'",
    "P9999999D",
    "99999999d",
    '{"timeout": 1e999}',
    '{"jitter": "99999999 days"}',
    '{"priority": 99999999999999999999999}',
    '{"priority": 9223372036854775808}',
    "Europe/../x",
    "\ud800",
    "²",
    "٣",
    "daily 24:00",
    "every 0 minutes",
    "-5",
    "0",
    "0.1",
]


KINDS = {
    "recurring": {"Schedule": "every minute"},
    "counter": {"Type": "counter", "Threshold": "3", "Current": "1"},
    "daily": {"Type": "daily"},
}
OPTIONAL = (
    "Timeout",
    "Attempts",
    "Priority",
    "Jitter",
    "Time Zone",
    "Catch Up",
    "Overlap",
    "Metadata",
    "Understood As",
    "Duration",
)


@pytest.mark.parametrize(
    "column",
    [
        "ID",
        "Name",
        "Type",
        "Action",
        "Schedule",
        "Current",
        "Threshold",
        "Status",
        "Do",
        "Last Run",
        "Timeout",
        "Attempts",
        "Priority",
        "Jitter",
        "Time Zone",
        "Catch Up",
        "Overlap",
        "Metadata",
        "Health",
    ],
)
def test_no_cell_kills_the_daemon(tmp_path: Path, column: str) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=2 * len(NASTY))
        kinds = list(KINDS.values())
        victims = [row(f"x{n}") | kinds[n % len(kinds)] for n in range(len(NASTY))]
        sheet = MemoryTable([*victims, row("good", "every minute")], (*COLUMNS, *OPTIONAL))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(seconds=15))
        # a few rows between two reads: many that change their ID at once would hold the whole table
        for n, nasty in enumerate(NASTY):
            sheet.rows[n][column] = nasty
            if n % 4 == 3:
                await house.after(seconds=10)
                assert not alive.task.done(), (NASTY[n - 3 : n + 1], alive.task.exception())
        edited = house.clock.now()
        await house.after(seconds=65)
        assert not alive.task.done(), alive.task.exception()
        assert any(due > edited for due in house.witness.times("good"))
        await alive.stop()

    run(story())


def test_after_a_restart_an_unchanged_table_that_can_be_probed_runs(tmp_path: Path) -> None:
    class Probed(MemoryTable):
        def probe(self) -> str:
            return repr(self.rows)

    async def story() -> None:
        house, sheet = House(tmp_path), Probed([row("tick", "every hour")], COLUMNS)
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=62))
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=5, minutes=1))
        assert len(house.witness.seen) == 5

    run(story())


def test_a_shared_cell_edited_before_a_run_is_not_written_while_reads_fail(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Loose([row("hello", "2026-03-02 12:01:05")], COLUMNS)
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=62))  # between two polls
            sheet.deaf = True  # reads are refused for a while (their quota is spent), writes are not
            sheet.person("hello")["Status"] = "paused"
            await house.until(NOON + timedelta(seconds=69))
            sheet.deaf = False
            await house.until(NOON + timedelta(seconds=100))
            assert sheet.person("hello")["Status"] == "paused"

    run(story())


def test_two_cancels_while_a_run_waits_for_a_worker_do_not_kill_the_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = MemoryTable(
            [row("long", "2026-03-02 12:00:30"), {**row("a", "every minute"), "Overlap": "restart"}], (*COLUMNS, "Overlap")
        )
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(seconds=65))
        for _ in range(2):
            await alive.cancel("a", "cli")
        alive.daemon._turns.poke()
        await house.until(NOON + timedelta(minutes=3))
        assert not alive.task.done(), alive.task.exception()
        await alive.stop()

    run(story())


def test_the_queue_of_waiting_tasks_does_not_grow_for_ever(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([{**row("a", "every 10 seconds"), "Overlap": "queue"}], (*COLUMNS, "Overlap"))
        house.witness.behaviour = slow(timedelta(seconds=15))
        async with house.open(sheet, table_rules=replace(rules(), poll=timedelta(minutes=5))) as daemon:
            await house.until(NOON + timedelta(hours=1, minutes=30))
            assert len(daemon._turns.memory.agenda._queued) <= 101
            house.witness.behaviour = slow(timedelta(seconds=0))

    run(story())


def test_deleted_rows_leave_memory_when_the_ledger_forgets_them(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(*(row(f"r{n}", "daily 03:00") for n in range(5)))
        alive = await start(house, sheet, table_rules=replace(rules(), poll=timedelta(hours=1)))
        await house.after(hours=2)
        del sheet.rows[0]
        await house.after(hours=3)  # it is gone
        house.clock.set_wall(timedelta(days=32))
        await house.after(hours=1)
        await alive.committer.do(lambda ledger: ledger.prune(house.clock.now(), 20, timedelta(days=30)), point="prune")
        await house.after(hours=2)
        left = len(alive.daemon.keepers["ops"].states)
        await alive.stop()
        assert left == 4

    run(story())


def test_one_pass_gives_up_where_the_disk_stays_full_and_the_next_one_takes_over_what_ran(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("long", "now"))
        disk = Disk(full=False)
        house.witness.behaviour = slow(timedelta(seconds=20))
        daemon, committer = await house.daemon(sheet)
        daemon._turns._acting._committer = daemon._turns._committer = _With(committer, disk.commits(committer.do))
        passing = asyncio.create_task(daemon.run_once(asyncio.Event()))
        await house.after(seconds=5)
        disk.full = True
        await house.after(seconds=15 + PASS_BEARS.total_seconds())
        assert not passing.done()
        await house.after(seconds=5)
        with pytest.raises(LedgerUnwritable, match="full"):
            await passing
        await daemon.close()
        assert await committer.read(lambda ledger: [o.stage for o in ledger.active()]) == [Stage.RUNNING]
        await committer.close()

    run(story())


def test_one_pass_ends_though_what_waits_can_no_longer_start(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = table(row("long", "now"), row("second", "now"))
        house.witness.behaviour = slow(timedelta(seconds=50))
        daemon, committer = await house.daemon(sheet)
        passing = asyncio.create_task(daemon.run_once(asyncio.Event()))
        await house.after(seconds=15)
        sheet.person("second")["Description"] = sheet.person("second")["Threshold"] = "1"
        async with asyncio.timeout(24 * 3600):
            await passing
        await committer.close()

    run(story())


def test_a_pause_holds_the_retries_of_a_row(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("flaky", "2026-03-02 12:01", Attempts="3")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1, seconds=2))
            sheet.person("flaky")["Status"] = "paused"
            await house.until(NOON + timedelta(minutes=10))
        # the first retry may come before the pause is read, none comes after
        assert [r.attempt for r in house.witness.seen] in ([1], [1, 2])

    run(story())


def test_a_reload_with_another_zone_runs_nothing_from_before_it(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 21:02"))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(minutes=5))
            its = rules()
            its = replace(its, rules=replace(its.rules, zone=ZoneInfo("Asia/Tokyo")))
            daemon.reconfigure(daemon.parts, {"ops": its})
            await house.until(NOON + timedelta(minutes=15))
        assert not house.witness.seen
        assert not house.of(OccurrenceRecorded)

    run(story())


def test_an_old_copy_that_is_saved_just_before_rowd_writes_takes_no_tick_back(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("third", Type="counter", Current="0", Threshold="5"))
        async with house.open(sheet) as daemon:
            await house.after(seconds=15)
            old = sheet.copy()
            ledger = daemon._turns._committer
            key = next(iter(daemon.keepers["ops"].states))
            await ledger.do(lambda it: it.ask("ops", key, Wish.TICK, 1, "a test", house.clock.now()), point="requests")
            daemon._turns.poke()
            await house.after(seconds=15)
            assert sheet.person("third")["Current"] == "1"

            def save_again() -> None:
                sheet.rows[:], sheet.hook = old, None

            sheet.hook = save_again  # the next write only puts rowd's own cells
            await ledger.do(lambda it: it.ask("ops", key, Wish.RUN_NOW, 0, "a test", house.clock.now()), point="requests")
            daemon._turns.poke()
            await house.after(seconds=40)
            assert sheet.hook is None
        assert sheet.person("third")["Current"] == "1"
        assert not house.of(RowEdited)

    run(story())


def test_an_old_copy_takes_no_tick_back_while_the_counter_waits_or_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("third", Type="counter", Current="0", Threshold="2"))
        house.witness.behaviour = slow(timedelta(minutes=10))
        async with house.open(sheet) as daemon:

            async def tick(number: int) -> None:
                now = house.clock.now()
                (key,) = daemon.keepers["ops"].states
                await daemon._turns._committer.do(lambda it: it.ask("ops", key, Wish.TICK, number, "a test", now), point="requests")
                daemon._turns.poke()
                await house.after(seconds=15)

            await house.after(seconds=15)
            await tick(3)  # it fires, runs on, and one is left
            assert (sheet.person("third")["Current"], sheet.person("third")["Last Status"]) == ("1", "running")
            old = sheet.copy()
            await tick(1)
            sheet.rows[:] = old
            await house.after(seconds=15)
            assert sheet.person("third")["Current"] == "2"
            assert not house.of(RowEdited)

    run(story())

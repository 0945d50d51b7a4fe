"""Rows that react to watched sources and to their own columns, in a whole daemon on virtual time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Definition, Outcome, Result
from actions.telling import Mask
from engine.asked import Wish
from engine.events import OccurrenceRecorded, RequestTaken, RunEnded, RunStarted, WatchChanged, WatchRecovered, WatchUnseen
from engine.model import Cause
from engine.upcoming import again_from
from engine.watching import Source, in_a_thread
from engine.wording import moment
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start
from watches.api import LONGEST_STATE, Happening, Look, Unseen

WATCHING = (*COLUMNS, "Watch", "Counts", "Condition", "Overlap", "Understood As", "Stage", "Depends On", "Metadata", "Attempts")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Log:
    """A source to which things happen in an order; its state is how many it was."""

    def __init__(self) -> None:
        self.happened: list[Happening] = []
        self.away: str | None = None
        self.looks = 0
        self._stirred = asyncio.Event()

    def happen(self, what: str, number: int = 1) -> None:
        self.happened.append(Happening(what, {"what": what}, number))
        self._stirred.set()

    def quietly(self, what: str) -> None:
        """Nobody is told."""
        self.happened.append(Happening(what, {"what": what}))

    def look(self, before: str | None) -> Look:
        self.looks += 1
        if self.away is not None:
            raise Unseen(self.away)
        seen = len(self.happened) if before is None else int(before)
        return Look(str(len(self.happened)), tuple(self.happened[seen:]))

    async def stirs(self) -> AsyncIterator[None]:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            yield


def source(name: str, watch: object, definition: str = "a", **settings: object) -> Source:
    made = Source(name, definition, watch, MINUTE, 2 * SECOND)  # type: ignore[arg-type]  # also of what fails
    return replace(made, **settings)


def house(path: Path, *sources: Source) -> House:
    return House(path, sources={one.name: one for one in sources})


def its_rules(*sources: Source, name: str = "ops") -> object:
    made = rules(name)
    return replace(made, rules=replace(made.rules, sources={one.name: one.makes for one in sources}))


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, WATCHING)


def started(one: House, task: str) -> list[datetime]:
    return [e.at for e in one.of(RunStarted) if e.task == task]


def test_a_row_runs_for_what_happens_and_not_for_what_was_there(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        inbox.quietly("old")
        its = source("inbox", inbox)
        one, sheet = house(tmp_path, its), table(row("take", Watch="Inbox"), row("other", "daily 13:00"))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 30 * SECOND)
            assert sheet.person("take")["Health"] == "OK, waits until something changes in inbox"
            assert sheet.person("take")["Understood As"] == "when something changes in inbox"
            inbox.happen("a.csv is new")
            await one.until(NOON + 3 * MINUTE)
            assert started(one, "take") == [NOON + 32 * SECOND]  # once it has been at rest
            (request,) = (r for r in one.witness.seen if r.task == "take")
            expected = {"what": "a.csv is new", "source": "inbox", "summary": "a.csv is new", "number": 1}
            assert dict(request.event) == expected
            (ended,) = one.of(RunStarted)
            assert ended.cause == Cause.EVENT
            assert [(e.watch, e.summary) for e in one.of(WatchChanged)] == [("inbox", "a.csv is new")]
        assert started(one, "take") == [NOON + 32 * SECOND]

    run(story())


def test_what_happened_while_no_daemon_ran_is_found_by_the_next_one_and_once(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=its_rules(its)):
            await first.until(NOON + 10 * SECOND)
        inbox.quietly("a")
        inbox.quietly("b")
        second = House(tmp_path, first.clock, sources={"inbox": its})
        async with second.open(sheet, table_rules=its_rules(its)):
            await second.until(NOON + 5 * MINUTE)
        assert len(started(second, "take")) == 1
        assert second.witness.seen[0].event["number"] == 2
        assert second.witness.seen[0].event["summary"] == "b, and 1 more before"
        third = House(tmp_path, first.clock, sources={"inbox": its})
        async with third.open(sheet, table_rules=its_rules(its)):
            await third.until(NOON + 9 * MINUTE)
        assert started(third, "take") == []

    run(story())


def test_a_source_that_is_defined_otherwise_now_is_seen_for_the_first_time(tmp_path: Path) -> None:
    async def story() -> None:
        inbox, sheet = Log(), table(row("take", Watch="inbox"))
        first = house(tmp_path, source("inbox", inbox))
        async with first.open(sheet, table_rules=its_rules(source("inbox", inbox))):
            await first.until(NOON + 10 * SECOND)
        inbox.quietly("a")
        its = source("inbox", inbox, "another")
        second = House(tmp_path, first.clock, sources={"inbox": its})
        async with second.open(sheet, table_rules=its_rules(its)):
            await second.until(NOON + MINUTE)
            inbox.happen("b")
            await second.until(NOON + 2 * MINUTE)
        assert [request.event["what"] for request in second.witness.seen] == ["b"]

    run(story())


def test_what_happens_while_it_runs_becomes_one_run_after_it(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(MINUTE)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 20 * SECOND)
            inbox.happen("b", 2)
            await one.until(NOON + 30 * SECOND)
            inbox.happen("c", 3)
            await one.until(NOON + 40 * SECOND)
            assert sheet.person("take")["Health"].startswith("RUNNING")
            await one.until(NOON + 5 * MINUTE)
        assert started(one, "take") == [NOON + 12 * SECOND, NOON + 72 * SECOND]
        assert [(r.event["what"], r.event["number"]) for r in one.witness.seen] == [("a", 1), ("c", 5)]

    run(story())


@pytest.mark.parametrize(("overlap", "starts", "skipped"), [("skip", [12], 1), ("parallel", [12, 22], 0), ("restart", [12, 22], 0)])
def test_overlap_says_what_becomes_of_what_happens_while_it_runs(
    tmp_path: Path, overlap: str, starts: list[int], skipped: int
) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox", Overlap=overlap))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(MINUTE)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 20 * SECOND)
            inbox.happen("b")
            await one.until(NOON + 5 * MINUTE)
            assert started(one, "take") == [NOON + n * SECOND for n in starts]
            records = one.of(OccurrenceRecorded)
            why = "still running since Mon 2 Mar 2026 12:00:12 UTC"
            assert [(e.outcome, e.reason) for e in records] == [("skipped", why)] * skipped
            cancelled = [e for e in one.of(RunEnded) if e.outcome == "cancelled"]
            assert len(cancelled) == (overlap == "restart")

    run(story())


def test_a_counter_counts_each_of_what_happens_and_keeps_the_remainder(tmp_path: Path) -> None:
    async def story() -> None:
        repo = Log()
        its = source("repo", repo, commits=True)
        sheet = table(row("lint", Type="counter", Threshold="3", Current="1", Counts="repo", Overlap="parallel"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            assert sheet.person("lint")["Understood As"] == "when Current reaches 3, counted up by repo"
            repo.happen("one")
            repo.happen("two", 4)
            await one.until(NOON + MINUTE)
            assert sheet.person("lint")["Current"] == "0"
            assert len(started(one, "lint")) == 2
            assert [(e.wish, e.by) for e in one.of(RequestTaken)] == [("tick", "watch:repo")]
            sheet.person("lint")["Status"] = "paused"
            await one.until(NOON + 2 * MINUTE)
            repo.happen("while it is paused")
            await one.until(NOON + 3 * MINUTE)
            assert sheet.person("lint")["Current"] == "1"
            assert len(started(one, "lint")) == 2

    run(story())


def test_what_happens_while_a_row_is_paused_is_none_of_its_business(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox", Status="paused"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + MINUTE)
            sheet.person("take")["Status"] = "active"
            await one.until(NOON + 2 * MINUTE)
            assert one.witness.seen == []
            inbox.happen("b")
            await one.until(NOON + 3 * MINUTE)
        assert [request.event["what"] for request in one.witness.seen] == ["b"]

    run(story())


def test_what_happened_before_a_row_broke_runs_once_it_is_mended(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(30 * SECOND)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 15 * SECOND)
            inbox.happen("b")
            await one.until(NOON + 20 * SECOND)
            sheet.person("take")["Action"] = "atc"
            await one.until(NOON + 2 * MINUTE)
            assert len(one.witness.seen) == 1
            sheet.person("take")["Action"] = "act"
            await one.until(NOON + 3 * MINUTE)
        assert [request.event["what"] for request in one.witness.seen] == ["a", "b"]

    run(story())


@pytest.mark.parametrize(
    ("what", "why"),
    [("deleted", "the row is gone from the table"), ("draft", "Status is draft"), ("broken", None)],
)
def test_what_waits_for_a_row_that_is_no_task_any_more_is_recorded(tmp_path: Path, what: str, why: str | None) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(*(row(name, Watch="inbox") for name in ("take", "b", "c", "d")))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(2 * MINUTE)
        alive = await start(one, sheet, table_rules=its_rules(its))
        await one.after(seconds=20)
        inbox.happen("a.csv is new")
        await one.after(seconds=30)
        inbox.happen("b.csv is new")
        await one.after(seconds=5)
        inbox.happen("c.csv is new", 2)
        await one.after(seconds=10)
        if what == "deleted":
            sheet.rows = [each for each in sheet.rows if each["Name"] != "take"]
        else:
            sheet.person("take").update({"Status": "draft"} if what == "draft" else {"Action": "nothing"})
        await one.after(minutes=1)
        told = [(e.task, e.outcome, e.reason) for e in one.of(OccurrenceRecorded)]
        assert told == ([("take", "missed", why)] if why is not None else [])
        history = await alive.committer.read(lambda ledger: ledger.history(limit=100))
        kept = [(o.task, o.cause, o.by, o.event["number"]) for o in history if o.outcome is Outcome.MISSED]
        assert kept == ([("take", Cause.EVENT, "watch:inbox", 3)] if why is not None else [])
        number = await alive.ask("take", Wish.RUN_NOW)
        await one.after(seconds=10)
        assert (await alive.answer(number) or (None,))[0] is False
        history = await alive.committer.read(lambda ledger: ledger.history(limit=100))
        asked = [(o.task, o.action, o.reason, o.by) for o in history if o.cause is Cause.MANUAL]
        assert asked == ([("take", "act", why, "cli:a")] if what == "deleted" else [])  # others say it in Health
        await alive.stop()

    run(story())


def test_a_row_with_a_schedule_runs_for_what_happens_too(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", "every 10 minutes", Watch="inbox"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + MINUTE)
            assert sheet.person("take")["Understood As"].endswith("Also when something changes in inbox")
            inbox.happen("a")
            await one.until(NOON + 11 * MINUTE)
        assert [e.cause for e in one.of(RunStarted)] == ["event", "schedule"]

    run(story())


def test_a_row_runs_when_a_person_changes_a_column_that_it_watches(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = House(tmp_path), table(row("move", Watch="stage", Stage="todo"), row("other", "daily 13:00", Stage="x"))
        async with one.open(sheet):
            await one.until(NOON + 15 * SECOND)
            assert sheet.person("move")["Health"] == "OK, waits until something changes in its column Stage"
            sheet.person("other")["Stage"] = "y"
            sheet.person("move")["Metadata"] = "{}"
            await one.until(NOON + MINUTE)
            assert one.witness.seen == []
            sheet.person("move")["Stage"] = "done"
            await one.until(NOON + 2 * MINUTE)
            (request,) = one.witness.seen
            assert {name: request.event[name] for name in ("source", "column", "old", "new", "summary")} == {
                "source": "edit",
                "column": "Stage",
                "old": "todo",
                "new": "done",
                "summary": "Stage changed",
            }
            await one.until(NOON + 4 * MINUTE)
        assert len(one.witness.seen) == 1

    run(story())


def test_a_condition_asks_what_happened(tmp_path: Path) -> None:
    async def story() -> None:
        repo = Log()
        its = source("repo", repo)
        sheet = table(
            row("take", Watch="repo", Condition='event.what == "main" and event.number < 3'),
            row("odd", Watch="repo", Condition='event.nothing == "x"'),
        )
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            repo.happen("side")
            await one.until(NOON + 20 * SECOND)
            repo.happen("main")
            await one.until(NOON + MINUTE)
            assert [request.task for request in one.witness.seen] == ["take"]
            skipped = [e.reason for e in one.of(OccurrenceRecorded) if e.task == "take"]
            assert len(skipped) == 1
            assert "side" in skipped[0]
            assert {e.outcome for e in one.of(OccurrenceRecorded) if e.task == "odd"} == {"missed"}

    run(story())


def test_a_source_that_can_not_be_looked_at_is_told_in_its_rows_and_once(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"), row("other", "daily 13:00"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.away = "/srv/data/inbox is not there; mount it"
            await one.until(NOON + 5 * MINUTE)
            why = "NOTE: the watched source inbox can't be looked at: inbox is not there"
            assert sheet.person("take")["Health"] == f"OK, waits until something changes in inbox. {why}"
            assert "inbox" not in sheet.person("other")["Health"]
            assert [e.message for e in one.of(WatchUnseen)] == [inbox.away]
            inbox.quietly("meanwhile")
            inbox.away = None
            await one.until(NOON + 7 * MINUTE)
            assert len(one.of(WatchRecovered)) == 1
            assert [request.event["what"] for request in one.witness.seen] == ["meanwhile"]
            assert "NOTE" not in sheet.person("take")["Health"]

    run(story())


def test_a_source_that_fails_in_a_way_nobody_thought_of_breaks_nothing_else(tmp_path: Path) -> None:
    class Broken(Log):
        def look(self, before: str | None) -> Look:
            if self.looks == 0:
                self.looks += 1
                raise ZeroDivisionError("oh")
            return Look("x" * (LONGEST_STATE + 1))

    async def story() -> None:
        broken, inbox = source("broken", Broken()), Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox, broken"))
        one = house(tmp_path, broken, its)
        async with one.open(sheet, table_rules=its_rules(broken, its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 3 * MINUTE)
            assert len(one.witness.seen) == 1
            said = ["rowd fails on it (ZeroDivisionError: oh)", "there is more of it than can be kept; let it be about less"]
            assert [e.message for e in one.of(WatchUnseen)] == said

    run(story())


def test_what_stirs_without_end_is_looked_at_all_the_same(tmp_path: Path) -> None:
    class Restless(Log):
        async def stirs(self) -> AsyncIterator[None]:
            while True:
                await asyncio.sleep(1)
                yield

    async def story() -> None:
        inbox = Restless()
        its, sheet = source("inbox", inbox, every=timedelta(hours=1)), table(row("take", Watch="inbox"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 5 * SECOND)
            inbox.quietly("a")
            await one.until(NOON + MINUTE)
            assert len(one.witness.seen) == 1
            assert inbox.looks <= 8

    run(story())


def test_a_single_pass_looks_once_at_each_source(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        clock = None
        for expected in (0, 1, 0):
            one = House(tmp_path, clock, sources={"inbox": its})
            clock = one.clock
            daemon, committer = await one.daemon(sheet, table_rules=its_rules(its))
            await daemon.run_once(asyncio.Event())
            await daemon.close()
            await committer.close()
            assert len(one.witness.seen) == expected
            if expected == 0 and not inbox.happened:
                inbox.quietly("a")
        assert inbox.looks == 3

    run(story())


def test_a_source_that_is_taken_out_is_watched_no_more_and_a_new_one_is(tmp_path: Path) -> None:
    async def story() -> None:
        inbox, other = Log(), Log()
        its, new = source("inbox", inbox), source("other", other)
        sheet = table(row("take", Watch="inbox"), row("fresh", Watch="other"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its, new)) as daemon:
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 20 * SECOND)
            one._parts["sources"] = {"other": new}
            daemon.reconfigure(one.parts(), {"ops": its_rules(its, new)})
            await one.until(NOON + 30 * SECOND)
            inbox.happen("b")
            other.happen("c")
            await one.until(NOON + 2 * MINUTE)
        assert [request.event["what"] for request in one.witness.seen] == ["a", "c"]

    run(story())


def test_a_failed_run_is_tried_again_with_what_had_happened(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its = source("inbox", inbox)
        one, sheet = house(tmp_path, its), table(row("take", Watch="inbox", Attempts="2"))
        one.witness.behaviour = lambda r: Result(Outcome.FAILED if r.attempt == 1 else Outcome.SUCCEEDED, "so")
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 3 * MINUTE)
        assert [(r.attempt, r.event["what"]) for r in one.witness.seen] == [(1, "a"), (2, "a")]

    run(story())


def test_a_condition_is_asked_of_each_thing_that_one_look_found(tmp_path: Path) -> None:
    async def story() -> None:
        repo = Log()
        its = source("repo", repo)
        sheet = table(
            row("main", Watch="repo", Condition='event.what == "main"'),
            row("many", Watch="repo", Condition="event.number >= 3"),
            row("other", Watch="repo", Condition='event.what == "other"'),
        )
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            repo.quietly("main")
            repo.quietly("side")
            repo.happen("main")
            repo.happen("side")
            await one.until(NOON + MINUTE)
            seen = {request.task: (request.event["what"], request.event["number"]) for request in one.witness.seen}
            assert seen == {"main": ("main", 2), "many": ("side", 4)}
            assert [(e.task, e.outcome) for e in one.of(OccurrenceRecorded)] == [("other", "skipped")]

    run(story())


def test_what_is_one_run_together_loses_no_path_and_no_old_value(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its = source("inbox", inbox)
        sheet = table(row("take", Watch="inbox"), row("move", Watch="Stage", Stage=""))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(MINUTE)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            for number, name in enumerate("abc"):
                inbox.happened.append(Happening(f"{name} is new", {"paths": name, "files": 1, "name": name}))
                inbox._stirred.set()
                sheet.person("move")["Stage"] = name
                await one.until(NOON + (25 + 15 * number) * SECOND)
            await one.until(NOON + 5 * MINUTE)
            take = [request.event for request in one.witness.seen if request.task == "take"]
            assert [(e["paths"], e["files"], e["name"], e["number"]) for e in take] == [("a", 1, "a", 1), ("b\nc", 2, "c", 2)]
            move = [request.event for request in one.witness.seen if request.task == "move"]
            assert [(e["old"], e["new"]) for e in move] == [("", "a"), ("a", "c")]

    run(story())


def test_a_retry_that_a_person_asks_for_is_of_what_had_happened(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its = source("inbox", inbox)
        one, sheet = house(tmp_path, its), table(row("take", Watch="inbox"))
        one.witness.behaviour = lambda _: Result(Outcome.FAILED, "so")
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + MINUTE)
            sheet.person("take")["Do"] = "retry"
            await one.until(NOON + 2 * MINUTE)
        assert [request.event["what"] for request in one.witness.seen] == ["a", "a"]

    run(story())


def test_a_counter_takes_as_much_as_it_may_and_records_the_rest(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("count", Type="counter", Threshold="2", Current="1", Counts="inbox"))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(timedelta(hours=1))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("many", 2500)
            await one.until(NOON + MINUTE)
            (missed,) = one.of(OccurrenceRecorded)
            assert (missed.outcome, missed.reason.endswith("; 501 were not counted")) == ("missed", True)
            assert sheet.person("count")["Current"] == "1998"  # one of a thousand runs has begun

    run(story())


def test_what_is_written_all_the_time_is_looked_at_once_it_rests_or_after_ten_times_that(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox, every=timedelta(hours=1), debounce=5 * SECOND), table(row("take", Watch="inbox"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            looks = inbox.looks
            for number in range(1, 60):  # for 17.7 seconds
                inbox.happen("more")
                await one.until(NOON + 10 * SECOND + number * timedelta(seconds=0.3))
            await one.until(NOON + MINUTE)
            assert (inbox.looks - looks, len(one.witness.seen)) == (1, 1)
            for number in range(1, 400):  # for 120 seconds
                inbox.happen("more")
                await one.until(NOON + MINUTE + number * timedelta(seconds=0.3))
            await one.until(NOON + 4 * MINUTE)
            assert inbox.looks - looks == 4  # after 50 s, after 100 s, and once it rests

    run(story())


def test_health_tells_of_a_snooze_until_it_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            sheet.person("take")["Do"] = "snooze 10 min"
            await one.until(NOON + MINUTE)
            assert sheet.person("take")["Health"].startswith("OK, waits until something changes in inbox; snoozed until ")
            inbox.happen("a")
            await one.until(NOON + 5 * MINUTE)
            assert one.witness.seen == []
            health = str(sheet.person("take")["Health"])
            assert health.startswith("WAITING to start: something has happened since Mon 2 Mar 2026 12:01 UTC")
            assert "; not before Mon 2 Mar 2026 12:10" in health
            await one.until(NOON + 12 * MINUTE)
            assert len(one.witness.seen) == 1
            assert sheet.person("take")["Health"] == "OK, waits until something changes in inbox"

    run(story())


def test_health_tells_of_what_has_happened_and_may_not_start_yet(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one, seldom = house(tmp_path, its), rules("ops", {"act": Definition(kind="witness", at_most_every=10 * MINUTE)})
        seldom = replace(seldom, rules=replace(seldom.rules, sources={"inbox": its.makes}))
        async with one.open(sheet, table_rules=seldom):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("a")
            await one.until(NOON + 2 * MINUTE)
            assert len(one.witness.seen) == 1
            for name in ("b", "c"):
                inbox.happen(name)
                await one.after(seconds=70)
            begun = started(one, "take")[0]
            said = f"not before {moment(again_from(begun, 10 * MINUTE), UTC)}"
            assert sheet.person("take")["Health"].startswith("WAITING to start: 2 things have happened since Mon 2 Mar 2026 12:0")
            assert said in sheet.person("take")["Health"]
            await one.until(NOON + 13 * MINUTE)
            assert len(one.witness.seen) == 2
            assert sheet.person("take")["Health"] == "OK, waits until something changes in inbox"

    run(story())


def test_a_source_that_is_to_be_looked_at_in_another_rhythm_tells_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Type="counter", Threshold="100", Current="0", Counts="inbox"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            for number in range(20):
                inbox.happen("more")
                await one.until(NOON + (20 + 3 * number) * SECOND)
                one._parts["sources"] = {"inbox": replace(its, every=(60 + number) * SECOND)}
                daemon.reconfigure(one.parts(), {"ops": its_rules(its)})
                inbox.happen("and more")
            await one.until(NOON + 5 * MINUTE)
            assert sheet.person("take")["Current"] == "40"

    run(story())


def test_a_secret_that_somebody_wrote_into_what_happened_is_told_nowhere(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one = House(tmp_path, sources={"inbox": its}, mask=Mask(["hunter2hunter2"]))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            inbox.happen("token=hunter2hunter2")
            await one.until(NOON + MINUTE)
            (request,) = one.witness.seen
            assert (request.event["what"], request.event["summary"]) == ("token=***", "token=***")
            assert "hunter2" not in str([e.fields() for e in one.events])

    run(story())
    assert b"hunter2" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_what_wants_to_be_left_alone_is_not_looked_at_before(tmp_path: Path) -> None:
    class Busy(Log):
        wait = timedelta(minutes=10)

        def look(self, before: str | None) -> Look:
            self.looks += 1
            if self.looks == 1:
                raise Unseen("it is busy; wait", self.wait)
            return Look("1")

    async def story() -> None:
        service = Busy()
        its, sheet = source("service", service), table(row("take", Watch="service"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 9 * MINUTE)
            assert service.looks == 1
            await one.until(NOON + 10 * MINUTE + 5 * SECOND)
            assert service.looks == 2
            await one.until(NOON + 11 * MINUTE + 5 * SECOND)
            assert service.looks == 3  # in its own rhythm again

    run(story())


def test_what_happens_apart_is_a_run_each_and_counts_together(tmp_path: Path) -> None:
    async def story() -> None:
        rows = Log()
        its = source("rows", rows, apart=True)
        sheet = table(row("take", Watch="rows"), row("each3", Type="counter", Counts="rows", Threshold="3", Current="0"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
            for what in "abcd":
                rows.quietly(what)
            await one.until(NOON + 2 * MINUTE)
            assert [r.event["what"] for r in one.witness.seen if r.task == "take"] == list("abcd")
            assert len(started(one, "each3")) == 1
            assert sheet.person("each3")["Current"] == "1"

    run(story())


def test_a_watch_is_told_when_nobody_looks_any_more(tmp_path: Path) -> None:
    class Ending(Log):
        shuts = 0

        def shut(self) -> None:
            self.shuts += 1

    async def story() -> None:
        first, second, stays = Ending(), Ending(), Ending()
        old, new, other = source("it", first), source("it", second, made="b"), source("other", stays)
        sheet = table(row("take", Watch="it"))
        one = house(tmp_path, old, other)
        async with one.open(sheet, table_rules=its_rules(old)) as daemon:
            await one.until(NOON + 10 * SECOND)
            first.quietly("seen by nobody")
            second.happened = first.happened
            one._parts["sources"] = {"it": new, "other": other}
            daemon.reconfigure(one.parts(), {"ops": its_rules(new)})
            await one.until(NOON + 20 * SECOND)
            assert (first.shuts, second.shuts, stays.shuts) == (1, 0, 0)
            assert [request.event["what"] for request in one.witness.seen] == ["seen by nobody"]  # it is defined as before
        assert (second.shuts, stays.shuts) == (1, 1)
        daemon, committer = await house(tmp_path, new).daemon(sheet, table_rules=its_rules(new))
        await daemon.run_once(asyncio.Event())
        await daemon.close()
        await committer.close()
        assert second.shuts == 2

    run(story())


def test_secrets_in_what_is_the_trouble_are_masked(tmp_path: Path) -> None:
    async def story() -> None:
        inbox = Log()
        inbox.away = "it says sesame-open-1; mend it"
        its, sheet = source("inbox", inbox), table(row("take", Watch="inbox"))
        one = House(tmp_path, sources={"inbox": its}, mask=Mask(["sesame-open-1"]))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 10 * SECOND)
        assert [e.message for e in one.of(WatchUnseen)] == ["it says ***; mend it"]
        assert "sesame" not in sheet.person("take")["Health"]

    run(story())


def test_looks_that_take_long_hold_up_no_other_and_not_the_end() -> None:
    async def story() -> None:
        never = threading.Event()
        hanging = [asyncio.create_task(in_a_thread(never.wait)) for _ in range(50)]
        try:
            assert await in_a_thread(lambda: 5) == 5
            with pytest.raises(ZeroDivisionError):
                await in_a_thread(lambda: 1 // 0)
            for one in hanging:
                one.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
            assert {thread.daemon for thread in threading.enumerate() if thread.name == "look"} == {True}
        finally:
            never.set()  # whatever comes back now, nobody hears

    asyncio.run(story())

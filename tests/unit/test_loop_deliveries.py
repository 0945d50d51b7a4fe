"""Deliveries to a watched source, in a whole daemon on virtual time: one run each, and answered once they are durable."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.asked import Request, Wish
from engine.events import OccurrenceRecorded, RequestTaken, RunStarted, WatchChanged
from engine.ledger import Ledger, LedgerUnwritable
from engine.loop import Daemon
from engine.reacting import batches
from engine.watching import Source
from tests.fakes.house import House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_troubles import _With
from tests.unit.test_loop_watches import Log, house, its_rules, source, table
from watches.api import Box, Delivery, Happening, Look
from watches.letterbox import Letterbox
from watches.webhook import KIND
from watches.webhook.settings import WebhookSettings

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def forge() -> Source:
    assert KIND.door is not None
    settings = WebhookSettings.model_validate({"kind": "webhook", "scheme": "none"})
    door = KIND.door(settings, dict[str, str]().__getitem__)
    return Source("forge", "a", Letterbox(), settings.every, settings.debounce, apart=True, door=door)


def push(daemon: Daemon, name: str) -> asyncio.Future[bool]:
    box = daemon.box("forge")
    assert isinstance(box, Box)
    return asyncio.ensure_future(box.put(Delivery(name, Happening(name, {"delivery": name}))))


def ran(one: House, task: str) -> list[object]:
    return [request.event.get("delivery") for request in one.witness.seen if request.task == task]


def test_each_delivery_is_a_run_one_after_the_other(tmp_path: Path) -> None:
    async def story() -> None:
        its = forge()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="forge", Type="webhook"), row("other", "daily 13:00"))
        one.witness.behaviour = slow(10 * SECOND)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            assert sheet.person("deploy")["Health"] == "OK, waits until something is delivered in forge"
            told = [push(daemon, name) for name in ("a", "b", "c")]
            assert await asyncio.gather(*told) == [True] * 3
            assert one.clock.now() == NOON + 30 * SECOND  # at once
            assert {(e.wish, e.by) for e in one.of(RequestTaken)} <= {("react apart", "watch:forge")}
            await one.until(NOON + 2 * MINUTE)
            assert ran(one, "deploy") == ["a", "b", "c"]
            started = [e.at for e in one.of(RunStarted)]
            assert started == [NOON + n * SECOND for n in (30, 40, 50)]
            assert [dict(r.event)["number"] for r in one.witness.seen] == [1, 1, 1]
            assert [e.summary for e in one.of(WatchChanged)] == ["c, and 2 more before"]

    run(story())


def test_what_was_taken_is_answered_again_and_runs_nothing_also_by_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        its, sheet = forge(), table(row("deploy", Watch="forge"))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=its_rules(its)) as daemon:
            await first.until(NOON + 10 * SECOND)
            assert await push(daemon, "a")
            assert await push(daemon, "a")
            await first.until(NOON + MINUTE)
        its = forge()
        second = House(tmp_path, first.clock, sources={"forge": its})
        async with second.open(sheet, table_rules=its_rules(its)) as daemon:
            await second.until(NOON + 2 * MINUTE)
            assert await push(daemon, "a")
            assert await push(daemon, "b")
            await second.until(NOON + 3 * MINUTE)
        assert (ran(first, "deploy"), ran(second, "deploy")) == (["a"], ["b"])

    run(story())


def test_a_counter_counts_each_of_them(tmp_path: Path) -> None:
    async def story() -> None:
        its = forge()
        sheet = table(row("count", Type="counter", Threshold="3", Current="0", Counts="forge"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            await asyncio.gather(*(push(daemon, str(number % 5)) for number in range(10)))
            await one.until(NOON + MINUTE)
            assert len(one.witness.seen) == 1
            assert float(sheet.person("count")["Current"]) == 2

    run(story())


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [("queue", ["a", "b", "c"]), ("parallel", ["a", "b", "c"]), ("skip", ["a"]), ("restart", ["a", "c"])],
)
def test_deliveries_at_once_are_dealt_with_as_overlap_says(tmp_path: Path, overlap: str, expected: list[str]) -> None:
    async def story() -> None:
        its = forge()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="forge", Overlap=overlap))
        one.witness.behaviour = slow(10 * SECOND)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            await asyncio.gather(*(push(daemon, name) for name in ("a", "b", "c")))
            await one.until(NOON + 2 * MINUTE)
            assert ran(one, "deploy") == expected
            skipped = [e for e in one.of(OccurrenceRecorded) if e.outcome == "skipped"]
            assert len(skipped) == (2 if overlap == "skip" else 0)
            with contextlib.closing(Ledger.open(tmp_path / "ledger.sqlite")) as ledger:
                records = ledger.history(table="ops", key=sheet.person("deploy")["ID"] or "deploy", limit=9)
            assert sum(o.count for o in records if o.outcome is Outcome.SKIPPED) == len(skipped)
            if overlap == "parallel":
                assert {e.at for e in one.of(RunStarted)} == {NOON + 30 * SECOND}

    run(story())


def test_one_trigger_beside_a_schedule_and_beside_a_source_whose_changes_are_one_run(tmp_path: Path) -> None:
    async def story() -> None:
        its, inbox = forge(), Log()
        file = source("inbox", inbox)
        one, sheet = house(tmp_path, its, file), table(row("both", "every hour", Watch="forge, inbox", Overlap="queue"))
        async with one.open(sheet, table_rules=its_rules(its, file)) as daemon:
            await one.until(NOON + 10 * SECOND)
            sheet.person("both")["Do"] = "snooze 1 min"
            await one.until(NOON + 25 * SECOND)
            assert await push(daemon, "a")
            inbox.happen("x")
            await one.until(NOON + 35 * SECOND)
            assert await push(daemon, "b")
            inbox.happen("y")
            await one.until(NOON + 10 * MINUTE)
            told = [(r.event.get("delivery"), r.event.get("what"), r.event["number"]) for r in one.witness.seen]
            assert told == [("a", None, 1), (None, "y", 2), ("b", None, 1)]
            await one.until(NOON + timedelta(hours=1, minutes=1))
            assert len(one.witness.seen) == 4

    run(story())


def test_a_condition_is_asked_of_each_and_one_that_fails_keeps_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        its = forge()
        sheet = table(row("deploy", Watch="forge", Condition='event.delivery != "b"'))
        one = house(tmp_path, its)
        one.witness.behaviour = lambda request: Result(
            Outcome.FAILED if request.event["delivery"] == "a" else Outcome.SUCCEEDED, ""
        )
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            await asyncio.gather(*(push(daemon, name) for name in ("a", "b", "c")))
            await one.until(NOON + 5 * MINUTE)
            assert ran(one, "deploy") == ["a", "c"]
            assert [e.outcome for e in one.of(OccurrenceRecorded)] == ["skipped"]

    run(story())


def test_a_row_that_is_paused_is_not_asked_and_the_delivery_is_taken_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        its, sheet = forge(), table(row("deploy", Watch="forge", Status="paused"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            assert await push(daemon, "a")
            sheet.person("deploy")["Status"] = "active"
            await one.until(NOON + MINUTE)
            assert ran(one, "deploy") == []

    run(story())


@asynccontextmanager
async def three_delivered(tmp_path: Path) -> AsyncIterator[tuple[House, MemoryTable, Daemon]]:
    """At ten seconds past noon, to a row that takes twenty seconds for each."""
    its, sheet = forge(), table(row("deploy", Watch="forge"))
    one = house(tmp_path, its)
    one.witness.behaviour = slow(20 * SECOND)
    async with one.open(sheet, table_rules=its_rules(its)) as daemon:
        await one.until(NOON + 10 * SECOND)
        assert await asyncio.gather(*(push(daemon, name) for name in ("a", "b", "c"))) == [True] * 3
        yield one, sheet, daemon


def left_out(one: House) -> list[tuple[str, str, int]]:
    return [(str(e.outcome), e.reason, e.count) for e in one.of(OccurrenceRecorded)]


def test_what_waits_behind_a_run_when_the_row_is_paused_is_recorded_as_missed(tmp_path: Path) -> None:
    async def story() -> None:
        async with three_delivered(tmp_path) as (one, sheet, _):
            sheet.person("deploy")["Status"] = "paused"
            await one.until(NOON + 40 * SECOND)
            assert sum(count for _, _, count in left_out(one)) == 2
            assert {(outcome, why) for outcome, why, _ in left_out(one)} == {("missed", "the row was paused before it could start")}
            sheet.person("deploy")["Status"] = "active"
            await one.until(NOON + 2 * MINUTE)
            assert ran(one, "deploy") == ["a"]
            assert sheet.person("deploy")["Health"].startswith("MISSED 2 since ")

    run(story())


def test_cancelled_is_what_runs_and_what_waits_behind_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with three_delivered(tmp_path) as (one, sheet, daemon):
            sheet.person("deploy")["Do"] = "cancel"
            await one.until(NOON + 20 * SECOND)
            assert await push(daemon, "d")  # what comes after it was no part of what was meant
            await one.until(NOON + 2 * MINUTE)
            assert ran(one, "deploy") == ["a", "d"]
            assert {(outcome, why) for outcome, why, _ in left_out(one)} == {
                ("skipped", "cancelled by the Do cell before it started")
            }
            assert sum(count for _, _, count in left_out(one)) == 2
            assert [e.wish for e in one.of(RequestTaken) if e.wish == "cancel"] == ["cancel"]

    run(story())


def test_nobody_is_answered_before_it_is_durable_and_nothing_is_taken_while_the_ledger_fails(tmp_path: Path) -> None:
    async def story() -> None:
        its, sheet = forge(), table(row("deploy", Watch="forge"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            full, do = True, daemon._committer.do

            async def failing(work, *, point):  # type: ignore[no-untyped-def]  # as InlineCommitter's
                if full:
                    raise LedgerUnwritable("no space left on the device")
                return await do(work, point=point)

            daemon._turns._committer = _With(daemon._committer, failing)
            told = push(daemon, "a")
            await one.until(NOON + 30 * SECOND)
            assert not told.done()
            assert daemon.box("forge") is None
            full = False
            await one.until(NOON + 40 * SECOND)
            assert await told
            assert daemon.box("forge") is not None
            assert ran(one, "deploy") == ["a"]

    run(story())


def test_what_waits_when_the_source_is_taken_out_or_the_daemon_stops_is_to_be_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        its, sheet = forge(), table(row("deploy", Watch="forge"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            assert daemon.box("forge") is None  # the tables were not looked at yet
            await one.until(NOON + 10 * SECOND)
            box = daemon.box("forge")
            assert box is not None
            other = replace(its, door=forge().door, watch=Letterbox())
            one._parts["sources"] = {"forge": other}
            daemon.reconfigure(replace(daemon.parts, sources={"forge": other}), {"ops": its_rules(its)})  # type: ignore[dict-item]  # its_rules gives an object
            assert daemon.box("forge") is box  # another secret: what waits there waits on
            daemon.reconfigure(replace(daemon.parts, sources={}), {"ops": its_rules()})  # type: ignore[dict-item]  # its_rules gives an object
            assert daemon.box("forge") is None
            await asyncio.sleep(0)
            assert not await box.put(Delivery("late", Happening("late")))

    run(story())


def test_what_a_look_that_broke_has_taken_out_is_never_called_durable(tmp_path: Path) -> None:
    class Breaking(Letterbox):
        broken = False

        def look(self, before: str | None) -> Look:
            found = super().look(before)
            if self.broken:
                raise ZeroDivisionError
            return found

    async def story() -> None:
        box = Breaking()
        its, sheet = replace(forge(), watch=box), table(row("deploy", Watch="forge"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 10 * SECOND)
            box.broken = True
            assert not await push(daemon, "a")
            box.broken = False
            assert await push(daemon, "a")
            await one.until(NOON + MINUTE)
            assert ran(one, "deploy") == ["a"]

    run(story())


def asked(number: int, wish: Wish) -> Request:
    return Request(number, "ops", "1", wish, 0, "watch:forge", NOON, {"number": 1})


def test_what_is_reacted_to_apart_is_so_in_its_turn() -> None:
    requests = [asked(n, Wish.REACT_APART if n in (1, 3, 4) else Wish.REACT) for n in range(6)]
    assert [[r.id for r in batch] for batch in batches(requests)] == [[0, 2, 5], [1], [3], [4]]
    assert batches([]) == []

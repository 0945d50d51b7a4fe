"""Workflows in a whole daemon on virtual time: stories first, then random graphs against the page's own words."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from actions.api import Outcome, Request
from engine.breaker import BreakerRules
from engine.events import Event, OccurrenceRecorded, RunEnded, RunStarted, WorkflowEnded
from engine.ledger import Ledger
from engine.ledger.workflows import KEPT
from engine.links import WorkflowRound
from engine.workflows import members_of
from tests.fakes.house import House, open_to_all, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row
from tests.unit.test_loop_chains import by_task, failing, started
from tests.unit.test_loop_outcomes import _Death, _Dying

FLOWING = (*COLUMNS, "Depends On", "On Failure", "Overlap", "Condition", "Metadata", "Workflow")


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, FLOWING)


def of(name: str, schedule: str = "", workflow: str = "nightly", **cells: str) -> dict[str, str]:
    return row(name, schedule, Workflow=workflow, **cells)


def after(name: str, prerequisites: str, workflow: str = "nightly", **cells: str) -> dict[str, str]:
    return of(name, "", workflow, **{"Depends On": prerequisites, **cells})


def told(house: House) -> list[tuple[int, str, str]]:
    return [(e.number, e.outcome, e.reason) for e in house.of(WorkflowEnded)]


def kept(folder: Path, name: str = "nightly", most: int = 100) -> list[WorkflowRound]:
    ledger = Ledger.open(folder / "ledger.sqlite")
    try:
        return ledger.rounds("ops", name, most)
    finally:
        ledger.close()


def test_it_ends_when_its_last_row_has_and_once_a_round(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=slow(timedelta(seconds=7)), deploy=slow(timedelta(seconds=30)))
        sheet = table(
            of("tests", "every 10 minutes"),
            after("deploy", "tests", " Nightly"),
            of("docs", "every 5 minutes"),
            row("else", "every minute"),
        )
        async with house.open(sheet):
            await house.until(NOON + 21 * MINUTE)
        ends = house.of(WorkflowEnded)
        assert [(e.at, e.workflow, e.number, e.outcome) for e in ends] == [
            (NOON + 10 * MINUTE + timedelta(seconds=37), "Nightly", 1, "succeeded"),
            (NOON + 20 * MINUTE + timedelta(seconds=37), "Nightly", 2, "succeeded"),
        ]
        assert ends[0].reason == "3 of 3 succeeded"
        assert (ends[0].began_at, ends[0].ended_at) == (NOON + 10 * MINUTE, ends[0].at)
        runs = {e.task: e.run for e in house.of(RunStarted) if e.at >= NOON + 20 * MINUTE}
        assert dict(kept(tmp_path)[0].taken) == {name: runs[name] for name in ("tests", "deploy", "docs")}

    run(story())


def test_a_row_that_failed_fails_it_and_what_was_skipped_for_its_sake_is_none_of_the_reasons(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        async with house.open(table(of("tests", "daily 12:01"), after("deploy", "tests"), of("docs", "daily 12:01"))):
            await house.until(NOON + 5 * MINUTE)
        assert told(house) == [(1, "failed", "tests failed Mon 2 Mar 2026 12:01 UTC")]

    run(story())


def test_what_its_condition_leaves_out_does_not_fail_it_and_all_left_out_is_skipped(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(
            of("tests", "daily 12:01"),
            after("deploy", "tests", Condition="1 > 2"),
            after("never", "tests", "other", Condition="1 > 2"),
        )
        async with house.open(sheet):
            await house.until(NOON + 5 * MINUTE)
        assert [(e.workflow, e.outcome, e.reason) for e in house.of(WorkflowEnded)] == [
            ("nightly", "succeeded", "1 of 2 succeeded"),
            ("other", "skipped", "0 of 1 succeeded"),
        ]

    run(story())


def test_nobody_waits_for_rows_that_do_not_run_by_themselves(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(
            of("tests", "daily 12:01"),
            of("rest", "daily 12:01", Status="paused"),
            of("draft", "daily 12:01", Status="draft"),
            of("wrong", "dayly 12:01"),
            of("hand", "", Type="manual"),
        )
        async with house.open(sheet):
            await house.until(NOON + 5 * MINUTE)
        said = "1 of 1 succeeded; without draft (a draft), hand (manual), rest (paused) and wrong (not understood)"
        assert told(house) == [(1, "succeeded", said)]

    run(story())


def test_a_run_by_hand_of_a_row_that_is_apart_takes_part_and_is_waited_for_while_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(hand=slow(timedelta(minutes=2)))
        sheet = table(of("tests", "daily 12:02"), of("hand", Type="manual"))
        async with house.open(sheet):
            await house.until(NOON + MINUTE)
            sheet.person("hand")["Do"] = "run now"
            await house.until(NOON + 9 * MINUTE)
        (end,) = house.of(WorkflowEnded)
        assert end.reason == "2 of 2 succeeded"
        assert end.at == started(house, "hand")[0] + timedelta(minutes=2)

    run(story())


def test_what_ran_before_it_was_a_workflow_is_none_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every 5 minutes"), row("b", "every 10 minutes"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            for name in "ab":
                sheet.person(name)["Workflow"] = "both"
            await house.until(NOON + 16 * MINUTE)
            assert told(house) == []
            await house.until(NOON + 21 * MINUTE)
        assert [e.at for e in house.of(WorkflowEnded)] == [NOON + 20 * MINUTE]

    run(story())


def test_a_round_that_failed_is_made_up_for_by_a_retry_of_what_had_failed(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        sheet = table(of("tests", "daily 12:01"), after("deploy", "tests"), of("docs", "daily 12:01"))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
            sheet.person("tests")["Do"] = "retry"
            await house.until(NOON + 5 * MINUTE)
            house.witness.behaviour = by_task()
            sheet.person("tests")["Do"] = "retry"
            await house.until(NOON + 7 * MINUTE)
        assert [(number, outcome) for number, outcome, _ in told(house)] == [(1, "failed"), (2, "failed"), (3, "succeeded")]
        rounds = kept(tmp_path)
        assert len({one.taken["docs"] for one in rounds}) == 1
        assert len({one.taken["tests"] for one in rounds}) == 3

    run(story())


def test_a_row_that_holds_it_up_and_is_paused_or_taken_out_lets_it_end(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(of("a", "daily 12:01"), of("b", "daily 18:00"), of("c", "daily 18:00"), of("d", "daily 18:00"))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
            sheet.person("b")["Status"] = "paused"
            sheet.person("c")["Workflow"] = ""
            await house.until(NOON + 5 * MINUTE)
            assert told(house) == []
            del sheet.rows[3]
            await house.until(NOON + 8 * MINUTE)
        assert told(house) == [(1, "succeeded", "1 of 1 succeeded; without b (paused)")]

    run(story())


@pytest.mark.parametrize("point", ["outcome.before", "outcome.after", "record.before", "record.after"])
def test_a_daemon_that_dies_over_it_leaves_it_to_be_told_or_has_put_it_down(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        sheet = table(of("once", "in 10 minutes"))
        first = House(tmp_path)
        async with first.open(sheet):
            await first.until(NOON + 5 * MINUTE)
        dying = House(tmp_path, first.clock, crash=_Dying(point))
        daemon, committer = await dying.daemon(sheet)
        with pytest.raises(_Death):
            await daemon.run(asyncio.Event())
        await daemon.close()
        await committer.close()
        second = House(tmp_path, first.clock, draw=os.urandom)
        async with second.open(sheet):
            await second.until(NOON + 30 * MINUTE)
        assert [one.number for one in kept(tmp_path)] == [1]
        assert len(told(second)) == (point != "record.after")

    run(story())


def test_a_table_that_was_not_read_yet_ends_no_round(tmp_path: Path) -> None:
    """What its rows say may have changed while no daemon ran."""

    async def story() -> None:
        first, sheet = House(tmp_path), table(of("a", "daily 12:01"), of("b", "daily 12:06", Status="paused"))
        first.witness.behaviour = slow(timedelta(seconds=10))
        async with first.open(sheet):
            await first.until(NOON + MINUTE + timedelta(seconds=5))  # it ends while the daemon does
        sheet.person("b")["Status"] = "active"
        second = House(tmp_path, first.clock)
        async with second.open(sheet):
            await second.until(NOON + 7 * MINUTE)
        assert told(first) == []
        assert told(second) == [(1, "succeeded", "2 of 2 succeeded")]

    run(story())


def test_a_row_that_can_not_be_understood_any_more_for_another_tables_sake_is_not_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        far, sheet = table(row("build", "daily 18:00")), table(of("a", "daily 12:01"), after("b", "far/build"))
        async with house.open(sheet, far, table_rules=open_to_all("ops", "far")):
            await house.until(NOON + 2 * MINUTE)
            del far.rows[0]
            await house.until(NOON + 5 * MINUTE)
        assert told(house) == [(1, "succeeded", "1 of 1 succeeded; without b (not understood)")]

    run(story())


def test_rows_that_are_gone_are_forgotten_with_the_next_round(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(of("a", "every 2 minutes"), of("b", "every 2 minutes"))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
            del sheet.rows[1]
            await house.until(NOON + 7 * MINUTE)
        assert [set(one.taken) for one in kept(tmp_path)] == [{"a"}, {"a"}, {"a", "b"}]

    run(story())


def test_the_newest_rounds_are_kept(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        async with house.open(table(of("a", "every minute"))):
            await house.until(NOON + (KEPT + 5) * MINUTE)
        assert [one.number for one in kept(tmp_path, most=1000)] == list(range(KEPT + 4, 4, -1))

    run(story())


# --- random graphs


@pytest.mark.parametrize("seed", range(6))
def test_every_round_of_a_random_workflow_is_what_the_page_says(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 (a test draws the same each time)
    names = [f"t{n}" for n in range(7)]

    def behave(request: Request) -> object:
        takes = timedelta(seconds=drawn.choice((0, 1, 7, 20, 50)))
        return slow(takes, drawn.choice((Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED)))(request)

    async def story() -> House:
        house = House(tmp_path, max_parallel=99, breaker=BreakerRules(failures=10_000))
        house.witness.behaviour = behave  # type: ignore[assignment]  # it awaits
        rows = [
            of(name, f"every {drawn.choice((2, 3, 5))} minutes", "w")
            if n < 4
            else after(name, ", ".join(drawn.sample(names[:n], 2)), "w", **{"On Failure": drawn.choice(("", "run"))})
            for n, name in enumerate(names)
        ]
        async with house.open(table(*rows)):
            await house.until(NOON + 60 * MINUTE)
        return house

    house = run(story())
    rounds = judged([e for e in house.events if e.at < NOON + 59 * MINUTE], set(names))  # before it is told to stop
    assert rounds > 5


def judged(events: Sequence[Event], rows: set[str]) -> int:
    """How many rounds were told. By the page alone: one ends when nothing of any row is under way and each has ended once more."""
    newest: dict[str, str] = {}
    taken: dict[str, str] = {}
    busy: set[str] = set()
    number = 0
    for _, instant in groupby(events, key=lambda event: event.at):
        for event in instant:
            if isinstance(event, RunStarted):
                busy.add(event.task)
            elif isinstance(event, RunEnded):
                busy.discard(event.task)
                newest[event.task] = event.run
            elif isinstance(event, OccurrenceRecorded) and "failed" in event.reason:  # for the sake of others
                newest[event.task] = f"{event.task} {event.due}"
            elif isinstance(event, WorkflowEnded):
                number += 1
                assert event.number == number
                assert not busy
                assert newest.keys() == rows
                assert all(newest[name] != taken.get(name) for name in rows)
                taken = dict(newest)
        ready = not busy and newest.keys() == rows and all(newest[name] != taken.get(name) for name in rows)
        assert not ready, "a round is complete, and nothing was told"
    return number


def test_of_a_hundred_rows_each_end_costs_a_look_at_that_row_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    async def story() -> None:
        house = House(tmp_path, max_parallel=200)
        instants = [NOON + timedelta(minutes=2, seconds=n) for n in range(100)]
        rows = [of(f"r{n}", f"on {at:%Y-%m-%d} at {at:%H:%M:%S}") for n, at in enumerate(instants)]
        async with house.open(table(*rows)):
            await house.until(NOON + MINUTE)
            monkeypatch.setattr("engine.memory.members_of", lambda *given: looked.append(len(given[1])) or members_of(*given))
            await house.until(NOON + 4 * MINUTE)
        assert len(told(house)) == 1

    run(story())
    assert len(looked) <= 2

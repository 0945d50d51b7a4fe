"""Conditions of rows, in a whole daemon on virtual time: when they are asked, for what, and what becomes of the occurrence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actions.api import Outcome, Request, Result, Value
from engine.asked import Wish
from engine.events import OccurrenceRecorded, RowDefective, RunStarted
from tests.fakes.house import Behaviour, House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start

CONDITIONED = (*COLUMNS, "Depends On", "Condition", "Understood As", "Missed", "Metadata")
MINUTE = timedelta(minutes=1)


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, CONDITIONED)


def on(name: str, condition: str, schedule: str = "", prerequisites: str = "", **cells: str) -> dict[str, str]:
    return row(name, schedule, **{"Condition": condition, "Depends On": prerequisites, **cells})


def giving(outputs: Mapping[str, Mapping[str, Value]]) -> Behaviour:
    """Each task succeeds, with these outputs."""

    def behave(request: Request) -> Result:
        return Result(Outcome.SUCCEEDED, "done", outputs.get(request.task, {}))

    return behave


def started(house: House, task: str) -> list[datetime]:
    return [e.at for e in house.of(RunStarted) if e.task == task]


def recorded(house: House, task: str) -> list[tuple[str, str]]:
    return [(e.outcome, e.reason) for e in house.of(OccurrenceRecorded) if e.task == task]


@pytest.mark.parametrize(("coverage", "runs"), [(78.5, 1), (84, 0), ("79 %", 1)])
def test_a_notification_is_sent_where_the_coverage_is_too_low(tmp_path: Path, coverage: Value, runs: int) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"run_tests": {"coverage": coverage}})
        sheet = table(row("run_tests", "every 10 minutes"), on("send", "coverage < 80%", prerequisites="run_tests"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            assert len(started(house, "send")) == runs
            said = "after run_tests, if all of them succeed. Only if coverage < 80%"
            assert sheet.person("send")["Understood As"] == said
            if not runs:
                assert recorded(house, "send") == [("skipped", "coverage = 84 %, needs < 80 %")]
                assert sheet.person("send")["Health"] == "SKIPPED: coverage = 84 %, needs < 80 %. Waits for run_tests"

    run(story())


def test_by_a_schedule_it_is_asked_at_each_instant_and_equal_skips_are_one_record(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"disk": {"used": 91}})
        sheet = table(on("disk", "runs < 1", "every minute"), on("clean", "disk.outputs.used > 95%", "every 5 minutes"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            assert sheet.person("clean")["Health"] == ("SKIPPED: disk.outputs.used = 91 %, needs > 95 %, next Mon 2 Mar 12:15 UTC")
            assert sheet.person("clean")["Understood As"].endswith(". Only if disk.outputs.used > 95%")
            assert sheet.person("disk")["Runs"] == "1"
        assert started(house, "disk") == [NOON + MINUTE]
        assert recorded(house, "clean") == [("skipped", "disk.outputs.used = 91 %, needs > 95 %")] * 2

    run(story())


def test_what_can_not_be_told_is_missed_and_never_taken_for_false(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("disk", "daily 12:07"), on("clean", "not disk.outputs.used < 95%", "every 5 minutes"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            health = sheet.person("clean")["Health"]
            assert sheet.person("clean")["Missed"] == "2"
        assert not started(house, "clean")
        asked = 'Condition "not disk.outputs.used < 95%": disk.outputs.used is not known'
        assert recorded(house, "clean") == [
            ("missed", f"{asked}: it has not run yet"),
            ("missed", f"{asked}: its last run gave back no output"),
        ]
        assert health.startswith("MISSED 2 since Mon 2 Mar 12:05 UTC: Condition ")

    run(story())


def test_once_it_can_be_told_the_newest_word_stands_in_the_row(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"disk": {"used": 50}})
        sheet = table(row("disk", "daily 12:07"), on("clean", "disk.outputs.used > 95%", "every 5 minutes"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            assert sheet.person("clean")["Health"].startswith("SKIPPED: disk.outputs.used = 50 %, needs > 95 %, next ")
            assert sheet.person("clean")["Missed"] == "1"

    run(story())


def test_a_counter_whose_condition_is_false_has_fired_and_begins_anew(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(on("fifth", "now > '2026-03-02 12:10'", Type="counter", Threshold="5", Current="0"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE)
        await alive.ask("fifth", Wish.TICK, 6)
        await house.until(NOON + 2 * MINUTE)
        assert sheet.person("fifth")["Current"] == "1"
        await house.until(NOON + 11 * MINUTE)
        await alive.ask("fifth", Wish.TICK, 4)
        await house.until(NOON + 12 * MINUTE)
        await alive.stop()
        assert len(started(house, "fifth")) == 1
        assert [outcome for outcome, _ in recorded(house, "fifth")] == ["skipped"]

    run(story())


def test_a_person_who_runs_it_by_hand_is_not_asked(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(on("never", "false", "every 10 minutes"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE)
        await alive.ask("never", Wish.RUN_NOW, 0)
        await house.until(NOON + 2 * MINUTE)
        await alive.stop()
        assert len(started(house, "never")) == 1

    run(story())


def test_a_row_that_waits_for_one_that_its_condition_left_out_is_skipped_too(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("a", "every 10 minutes"), on("b", "false", prerequisites="a"), on("c", "", prerequisites="b"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
        assert recorded(house, "c") == [("skipped", "b was skipped (it says false, needs true)")]

    run(story())


def test_what_runs_counts_and_stood_in_the_row_can_be_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = lambda r: slow(timedelta(minutes=3))(r) if r.task == "backup" else Result(Outcome.SUCCEEDED, "")
        sheet = table(
            row("backup", "daily 12:04"),
            on("clean", "not backup.running", "every minute"),
            on("twice", "runs < 2 and failures == 0", "every minute"),
            on("hourly", "runs == 0 or now - last_success >= 5 min", "every minute"),
            on("unlike", 'tasks["backup"].outcome != "failed" and backup.duration > 1 min', "every minute"),
        )
        async with house.open(sheet):
            await house.until(NOON + 9 * MINUTE + timedelta(seconds=30))
        minutes = {name: [at.minute for at in started(house, name)] for name in ("clean", "twice", "hourly", "unlike")}
        assert minutes == {"clean": [1, 2, 3, 4, 8, 9], "twice": [1, 2], "hourly": [1, 6], "unlike": [8, 9]}

    run(story())


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("coverage < 80%", "coverage is not known"),
        ("coverage = 80%", 'did you mean "coverage == 80%"?'),
        ("other.outcome == 'x'", 'no row of this table has the Name or ID "other"'),
        ('tasks["Run tests"].outcome == "x"', 'no row of this table has the Name or ID "Run tests"'),
        ("it.outcom == 'failed'", 'it.outcom is not known; did you mean "outcome"?; of a row there are'),
        ("task.parameters == 1", "task.parameters is not known"),
        ("it.outcome == 'success'", 'it.outcome is never "success"; did you mean "succeeded"?'),
        ("'Failed' != it.outcome", 'it.outcome is never "Failed"; did you mean "failed"?'),
        ("runs == 0 or task.outcome in ('lost', 'timeout')", 'task.outcome is never "timeout"; did you mean "timed out"?'),
        ("it.outcome == 'green'", 'is never "green"; write one of "succeeded", "failed", "timed out", "cancelled", "lost"'),
        ("it.outcome == 'skipped'", 'is never "skipped": what was skipped is no run; write one of "succeeded", "failed"'),
        ("not it.outcome == yes", "it.outcome is text; compare it with one of"),
        ("it.outcome", 'it.outcome alone is neither true nor false; compare it, like it.outcome == "succeeded"'),
        (
            "now > '2026-01-01' or not (failures and task.running)",
            "failures alone is neither true nor false; compare it, like failures > 0",
        ),
        ("task.last_success", "compare it, like task.last_success > now - 1 d"),
        ("count > 3", "only a row of Type counter has a count, and this one is none; for how often it ran write runs"),
        ("task.count > 3", "only a row of Type counter has a count"),
    ],
)
def test_what_there_can_not_be_is_a_defect_before_anything_comes_due(tmp_path: Path, condition: str, said: str) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(on("it", condition, "every minute"))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
            assert sheet.person("it")["Health"].startswith("ERROR: Condition ")
            assert said in sheet.person("it")["Health"]
        assert len(house.of(RowDefective)) == 1
        assert not house.witness.seen

    run(story())


def test_an_output_that_several_rows_give_back_must_be_named(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"a": {"x": 1}, "b": {"x": 2}})
        sheet = table(row("a", "daily 12:05"), row("b", "daily 12:05"), on("c", "x > 0", prerequisites="a, b"))
        sheet.rows += table(on("d", 'tasks["a"].outputs.x == 1 and b.output.x == 2', prerequisites="a, b")).rows
        async with house.open(sheet):
            await house.until(NOON + 6 * MINUTE)
        ((outcome, why),) = recorded(house, "c")
        assert (outcome, 'a and b each gave back one; write tasks["a"].outputs.x' in why) == ("missed", True)
        assert len(started(house, "d")) == 1

    run(story())


def test_an_output_that_is_called_like_a_word_of_the_row_itself_must_be_named(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"a": {"runs": 1, "count": 5}})
        sheet = table(
            row("a", "daily 12:05"), on("own", "runs < 9", prerequisites="a"), on("count", "count == 5", prerequisites="a")
        )
        sheet.rows += table(on("named", "task.runs == 0 and tasks['a'].outputs.runs == 1", prerequisites="a")).rows
        async with house.open(sheet):
            await house.until(NOON + 6 * MINUTE)
        ((outcome, why),) = recorded(house, "own")
        said = 'runs is not known: it is this row\'s own, and an output of a; write task.runs or tasks["a"].outputs.runs'
        assert (outcome, why) == ("missed", f'Condition "runs < 9": {said}')
        assert (len(started(house, "count")), len(started(house, "named"))) == (1, 1)

    run(story())


def test_text_without_quotes_is_told_as_that(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 12:05"), on("b", "a.outcome == succeeded", prerequisites="a"))
        async with house.open(sheet):
            await house.until(NOON + 6 * MINUTE)
        ((outcome, why),) = recorded(house, "b")
        assert (outcome, why.endswith('write "succeeded", in quotes, if it is text')) == ("missed", True)

    run(story())


def test_an_output_that_is_spelled_wrong_is_told_with_the_nearest(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = giving({"a": {"coverage": 84}})
        sheet = table(row("a", "daily 12:05"), on("b", "covrage < 80%", prerequisites="a"))
        async with house.open(sheet):
            await house.until(NOON + 6 * MINUTE)
        ((_, why),) = recorded(house, "b")
        assert why.endswith('a gave back no output of this name; did you mean "coverage"?')

    run(story())


def test_the_same_may_stand_in_metadata(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(on("it", "", "every minute", Metadata='{"condition": "runs < 1"}'))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
        assert len(started(house, "it")) == 1

    run(story())

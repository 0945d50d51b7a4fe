"""Attempts on virtual time: whatever an action answers, raises or does when it is stopped, and a ledger that can't hold a pid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.api import Context, Definition, Outcome, Past, Request, Result
from actions.telling import Mask
from engine.events import RunEnded
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table
from tests.unit.test_loop_corners import start


class Unspeakable(Exception):
    """An exception that can't even be told."""

    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Result(Outcome.SUCCEEDED, None),  # type: ignore[arg-type]
        Result(Outcome.SUCCEEDED, "x", links=(object(),)),  # type: ignore[arg-type]
        Result(Outcome.SUCCEEDED, "x", links=["a"]),  # type: ignore[arg-type]
        Result("fine", "x"),  # type: ignore[arg-type]
        Result(Outcome.LOST, "x"),
        Result(Outcome.SUCCEEDED, "x", outputs={("a",): 1}),  # type: ignore[dict-item]
        Result(Outcome.SUCCEEDED, "x", outputs={"a": [1]}),  # type: ignore[dict-item]
        Result(Outcome.SUCCEEDED, "x", outputs={"a": 10**5000}),
        Result(Outcome.SUCCEEDED, "x", past=5),  # type: ignore[arg-type]
        Result(Outcome.FAILED, "x", final=None),  # type: ignore[arg-type]
        Result(Outcome.SUCCEEDED, "x", past=Past(datetime(2026, 3, 2), MINUTE)),  # noqa: DTZ001 (that is what is wrong with it)
    ],
    ids=["nothing", "summary", "link", "links", "outcome", "lost", "name", "list", "huge", "past", "final", "no zone"],
)
def test_an_action_that_answers_nonsense_has_failed_and_kills_nobody(tmp_path: Path, answer: Any) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("bad", "every minute"), row("good", "every minute"))

        async def behave(request: Request) -> Any:
            return answer if request.task == "bad" else Result(Outcome.SUCCEEDED, "x")

        house.witness.behaviour = behave
        alive = await start(house, sheet)
        await house.until(NOON + 3 * MINUTE + timedelta(seconds=5))
        assert not alive.task.done()
        await alive.stop()
        ended = {(e.task, e.outcome, e.reason.split(":")[0]) for e in house.of(RunEnded)}
        assert ended == {("bad", "failed", "the action answered nonsense"), ("good", "succeeded", "x")}

    run(story())


@pytest.mark.parametrize(("final", "attempts"), [(False, 3), (True, 1)])
def test_after_a_failure_that_is_final_no_other_attempt_follows(tmp_path: Path, *, final: bool, attempts: int) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("refused", "2026-03-02 12:01"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "not allowed", final=final)
        async with house.open(sheet, table_rules=rules(repeatable=True)):
            await house.until(NOON + 60 * MINUTE)
        assert [r.attempt for r in house.witness.seen] == list(range(1, attempts + 1))
        assert [(e.outcome, e.reason, e.retry_at) for e in house.of(RunEnded)][-1] == ("failed", "not allowed", None)

    run(story())


def _raises(error: BaseException) -> Callable[[Request], Any]:
    async def behave(_: Request) -> Result:
        raise error

    return behave


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no"), "ValueError: no"),
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "CancelledError: it gave up, though nobody stopped it"),
        (Unspeakable(), "Unspeakable: it can't be told what"),
    ],
)
def test_whatever_an_action_raises_is_a_failed_attempt(tmp_path: Path, error: BaseException, reason: str) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("bad", "every minute"))
        house.witness.behaviour = _raises(error)
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=5))
        await alive.stop()
        assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("failed", reason)]

    run(story())


def test_an_attempt_that_takes_too_long_is_stopped_at_that_instant(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "2026-03-02 12:01"))
        house.witness.behaviour = slow(timedelta(hours=1))
        async with house.open(sheet):
            await house.until(NOON + 10 * MINUTE)
        (ended,) = house.of(RunEnded)
        assert (ended.outcome, ended.reason, ended.duration_s) == ("timed out", "stopped after 5m", 300.0)

    run(story())


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SUCCEEDED])
def test_what_fails_as_it_is_stopped_was_stopped_and_what_succeeds_has_succeeded(tmp_path: Path, outcome: Outcome) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "2026-03-02 12:01"))

        async def behave(_: Request) -> Result:
            try:
                await asyncio.sleep(10_000)
            except asyncio.CancelledError:
                return Result(outcome, "interrupted")
            raise AssertionError

        house.witness.behaviour = behave
        async with house.open(sheet):
            await house.until(NOON + 10 * MINUTE)
        (ended,) = house.of(RunEnded)
        assert ended.outcome == ("timed out" if outcome is Outcome.FAILED else "succeeded")

    run(story())


def test_what_is_being_stopped_is_not_pressed_when_it_is_stopped_again(tmp_path: Path) -> None:
    """A second cancel would make a command's group die at once, without the time that it has to tidy up."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "2026-03-02 12:01"))
        pressed = []

        async def behave(_: Request) -> Result:
            try:
                await asyncio.sleep(10_000)
            except asyncio.CancelledError:
                try:
                    await asyncio.sleep(20)
                except asyncio.CancelledError:
                    pressed.append(True)
                raise
            raise AssertionError

        house.witness.behaviour = behave
        async with house.open(sheet) as daemon:
            await house.until(NOON + 5 * MINUTE + timedelta(seconds=55))  # five seconds before its time is over
            (occurrence,) = daemon.under_way
            runner = daemon._turns.runner
            assert runner.stop(occurrence.id, Outcome.CANCELLED, "once")
            await house.after(seconds=10)
            assert runner.stop(occurrence.id, Outcome.CANCELLED, "again")
            await house.after(seconds=20)
            assert not runner.stop(occurrence.id, Outcome.CANCELLED, "too late")
        assert not pressed
        assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("cancelled", "once")]

    run(story())


def test_what_is_stopped_before_its_first_step_never_begins(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "2026-03-02 12:01"))
        async with house.open(sheet) as daemon:
            runner = daemon._turns.runner
            begin = runner.start

            def start_and_stop(occurrence: Any) -> None:
                begin(occurrence)
                assert runner.stop(occurrence.id, Outcome.CANCELLED, "at once")

            runner.start = start_and_stop
            await house.until(NOON + 2 * MINUTE)
        assert house.witness.seen == []
        assert [(e.outcome, e.reason) for e in house.of(RunEnded)] == [("cancelled", "at once")]

    run(story())


def test_only_an_attempt_that_asks_for_it_has_a_folder_and_finds_it_empty(tmp_path: Path) -> None:
    async def story() -> None:
        found: list[tuple[str, int, list[str]]] = []

        class Asks:
            async def run(self, request: Request, context: Context) -> Result:
                if request.task == "quiet":
                    return Result(Outcome.SUCCEEDED, "x")
                assert not context.path.exists()
                folder = context.folder
                assert folder == context.path
                found.append((str(folder), folder.stat().st_mode & 0o777, [p.name for p in folder.iterdir()]))
                (folder / "mine").touch()
                assert context.folder == folder
                assert (folder / "mine").exists()
                return Result(Outcome.SUCCEEDED, "x")

        house = House(tmp_path, actions={"act": Asks()})
        async with house.open(table(row("loud", "2026-03-02 12:01"), row("quiet", "2026-03-02 12:01"))):
            await house.until(NOON + 2 * MINUTE)
        assert [e.outcome for e in house.of(RunEnded)] == ["succeeded", "succeeded"]
        ((folder, _, left),) = found
        assert left == []
        assert [str(p / "1") for p in (tmp_path / "runs").iterdir()] == [folder]

    run(story())


@pytest.mark.parametrize(("overlap", "scheduled"), [("skip", False), ("queue", False), ("parallel", True), ("restart", True)])
def test_next_run_is_the_next_attempt_unless_a_scheduled_one_may_come_before_it(
    tmp_path: Path, overlap: str, *, scheduled: bool
) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([{**row("a", "every minute"), "Overlap": overlap, "Attempts": "2"}], (*COLUMNS, "Overlap", "Attempts"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "no")
        slowly = rules(actions={"act": Definition(kind="witness", retry_wait=timedelta(minutes=5))})
        async with house.open(sheet, table_rules=slowly):
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            (ended,) = house.of(RunEnded)
            assert ended.retry_at > NOON + 6 * MINUTE
            first = NOON + 2 * MINUTE if scheduled else ended.retry_at
            assert sheet.person("a")["Next Run"] == f"{first:%Y-%m-%dT%H:%M:%SZ}"

    run(story())


def test_a_secret_is_told_nowhere_also_where_the_action_declares_none(tmp_path: Path) -> None:
    async def story() -> None:
        async def behave(_: Request) -> Result:
            return Result(
                Outcome.FAILED, "it says hunter2hunter2", {"key": "hunter2hunter2"}, ("https://a.example/hunter2hunter2",)
            )

        house, sheet = House(tmp_path, mask=Mask(["hunter2hunter2"])), table(row("a", "every minute"))
        house.witness.behaviour = behave
        async with house.open(sheet):
            await house.after(minutes=2)
        (ended, *_) = house.of(RunEnded)
        assert (ended.reason, sheet.person("a")["Last Result"]) == ("it says ***", "it says ***")

    run(story())
    assert b"hunter2" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

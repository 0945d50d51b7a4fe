"""Rows that wait for others, in a whole daemon on virtual time: stories first, then random graphs against the page's own words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actions.api import Outcome, Request, Result
from engine.asked import Wish
from engine.breaker import BreakerRules
from engine.events import Event, OccurrenceRecorded, RequestRefused, RowDefective, RunEnded, RunStarted
from engine.wishes import WAITS
from tests.fakes.house import Behaviour, House, open_to_all, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start

CHAINED = (*COLUMNS, "Depends On", "On Failure", "Overlap", "Priority", "Understood As")
MINUTE = timedelta(minutes=1)


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, CHAINED)


def after(name: str, prerequisites: str, on_failure: str = "", **cells: str) -> dict[str, str]:
    return row(name, **{"Depends On": prerequisites, "On Failure": on_failure, **cells})


def by_task(**behaviours: Behaviour) -> Behaviour:
    """Each task's own behaviour; the others succeed at once."""

    def behave(request: Request) -> object:
        return behaviours.get(request.task, lambda _: Result(Outcome.SUCCEEDED, "done"))(request)

    return behave  # type: ignore[return-value]  # either kind of behaviour


def failing(_: Request) -> Result:
    return Result(Outcome.FAILED, "broken")


def started(house: House, task: str) -> list[datetime]:
    return [e.at for e in house.of(RunStarted) if e.task == task]


def recorded(house: House, task: str) -> list[tuple[str, str]]:
    return [(e.outcome, e.reason) for e in house.of(OccurrenceRecorded) if e.task == task]


def test_a_row_runs_the_moment_the_last_of_those_has_ended_that_it_waits_for(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=slow(timedelta(seconds=7)), docs=slow(timedelta(seconds=31)))
        sheet = table(
            after("deploy", "tests, Assets, docs"),
            row("tests", "daily 12:01"),
            row("assets", "daily 12:01"),
            row("docs", "daily 12:01"),
            after("tell", "deploy"),
        )
        async with house.open(sheet):
            await house.until(NOON + MINUTE + timedelta(seconds=20))
            assert sheet.person("deploy")["Health"] == "OK, waits for docs; 2 of 3 have ended"
            assert sheet.person("deploy")["Understood As"] == "after tests, Assets and docs, if all of them succeed"
            await house.until(NOON + 3 * MINUTE)
            assert started(house, "deploy") == [NOON + MINUTE + timedelta(seconds=31)]
            assert started(house, "tell") == started(house, "deploy")
            (run_of_deploy,) = (e for e in house.of(RunStarted) if e.task == "deploy")
            assert (run_of_deploy.cause, run_of_deploy.late_s) == ("completion", 0)
            assert sheet.person("deploy")["Runs"] == "1"
            assert sheet.person("deploy")["Health"] == "OK, waits for tests, Assets and docs"
            await house.until(NOON + timedelta(hours=1))
        assert len(started(house, "deploy")) == 1

    run(story())


def test_rows_of_another_pace_meet_at_the_slower_ones(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every minute"), row("b", "every 5 minutes"), after("both", "a, b"))
        async with house.open(sheet):
            await house.until(NOON + 20 * MINUTE + timedelta(seconds=30))
        assert started(house, "both") == [NOON + n * MINUTE for n in (5, 10, 15, 20)]

    run(story())


def test_where_one_fails_the_row_is_skipped_and_so_are_those_that_wait_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        sheet = table(row("tests", "every 10 minutes"), row("docs", "every 10 minutes"), after("deploy", "tests, docs"))
        sheet.rows += table(after("tell", "deploy"), after("tidy", "deploy", "run")).rows
        async with house.open(sheet):
            await house.until(NOON + 20 * MINUTE + timedelta(seconds=30))
            why = "tests failed Mon 2 Mar 2026 12:20 UTC"
            assert sheet.person("deploy")["Health"] == f"SKIPPED: {why}; to make up for it, run again what did not succeed"
            assert (
                sheet.person("tell")["Health"]
                == f"SKIPPED: deploy was skipped ({why}); to make up for it, run again what did not succeed"
            )
        assert not started(house, "deploy")
        assert recorded(house, "deploy") == [("skipped", f"tests failed Mon 2 Mar 2026 12:{n} UTC") for n in (10, 20)]
        assert len(recorded(house, "tell")) == 2
        assert started(house, "tidy") == [NOON + 10 * MINUTE, NOON + 20 * MINUTE]

    run(story())


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_skipped_round_is_made_up_for_by_a_retry_of_what_had_failed(tmp_path: Path, *, by_hand: bool) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        sheet = table(row("tests", "5 * * * *"), row("docs", "5 * * * *"), after("deploy", "tests, docs"))
        alive = await start(house, sheet)
        await house.until(NOON + 6 * MINUTE)
        house.witness.behaviour = by_task()
        if by_hand:
            await alive.ask("docs", Wish.RUN_NOW, 0)
            await house.until(NOON + 7 * MINUTE)
        assert not started(house, "deploy")  # tests have not succeeded yet
        await alive.ask("tests", Wish.RETRY, 0)
        await house.until(NOON + 8 * MINUTE)
        assert len(started(house, "deploy")) == 1
        await alive.ask("tests", Wish.RUN_NOW, 0)
        await house.until(NOON + 9 * MINUTE)
        assert len(started(house, "deploy")) == 1  # nothing is to be made up for
        await house.until(NOON + timedelta(hours=1, minutes=6))
        await alive.stop()
        assert len(started(house, "deploy")) == 2

    run(story())


def test_what_is_made_up_for_is_so_down_the_whole_chain(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(a=failing)
        sheet = table(*(row(name, "5 * * * *") for name in "ab"), after("c", "a"), after("d", "c, b"), after("e", "d, b"))
        alive = await start(house, sheet)
        await house.until(NOON + 6 * MINUTE)
        house.witness.behaviour = by_task()
        await alive.ask("a", Wish.RETRY, 0)
        await house.until(NOON + 8 * MINUTE)
        assert [len(started(house, name)) for name in "abcde"] == [2, 1, 1, 1, 1]
        await house.until(NOON + timedelta(hours=1, minutes=4))
        house.witness.behaviour = by_task(b=slow(timedelta(minutes=2)))
        await house.until(NOON + timedelta(hours=1, minutes=6))
        assert [len(started(house, name)) for name in "abcde"] == [3, 2, 2, 1, 1]  # b's last run is of another round
        await house.until(NOON + timedelta(hours=1, minutes=9))
        await alive.stop()
        assert [len(started(house, name)) for name in "abcde"] == [3, 2, 2, 2, 2]

    run(story())


def test_a_row_is_run_again_and_all_that_waits_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*(row(name, "daily 12:05") for name in "abx"), after("c", "a"), after("d", "c, b"), after("e", "b, x"))
        alive = await start(house, sheet)
        await house.until(NOON + 6 * MINUTE)
        for name in "cd":
            await alive.ask(name, Wish.MAKE_UP, 0)
        await alive.ask("a", Wish.RUN_NOW, 0)
        await house.until(NOON + 7 * MINUTE)
        assert [len(started(house, name)) for name in "abxcde"] == [2, 1, 1, 2, 2, 1]
        await alive.ask("a", Wish.MAKE_UP, 0)
        await house.until(NOON + 8 * MINUTE)
        await alive.stop()
        assert [e.reason for e in house.of(RequestRefused)] == ["it waits for no other row"]

    run(story())


def test_what_is_run_again_waits_for_all_that_is_run_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(**dict.fromkeys(("a", "b", "c", "c2"), slow(timedelta(seconds=5))))
        sheet = table(row("a", "daily 12:05"), row("d", "daily 12:05"), after("b", "a"), after("c", "b"), after("c2", "c, d"))
        sheet.rows += table(after("y", "b, c"), after("z", "b, c2"), after("x", "a, y")).rows
        alive = await start(house, sheet)
        await house.until(NOON + 8 * MINUTE)
        for name in ("b", "c", "c2", "y", "z", "x"):
            await alive.ask(name, Wish.MAKE_UP, 0)
        await alive.ask("a", Wish.RUN_NOW, 0)
        await house.until(NOON + 10 * MINUTE)
        await alive.stop()
        again = [(e.task, e.at) for e in house.of(RunStarted) if e.at >= NOON + 8 * MINUTE]
        since = dict(again)
        assert sorted(task for task, _ in again) == ["a", "b", "c", "c2", "x", "y", "z"]
        assert since["a"] < since["b"] < since["c"] < since["c2"] == since["y"] == since["x"] < since["z"]

    run(story())


def test_a_night_after_a_skipped_one_is_a_round_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        sheet = table(row("tests", "5 * * * *"), row("docs", "15 * * * *"), after("deploy", "tests, docs"))
        async with house.open(sheet):
            await house.until(NOON + 20 * MINUTE)
            house.witness.behaviour = by_task()
            await house.until(NOON + timedelta(hours=1, minutes=20))
        assert started(house, "deploy") == [NOON + timedelta(hours=1, minutes=15)]

    run(story())


def test_a_blocked_row_waits_until_all_have_succeeded(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(tests=failing)
        sheet = table(row("tests", "every 10 minutes"), row("docs", "daily 12:05"), after("deploy", "tests, docs", "block"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            why = "BLOCKED: tests failed Mon 2 Mar 2026 12:10 UTC; it runs once that has succeeded"
            assert sheet.person("deploy")["Health"] == why
            house.witness.behaviour = by_task()
            await house.until(NOON + 21 * MINUTE)
        assert started(house, "deploy") == [NOON + 20 * MINUTE]
        assert not recorded(house, "deploy")

    run(story())


@pytest.mark.parametrize(("overlap", "starts", "skips"), [("", 1, 2), ("queue", 1, 0), ("parallel", 3, 0), ("restart", 3, 0)])
def test_overlap_says_what_becomes_of_a_round_while_the_row_still_runs(
    tmp_path: Path, overlap: str, starts: int, skips: int
) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(deploy=slow(timedelta(minutes=4)))
        sheet = table(row("tests", "every minute"), after("deploy", "tests", Overlap=overlap))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE + timedelta(seconds=30))
            assert len(started(house, "deploy")) == starts
            assert len(recorded(house, "deploy")) == skips

    run(story())


def test_what_ran_before_the_row_was_there_or_active_is_none_of_its_business(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tests", "every 10 minutes"), after("deploy", "tests", Status="paused"))
        async with house.open(sheet):
            await house.until(NOON + 15 * MINUTE)
            sheet.person("deploy")["Status"] = "active"
            sheet.rows += table(after("new", "tests")).rows
            await house.until(NOON + 19 * MINUTE)
            assert not started(house, "deploy") + started(house, "new")
            await house.until(NOON + 21 * MINUTE)
        assert started(house, "deploy") == started(house, "new") == [NOON + 20 * MINUTE]

    run(story())


def test_run_now_takes_nothing_from_the_round_to_come(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 12:05"), row("b", "daily 12:10"), after("both", "a, b"))
        alive = await start(house, sheet)
        await house.until(NOON + 6 * MINUTE)
        await alive.ask("both", Wish.RUN_NOW, 0)
        await house.until(NOON + 11 * MINUTE)
        await alive.stop()
        assert [e.cause for e in house.of(RunStarted) if e.task == "both"] == ["manual", "completion"]

    run(story())


def test_skip_next_is_refused_and_a_pause_leaves_a_round_out(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every 10 minutes"), after("b", "a"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE)
        await alive.ask("b", Wish.SKIP_NEXT, 0)
        await house.until(NOON + 2 * MINUTE)
        sheet.person("b")["Status"] = "paused"
        await house.until(NOON + 15 * MINUTE)
        sheet.person("b")["Status"] = "active"
        await house.until(NOON + 25 * MINUTE)
        await alive.stop()
        assert [e.reason for e in house.of(RequestRefused)] == [WAITS]
        assert started(house, "b") == [NOON + 20 * MINUTE]

    run(story())


def test_a_snooze_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 12:05"), after("b", "a"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE)
        await alive.ask("b", Wish.SNOOZE, 1800)
        await house.until(NOON + 25 * MINUTE)
        assert sheet.person("b")["Health"] == "OK, snoozed until Mon 2 Mar 2026 12:31 UTC, then runs"
        assert not started(house, "b")
        await house.until(NOON + 40 * MINUTE)
        await alive.stop()
        assert started(house, "b") == [NOON + 31 * MINUTE]

    run(story())


def test_what_waits_for_a_worker_ends_when_its_row_is_paused(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        house.witness.behaviour = by_task(long=slow(timedelta(minutes=4)))
        sheet = table(row("a", "daily 12:05"), row("long", "daily 12:05", Priority="low"), after("b", "a", Priority="-5"))
        async with house.open(sheet):
            await house.until(NOON + 6 * MINUTE)
            assert sheet.person("b")["Health"] == "WAITING to start"
            sheet.person("b")["Status"] = "paused"
            await house.until(NOON + 20 * MINUTE)
        assert [r.task for r in house.witness.seen] == ["a", "long"]

    run(story())


def test_a_round_that_was_complete_when_rowd_was_killed_is_released_by_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 12:05"), row("b", "daily 12:06"), after("both", "a, b"))
        async with house.open(sheet):
            await house.until(NOON + 5 * MINUTE + timedelta(seconds=30))
        other = House(tmp_path, house.clock)
        async with other.open(sheet):
            await other.until(NOON + 7 * MINUTE)
        third = House(tmp_path, house.clock)
        async with third.open(sheet):
            await third.until(NOON + 9 * MINUTE)
            assert sheet.person("both")["Health"] == "OK, waits for a and b"
        assert started(other, "both") == [NOON + 6 * MINUTE]
        assert not started(third, "both")

    run(story())


def test_what_a_person_takes_out_of_a_circle_lets_the_others_run(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every 10 minutes"), after("b", "a, c"), after("c", "b"))
        async with house.open(sheet):
            await house.until(NOON + 11 * MINUTE)
            for name in "bc":
                assert "a circle, b → c → b" in sheet.person(name)["Health"]
            assert len(house.of(RowDefective)) == 2
            sheet.person("b")["Depends On"] = "a"
            await house.until(NOON + 21 * MINUTE)
        assert started(house, "b") == started(house, "c") == [NOON + 20 * MINUTE]

    run(story())


def test_a_renamed_row_is_no_longer_found_and_found_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("1", "every 10 minutes", Name="tests"), after("b", "tests"))
        async with house.open(sheet):
            await house.until(NOON + MINUTE)
            sheet.rows[0]["Name"] = "checks"
            await house.until(NOON + 11 * MINUTE)
            assert 'no row of this table has the Name or ID "tests"' in sheet.person("b")["Health"]
            sheet.rows[0]["Name"] = "tests"
            await house.until(NOON + 12 * MINUTE)
        (mended,) = started(house, "b")  # what ended meanwhile counts: nobody has edited this row
        assert timedelta(0) <= mended - (NOON + 11 * MINUTE) <= timedelta(seconds=15)

    run(story())


# --- random graphs


def _graph(drawn: random.Random) -> dict[str, list[str]]:
    """Three rows with a schedule, and six that each wait for up to three before them."""
    names = [f"t{n}" for n in range(9)]
    return {name: drawn.sample(names[:n], drawn.randint(1, min(3, n))) if n > 2 else [] for n, name in enumerate(names)}


@pytest.mark.parametrize("seed", range(18))
def test_every_round_of_a_random_graph_is_what_the_page_says(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 (a test draws the same each time)
    graph = _graph(drawn)
    names = ("ops", "web", "hr")[: 1 + seed % 3]
    stands = {name: drawn.choice(names) for name in graph}
    modes = {name: drawn.choice(("", "skip", "run")) for name in graph}
    paces = {name: f"every {drawn.choice((2, 3, 5))} minutes" for name in graph}

    def behave(request: Request) -> object:
        takes = timedelta(seconds=drawn.choice((0, 1, 7, 20, 50)))
        return slow(takes, drawn.choice((Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED)))(request)

    async def story() -> House:
        house = House(tmp_path, max_parallel=99, breaker=BreakerRules(failures=10_000))
        house.witness.behaviour = behave  # type: ignore[assignment]  # it awaits
        rows = [
            after(name, ", ".join(f"{stands[one]}/{one}" for one in before), modes[name], Overlap="parallel")
            if before
            else row(name, paces[name])
            for name, before in graph.items()
        ]
        drawn.shuffle(rows)
        sheets = [table(*(one for one in rows if stands[one["Name"]] == its)) for its in names]
        async with house.open(*sheets, table_rules=open_to_all(*names)):
            await house.until(NOON + 60 * MINUTE)
        return house

    house = run(story())
    judge = Judge(graph, modes)
    for event in house.events:
        if event.at < NOON + 59 * MINUTE:  # before it is told to stop
            judge.hear(event)
    assert min(judge.rounds[name] for name, before in graph.items() if before) > 3


class Judge:
    """Knows the rule by the page alone, and hears what a daemon tells: each round when it is complete, and none besides."""

    def __init__(self, graph: Mapping[str, list[str]], modes: Mapping[str, str]) -> None:
        self._graph, self._modes = graph, modes
        self._ends: dict[str, list[bool]] = {name: [] for name in graph}  # whether each succeeded
        self._taken = {name: dict.fromkeys(before, 0) for name, before in graph.items()}  # how many of those had ended
        self._running = Counter[str]()
        self._starting = Counter[str]()  # in this turn: those who decide in it don't know of them
        self._at: datetime | None = None
        self.rounds = Counter[str]()

    def hear(self, event: Event) -> None:
        """The next thing that the daemon tells."""
        if not isinstance(event, RunStarted | RunEnded | OccurrenceRecorded):
            return
        if isinstance(event, RunEnded) or event.at != self._at:  # the turn of these starts is over
            self._running += self._starting
            self._starting.clear()
        if event.at != self._at:
            left = [name for name, before in self._graph.items() if before and self._complete(name)]
            assert not left, f"{left} could have run at {self._at}"
            self._at = event.at
        if isinstance(event, RunEnded):
            self._running[event.task] -= 1
            self._ends[event.task].append(event.outcome == "succeeded")
            return
        if self._graph[event.task]:
            self._went(event.task, ran=isinstance(event, RunStarted))
        if isinstance(event, RunStarted):
            self._starting[event.task] += 1
        elif self._graph[event.task]:  # what is left out by the clock is no run
            self._ends[event.task].append(False)

    def _went(self, name: str, *, ran: bool) -> None:
        assert self._complete(name), f"{name} went by a round that is not complete"
        well = all(self._ends[one][-1] for one in self._graph[name])
        assert ran == (well or self._modes[name] == "run")
        self._taken[name] = {one: len(self._ends[one]) for one in self._graph[name]}
        self.rounds[name] += 1

    def _complete(self, name: str) -> bool:
        return all(len(self._ends[one]) > taken and not self._running[one] for one, taken in self._taken[name].items())

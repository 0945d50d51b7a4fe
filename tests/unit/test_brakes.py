"""What one table may start: within any hour, and at once; whoever writes its rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine import foresight
from engine.brakes import HOUR, Brake, Brakes, counted, lane_of_action, lane_of_table, lanes
from engine.crash import CrashPoints
from engine.events import OccurrenceRecorded, RunStarted, TableBraked
from engine.model import Cause, Occurrence, Stage
from tests.fakes.house import House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.unit.test_loop import COLUMNS, row, table

MINUTE = timedelta(minutes=1)
OPS = lane_of_table("ops")


def brakes(an_hour: int | None = None, at_once: int | None = None) -> Brakes:
    return Brakes({"ops": Brake(at_once, an_hour)})


def limit(of: Brakes, now: datetime, running: int = 0, starting: int = 0) -> int | None:
    return of.limits({OPS: running}, now, {"ops": starting}).get(OPS)


def test_an_attempt_takes_a_place_of_its_action_and_one_of_its_table() -> None:
    one = Occurrence(
        id="r", table="ops", key="k", task="t", trigger="t", cause=Cause.SCHEDULE, due=NOON, claimed_at=NOON,
        stage=Stage.RUNNING, action="act",
    )  # fmt: skip
    assert lanes(one) == (lane_of_action("act"), OPS)
    assert counted([one, replace(one, table="dev")]) == {lane_of_action("act"): 2, OPS: 1, lane_of_table("dev"): 1}


def test_a_table_without_a_brake_has_no_limit_and_nothing_is_kept_of_it() -> None:
    none = Brakes({})
    none.begins("ops", NOON)
    assert none.limits({OPS: 5}, NOON, {}) == {}
    assert none.full(NOON) == {}
    assert none._begun == {}


def test_those_that_began_count_for_an_hour() -> None:
    three = brakes(an_hour=3)
    for n in range(3):
        assert limit(three, NOON + n * MINUTE, running=n) == 3
        three.begins("ops", NOON + n * MINUTE)
    assert limit(three, NOON + 3 * MINUTE, running=1) == 1, "what runs goes on, and nothing more begins"
    assert three.full(NOON + 3 * MINUTE) == {"ops": NOON + HOUR}
    assert list(three.opens(NOON + 3 * MINUTE)) == [NOON + HOUR]
    assert three.full(NOON + HOUR) == {}
    assert limit(three, NOON + HOUR) == 1
    assert limit(three, NOON + HOUR + 2 * MINUTE) == 3


def test_attempts_that_are_about_to_begin_count_too() -> None:
    three = brakes(an_hour=3)
    three.begins("ops", NOON)
    assert limit(three, NOON, running=3, starting=2) == 3, "the place of both is taken, and there is none besides"
    assert limit(three, NOON, running=2, starting=1) == 3


def test_the_smaller_of_both_limits_counts() -> None:
    both = brakes(an_hour=3, at_once=2)
    assert limit(both, NOON) == 2
    both.begins("ops", NOON)
    both.begins("ops", NOON)
    assert limit(both, NOON) == 1
    assert limit(brakes(at_once=2), NOON, running=2) == 2


def test_a_limit_that_was_lowered_waits_until_enough_are_over() -> None:
    some = brakes(an_hour=5)
    for n in range(5):
        some.begins("ops", NOON + n * MINUTE)
    some.rules = {"ops": Brake(None, 2)}
    assert some.full(NOON + 5 * MINUTE) == {"ops": NOON + 3 * MINUTE + HOUR}


def test_what_lies_ahead_of_a_clock_that_was_set_back_does_not_count() -> None:
    two = brakes(an_hour=2)
    two.begins("ops", NOON + 3 * HOUR)
    two.begins("ops", NOON + 3 * HOUR)
    assert two.full(NOON) == {}
    two.begins("ops", NOON)
    two.begins("ops", NOON)
    assert two.full(NOON) == {"ops": NOON + HOUR}


def test_it_is_told_once_an_hour_and_only_where_something_waits() -> None:
    one = brakes(an_hour=1)
    one.begins("ops", NOON)
    assert one.news((), NOON) == {}
    assert one.news({"dev"}, NOON) == {}
    assert one.news({"ops"}, NOON) == {"ops": NOON + HOUR}
    assert one.news({"ops"}, NOON + MINUTE) == {}
    one.begins("ops", NOON + HOUR)
    assert one.news({"ops"}, NOON + HOUR) == {"ops": NOON + 2 * HOUR}


@given(st.lists(st.integers(0, 4_000), max_size=60), st.integers(1, 5), st.integers(0, 20))
def test_no_hour_has_more_than_may_begin(gaps: list[int], an_hour: int, restart: int) -> None:
    brake, begun, now = brakes(an_hour), list[datetime](), NOON
    for number, gap in enumerate(gaps):
        now += timedelta(seconds=gap)
        if number == restart:  # another daemon, that knows what the ledger does
            brake = brakes(an_hour)
            brake.take_up("ops", [at for at in reversed(begun) if at > now - HOUR])
        room = limit(brake, now) or 0
        assert (room == 0) == ("ops" in brake.full(now))
        if room:
            brake.begins("ops", now)
            begun.append(now)
        else:
            assert min(brake.opens(now)) > now
    for at in begun:
        assert sum(at - HOUR < other <= at for other in begun) <= an_hour


def test_no_more_runs_begin_in_an_hour_than_may_and_the_others_wait(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, brakes={"ops": Brake(None, 4)})
        sheet = table(*(row(f"r{n}", "every 10 minutes") for n in range(3)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=25))
            assert [r.task for r in house.witness.seen] == ["r0", "r1", "r2", "r0"]
            assert sheet.person("r1")["Health"] == (
                "WAITING to start. NOTE: as many runs of this table have begun within the hour as may (max_per_hour)"
            )
            (told,) = house.of(TableBraked)
            assert (told.table, told.an_hour, told.until) == ("ops", 4, NOON + timedelta(minutes=70))
            await house.until(NOON + timedelta(minutes=69, seconds=59))
            assert len(house.witness.seen) == 4
            await house.until(NOON + timedelta(minutes=70, seconds=1))
            assert [r.task for r in house.witness.seen[4:]] == ["r1", "r2", "r0"], "in the order in which they were due"
            await house.until(NOON + timedelta(minutes=80, seconds=1))
            assert len(house.witness.seen) == 8
        skipped = {(e.outcome, e.reason.partition(" ")[0]) for e in house.of(OccurrenceRecorded)}
        assert {outcome for outcome, _ in skipped} == {"skipped"}, "what came due while an earlier one waited"
        starts = [e.at for e in house.of(RunStarted)]
        assert all(sum(at - HOUR < other <= at for other in starts) <= 4 for at in starts)

    run(story())


def test_what_waits_begins_to_the_instant_though_nothing_else_happens_then(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, brakes={"ops": Brake(None, 1)}), table(row("first", "now"), row("second", "now"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=125))
        first, second = (e.at for e in house.of(RunStarted))
        assert second == first + HOUR

    run(story())


class SlowDisk:
    """Each commit of what begins takes a few milliseconds."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock

    def at(self, name: str) -> None:
        if name == "claim.after":
            self.clock.set_wall(timedelta(milliseconds=4))


@pytest.mark.parametrize("swift", [True, False])
def test_of_a_crowd_that_is_decided_on_in_parts_no_more_begin_than_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swift: bool
) -> None:
    monkeypatch.setattr(foresight, "TOGETHER", 4)

    async def story() -> None:
        may, clock = 27, VirtualClock()
        house = House(
            tmp_path,
            clock,
            brakes={"ops": Brake(None, may)},
            max_parallel=200,
            crash=CrashPoints(None) if swift else SlowDisk(clock),
        )
        sheet = table(*(row(f"r{n}", "every minute") for n in range(60)))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            assert len(house.witness.seen) == may

    run(story())


def test_another_table_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, brakes={"ops": Brake(None, 1)}, max_parallel=1)
        flood, calm = table(*(row(f"f{n}", "every minute") for n in range(20))), table(row("calm", "every 10 minutes"))
        async with house.open(flood, calm):
            await house.until(NOON + timedelta(minutes=59))
        assert Counter(r.table for r in house.witness.seen) == {"ops": 1, "ops1": 5}

    run(story())


def test_one_table_does_not_take_all_workers(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, brakes={"ops": Brake(2, None)}, max_parallel=3)
        house.witness.behaviour = lambda r: slow(timedelta(minutes=30))(r) if r.table == "ops" else Result(Outcome.SUCCEEDED, "")
        slow_ones, calm = table(*(row(f"s{n}", "every hour") for n in range(5))), table(row("calm", "every 10 minutes"))
        async with house.open(slow_ones, calm) as daemon:
            await house.until(NOON + timedelta(minutes=61))
            assert daemon.under_way.running[OPS] == 2
            await house.until(NOON + timedelta(minutes=135))
        assert [r.task for r in house.witness.seen if r.table == "ops"][:5] == ["s0", "s1", "s2", "s3", "s4"]
        assert len(house.witness.times("calm")) == 13

    run(story())


def test_a_run_by_hand_and_another_attempt_count_and_wait(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, brakes={"ops": Brake(None, 2)})
        sheet = MemoryTable(
            [{**row("fails", "every 10 minutes"), "Attempts": "2"}, row("hand", Type="manual")], (*COLUMNS, "Attempts")
        )
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=15))
            assert [r.task for r in house.witness.seen] == ["fails", "fails"]
            sheet.person("hand")["Do"] = "run now"
            await house.until(NOON + timedelta(minutes=69))
            assert len(house.witness.seen) == 2
            await house.until(NOON + timedelta(minutes=72))
            assert "hand" in {r.task for r in house.witness.seen[2:]}

    run(story())


def test_a_restart_forgets_nothing_that_began_within_the_hour(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, brakes={"ops": Brake(None, 3)}), table(row("tick", "every 10 minutes"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=25))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=69))
        assert len(house.witness.seen) == 3
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=71))
        assert len(house.witness.seen) == 4

    run(story())


def test_one_pass_ends_though_nothing_more_may_begin(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, brakes={"ops": Brake(None, 2)}), table(*(row(f"r{n}", "now") for n in range(5)))
        daemon, committer = await house.daemon(sheet)
        async with asyncio.timeout(24 * 3600):
            await daemon.run_once(asyncio.Event())
        await committer.close()
        assert len(house.witness.seen) == 2
        assert sum("WAITING to start. NOTE" in line["Health"] for line in sheet.rows) == 3

    run(story())

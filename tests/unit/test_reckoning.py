"""What schedules asked for against what there is of it: by values, in a whole daemon on virtual time, and by the command."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import RowUnaccounted
from engine.housekeeping import Housekeeping
from engine.lateness import MOST_COUNTED
from engine.ledger import Ledger
from engine.model import RowState, Status, Task
from engine.reckoning import Slot, reckoned
from tests.fakes.house import House, slow
from tests.fakes.virtual import NOON, run
from tests.unit.cli.desk import Desk
from tests.unit.test_housekeeping import chores
from tests.unit.test_loop import row, table

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEEP = 20


def known(tmp_path: Path, schedule: str = "every minute") -> tuple[Task, RowState]:
    """A row as the daemon knows it at noon."""
    found: list[Any] = []

    async def story() -> None:
        house = House(tmp_path)
        async with house.open(table(row("tick", schedule))) as daemon:
            await house.until(NOON + timedelta(seconds=5))
            keeper = daemon.keepers["ops"]
            found.extend((keeper.understood["tick"], keeper.states["tick"]))

    run(story())
    return found[0], found[1]


def slot(minute: int, last: int | None = None, outcome: Outcome | None = Outcome.SUCCEEDED) -> Slot:
    beyond = minute if last is None else last
    return Slot(NOON + minute * MINUTE, NOON + beyond * MINUTE, beyond - minute + 1, outcome)


@pytest.fixture(scope="module")
def tick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, RowState]:
    """Every minute; all is settled up to ten past."""
    task, state = known(tmp_path_factory.mktemp("tick"))
    return task, replace(state, since=NOON, changed_at=NOON, settled_until=NOON + 10 * MINUTE)


def lacking(tick: tuple[Task, RowState], *slots: Slot, since: datetime = NOON - DAY, keep: int = KEEP) -> int | None:
    its = reckoned(*tick, slots, since, keep)
    return its.lacking if its is not None else None


def test_each_instant_has_its_record(tick: tuple[Task, RowState]) -> None:
    slots = [slot(1), slot(2, outcome=Outcome.FAILED), slot(3, 7, Outcome.MISSED), slot(8, outcome=Outcome.SKIPPED), slot(9)]
    its = reckoned(*tick, [*slots, slot(10, outcome=None)], NOON - DAY, KEEP)
    assert its is not None
    assert (its.since, its.until, its.expected, its.under_way, its.lacking) == (NOON, NOON + 10 * MINUTE, 10, 1, 0)
    assert its.counts == {Outcome.SUCCEEDED: 2, Outcome.FAILED: 1, Outcome.SKIPPED: 1, Outcome.MISSED: 5}
    assert lacking(tick, *slots) == 1
    assert lacking(tick, *slots, slot(10), slot(10)) == -1


def test_what_is_not_known_any_more_or_not_yet_is_left_out(tick: tuple[Task, RowState]) -> None:
    task, state = tick
    whole = [slot(n) for n in range(1, 11)]
    assert lacking(tick, *whole[5:], since=NOON + 5 * MINUTE) == 0
    assert lacking((task, replace(state, changed_at=NOON + 5 * MINUTE)), *whole[5:]) == 0
    assert lacking((task, replace(state, since=NOON + 5 * MINUTE)), *whole[5:]) == 0
    assert lacking((task, replace(state, settled_until=NOON + 5 * MINUTE)), *whole) == 0
    assert lacking(tick, *whole[5:], keep=5) == 0  # older ones were pruned
    assert lacking(tick, *whole[5:], keep=6) == 5
    assert lacking(tick, slot(0, 4, Outcome.MISSED), *whole[4:], since=NOON + 2 * MINUTE) == 0  # reaches over the beginning
    assert (
        lacking((task, replace(state, settled_until=NOON + 6 * MINUTE)), *whole[:4], slot(5, 8, Outcome.MISSED)) == 0
    )  # has grown


def test_rows_that_owe_nothing_by_time_are_none(tick: tuple[Task, RowState]) -> None:
    task, state = tick
    assert reckoned(replace(task, schedule=None), state, (), NOON, KEEP) is None
    assert reckoned(replace(task, status=Status.PAUSED), state, (), NOON, KEEP) is None
    assert lacking(tick, replace(slot(1), number=MOST_COUNTED, outcome=Outcome.MISSED)) is None


@given(st.lists(st.booleans(), min_size=10, max_size=10), st.data())
def test_every_one_that_is_taken_out_is_missed(tick: tuple[Task, RowState], kept: list[bool], data: st.DataObject) -> None:
    slots = [slot(n, outcome=data.draw(st.sampled_from([*Outcome, None]))) for n, there in enumerate(kept, 1) if there]
    assert lacking(tick, *slots, keep=100) == kept.count(False)


def test_a_day_of_a_daemon_adds_up_and_a_record_that_is_gone_is_told(tmp_path: Path) -> None:
    """Rows run, overlap, are missed while no daemon runs, are edited and paused."""

    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = slow(90 * timedelta(seconds=1))
        sheet = table(
            row("quick", "every 5 minutes"), row("busy", "every minute"), row("once", "tomorrow 13:00"), row("x", "hourly")
        )
        async with house.open(sheet):
            await house.until(NOON + 5 * HOUR)
            sheet.person("x")["Schedule"] = "every 30 minutes"
            await house.until(NOON + 6 * HOUR)
            sheet.person("quick")["Status"] = "paused"
            await house.until(NOON + 7 * HOUR)
            sheet.person("quick")["Status"] = "active"
            await house.until(NOON + 8 * HOUR)
        await house.until(NOON + 20 * HOUR)
        house = House(tmp_path, house.clock)
        async with house.open(sheet) as daemon:
            await house.until(NOON + 27 * HOUR + 10 * MINUTE)
            told: list[Any] = []
            committer = InlineCommitter(Ledger.open(tmp_path / "ledger.sqlite"), CrashPoints(None))
            its = replace(chores(tmp_path), keep_runs=10_000)
            chore = Housekeeping(its, house.clock, committer, told.append, lambda: daemon.keepers)
            await chore.reckon()
            assert told == []
            with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
                connection.execute("DELETE FROM occurrences WHERE seq = (SELECT max(seq) FROM occurrences WHERE task = 'x')")
                connection.commit()
            await chore.reckon()
            (one,) = told
            assert isinstance(one, RowUnaccounted)
            assert (one.task, one.expected - one.recorded) == ("x", 1)
            await committer.close()

    run(story())


def test_the_command_says_that_all_adds_up_or_where_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,every 10 minutes,work,active,,,,", "2,count,counter,,work,active,,5,,")
    assert "no daemon has run here" in desk.said("reconcile", code=2)
    desk.daemon_reads()
    assert desk.said("reconcile") == "Nothing came due."
    assert desk.json("reconcile")["rows"][0] | {"since": None, "until": None} == {
        "table": "ops",
        "id": "1",
        "name": "backup",
        "since": None,
        "until": None,
        "expected": 0,
        "counts": {},
        "under_way": 0,
        "lacking": 0,
    }
    with closing(sqlite3.connect(tmp_path / ".rowd" / "ledger.sqlite")) as connection:  # as if it had been read two hours ago
        connection.execute("UPDATE rows SET since = since - 7200000000, changed_at = changed_at - 7200000000 WHERE key = '1'")
        connection.commit()
    said = desk.said("reconcile", code=1)
    assert "backup" in said
    assert "1 row of 1 can't be accounted for" in said
    (one,) = desk.json("reconcile", "backup", code=1)["rows"]
    assert (one["expected"], one["lacking"]) == (12, 12)
    assert "There is no row" in desk.said("reconcile", "nope", code=2)
    assert json.loads(desk.run("reconcile", "count", "--json").stdout)["rows"] == []

"""What Health says of rows that wait for others: every form of it, each a sentence or two that a person can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from actions.api import Outcome
from engine.asked import Wish
from engine.columns import Column
from engine.display import display
from engine.links import OnFailure, Round
from engine.model import Cause, InCircle, Occurrence, RowState, Stage, Status, Task
from engine.rounds import Prerequisite
from engine.tally import Tally
from tests.fakes.house import House
from tests.fakes.virtual import NOON, run
from tests.unit.test_chains import keys, meanings, message, states
from tests.unit.test_loop import row
from tests.unit.test_loop_chains import MINUTE, after, table
from tests.unit.test_loop_corners import start

TASK = meanings(states({"a": "", "b": "", "c": "", "it": "a, b, c"})).understood["it"]
LATER = NOON + timedelta(minutes=5)
AT = "Mon 2 Mar 2026 12:05 UTC"


def past(task: str, outcome: Outcome, reason: str = "", cause: Cause = Cause.SCHEDULE) -> Occurrence:
    return Occurrence(
        id=f"run-{task}",
        table="ops",
        key=task,
        task=task,
        trigger="at:",
        cause=cause,
        due=LATER,
        claimed_at=LATER,
        stage=Stage.ENDED,
        action="act",
        started_at=None if outcome in (Outcome.SKIPPED, Outcome.MISSED) else LATER,
        outcome=outcome,
        reason=reason,
        ended_at=LATER,
    )


class Case(Struct, frozen=True):
    """a, b, c: outcomes; absent for none.   stays: of which of them it is known that they don't run by themselves."""

    said: str
    ended: Mapping[str, Outcome] = {}
    stays: Mapping[str, str] = {}
    own: Occurrence | None = None
    missed: int = 0
    on_failure: OnFailure = OnFailure.SKIP
    status: Status = Status.ACTIVE
    snoozed: bool = False
    broken: bool = False
    note: str | None = None
    active: tuple[Occurrence, ...] = ()
    slips: tuple[str, ...] = ()


DONE, FAILED = Outcome.SUCCEEDED, Outcome.FAILED
ALL = {"a": DONE, "b": DONE, "c": DONE}
RUNNING = replace(past("it", DONE), stage=Stage.RUNNING, outcome=None, ended_at=None)

CASES = [
    Case("OK, waits for a, b and c"),
    Case("OK, waits for b and c; 1 of 3 has ended", {"a": DONE}),
    Case("OK, waits for b; 2 of 3 have ended", {"a": DONE, "c": FAILED}),
    Case("OK, runs once nothing is in its way", ALL),
    Case("WAITING for b (paused), a and c", stays={"b": "paused"}),
    Case(
        "WAITING for a (a draft), b (completed) and c (not understood)",
        stays={"a": "a draft", "b": "completed", "c": "not understood"},
    ),
    Case("WAITING for c (in a circle: c → x → c); 2 of 3 have ended", {"a": DONE, "b": DONE}, {"c": "in a circle: c → x → c"}),
    Case("OK, waits for b and c; 1 of 3 has ended", {"a": DONE}, {"a": "completed"}),
    Case(f"OK, waits for a, b and c; snoozed until {AT}", snoozed=True),
    Case(f"WAITING for b (paused) and c; 1 of 3 has ended; snoozed until {AT}", {"a": DONE}, {"b": "paused"}, snoozed=True),
    Case(f"OK, snoozed until {AT}, then runs", ALL, snoozed=True),
    Case(f"FAILED {AT}: exit 1. Waits for a, b and c", own=past("it", FAILED, "exit 1")),
    Case(f"FAILED {AT}: it broke. Waits for a, b and c", own=past("it", FAILED, "it broke.")),
    Case(f"TIMED OUT {AT}. Waits for b (paused), a and c", stays={"b": "paused"}, own=past("it", Outcome.TIMED_OUT)),
    Case(f"CANCELLED {AT}: by ann. Runs once nothing is in its way", ALL, own=past("it", Outcome.CANCELLED, "by ann")),
    Case(f"FAILED {AT}: exit 1. Snoozed until {AT}, then runs", ALL, own=past("it", FAILED, "exit 1"), snoozed=True),
    Case(
        "SKIPPED: coverage = 84 %, needs < 80 %. Waits for a, b and c",
        own=past("it", Outcome.SKIPPED, "coverage = 84 %, needs < 80 %", Cause.COMPLETION),
    ),
    Case(
        f"SKIPPED: a failed {AT}; to make up for it, run again what did not succeed",
        own=past("it", Outcome.SKIPPED, f"a failed {AT}", Cause.COMPLETION),
        broken=True,
    ),
    Case(
        f'MISSED 1 since {AT}: Condition "x > 1": x has no value. Waits for a, b and c',
        own=past("it", Outcome.MISSED, 'Condition "x > 1": x has no value', Cause.COMPLETION),
        missed=1,
    ),
    Case(f"BLOCKED: a failed {AT}; it runs once that has succeeded", {"a": FAILED}, on_failure=OnFailure.BLOCK),
    Case(
        f"BLOCKED: a failed {AT} and b was lost {AT}; it runs once they have succeeded",
        {"a": FAILED, "b": Outcome.LOST, "c": DONE},
        on_failure=OnFailure.BLOCK,
        own=past("it", FAILED, "exit 1"),
    ),
    Case("PAUSED", ALL, status=Status.PAUSED, snoozed=True),
    Case(f"COMPLETED {AT}", status=Status.COMPLETED, own=past("it", DONE)),
    Case(f"RUNNING since {AT}", ALL, active=(RUNNING,)),
    Case("NOTE: it is odd. OK, waits for a, b and c. NOTE: so is this", note="it is odd", slips=("so is this",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.said)
def test_each_form_is_short_and_grammatical(case: Case) -> None:
    assert isinstance(TASK, Task)
    since = RowState("ops", "it", {}, NOON, NOON, NOON, NOON)
    state = replace(
        since, note=case.note, round=Round(frozenset(), broken=case.broken), snoozed_until=LATER if case.snoozed else None
    )
    own, ran = case.own, case.own is not None and case.own.started_at is not None
    cells = display(
        replace(TASK, on_failure=case.on_failure, status=case.status),
        state,
        Tally(last=own if ran else None, record=own, missed_now=case.missed, missed_since=LATER if case.missed else None),
        TASK.zone,
        active=case.active,
        slips=case.slips,
        prerequisites=[
            Prerequisite(
                name, name, past(name, case.ended[name]) if name in case.ended else None, False, stays=case.stays.get(name, "")
            )
            for name in "abc"
        ],
    )
    said = str(cells[Column.HEALTH])
    assert said == case.said
    assert not re.search(r"[.,;:]{2}|[.;,](?=\w)", said.replace(AT, ""))


def test_what_is_told_of_a_row_that_is_waited_for_follows_its_edits(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("build", "daily 13:00"), after("deploy", "build"))
        async with house.open(sheet):

            async def told(**cells: str) -> str:
                sheet.person("build").update(cells)
                await house.after(minutes=1)
                return sheet.person("deploy")["Health"]

            await house.until(NOON + MINUTE)
            assert sheet.person("deploy")["Health"] == "OK, waits for build"
            assert await told(Status="paused") == "WAITING for build (paused)"
            assert await told(Status="draft") == "WAITING for build (a draft)"
            assert await told(Status="", Schedule="evry day") == "WAITING for build (not understood)"
            assert await told(Schedule="", **{"Depends On": "build"}) == "WAITING for build (waits for itself)"
            assert await told(Schedule="daily 13:00", **{"Depends On": ""}) == "OK, waits for build"

    run(story())


def test_a_snooze_is_told_until_it_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "daily 13:00"), after("b", "a"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE)
        await alive.ask("b", Wish.SNOOZE, 1800)
        await house.until(NOON + 30 * MINUTE)
        assert sheet.person("b")["Health"] == "OK, waits for a; snoozed until Mon 2 Mar 2026 12:31 UTC"
        await house.until(NOON + 32 * MINUTE)
        assert sheet.person("b")["Health"] == "OK, waits for a"
        await alive.stop()

    run(story())


def test_a_row_behind_a_circle_is_told_of_it_and_each_row_in_one_of_a_circle_with_itself() -> None:
    found = meanings(states({"a": "b", "b": "a", "c": "a", "d": "c"}))
    assert isinstance(circle := found.understood["b"], InCircle)
    assert circle.circle == "in a circle: b → a → b"
    assert keys(found.understood["c"]) == ["a"]
    joined = meanings(states({"a": "b, c", "b": "a", "c": "a"}))
    said = [message(joined.understood[key]).partition("circle, ")[2].partition(";")[0] for key in "abc"]
    assert said == ["a → b → a", "a → b → a", "c → a → c"]

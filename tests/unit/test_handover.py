"""A table that another daemon has run meanwhile: nothing that it has run comes due once more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome
from connectors.api import Cell
from engine.columns import Column
from engine.events import OccurrenceRecorded
from engine.handover import ELSEWHERE, handed_over
from engine.model import RowState
from tests.fakes.house import House
from tests.fakes.virtual import NOON, run
from tests.unit.test_decide import state, task
from tests.unit.test_loop import MINUTE, row, table

LATER = NOON + 30 * MINUTE


def known(**changes: object) -> RowState:
    one = state("a", **changes)
    return replace(one, stood={**one.stood, Column.LAST_RUN: NOON - MINUTE})


@pytest.mark.parametrize(
    ("last_run", "until"),
    [
        (NOON + 20 * MINUTE, NOON + 20 * MINUTE),
        ("2026-03-02 12:20", NOON + 20 * MINUTE),
        (LATER + timedelta(days=300), LATER),  # a person's, or a clock's that is wrong
        (NOON - MINUTE, None),
        (NOON - 5 * MINUTE, None),
        ("last week", None),
        (None, None),
    ],
)
def test_what_came_due_by_its_last_run_elsewhere_is_recorded_and_over(last_run: Cell, until: datetime | None) -> None:
    before = known(settled_until=NOON)
    after, records = handed_over(before, before, last_run, task("a", "every 10 minutes", zone=UTC), UTC, LATER)
    if until is None:
        assert (after, records) == (before, [])
        return
    assert after.settled_until == until
    (record,) = records
    assert (record.outcome, record.reason, record.due) == (Outcome.SKIPPED, ELSEWHERE, NOON + 10 * MINUTE)
    assert record.count == (until - NOON) // (10 * MINUTE)


def test_what_this_daemon_had_written_itself_before_it_died_is_no_others() -> None:
    before = replace(known(settled_until=NOON), meant={Column.LAST_RUN: NOON + 20 * MINUTE})
    assert handed_over(before, before, NOON + 20 * MINUTE, task("a", "every 10 minutes"), UTC, LATER) == (before, [])


def test_what_a_second_ledger_has_run_the_first_one_runs_no_more(tmp_path: Path) -> None:
    """Two daemons take turns at one table, each with a ledger of its own."""

    async def story() -> None:
        sheet = table(row("report", "daily 12:10", **{"Last Run": ""}))
        first = House(tmp_path / "first")
        async with first.open(sheet):
            await first.until(NOON + 5 * MINUTE)
        second = House(tmp_path / "second", first.clock)
        async with second.open(sheet):
            await second.until(NOON + 11 * MINUTE)
        third = House(tmp_path / "first", first.clock)
        async with third.open(sheet):
            await third.until(NOON + 15 * MINUTE)
        assert [len(one.witness.seen) for one in (first, second, third)] == [0, 1, 0]
        assert [(e.outcome, e.reason) for e in third.of(OccurrenceRecorded)] == [("skipped", ELSEWHERE)]

    run(story())

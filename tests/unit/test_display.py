"""What rowd's own cells say of a row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.columns import Column
from engine.display import display
from engine.plan import Hold
from rowd.view import RowView
from tests.unit.cli.sights import seen, with_state


def shown(row: RowView, hold: Hold | None = None) -> tuple[object, object]:
    """Understood As and Next Run."""
    cells = display(row.understood, row.state, row.tally, row.zone, hold=hold)
    return cells[Column.UNDERSTOOD_AS], cells[Column.NEXT_RUN]


def test_a_row_that_runs_by_the_clock_lists_the_next_runs() -> None:
    words, ahead = shown(seen("daily 14:00"))
    assert words == "every day at 14:00 (Europe/Berlin). Next: Mon 2 Mar 2026 14:00, Tue 3 Mar 14:00, Wed 4 Mar 14:00"
    assert ahead == datetime(2026, 3, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "hold"),
    [
        (seen("daily 14:00", Status="paused"), None),
        (seen("daily 14:00", Status="completed"), None),
        (seen("daily 14:00"), Hold("5 of 10 rows are gone")),
    ],
    ids=["paused", "completed", "held"],
)
def test_a_row_that_waits_for_a_person_lists_no_instants_that_would_pass(row: RowView, hold: Hold | None) -> None:
    assert shown(row, hold) == ("every day at 14:00 (Europe/Berlin).", None)


def test_a_one_off_that_ran_before_this_ledger_lists_no_run() -> None:
    row = with_state(seen("2026-12-24 10:00"), marked=True)
    assert shown(row) == ("once, 2026-12-24 10:00 (Europe/Berlin).", None)

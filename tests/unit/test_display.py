"""What rowd's own cells say of a row."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import NOT_STARTED, Definition, Outcome
from engine.answers import judged
from engine.columns import Column
from engine.display import differing, display
from engine.journal import entry_of
from engine.merge import first_sight
from engine.model import Stage
from engine.parse import Rules, parse
from engine.plan import Hold
from engine.tally import Tally
from rowd.view import RowView
from tests.unit.cli.sights import BERLIN, NOON, claimed, seen, with_last, with_state

WORK = Definition(kind="command")
SCHEDULES = ("every 15 minutes", "daily 14:00", "mondays 09:00", "last day of month 23:45", "yearly on 1 march 09:00", "0 0 29 2 *")


def health(row: RowView) -> str:
    return str(display(row.understood, row.state, row.tally, row.zone)[Column.HEALTH])


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


def test_of_an_unknown_action_health_says_that_rowd_toml_may_be_newer_than_what_the_daemon_read() -> None:
    hint = "If rowd.toml defines it by now, the daemon has yet to read that: systemctl reload rowd, or kill -HUP"
    assert health(seen("daily 14:00", Action="clean")).endswith(f"write the name of an action: work. {hint}")
    assert health(seen("daily 14:00", Action="wrk")).endswith(f'did you mean "work"? {hint}')  # and no second full stop
    assert hint not in health(seen("daily 14:00", Action=""))
    assert hint not in health(seen("evry day"))


def test_why_a_run_could_not_start_is_told_without_the_folders_of_this_machine() -> None:
    row = with_last(seen("daily 14:00"), timedelta(hours=1), Outcome.FAILED)
    why = f'{NOT_STARTED}there is no program "/srv/secret/tool"; install it, or correct its argv'
    bare = f'{NOT_STARTED}there is no program "tool"; install it, or correct its argv'
    assert row.tally.last is not None
    last = replace(row.tally.last, reason=why)
    cells = display(row.understood, row.state, Tally(runs=1, last=last, record=last), row.zone)
    assert cells[Column.LAST_RESULT] == entry_of(last).cells["Result"] == bare
    assert f": {bare}, next " in str(cells[Column.HEALTH])
    again = claimed(row, stage=Stage.WAITING, retry_at=NOON, attempts=3, reason=why)
    retrying = display(row.understood, row.state, Tally(), row.zone, active=[again])
    assert str(retrying[Column.HEALTH]).endswith(f", after: {bare}")
    printed = replace(last, reason="exit 1: /srv/reports/all.pdf is locked")  # what a program tells is its own matter
    assert display(row.understood, row.state, Tally(last=printed), row.zone)[Column.LAST_RESULT] == printed.reason


def test_what_broke_inside_the_daemon_is_told_without_the_folders_of_this_machine() -> None:
    async def full() -> object:
        raise OSError(28, "No space left on device", "/var/lib/rowd/runs/0abc/1")

    async def broken() -> str:
        done = asyncio.ensure_future(full())
        await asyncio.wait([done])
        return judged(done).summary

    row = with_last(seen("daily 14:00"), timedelta(hours=1), Outcome.FAILED)
    assert row.tally.last is not None
    last = replace(row.tally.last, reason=asyncio.run(broken()))
    assert "/var/lib/rowd" in last.reason, "the operator is told where"
    cells = display(row.understood, row.state, Tally(runs=1, last=last, record=last), row.zone)
    shown = "OSError: [Errno 28] No space left on device: '1'"
    assert cells[Column.LAST_RESULT] == entry_of(last).cells["Result"] == shown
    assert f": {shown}, next " in str(cells[Column.HEALTH])


# --- years. What stands in a cell is read until the next occurrence, and nobody asks a clock for it.


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("daily 14:00", "OK, next Mon 2 Mar 14:00 Berlin"),
        ("2026-12-24 10:00", "OK, next Thu 24 Dec 10:00 Berlin"),
        ("2027-01-01 00:00", "OK, next Fri 1 Jan 2027 00:00 Berlin"),
        ("yearly on 1 march 09:00", "OK, next Mon 1 Mar 2027 09:00 Berlin"),
    ],
)
def test_the_next_run_has_its_year_where_it_is_not_that_of_the_last(schedule: str, said: str) -> None:
    assert health(seen(schedule)) == said


def test_on_new_years_eve_every_instant_has_its_year() -> None:
    row = with_last(with_state(seen("daily 14:00"), settled_until=datetime(2026, 12, 31, 13, tzinfo=UTC)), ago=-timedelta(days=304))
    failed = replace(row, tally=replace(row.tally, last=row.tally.last and replace(row.tally.last, outcome=Outcome.FAILED)))
    assert health(failed) == "FAILED Thu 31 Dec 2026 13:00 Berlin, next Fri 1 Jan 2027 14:00 Berlin"


@pytest.mark.parametrize("row", [seen(Type="manual"), seen(Type="counter", Threshold="5"), seen("daily 14:00", Status="completed")])
def test_where_no_run_is_to_come_every_instant_has_its_year(row: RowView) -> None:
    assert "Mon 2 Mar 2026 12:00 Berlin" in health(with_last(row, timedelta(hours=1), Outcome.FAILED))


@settings(deadline=None)
@given(st.timedeltas(timedelta(0), timedelta(days=700)), st.sampled_from(SCHEDULES))
def test_a_year_that_is_left_out_is_that_of_whoever_reads_it_in_time(later: timedelta, schedule: str) -> None:
    settled = NOON + later
    row = with_state(seen(schedule), settled_until=settled)
    ahead = display(row.understood, row.state, row.tally, row.zone)[Column.NEXT_RUN]
    assert isinstance(ahead, datetime)
    for read in (settled, ahead):
        assert str(ahead.astimezone(BERLIN).year) in health(row) or read.astimezone(BERLIN).year == ahead.astimezone(BERLIN).year


def test_of_a_run_that_is_left_out_and_a_snooze_both_are_told() -> None:
    skipped = with_state(seen("daily 14:00"), skip_until=datetime(2026, 3, 2, 13, tzinfo=UTC))
    both = with_state(skipped, snoozed_until=datetime(2026, 3, 2, 12, 30, tzinfo=UTC))
    told = "OK, next Tue 3 Mar 2026 14:00 Berlin (skipped: up to Mon 2 Mar 2026 14:00 Berlin{})"
    assert health(skipped).replace(" 2026", "") == told.format("").replace(" 2026", "")
    assert health(both).replace(" 2026", "") == told.format("; snoozed until Mon 2 Mar 13:30 Berlin").replace(" 2026", "")


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Zulu", "Etc/Universal"])
def test_utc_is_spelled_in_one_way(name: str) -> None:
    row = seen("daily 14:00", zone=ZoneInfo(name))
    assert health(row) == "OK, next Mon 2 Mar 14:00 UTC"
    assert str(shown(row)[0]).startswith("every day at 14:00 (UTC). Next: ")


# --- a one-off that is over


@pytest.mark.parametrize("said", ["now", "in 3 seconds", "tomorrow 9:00", "today at 18:00", "once, in 2 hours"])
@pytest.mark.parametrize("status", ["completed", "paused"])
def test_what_counts_from_an_edit_names_no_instant_unless_the_row_is_active(said: str, status: str) -> None:
    """It ran, or will run, at another one: the instant would be that of an activation just then."""
    words = said.removeprefix("once, ")
    row = seen(said, Status=status)
    assert shown(row) == (f"once, {words}, counted from when the row is activated (Europe/Berlin).", None)
    assert row.task is not None
    assert row.task.schedule is not None
    assert row.task.schedule.text == words
    assert str(shown(seen(said))[0]).startswith("once, 2026-0")


def test_a_time_of_day_that_runs_once_names_no_day_unless_the_row_is_active() -> None:
    row = seen("18:00", Type="once", Status="completed")
    assert shown(row)[0] == "once, 18:00, counted from when the row is activated (Europe/Berlin)."


def test_what_ran_before_this_ledger_names_no_instant_that_is_counted_from_its_first_sight() -> None:
    cells = {"ID": "1", "Name": "a", "Action": "work", "Schedule": "in 3 seconds", "Last Run": "2026-01-01 09:00"}
    state = first_sight("ops", "1", cells, NOON, new_ledger=True, anchor=None).state
    row = replace(seen("now"), understood=parse(state, Rules("ops", BERLIN, time(9), {"work": WORK}, {})), state=state)
    assert shown(row) == ("once, in 3 seconds, counted from when the row is activated (Europe/Berlin).", None)
    assert health(row) == "NEVER: it ran before this ledger began; give a time to come"


def test_a_date_to_come_of_a_one_off_that_is_over_says_how_it_comes_to_run() -> None:
    ran = with_last(seen("2026-03-04 10:00", Status="completed"), timedelta(hours=1))
    to_come = "; to run it Wed 4 Mar 2026 10:00 Berlin, set Status to active by then"
    assert health(ran) == f"COMPLETED Mon 2 Mar 2026 12:00 Berlin{to_come}"
    assert health(with_last(ran, timedelta(hours=1), Outcome.FAILED)) == f"FAILED Mon 2 Mar 2026 12:00 Berlin{to_come}"
    assert health(with_last(ran, timedelta(hours=1), Outcome.CANCELLED)) == f"CANCELLED Mon 2 Mar 2026 12:00 Berlin{to_come}"
    assert health(replace(ran, tally=Tally())) == f"COMPLETED{to_come}"


def test_a_date_that_has_its_record_is_over() -> None:
    row = with_last(seen("2026-03-02 12:00", Status="completed"), timedelta(hours=1))
    assert health(row) == "COMPLETED Mon 2 Mar 2026 12:00 Berlin"


def test_a_relative_schedule_of_a_one_off_that_is_over_says_how_to_run_only_where_it_was_changed_since() -> None:
    ran = with_last(seen("in 2 hours", Status="completed"), timedelta(hours=1))
    assert health(ran) == "COMPLETED Mon 2 Mar 2026 12:00 Berlin"
    changed = with_state(ran, since=NOON)
    assert health(changed) == "COMPLETED Mon 2 Mar 2026 12:00 Berlin; to run it in 2 hours, set Status to active"
    assert health(replace(changed, tally=Tally())) == "COMPLETED"


@pytest.mark.parametrize("row", [seen("2026-03-04 10:00", Status="paused"), seen("daily 14:00", Status="completed")])
def test_what_is_no_one_off_that_is_over_says_nothing_of_it(row: RowView) -> None:
    assert "to run it" not in health(row)


def test_where_there_is_no_status_column_none_is_spoken_of() -> None:
    row = seen("2026-03-04 10:00", Status="completed")
    assert health(with_state(row, stood={})) == "COMPLETED"


# --- what the table holds already


def test_a_count_that_a_person_wrote_otherwise_is_not_written_again() -> None:
    row = seen(Type="counter", Threshold="5", Current="2,5")
    wanted = display(row.understood, row.state, row.tally, row.zone)
    assert wanted[Column.CURRENT] == 2.5
    assert Column.CURRENT not in differing(wanted, row.state)
    ticked = with_state(row, count=3.5)
    assert differing(display(ticked.understood, ticked.state, ticked.tally, ticked.zone), ticked.state)[Column.CURRENT] == 3.5

"""How a table stands with us, at every instant of a trouble."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.errors import Limited, MonthSpent, NeedsOwner, TableError, Taken, TryLater
from engine.access import HAD_ELSEWHERE, NO_ACCESS_AFTER, Access
from engine.ledger import Reach, TableMark
from engine.plan import Hold, Released, bare, public
from tests.fakes.virtual import NOON

OFFLINE_LIMIT = timedelta(hours=24)
MOMENT = timedelta(microseconds=1)


def reached() -> Access:
    access = Access(OFFLINE_LIMIT, None, ZoneInfo("Europe/Berlin"))
    access.was_read(None, NOON)
    return access


@pytest.mark.parametrize(
    ("error", "after", "reach", "until"),
    [
        (NeedsOwner("the file is gone"), NO_ACCESS_AFTER, Reach.NO_ACCESS, "Mon 2 Mar 2026 13:15 Berlin"),
        (TryLater("no network"), OFFLINE_LIMIT, Reach.UNREACHABLE, "Tue 3 Mar 2026 13:00 Berlin"),
        (Limited("too many", wait=MOMENT, scope="base"), OFFLINE_LIMIT, Reach.SPENT, "Tue 3 Mar 2026 13:00 Berlin"),
        (MonthSpent("the month is spent"), NO_ACCESS_AFTER, Reach.SPENT, "Mon 2 Mar 2026 13:15 Berlin"),
    ],
)
def test_tasks_run_on_for_a_while_and_people_are_told_for_how_long(
    error: TableError, after: timedelta, reach: Reach, until: str
) -> None:
    access = reached()
    assert access.failed(error, NOON)
    assert access.reach(NOON) == (reach, NOON, f"{error}; its tasks run on as last read until {until}")
    assert access.hold(NOON + after - MOMENT) is None
    assert not access.lapses(NOON + after - MOMENT)
    assert access.changes_at() == NOON + after
    assert (hold := access.hold(NOON + after)) is not None
    assert hold.record
    assert access.reach(NOON + after) == (reach, NOON, f"{error}; nothing of it starts")
    assert [access.lapses(NOON + after), access.lapses(NOON + after)] == [True, False]
    assert access.changes_at() is None
    assert access.was_read(None, NOON + after), "what it lets start is another matter now"
    assert access.reach(NOON + after) == (Reach.OK, NOON + after, "")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('/srv/team/ops.csv (table "ops") is gone. Put it back', "ops.csv is gone. Put it back"),
        ('the tab "Tasks" (table "ops"): no answer', 'the tab "Tasks": no answer'),
        ('table "ops" (Notion database 1f): no answer', "Notion database 1f: no answer"),
        ('table "ops" (Airtable base app1 (x), table "Ta)sks"): no', 'table "ops" (Airtable base app1 (x), table "Ta)sks"): no'),
        ('table "ops" (Airtable base app1, table "Ta)sks"): no', 'Airtable base app1, table "Ta)sks": no'),
        ('table "other" (https://a.b/c): no answer', 'table "other" (https://a.b/c): no answer'),
        ("ops: rowd, process 7 on alpha runs this table", "rowd, process 7 on alpha runs this table"),
        (
            "/home/rowd/.config/key.json can't be read; chmod 600 /home/rowd/.config/key.json",
            "key.json can't be read; chmod 600 key.json",
        ),
        ("~/keys/a.json is open", "a.json is open"),
        ("Sign in at https://accounts.example.com/o/oauth2 again", "Sign in at https://accounts.example.com/o/oauth2 again"),
        ("reads and/or writes, 3 of 4/5", "reads and/or writes, 3 of 4/5"),
    ],
)
def test_who_edits_the_table_is_not_told_where_files_lie_and_nobody_its_name_twice(said: str, shown: str) -> None:
    access = Access(OFFLINE_LIMIT, None, table="ops")
    access.was_read(None, NOON)
    access.failed(NeedsOwner(said), NOON)
    assert access.hold(NOON + NO_ACCESS_AFTER) == Hold(f"no access: {shown}", record=True)
    assert access.reach(NOON)[2].startswith(bare("ops", said).rstrip("."))  # the operator is told where
    access.was_read(said, NOON)
    assert access.hold(NOON) == Hold(public(said))
    access.was_read(None, NOON)
    assert access.released is not None
    assert "/srv" not in access.released.why


def test_a_search_path_is_told_as_such() -> None:
    said = 'there is no program "tool" in /opt/a/bin:/home/ada/bin:/bin; install it, or write its full path'
    assert public(said) == 'there is no program "tool" in its PATH; install it, or write its full path'


def test_a_trouble_counts_from_its_begin_and_is_news_where_it_says_something_else() -> None:
    access = reached()
    later = NOON + timedelta(minutes=10)
    assert access.failed(NeedsOwner("unshared"), NOON)
    assert not access.failed(NeedsOwner("unshared"), later)
    assert access.failed(NeedsOwner("trashed"), later)
    assert access.trouble is not None
    assert access.trouble.since == NOON
    assert not access.was_read(None, later), "it had not lapsed, so nothing else may start than before"


def test_what_is_held_is_held_since_it_was_and_results_that_wait_are_told_last() -> None:
    access = reached()
    later = NOON + timedelta(minutes=1)
    assert access.was_read("7 rows are gone", later)
    assert not access.was_read("7 rows are gone", later + timedelta(minutes=1))
    access.delayed(TryLater("locked"), later)
    assert access.reach(later) == (Reach.HELD, later, "7 rows are gone")
    assert access.was_read(None, later)
    assert access.reach(later) == (Reach.UNWRITABLE, later, "locked")


def test_of_a_held_table_that_can_not_be_read_nothing_is_said_to_run_on() -> None:
    access = reached()
    access.was_read("7 rows are gone", NOON)
    access.failed(NeedsOwner("unshared"), NOON)
    state, since, message = access.reach(NOON)
    assert (state, message) == (Reach.HELD, "unshared; and before that: 7 rows are gone")
    assert access.hold(NOON) == Hold("7 rows are gone")
    next_daemons = Access(OFFLINE_LIMIT, TableMark("ops", state, since, message, NOON, NOON))
    next_daemons.failed(NeedsOwner("unshared"), NOON)
    assert next_daemons.hold(NOON) == Hold(message)
    assert next_daemons.reach(NOON) == (state, since, message)
    assert next_daemons.was_read(None, NOON)
    assert next_daemons.hold(NOON) is None


def test_of_a_table_that_was_never_read_nothing_is_said_to_run_on() -> None:
    access = Access(OFFLINE_LIMIT, None)
    access.failed(TryLater("no network"), NOON)
    assert access.reach(NOON)[2] == "no network; none of its rows is known yet"


def test_of_what_another_daemon_has_nothing_is_decided_until_it_is_ours_again() -> None:
    access = reached()
    assert access.failed(Taken("ops: rowd on beta runs this table"), NOON)
    taken = (Reach.ELSEWHERE, NOON, "ops: rowd on beta runs this table")
    assert access.hold(NOON) == Hold("ops: rowd on beta runs this table"), "what comes due meanwhile is not missed"
    assert access.reach(NOON) == taken
    access.failed(TryLater("no network"), NOON + MOMENT)
    assert access.changes_at() is None
    assert not access.lapses(NOON + 2 * OFFLINE_LIMIT)
    assert access.reach(NOON + 2 * OFFLINE_LIMIT) == taken, "who can't be asked still has it"
    next_daemons = Access(OFFLINE_LIMIT, TableMark("ops", *taken, NOON, NOON))
    assert next_daemons.hold(NOON) == Hold(taken[2])
    for one in (access, next_daemons):
        assert one.was_read(None, NOON + MOMENT)
        assert one.hold(NOON + MOMENT) is None
        assert one.released == Released(NOON + MOMENT, HAD_ELSEWHERE)

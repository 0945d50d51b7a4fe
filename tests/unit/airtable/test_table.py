"""The table on the emulator: what it reads, what it writes, what it does when Airtable refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.airtable import AirtableTable
from connectors.api import Effect, Patch, Row, Written
from connectors.errors import Bug, Expired, Limited, NeedsOwner, OutcomeUnknown, TryLater
from tests.emulators.airtable import DAEMON, SAMPLE_BASE, TASKS, THOUSAND, Airtable, Person, add_table
from tests.emulators.airtable.model import SCOPES, Base, Token
from tests.emulators.airtable.seeds import TASK_FIELDS, many_rows
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.unit.airtable.conftest import Open

COLUMNS = ("Name", "ID", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata")


def rows_of(table: AirtableTable) -> list[Row]:
    page = table.read()
    rows = list(page.rows)
    while page.next is not None:
        page = table.read(page.next)
        rows += page.rows
    return rows


def keys_of(table: AirtableTable) -> dict[Any, str]:
    return {row.cells["Name"]: row.key for row in rows_of(table)}


def write(table: AirtableTable, *patches: Patch) -> list[Written]:
    return table.write(patches)


def operations(airtable: Airtable) -> list[str]:
    return [entry.operation for entry in airtable.journal]


def scoped(airtable: Airtable, *scopes: str, **more: Any) -> str:
    """A token of the daemon's user with these scopes alone."""
    return airtable.let_in(Token("patScoped.x", DAEMON, frozenset(scopes), **more)).secret


# --- reading


def test_a_record_has_a_page_once_its_base_is_known(table: AirtableTable) -> None:
    assert table.link("recX") is None
    key = keys_of(table)["vitest_rerun"]
    base, its = SAMPLE_BASE, table.link("")
    assert its is not None
    assert its.startswith(f"https://airtable.com/{base}/tbl")
    assert table.link(key) == f"{its}/{key}"


def test_the_sample_table_is_read_as_it_stands(table: AirtableTable, person: Person, airtable: Airtable) -> None:
    rows = rows_of(table)
    assert [row.key for row in rows] == list(person.rows())
    assert tuple(rows[0].cells) == COLUMNS
    assert dict(rows[0].cells) == {
        "Name": "guidelines_refresh", "ID": 1, "Type": "counter", "Description": "Refresh AI guidelines",
        "Action": "read_guidelines",
        "Current": 3, "Threshold": 5, "Last Run": datetime(2024, 12, 17, 19, 45, tzinfo=UTC), "Status": "active", "Metadata": "{}",
    }  # fmt: skip
    assert operations(airtable) == ["meta.tables", "records.list"]


def test_a_thousand_rows_come_in_ten_pages_after_the_one_that_tells_the_columns(open_table: Open, airtable: Airtable) -> None:
    add_table(airtable, airtable.bases[SAMPLE_BASE], THOUSAND, TASK_FIELDS, many_rows(1_000))
    rows = rows_of(open_table(table=THOUSAND, view="Grid view"))
    assert [row.cells["Name"] for row in rows] == [f"task {at:04d}" for at in range(1, 1_001)]
    assert operations(airtable) == ["meta.tables", *["records.list"] * 10]


def test_the_order_is_that_of_the_view_and_without_one_that_of_record_ids(open_table: Open, person: Person) -> None:
    first, second, third = person.rows()
    person.move(first)
    assert [row.key for row in rows_of(open_table(view="Grid view"))] == [second, third, first]
    assert [row.key for row in rows_of(open_table())] == sorted([first, second, third])


def test_a_view_that_hides_rows_shows_rowd_the_others_alone(table: AirtableTable, person: Person) -> None:
    person.filter("{Current} > 0")
    assert [row.cells["Name"] for row in rows_of(table)] == ["guidelines_refresh", "vitest_rerun"]


def test_a_renamed_field_is_read_and_written_under_its_new_name_and_a_renamed_table_is_found_by_its_id(
    open_table: Open, airtable: Airtable, person: Person
) -> None:
    made = airtable.bases[SAMPLE_BASE].table(TASKS)
    assert made is not None
    table = open_table(table=made.id, view=made.views[0].id)
    key = keys_of(table)["vitest_rerun"]
    person.rename("Description", "What for")
    person.rename_table("Jobs")
    assert dict(rows_of(table)[1].cells)["What for"] == "Run test suite"
    (written,) = write(table, Patch(key, {"What for": "all tests"}))
    assert written.row is not None
    assert written.row.cells["What for"] == person.rows()[key]["What for"] == "all tests"


def test_a_table_that_was_found_by_its_name_is_followed_when_it_is_renamed(
    table: AirtableTable, open_table: Open, person: Person
) -> None:
    keys = keys_of(table)
    person.rename_table("Jobs")
    assert keys_of(table) == keys
    with pytest.raises(NeedsOwner, match='no such table; it has "Jobs"'):
        open_table().read()


def test_a_header_renamed_since_the_read_is_put_nowhere_and_the_rest_is(
    table: AirtableTable, airtable: Airtable, person: Person
) -> None:
    key = keys_of(table)["vitest_rerun"]
    person.rename("Description", "Mine now")
    airtable.journal.clear()
    (written,) = write(table, Patch(key, {"Description": "rowd's", "Current": 3}))
    assert written.effect is Effect.APPLIED
    assert (person.rows()[key]["Mine now"], person.rows()[key]["Current"]) == ("Run test suite", 3)
    assert operations(airtable) == ["records.update", "meta.tables", "records.update"]


def test_a_cursor_that_has_expired_is_told_as_such(open_table: Open, clock: SetClock) -> None:
    table = open_table(page=2)
    second = table.read().next
    clock.advance(hours=1)
    with pytest.raises(Expired):
        table.read(second)
    assert len(rows_of(table)) == 3


@pytest.mark.parametrize("switches", [{"pages": "live"}])
def test_a_row_that_moves_while_pages_are_read_comes_once(open_table: Open, person: Person) -> None:
    table = open_table(page=2, view="Grid view")
    page = table.read()
    first, second, _ = person.rows()
    person.move(first)
    rest = table.read(page.next)
    assert [row.key for row in (*page.rows, *rest.rows)].count(first) == 1
    assert second in {row.key for row in page.rows}


def test_a_page_before_the_first_is_our_mistake(table: AirtableTable) -> None:
    with pytest.raises(Bug):
        table.read("itr/rec")


# --- where it is, and who may


def test_a_base_is_found_by_its_name_once(open_table: Open, airtable: Airtable) -> None:
    table = open_table(base="Rowd samples")
    assert len(rows_of(table)) == len(rows_of(table)) == 3
    assert operations(airtable) == ["meta.bases", *["meta.tables", "records.list"] * 2]
    with pytest.raises(NeedsOwner, match='no such base; it has "Rowd samples"'):
        open_table(base="rowd").read()
    airtable.add_base(Base("appRowdSamples002", "Rowd samples", airtable.workspace))
    with pytest.raises(NeedsOwner, match="several bases of that name"):
        open_table(base="Rowd samples").read()


def test_a_table_that_is_not_there_is_told_with_those_that_are(open_table: Open) -> None:
    with pytest.raises(NeedsOwner, match='no such table; it has "Tasks"'):
        open_table(table="Task").read()


def test_a_view_that_is_not_there_is_told(open_table: Open) -> None:
    table = open_table(view="Mine")
    with pytest.raises(NeedsOwner, match='no view "Mine"'):
        rows_of(table)


@pytest.mark.parametrize("missing", ["schema.bases:read", "data.records:read", "data.records:write"])
def test_a_scope_that_the_token_lacks_is_named(open_table: Open, airtable: Airtable, missing: str) -> None:
    token = scoped(airtable, *SCOPES - {missing})
    table = open_table(token=token)
    with pytest.raises(NeedsOwner, match=f"has the scope {missing}"):
        write(table, *(Patch(row.key, {"Current": 9}) for row in rows_of(table)))


def test_a_base_that_was_taken_away_is_told_until_it_is_shared_again(table: AirtableTable, person: Person) -> None:
    person.unshare()
    with pytest.raises(NeedsOwner, match="under Access, this base"):
        table.read()
    person.share()
    assert len(rows_of(table)) == 3


def test_a_field_that_is_locked_is_named(table: AirtableTable, person: Person) -> None:
    keys = keys_of(table)
    person.lock("Current")
    with pytest.raises(NeedsOwner, match=r"field Current \(fld\w+\)\. In Airtable, open the field's menu"):
        write(table, Patch(keys["vitest_rerun"], {"Current": 9}))


def test_once_the_month_is_spent_a_person_must_act_though_the_meta_api_goes_on(table: AirtableTable, airtable: Airtable) -> None:
    airtable.quotas.on = True
    airtable.workspace.plan, airtable.workspace.grace_used = "free", True
    airtable.workspace.calls = {"2026-03": 1_000}
    airtable.journal.clear()
    with pytest.raises(NeedsOwner, match="spent the calls"):
        table.read()
    assert [(entry.operation, entry.answer.status) for entry in airtable.journal] == [("meta.tables", 200), ("records.list", 429)]


# --- writing


def test_a_write_is_one_request_and_answers_the_rows_as_they_stand_now(
    table: AirtableTable, airtable: Airtable, person: Person
) -> None:
    keys = keys_of(table)
    person.type("coverage_check", "Description", "typed meanwhile")
    airtable.journal.clear()
    when = datetime(2026, 3, 2, 9, tzinfo=UTC)
    patches = [
        Patch(keys["coverage_check"], {"Current": 1, "Last Run": when, "Status": "Paused"}),
        Patch(keys["vitest_rerun"], {"Metadata": None}),
    ]
    first, second = table.write(patches)
    assert operations(airtable) == ["records.update"]
    assert first.row is not None
    assert second.row is not None
    assert (first.row.cells["Description"], first.row.cells["Last Run"], first.row.cells["Status"]) == (
        "typed meanwhile",
        when,
        "paused",
    )
    assert second.row.cells["Metadata"] is None
    now = {row.key: row for row in rows_of(table)}
    assert (first.row, second.row) == (now[first.row.key], now[second.row.key])


@pytest.mark.parametrize("switches", [{}, {"batch": "until_error"}, {"unknown_record": "403", "wording": "older"}])
def test_a_row_that_is_gone_costs_the_other_nine_two_requests(open_table: Open, airtable: Airtable) -> None:
    add_table(airtable, airtable.bases[SAMPLE_BASE], THOUSAND, TASK_FIELDS, many_rows(10))
    table, person = open_table(table=THOUSAND), Person(airtable, SAMPLE_BASE, THOUSAND)
    keys = list(keys_of(table).values())
    person.delete(keys[4], keys[7])
    airtable.journal.clear()
    patches = [Patch(key, {"Current": 90 + at}) for at, key in enumerate(keys)]
    answers = write(table, *patches)
    assert [answer.effect for answer in answers] == [Effect.MISSING if at in (4, 7) else Effect.APPLIED for at in range(10)]
    assert operations(airtable) == ["records.update", "records.list", "records.update"]
    assert [person.rows()[key]["Current"] for at, key in enumerate(keys) if at not in (4, 7)] == [90, 91, 92, 93, 95, 96, 98, 99]
    airtable.journal.clear()
    write(table, Patch(keys[0], {"Current": 1}))
    assert operations(airtable) == ["records.update"]


def test_once_a_batch_was_refused_nobody_says_that_nothing_was_written(
    table: AirtableTable, airtable: Airtable, person: Person
) -> None:
    """Airtable may have written what stands before the row that is gone; of a first request that it had no time for, nothing."""
    first, second, _ = keys_of(table).values()
    person.delete(second)
    patches = [Patch(key, {"Current": 9}) for key in (first, second)]
    busy = Answer.of(429, {"error": {"type": "RATE_LIMIT_REACHED", "message": "later"}})
    airtable.faults.add(Fault("records.update", times=1, answer=busy))
    with pytest.raises(Limited):
        write(table, *patches)
    airtable.faults.add(Fault("records.list", times=1, answer=busy))
    with pytest.raises(OutcomeUnknown):
        write(table, *patches)
    assert [answer.effect for answer in write(table, *patches)] == [Effect.APPLIED, Effect.MISSING]


def test_rows_that_go_one_after_the_other_are_each_found_out(table: AirtableTable, person: Person) -> None:
    first, second, third = keys_of(table).values()
    for gone, left in ((first, [second, third]), (second, [third])):
        person.delete(gone)
        answers = write(table, *(Patch(key, {"Current": 9}) for key in [gone, *left]))
        assert [answer.effect for answer in answers] == [Effect.MISSING, *[Effect.APPLIED] * len(left)]


def test_what_airtable_refuses_though_the_fields_were_just_read_is_told_and_forgotten(
    table: AirtableTable, airtable: Airtable, person: Person
) -> None:
    key = keys_of(table)["vitest_rerun"]
    refused = Answer.of(422, {"error": {"type": "INVALID_VALUE_FOR_COLUMN", "message": 'Field "Current" cannot accept it'}})
    airtable.faults.add(Fault("records.update", times=2, answer=refused))
    airtable.journal.clear()
    with pytest.raises(NeedsOwner, match='Field "Current" cannot accept it'):
        write(table, Patch(key, {"Current": 9}))
    assert operations(airtable) == ["records.update", "meta.tables", "records.update"]
    person.rename("Description", "Mine now")
    (written,) = write(table, Patch(key, {"Description": "x", "Current": 9}))
    assert written.effect is Effect.APPLIED
    assert person.rows()[key]["Current"] == 9


def test_a_key_that_can_be_none_of_airtables_is_missing_without_a_request(table: AirtableTable, airtable: Airtable) -> None:
    rows_of(table)
    airtable.journal.clear()
    assert [answer.effect for answer in table.write([Patch("~abc", {"Current": 1})])] == [Effect.MISSING]
    assert table.delete(["7", "recShort"]) == [Effect.MISSING] * 2
    assert operations(airtable) == []


def test_an_option_that_a_select_lacks_is_told_and_never_made(table: AirtableTable, airtable: Airtable, person: Person) -> None:
    key = keys_of(table)["vitest_rerun"]
    airtable.journal.clear()
    (written,) = write(table, Patch(key, {"Status": "draft", "Current": 4}))
    assert written.effect is Effect.APPLIED
    assert list(written.unfit) == ["Status"]
    assert 'column "Status" has no option "draft"; add it' in written.unfit["Status"]
    assert (person.rows()[key]["Status"], person.rows()[key]["Current"]) == ("active", 4)
    assert operations(airtable) == ["meta.tables", "records.update"]  # it looks again first: perhaps somebody has added it
    assert all(not (entry.request.json or {}).get("typecast") for entry in airtable.journal)
    person.type("coverage_check", "Status", "draft")  # what a person types becomes an option
    (written,) = write(table, Patch(key, {"Status": "draft"}))
    assert (written.unfit, person.rows()[key]["Status"]) == ({}, "draft")


def test_an_option_that_was_renamed_since_the_read_is_noticed_when_airtable_refuses(table: AirtableTable, person: Person) -> None:
    key = keys_of(table)["vitest_rerun"]
    person.rename_choice("Status", "completed", "done")
    (written,) = write(table, Patch(key, {"Status": "completed", "Current": 4}))
    assert 'no option "completed"' in written.unfit["Status"]
    assert person.rows()[key]["Current"] == 4


def test_what_airtable_works_out_is_told_and_never_written(table: AirtableTable, person: Person) -> None:
    key = keys_of(table)["vitest_rerun"]
    (written,) = write(table, Patch(key, {"ID": "7", "Current": 4}))
    assert list(written.unfit) == ["ID"]
    assert (person.rows()[key]["ID"], person.rows()[key]["Current"]) == (2, 4)


def test_more_than_ten_or_an_expectation_is_our_mistake(table: AirtableTable) -> None:
    keys = [f"rec{at:014d}" for at in range(11)]
    for call in (
        lambda: table.write([Patch(key, {"Current": 1}) for key in keys]),
        lambda: table.write([Patch(keys[0], {"Current": 1}, expect={"Current": 2})]),
        lambda: table.create([{"Name": key} for key in keys]),
        lambda: table.delete(keys),
    ):
        with pytest.raises(Bug):
            call()


CHANGES: dict[str, Callable[[AirtableTable, str], object]] = {
    "update": lambda table, key: table.write([Patch(key, {"Current": 9})]),
    "create": lambda table, _: table.create([{"Name": "new"}]),
    "delete": lambda table, key: table.delete([key]),
}


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("how", CHANGES)
def test_a_connection_that_breaks_leaves_open_what_was_written_and_nothing_is_sent_twice(
    table: AirtableTable, airtable: Airtable, person: Person, how: str, committed: bool
) -> None:
    """VENDORS.md B8: pyairtable's own retries would send it up to six times."""
    key = keys_of(table)["vitest_rerun"]
    airtable.journal.clear()
    airtable.faults.add(Fault(f"records.{how}", times=1, reset=True, committed=committed))
    with pytest.raises(OutcomeUnknown, match="broke"):
        CHANGES[how](table, key)
    assert operations(airtable) == [f"records.{how}"]
    rows = person.rows()
    happened = {"update": rows.get(key, {}).get("Current") == 9, "create": len(rows) == 4, "delete": key not in rows}
    assert happened[how] is committed


def test_a_body_that_is_cut_off_is_read_again_or_left_open(table: AirtableTable, airtable: Airtable) -> None:
    key = keys_of(table)["vitest_rerun"]
    airtable.faults.add(Fault("records.list", times=1, cut=20))
    with pytest.raises(TryLater):
        rows_of(table)
    airtable.faults.add(Fault("records.update", times=1, cut=20))
    with pytest.raises(OutcomeUnknown):
        table.write([Patch(key, {"Current": 9})])


def test_where_nobody_listens_nothing_was_written(open_table: Open, airtable: Airtable) -> None:
    table = open_table(endpoint="http://127.0.0.1:9")
    with pytest.raises(TryLater, match="can't be reached"):
        table.read()
    with pytest.raises(TryLater, match="can't be reached"):
        table.create([{"Name": "x"}])
    assert operations(airtable) == []


def test_over_the_limit_it_asks_for_the_thirty_seconds_and_goes_on_after_them(
    table: AirtableTable, airtable: Airtable, clock: SetClock
) -> None:
    airtable.quotas.on = True
    for _ in range(2):
        table.read()
    with pytest.raises(Limited) as raised:
        table.read()
    assert raised.value.scope == f"Airtable base {SAMPLE_BASE}"
    assert raised.value.wait is not None
    clock.at += raised.value.wait
    assert table.read().columns == COLUMNS


# --- new rows, and rows that go


def test_new_rows_are_created_or_none_of_them(table: AirtableTable, airtable: Airtable, person: Person) -> None:
    rows_of(table)
    airtable.journal.clear()
    with pytest.raises(NeedsOwner, match='no option "draft"'):
        table.create([{"Name": "one"}, {"Name": "two", "Status": "draft"}])
    assert operations(airtable) == []
    assert len(person.rows()) == 3
    one, two = table.create([{"Name": "one"}, {"Name": "two", "Status": "active"}])
    assert {key: cells["Name"] for key, cells in person.rows().items() if key in (one, two)} == {one: "one", two: "two"}


def test_rows_for_columns_that_were_renamed_are_created_once_they_were_read_again(table: AirtableTable, person: Person) -> None:
    rows_of(table)
    person.rename("Description", "What for")
    with pytest.raises(TryLater, match="not what they were"):
        table.create([{"Name": "one", "Description": "x"}])
    (key,) = table.create([{"Name": "one", "Description": "x"}])
    assert person.rows()[key] == {"Name": "one", "ID": 4}


@pytest.mark.parametrize("switches", [{}, {"unknown_record": "403"}])
def test_rows_that_are_gone_already_are_found_out_by_one_request(table: AirtableTable, airtable: Airtable, person: Person) -> None:
    first, second, third = keys_of(table).values()
    person.delete(second)
    airtable.journal.clear()
    assert table.delete([first, second, third]) == [Effect.APPLIED, Effect.MISSING, Effect.APPLIED]
    assert operations(airtable) == ["records.delete", "records.list", "records.delete"]
    assert person.rows() == {}
    assert table.delete([second]) == [Effect.MISSING]


def test_rows_that_may_not_be_deleted_are_not_taken_for_gone(open_table: Open, airtable: Airtable, person: Person) -> None:
    table = open_table(token=scoped(airtable, "schema.bases:read", "data.records:read"))
    keys = list(keys_of(table).values())
    for _ in range(2):
        with pytest.raises(NeedsOwner, match=r"scope data\.records:write"):
            table.delete(keys)
    assert len(person.rows()) == 3
    scoped(airtable, *SCOPES)
    person.delete(keys[0])
    assert table.delete(keys) == [Effect.MISSING, Effect.APPLIED, Effect.APPLIED]


# --- what it costs to have it


def test_pyairtable_is_not_imported_before_the_first_request() -> None:
    code = """
import sys
import connectors, rowd.wiring
connectors.load("local")
assert "connectors.airtable" not in sys.modules
backend = connectors.load("airtable")
settings = backend.settings(base="appRowdSamples001", table="Tasks", plan="free")
table = backend.open(settings, rowd.wiring.Place("ops", None, "ID", "Name", {}.__getitem__))
table.traits
table.close()
assert not {"pyairtable", "requests", "urllib3"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_answer_that_leaves_a_row_out_is_told(table: AirtableTable, airtable: Airtable) -> None:
    key = keys_of(table)["vitest_rerun"]
    airtable.faults.add(Fault("records.update", answer=Answer.of(200, {"records": []}), committed=True))
    with pytest.raises(Bug, match="leaves out"):
        table.write([Patch(key, {"Current": 9})])

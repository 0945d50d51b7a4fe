"""Somebody in the grid: by the other road, without a request."""

from __future__ import annotations

import pytest

from tests.emulators.airtable import DAEMON, SAMPLE_BASE, Airtable, Person
from tests.emulators.airtable.conftest import Ask
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Refused


def names(person: Person) -> list[str]:
    return [cells.get("Name", "") for cells in person.rows().values()]


def test_rows_are_inserted_copied_moved_sorted_and_deleted(person: Person, ask: Ask, airtable: Airtable) -> None:
    new = person.insert({"Name": "new"}, above="vitest_rerun")
    assert names(person) == ["guidelines_refresh", "new", "vitest_rerun", "coverage_check"]
    copy = person.duplicate(new)
    assert copy != new
    assert names(person)[1:3] == ["new", "new"]
    person.move(copy)
    person.move("coverage_check", above="guidelines_refresh")
    assert names(person) == ["coverage_check", "guidelines_refresh", "new", "vitest_rerun", "new"]
    person.sort("Name", descending=True)
    person.delete(copy, new)
    assert names(person) == ["vitest_rerun", "guidelines_refresh", "coverage_check"]
    assert [record["fields"]["Name"] for record in ask("GET", "/Tasks?view=Grid+view").json["records"]] == names(person)
    assert airtable.journal.counts() == {"records.list": 1}


def test_what_is_typed_is_understood(person: Person, ask: Ask) -> None:
    person.type("vitest_rerun", "Current", "6")
    person.type("vitest_rerun", "Last Run", "3/2/2026 5:00 pm")
    person.type("vitest_rerun", "Status", "")
    record = next(row for row, cells in person.rows().items() if cells["Name"] == "vitest_rerun")
    fields = ask("GET", f"/Tasks/{record}").json["fields"]
    assert (fields["Current"], fields["Last Run"]) == (6, "2026-03-02T17:00:00.000Z")
    assert "Status" not in fields
    with pytest.raises(Refused):
        person.type("vitest_rerun", "Current", "many")


def test_a_block_is_pasted_over_rows_and_makes_those_that_are_missing(person: Person) -> None:
    person.paste("vitest_rerun", ["Name", "Current"], [["one", 1], ["two", 2], ["three", 3]])
    assert names(person) == ["guidelines_refresh", "one", "two", "three"]
    assert [cells["Current"] for cells in person.rows().values()] == [3, 1, 2, 3]


def test_each_change_is_undone(person: Person, clock: SetClock) -> None:
    before = person.rows()
    person.insert({"Name": "new"})
    person.delete("vitest_rerun")
    person.type("coverage_check", "Name", "renamed")
    person.rename("Status", "State")
    person.delete_column("Metadata")
    person.paste("renamed", ["Name"], [["a"], ["b"], ["c"]])
    person.rename_table("Chores")
    person.move_column("Threshold", before="Current")
    person.rename_choice("Type", "counter", "meter")
    for _ in range(9):
        person.undo()
    assert person.rows() == before
    with pytest.raises(IndexError):
        person.undo()


def test_undo_gives_back_comments_links_places_and_times(person: Person, ask: Ask, airtable: Airtable, clock: SetClock) -> None:
    person.add_column("After", "multipleRecordLinks", {"linkedTableId": airtable.bases[SAMPLE_BASE].tables[0].id})
    first, second, _ = person.rows()
    ask("PATCH", f"/Tasks/{second}", {"fields": {"After": [first]}})
    ask("POST", f"/Tasks/{second}/comments", {"text": "well"})
    person.add_column("at", "lastModifiedTime")
    before = person.rows()
    clock.advance(minutes=5)
    person.delete(second)
    assert ask("GET", f"/Tasks/{second}/comments").status == 404
    person.undo()
    assert person.rows() == before
    assert list(person.rows()) == list(before)
    assert [each["text"] for each in ask("GET", f"/Tasks/{second}/comments").json["comments"]] == ["well"]


def test_columns_are_added_moved_and_renamed_and_the_primary_one_stays(person: Person, ask: Ask) -> None:
    person.add_column("Owner")
    person.move_column("Owner", before="Type")
    person.rename("Owner", "Assignee")
    person.type("vitest_rerun", "Assignee", "Ann")
    table = ask("GET", f"/v0/meta/bases/{SAMPLE_BASE}/tables").json["tables"][0]
    assert [field["name"] for field in table["fields"]][:4] == ["Name", "ID", "Assignee", "Type"]
    assert ask("GET", "/Tasks?filterByFormula={Assignee}='Ann'&fields[]=Name").json["records"][0]["fields"] == {
        "Name": "vitest_rerun"
    }
    with pytest.raises(ValueError, match="primary field"):
        person.delete_column("Name")
    with pytest.raises(ValueError, match="primary field"):
        person.move_column("Name", before="Type")


def test_a_renamed_choice_is_renamed_in_every_cell(person: Person, ask: Ask) -> None:
    person.rename_choice("Status", "active", "on")
    assert {record["fields"]["Status"] for record in ask("GET", "/Tasks").json["records"]} == {"on"}
    assert ask("POST", "/Tasks", {"fields": {"Status": "active"}}).status == 422


def test_who_edited_last_is_seen(person: Person, ask: Ask, clock: SetClock) -> None:
    person.add_column("by", "lastModifiedBy")
    person.add_column("at", "lastModifiedTime")
    clock.advance(minutes=5)
    person.type("vitest_rerun", "Current", 6)
    clock.advance(minutes=5)
    blank = person.insert()
    seen = {record["fields"].get("Name"): record["fields"] for record in ask("GET", "/Tasks").json["records"]}
    assert seen["vitest_rerun"]["by"]["name"] == "Olive Owner"
    assert seen["vitest_rerun"]["at"] == "2026-03-02T12:05:10.000Z"
    assert "at" not in person.rows()[blank]
    person.move("vitest_rerun")
    since = "/Tasks?filterByFormula=LAST_MODIFIED_TIME()>'2026-03-02T12:05:00Z'"
    assert [record["fields"]["Name"] for record in ask("GET", since).json["records"]] == ["vitest_rerun"]


def test_a_base_is_taken_away_and_given_back(person: Person, ask: Ask) -> None:
    person.unshare()
    assert ask("GET", "/Tasks").status == 403
    person.share(DAEMON, "read")
    assert ask("GET", "/Tasks").status == 200
    assert ask("POST", "/Tasks", {"fields": {}}).status == 403


def test_who_names_what_is_not_there_is_told(airtable: Airtable, person: Person) -> None:
    with pytest.raises(KeyError):
        Person(airtable, SAMPLE_BASE, "Nope")
    with pytest.raises(KeyError):
        Person(airtable, SAMPLE_BASE, "Tasks", "Nope")
    with pytest.raises(KeyError):
        person.type("nobody", "Name", "x")
    with pytest.raises(KeyError):
        person.type("vitest_rerun", "Nope", "x")

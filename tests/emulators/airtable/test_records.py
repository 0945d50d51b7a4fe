"""Lists and batches by hand: orders, pages, views, and that a batch is written as a whole or not at all."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.emulators.airtable import SAMPLE_BASE, TASKS, THOUSAND, Airtable, Person, add_table
from tests.emulators.airtable.conftest import Ask
from tests.emulators.airtable.model import Base
from tests.emulators.airtable.seeds import TASK_FIELDS
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, NotEmulated, Request


def error(answer: Answer) -> str:
    kind: str = answer.json["error"]["type"]
    return kind


def shown(ask: Ask, target: str = "/Tasks?view=Grid+view") -> list[str]:
    return [record["fields"].get("Name", "") for record in ask("GET", target).json["records"]]


def ids(ask: Ask) -> list[str]:
    return [record["id"] for record in ask("GET", "/Tasks?view=Grid+view").json["records"]]


GONE = "recNoSuchRecord01"


@pytest.mark.parametrize("bad", [{"Name": "c", "Nope": 1}, {"Name": "c", "ID": 40}, {"Name": "c", "Current": "x"}])
def test_one_bad_record_refuses_the_whole_batch(ask: Ask, bad: dict[str, Any]) -> None:
    """grouparoo/grouparoo@a453a40b16, export-records: a computed field in the second record; the first isn't there afterwards."""
    assert ask("POST", "/Tasks/", {"records": [{"fields": {"Name": "a"}}, {"fields": bad}]}).status == 422
    first, second, _ = ids(ask)
    changes = [{"id": first, "fields": {"Name": "changed"}}, {"id": second, "fields": bad}]
    assert ask("PATCH", "/Tasks", {"records": changes}).status == 422
    assert shown(ask) == ["guidelines_refresh", "vitest_rerun", "coverage_check"]


def test_a_row_that_somebody_deleted_spoils_its_batch(ask: Ask, person: Person) -> None:
    first, second, _ = ids(ask)
    person.delete(second)
    changes = [{"id": first, "fields": {"Current": 9}}, {"id": second, "fields": {"Current": 9}}]
    refused = ask("PATCH", "/Tasks", {"records": changes})
    assert refused.json["error"]["message"] == f"Record ID {second} does not exist in this table"
    assert error(refused) == "ROW_DOES_NOT_EXIST"
    assert ask("GET", f"/Tasks/{first}").json["fields"]["Current"] == 3
    assert error(ask("PATCH", f"/Tasks/{second}", {"fields": {"Current": 9}})) == "MODEL_ID_NOT_FOUND"
    assert ask("DELETE", f"/Tasks?records[]={first}&records[]={second}").status == 404
    assert first in ids(ask)


def test_eleven_are_too_many(ask: Ask) -> None:
    rows = [{"fields": {"Name": "x"}}] * 11
    text = "A maximum of 10 records can be created per request but you have provided 11."
    assert ask("POST", "/Tasks", {"records": rows}).json["error"]["message"] == text
    assert error(ask("PATCH", "/Tasks", {"records": [{"id": GONE, "fields": {}}] * 11})) == "INVALID_RECORDS"
    assert error(ask("DELETE", "/Tasks?" + "&".join([f"records[]={GONE}"] * 11))) == "INVALID_RECORDS"


def test_put_empties_what_it_does_not_name(ask: Ask) -> None:
    first, *_ = ids(ask)
    answer = ask("PUT", "/Tasks", {"records": [{"id": first, "fields": {"Name": "bare"}}]})
    assert answer.json["records"][0]["fields"] == {"Name": "bare", "ID": 1}


def test_bodies_that_are_none_are_refused(ask: Ask, airtable: Airtable) -> None:
    assert error(ask("POST", "/Tasks", {})) == "INVALID_REQUEST_MISSING_FIELDS"
    assert error(ask("POST", "/Tasks")) == "INVALID_REQUEST_MISSING_FIELDS"
    assert error(ask("POST", "/Tasks", {"records": []})) == "INVALID_RECORDS"
    assert error(ask("PATCH", "/Tasks", {"records": [{"fields": {}}]})) == "INVALID_RECORDS"
    broken = Request("POST", f"/v0/{SAMPLE_BASE}/Tasks", headers={"authorization": "Bearer patRowdEmulator01.daemon"}, body=b"{")
    assert (airtable.answer(broken).status, error(airtable.answer(broken))) == (422, "INVALID_REQUEST_BODY")


def test_without_a_view_the_order_is_that_of_ids_and_with_one_that_of_the_view(ask: Ask, person: Person) -> None:
    person.move("coverage_check", above="guidelines_refresh")
    assert shown(ask) == ["coverage_check", "guidelines_refresh", "vitest_rerun"]
    plain = [record["id"] for record in ask("GET", "/Tasks").json["records"]]
    assert plain == sorted(plain)


def test_a_view_shows_its_rows_and_all_their_fields(ask: Ask, person: Person) -> None:
    person.filter("{Type}='counter'")
    person.sort("Current", keep=True)
    assert shown(ask) == ["vitest_rerun", "guidelines_refresh"]
    assert shown(ask, "/Tasks?view=Grid+view&sort[0][field]=Current&sort[0][direction]=desc") == [
        "guidelines_refresh",
        "vitest_rerun",
    ]
    assert error(ask("GET", "/Tasks?view=Main")) == "VIEW_NAME_NOT_FOUND"


def test_empty_cells_sort_first_and_selects_by_their_choices(ask: Ask) -> None:
    ask("POST", "/Tasks", {"records": [{"fields": {"Name": "none"}}, {"fields": {"Name": "weekly", "Type": "weekly"}}]})
    order = "/Tasks?sort[0][field]=Type&sort[1][field]=Name&sort[1][direction]=desc"
    assert shown(ask, order) == ["none", "vitest_rerun", "guidelines_refresh", "coverage_check", "weekly"]


def pages(ask: Ask, extra: str = "") -> tuple[list[str], str]:
    """The first page's names, and the offset of the second."""
    answer = ask("GET", f"/{THOUSAND}?view=Grid+view&pageSize=10{extra}").json
    return [record["fields"]["Name"] for record in answer["records"]], answer["offset"]


@pytest.mark.usefixtures("thousand")
def test_pages_go_on_from_the_offset_until_it_expires(ask: Ask, clock: SetClock, airtable: Airtable) -> None:
    first, offset = pages(ask)
    assert first[-1] == "task 0010"
    again = f"/{THOUSAND}?view=Grid+view&pageSize=10&offset={offset}"
    assert shown(ask, again)[0] == shown(ask, again)[0] == "task 0011"
    clock.at += airtable.listing.life - timedelta(seconds=1)
    assert shown(ask, again)[0] == "task 0011"
    clock.at += airtable.listing.life
    assert error(ask("GET", again)) == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
    assert error(ask("GET", f"/{THOUSAND}?offset=itrNever/recNever")) == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
    assert ask("GET", f"/{THOUSAND}?offset=10").json["error"]["message"] == "The value of offset 10 is invalid"
    assert error(ask("GET", f"/{TASKS}?offset={pages(ask)[1]}")) == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"


@pytest.mark.usefixtures("thousand")
def test_a_row_deleted_between_two_pages_is_missing_and_a_new_one_does_not_come(ask: Ask, airtable: Airtable) -> None:
    person = Person(airtable, SAMPLE_BASE, THOUSAND)
    _, offset = pages(ask)
    person.delete("task 0012")
    person.insert({"Name": "between"}, above="task 0013")
    person.type("task 0013", "Name", "renamed")
    assert shown(ask, f"/{THOUSAND}?view=Grid+view&pageSize=10&offset={offset}")[:3] == ["task 0011", "renamed", "task 0014"]


@pytest.mark.parametrize(
    "wrong", ["pageSize=101", "pageSize=0", "pageSize=x", "maxRecords=0", "cellFormat=xml", "sort[0][direction]=asc"]
)
def test_parameters_that_are_none_are_refused(ask: Ask, wrong: str) -> None:
    assert error(ask("GET", f"/Tasks?{wrong}")) == "INVALID_REQUEST_UNKNOWN"


def test_unknown_fields_are_named(ask: Ask) -> None:
    for target in ("/Tasks?fields[]=Nope", "/Tasks?sort[0][field]=Nope"):
        assert ask("GET", target).json["error"] == {"type": "UNKNOWN_FIELD_NAME", "message": 'Unknown field name: "Nope"'}


def test_list_records_by_post_takes_the_same(ask: Ask) -> None:
    body = {
        "filterByFormula": "{Type}='counter'",
        "sort": [{"field": "Name", "direction": "desc"}],
        "fields": ["Name"],
        "pageSize": 1,
    }
    first = ask("POST", "/Tasks/listRecords", body).json
    second = ask("POST", "/Tasks/listRecords", {**body, "offset": first["offset"]}).json
    assert [page["records"][0]["fields"] for page in (first, second)] == [{"Name": "vitest_rerun"}, {"Name": "guidelines_refresh"}]
    assert "offset" not in second


def test_comments_are_counted_where_that_is_asked_for(ask: Ask) -> None:
    first, *_ = ids(ask)
    ask("POST", f"/Tasks/{first}/comments", {"text": "well"})
    counts = [
        record["commentCount"] for record in ask("GET", "/Tasks?view=Grid+view&recordMetadata[]=commentCount").json["records"]
    ]
    assert counts == [1, 0, 0]


def upsert(ask: Ask, *rows: dict[str, Any], merge: tuple[str, ...] = ("Name",)) -> Answer:
    return ask("PATCH", "/Tasks", {"performUpsert": {"fieldsToMergeOn": list(merge)}, "records": [{"fields": row} for row in rows]})


def test_an_upsert_creates_updates_or_refuses(ask: Ask) -> None:
    made = upsert(ask, {"Name": "new", "Current": 1}, {"Name": "vitest_rerun", "Current": 5}).json
    assert (len(made["createdRecords"]), len(made["updatedRecords"]), len(made["records"])) == (1, 1, 2)
    assert made["records"][1]["fields"]["Threshold"] == 7
    again = upsert(ask, {"Name": "new", "Current": 1}).json
    assert (again["createdRecords"], again["updatedRecords"]) == ([], made["createdRecords"])
    ask("POST", "/Tasks", {"fields": {"Name": "new"}})
    assert upsert(ask, {"Name": "fine"}, {"Name": "new", "Current": 2}).status == 422
    assert "fine" not in shown(ask)
    assert upsert(ask, {"Name": "new", "Current": 1}, merge=("Name", "Current")).json["updatedRecords"] == made["createdRecords"]


def test_an_upsert_goes_by_the_id_where_there_is_one(ask: Ask) -> None:
    first, *_ = ids(ask)
    body = {"performUpsert": {"fieldsToMergeOn": ["Name"]}, "records": [{"id": first, "fields": {"Name": "vitest_rerun"}}]}
    assert ask("PATCH", "/Tasks", body).json["updatedRecords"] == [first]
    assert shown(ask)[:2] == ["vitest_rerun", "vitest_rerun"]
    gone = {**body, "records": [{"id": GONE, "fields": {"Name": "x"}}]}
    assert error(ask("PATCH", "/Tasks", gone)) == "ROW_DOES_NOT_EXIST"


def test_an_upsert_merges_on_one_to_three_fields_that_hold_something_of_their_own(ask: Ask) -> None:
    assert error(upsert(ask, {"Name": "x"}, merge=())) == "INVALID_REQUEST_UNKNOWN"
    assert error(upsert(ask, {"Name": "x"}, merge=("Name", "Type", "Status", "Current"))) == "INVALID_REQUEST_UNKNOWN"
    assert error(upsert(ask, {"Name": "x"}, merge=("ID",))) == "INVALID_REQUEST_UNKNOWN"
    assert error(upsert(ask, {"Name": "x"}, merge=("Nope",))) == "UNKNOWN_FIELD_NAME"
    assert error(upsert(ask, {"Current": 1})) == "INVALID_REQUEST_UNKNOWN"


def test_what_is_not_emulated_says_so(airtable: Airtable, ask: Ask) -> None:
    targets = ["/v0/meta/enterpriseAccounts/entX", f"/v0/meta/bases/{SAMPLE_BASE}", f"/v0/meta/bases/{SAMPLE_BASE}/shares"]
    assert [ask("GET", target).status for target in targets] == [501] * 3
    assert ask("GET", "/Tasks?filterByFormula=WORKDAY(TODAY(),1)").status == 501
    assert len(airtable.unserved) == 4
    airtable.unserved.clear()
    assert ask("GET", "/v0/junk").json == {"error": "NOT_FOUND"}
    assert airtable.unserved == []


def test_a_table_with_a_colon_in_its_name_is_found_by_it(airtable: Airtable, ask: Ask) -> None:
    add_table(airtable, airtable.bases[SAMPLE_BASE], "Ops: daily", [{"name": "Name", "type": "singleLineText"}], [{"Name": "x"}])
    for name in ("Ops:%20daily", "Ops%3A%20daily"):
        record = ask("GET", f"/{name}").json["records"][0]
        assert ask("GET", f"/{name}/{record['id']}").json["fields"] == {"Name": "x"}
        assert ask("POST", f"/{name}/listRecords", {}).status == 200


def test_a_column_whose_formula_is_not_emulated_is_not_made(airtable: Airtable, ask: Ask, person: Person) -> None:
    """Its cells would show something, and that would be a lie."""
    with pytest.raises(NotEmulated, match="WORKDAY"):
        person.add_column("due", "formula", {"formula": "WORKDAY(TODAY(), 1)"})
    assert all("due" not in record["fields"] for record in ask("GET", "/Tasks").json["records"])


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_record_is_in_a_batch_once(ask: Ask, method: str) -> None:
    first = ids(ask)[0]
    before = shown(ask)
    refused = ask(method, "/Tasks", {"records": [{"id": first, "fields": {"Name": name}} for name in ("x", "y")]})
    assert (refused.status, error(refused)) == (422, "INVALID_RECORDS")
    assert refused.json["error"]["message"] == "You cannot update the same record multiple times in a single request."
    merge = {"performUpsert": {"fieldsToMergeOn": ["Name"]}}
    assert ask("PATCH", "/Tasks", {**merge, "records": [{"fields": {"Name": before[0]}}] * 2}).status == 422
    assert shown(ask) == before


def test_an_upsert_of_new_twins_is_not_emulated(airtable: Airtable, ask: Ask) -> None:
    merge = {"performUpsert": {"fieldsToMergeOn": ["Name"]}}
    before = shown(ask)
    assert ask("PATCH", "/Tasks", {**merge, "records": [{"fields": {"Name": "new"}}] * 2}).status == 501
    assert shown(ask) == before
    airtable.unserved.clear()


def held(base: Base) -> Base:
    """What a base holds, to compare. The version of a table only ever grows."""
    kept = deepcopy(base)
    for table in kept.tables:
        table.version = 0
    return kept


def test_what_is_not_emulated_has_changed_nothing(airtable: Airtable, ask: Ask, clock: SetClock) -> None:
    """A formula that can't be computed of a record's new cells: the others of its batch are as they were, and no webhook tells."""
    base = airtable.bases[SAMPLE_BASE]
    columns: list[dict[str, Any]] = [
        {"name": "Name", "type": "singleLineText"},
        {"name": "Number", "type": "autoNumber"},
        {"name": "Count", "type": "number", "options": {"precision": 0}},
        {"name": "Kind", "type": "singleSelect", "options": {"choices": [{"name": "old"}]}},
        next(field for field in TASK_FIELDS if field["type"] == "dateTime"),
        {"name": "Task", "type": "multipleRecordLinks", "options": {"linkedTableId": TASKS}},
        {
            "name": "Same",
            "type": "formula",
            "options": {"formula": "IF({Count}=9, {Last Run}='2026-03-02T12:00:00.000Z', BLANK())"},
        },
    ]
    tasks = ids(ask)
    cells = {"Last Run": "2026-03-02T12:00:00.000Z", "Task": [tasks[0]]}
    jobs = add_table(airtable, base, "Jobs", columns, [{**cells, "Name": name, "Count": at} for at, name in enumerate("ab")])
    a, b = jobs.records
    ask("POST", f"/v0/bases/{SAMPLE_BASE}/webhooks", {"specification": {"options": {"filters": {"dataTypes": ["tableData"]}}}})
    payloads = ask("GET", f"/v0/bases/{SAMPLE_BASE}/webhooks").json["webhooks"][0]["cursorForNextPayload"]
    clock.advance(seconds=90)
    before = held(base)
    wrong = {**cells, "Kind": "new", "Count": 9, "Task": [tasks[1]]}
    tries: list[tuple[Any, ...]] = [
        ("POST", "/Jobs", {"typecast": True, "records": [{"fields": {**cells, "Name": "c"}}, {"fields": wrong}]}),
        ("PATCH", "/Jobs", {"typecast": True, "records": [{"id": a, "fields": {"Count": 5}}, {"id": b, "fields": wrong}]}),
        ("PUT", f"/Jobs/{a}", {"typecast": True, "fields": {"Last Run": cells["Last Run"], "Count": 9}}),
        ("PATCH", "/Jobs", {"performUpsert": {"fieldsToMergeOn": ["Name"]}, "records": [{"fields": {"Name": "b", "Count": 9}}]}),
    ]
    assert [ask(*each).status for each in tries] == [501] * len(tries)
    assert held(base) == before
    jobs.records[b].cells[jobs.fields[2].id] = 9
    before = held(base)
    assert ask("DELETE", f"/Tasks?records[]={tasks[2]}&records[]={tasks[0]}").status == 501
    assert held(base) == before
    assert ask("GET", f"/v0/bases/{SAMPLE_BASE}/webhooks").json["webhooks"][0]["cursorForNextPayload"] == payloads
    airtable.unserved.clear()
    jobs.records[b].cells[jobs.fields[2].id] = 1
    made = ask("POST", "/Jobs", {"typecast": True, "fields": {**wrong, "Count": 8}}).json["fields"]
    assert (made["Number"], made["Kind"], made["Task"]) == (3, "new", [tasks[1]])

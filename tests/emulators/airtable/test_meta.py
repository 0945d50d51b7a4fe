"""The Meta API and comments, mostly through pyairtable."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from pyairtable import Api, Table

from tests.emulators.airtable import DAEMON, OWNER, SAMPLE_BASE, TOKEN, Airtable, Person, add_table
from tests.emulators.airtable.conftest import Ask
from tests.emulators.airtable.model import Token
from tests.emulators.airtable.test_cells import FIELDS
from tests.emulators.core.clock import SetClock

META = f"/v0/meta/bases/{SAMPLE_BASE}/tables"


def test_who_am_i(api: Api, airtable: Airtable) -> None:
    assert api.whoami() == {"id": DAEMON.id, "email": DAEMON.email}
    airtable.tokens[TOKEN].oauth = True
    assert "data.records:write" in api.whoami()["scopes"]


def test_bases_and_tables_are_described(api: Api) -> None:
    (base,) = api.bases()
    assert (base.id, base.name) == (SAMPLE_BASE, "Rowd samples")
    schema = base.schema()
    (table,) = schema.tables
    assert [field.type for field in table.fields[:4]] == ["singleLineText", "autoNumber", "singleSelect", "multilineText"]
    assert table.primary_field_id == table.fields[0].id
    assert [view.type for view in table.views] == ["grid"]
    options = table.field("Last Run").options  # type: ignore[union-attr]  # not every type has options
    assert options is not None
    assert (options.time_zone, options.date_format.format, options.time_format.format) == ("utc", "YYYY-MM-DD", "HH:mm")  # type: ignore[union-attr]


def test_a_base_a_table_and_a_field_are_made_and_renamed(api: Api, airtable: Airtable) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "Name", "type": "singleLineText"},
        {"name": "Done", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    ]
    base = api.create_base(airtable.workspace.id, "Made", [{"name": "First", "fields": fields}])
    table = base.create_table("Second", fields, description="of two")
    field = table.create_field("State", "singleSelect", options={"choices": [{"name": "open"}, {"name": "shut"}]})
    assert [choice.name for choice in field.options.choices] == ["open", "shut"]  # type: ignore[union-attr]
    field.name, field.description = "Status", "how it stands"
    field.save()
    schema = table.schema(force=True)
    schema.name = "Renamed"
    schema.save()
    renamed = base.table("Renamed", force=True)
    assert renamed.create({"Name": "x", "Status": "open", "Done": True})["fields"] == {"Name": "x", "Status": "open", "Done": True}
    assert renamed.schema(force=True).field("Status").description == "how it stands"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ({"name": "Status", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        ({"name": "STATUS", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        ({"name": " ", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
        ({"name": "n", "type": "number"}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
        ({"name": "n", "type": "autoNumber"}, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
        ({"name": "n", "type": "nonsense"}, "INVALID_REQUEST_UNKNOWN"),
        ({"type": "singleLineText"}, "INVALID_REQUEST_UNKNOWN"),
    ],
)
def test_a_field_that_cannot_be_is_refused(ask: Ask, field: dict[str, Any], kind: str) -> None:
    answer = ask("POST", f"{META}/Tasks/fields", field)
    assert (answer.status, answer.json["error"]["type"]) == (422, kind)


def test_a_table_that_cannot_be_is_refused(ask: Ask) -> None:
    good = {"name": "Name", "type": "singleLineText"}
    assert ask("POST", META, {"name": "Tasks", "fields": [good]}).json["error"]["type"] == "DUPLICATE_TABLE_NAME"
    assert ask("POST", META, {"name": "T", "fields": []}).status == 422
    assert ask("POST", META, {"name": "T", "fields": [{**good, "type": "checkbox"}]}).status == 422
    assert ask("PATCH", f"{META}/Tasks", {"name": ""}).status == 422
    assert len(ask("GET", META).json["tables"]) == 1


def test_a_link_gets_its_other_side(ask: Ask) -> None:
    tasks = ask("GET", META).json["tables"][0]["id"]
    link = {"name": "for", "type": "multipleRecordLinks", "options": {"linkedTableId": tasks}}
    made = ask("POST", META, {"name": "Runs", "fields": [{"name": "Name", "type": "singleLineText"}, link]}).json
    back = ask("GET", META).json["tables"][0]["fields"][-1]
    assert (back["name"], back["options"]["inverseLinkFieldId"]) == ("Runs", made["fields"][1]["id"])


def test_pyairtable_reads_every_kind_of_field_from_the_schema(api: Api, airtable: Airtable, person: Person) -> None:
    base = airtable.bases[SAMPLE_BASE]
    add_table(airtable, base, "Every", FIELDS)
    far = add_table(airtable, base, "Far", [FIELDS[0]])
    person.add_column("links", "multipleRecordLinks", {"linkedTableId": far.id})
    links = base.tables[0].field("links")
    assert links is not None
    through = {"recordLinkFieldId": links.id, "fieldIdInLinkedTable": far.primary.id}
    person.add_column("count", "count", {"recordLinkFieldId": links.id})
    person.add_column("rolled", "rollup", {**through, "formula": "ARRAYJOIN(values)"})
    person.add_column("looked", "multipleLookupValues", through)
    person.add_column("sum", "formula", {"formula": "{Current}+1"})
    for kind in ("createdTime", "lastModifiedTime", "createdBy", "lastModifiedBy"):
        person.add_column(kind, kind)
    person.add_column("button", "button", {"label": "Go", "url": "https://example.com"})
    table = api.base(SAMPLE_BASE).schema().table("Tasks")
    assert [type(field).__name__ for field in table.fields if type(field).__name__.startswith("Unknown")] == []
    options = table.field("sum").options  # type: ignore[union-attr]  # not every type has options
    assert (options.result.type, options.referenced_field_ids) == ("number", [table.field("Current").id])  # type: ignore[union-attr]
    assert "formula" not in str(table.field("rolled"))


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("{Name}&1", "singleLineText"),
        ("-{Current}", "number"),
        ("{Name}='a'", "number"),
        ("{Name}+'a'", "singleLineText"),
        ("IF({Current},NOW())", "dateTime"),
        ("IF({Current},TODAY(),BLANK())", "date"),
        ("IF(1,'a',2)", "singleLineText"),
        ("SWITCH({Name},'a',1,2)", "number"),
        ("{Last Run}", "dateTime"),
        ("UPPER({Name})", "singleLineText"),
    ],
)
def test_the_type_of_a_formula_is_told(person: Person, ask: Ask, formula: str, kind: str) -> None:
    person.add_column("f", "formula", {"formula": formula})
    assert ask("GET", META).json["tables"][0]["fields"][-1]["options"]["result"]["type"] == kind


def test_the_visible_fields_of_a_view_are_told_where_that_is_asked_for(ask: Ask) -> None:
    plain, visible = (ask("GET", META + extra).json["tables"][0]["views"][0] for extra in ("", "?include[]=visibleFieldIds"))
    assert "visibleFieldIds" not in plain
    assert len(visible["visibleFieldIds"]) == 10


def test_what_cannot_be_patched(ask: Ask, airtable: Airtable) -> None:
    assert ask("PATCH", f"{META}/Tasks/fields/Nope", {"name": "x"}).status == 403
    assert ask("PATCH", f"{META}/Tasks/fields/Status", {"name": "Type"}).status == 422
    assert ask("PATCH", f"{META}/Tasks/fields/Status", {"options": {"choices": []}}).status == 422
    assert ask("PATCH", f"{META}/Tasks/fields/Current", {"options": {"precision": 2}}).status == 501
    airtable.unserved.clear()


def test_comments_are_written_read_changed_and_deleted(tasks: Table, clock: SetClock, airtable: Airtable) -> None:
    record = next(iter(Person(airtable, SAMPLE_BASE, "Tasks").rows()))
    first = tasks.add_comment(record, f"Look, @[{DAEMON.id}]")
    clock.advance(seconds=5)
    tasks.add_comment(record, "second")
    assert [comment.text for comment in tasks.comments(record)] == ["second", f"Look, @[{DAEMON.id}]"]
    assert tasks.comments(record)[1].mentioned[DAEMON.id].display_name == DAEMON.name
    first.text = "changed"
    first.save()
    assert tasks.comments(record)[1].last_updated_time == clock.at
    first.delete()
    assert [comment.text for comment in tasks.comments(record)] == ["second"]


def test_comments_come_in_pages_and_belong_to_who_wrote_them(ask: Ask, airtable: Airtable) -> None:
    record = next(iter(Person(airtable, SAMPLE_BASE, "Tasks").rows()))
    made = [ask("POST", f"/Tasks/{record}/comments", {"text": str(at)}).json["id"] for at in range(3)]
    page = ask("GET", f"/Tasks/{record}/comments?pageSize=2").json
    assert ([each["text"] for each in page["comments"]], page["offset"]) == (["2", "1"], made[0])
    rest = ask("GET", f"/Tasks/{record}/comments?pageSize=2&offset={page['offset']}").json
    assert ([each["text"] for each in rest["comments"]], rest["offset"]) == (["0"], None)
    answer = ask("POST", f"/Tasks/{record}/comments", {"text": "re", "parentCommentId": made[0]}).json
    assert answer["parentCommentId"] == made[0]
    assert ask("POST", f"/Tasks/{record}/comments", {"text": ""}).status == 422
    assert ask("DELETE", f"/Tasks/{record}/comments/comNoSuchComment1").status == 403
    airtable.let_in(Token("patOwner.x", OWNER))
    assert ask("DELETE", f"/Tasks/{record}/comments/{made[0]}", token="patOwner.x").status == 403
    assert ask("GET", "/Tasks/recNoSuchRecord01/comments").status == 404


def test_pyairtable_meets_the_refusal_too(api: Api) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        api.base(SAMPLE_BASE).create_table("Tasks", [{"name": "Name", "type": "singleLineText"}])

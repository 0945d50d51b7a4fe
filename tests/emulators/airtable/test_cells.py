"""Each type of field: what may be written, and how it is read back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.airtable import DAEMON, SAMPLE_BASE, TOKEN, Airtable, Person, add_table
from tests.emulators.airtable.conftest import Ask
from tests.emulators.core.clock import SetClock

BERLIN = {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "Europe/Berlin"}
CHOICES = {"choices": [{"name": "red"}, {"name": "green"}]}
FIELDS: list[dict[str, Any]] = [
    {"name": "Name", "type": "singleLineText"},
    {"name": "long", "type": "multilineText"},
    {"name": "rich", "type": "richText"},
    {"name": "email", "type": "email"},
    {"name": "url", "type": "url"},
    {"name": "phone", "type": "phoneNumber"},
    {"name": "number", "type": "number", "options": {"precision": 1}},
    {"name": "currency", "type": "currency", "options": {"precision": 2, "symbol": "€"}},
    {"name": "percent", "type": "percent", "options": {"precision": 0}},
    {"name": "rating", "type": "rating", "options": {"icon": "star", "max": 5, "color": "yellowBright"}},
    {"name": "duration", "type": "duration", "options": {"durationFormat": "h:mm:ss"}},
    {"name": "check", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    {"name": "select", "type": "singleSelect", "options": CHOICES},
    {"name": "tags", "type": "multipleSelects", "options": CHOICES},
    {"name": "date", "type": "date", "options": {"dateFormat": {"name": "local"}}},
    {"name": "time", "type": "dateTime", "options": BERLIN},
    {"name": "who", "type": "singleCollaborator"},
    {"name": "all", "type": "multipleCollaborators"},
    {"name": "code", "type": "barcode"},
    {"name": "files", "type": "multipleAttachments"},
]


@pytest.fixture
def every(airtable: Airtable) -> None:
    add_table(airtable, airtable.bases[SAMPLE_BASE], "Every", FIELDS)


def written(ask: Ask, name: str, value: Any, *, typecast: bool = False) -> Any:
    """How the cell reads; "absent"; or the type of the error."""
    answer = ask("POST", "/Every", {"fields": {name: value}, "typecast": typecast})
    return answer.json["fields"].get(name, "absent") if answer.status == 200 else answer.json["error"]["type"]


BAD = "INVALID_VALUE_FOR_COLUMN"
NO_CHOICE = "INVALID_MULTIPLE_CHOICE_OPTIONS"


@pytest.mark.usefixtures("every")
@pytest.mark.parametrize(
    ("name", "value", "reads"),
    [
        ("Name", "", "absent"),
        ("Name", "x" * 100_000, "x" * 100_000),
        ("Name", "x" * 100_001, BAD),
        ("Name", 5, BAD),
        ("long", "a\nb", "a\nb"),
        # grouparoo/grouparoo@a453a40b16, export-records: it ends with a line break, bullets become dashes, cleared it is not empty
        ("rich", "#header\n* bullet", "#header\n- bullet\n"),
        ("rich", None, "\n"),
        ("email", "a@example.com", "a@example.com"),
        ("number", 0, 0),
        ("number", 3.0, 3),
        ("number", 7.25, 7.25),
        ("number", "7", BAD),
        ("number", "", BAD),
        ("number", True, BAD),
        ("number", None, "absent"),
        ("currency", 20.34, 20.34),
        ("percent", 0.25, 0.25),
        ("rating", 5, 5),
        ("rating", 6, BAD),
        ("duration", 4890, 4890),
        ("check", True, True),
        ("check", False, "absent"),
        ("check", "yes", BAD),
        ("select", "red", "red"),
        ("select", "blue", NO_CHOICE),
        ("select", "", NO_CHOICE),
        ("select", 3, BAD),
        ("tags", ["green", "red"], ["green", "red"]),
        ("tags", [], "absent"),
        ("tags", "red", BAD),
        ("tags", ["red", "blue"], NO_CHOICE),
        ("date", "2026-03-02", "2026-03-02"),
        ("date", "2026-03-02T23:30:00Z", "2026-03-02"),
        ("date", "2/3/2026", BAD),
        ("date", "2026-02-30", BAD),
        ("date", "", BAD),
        ("time", "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000Z"),
        ("time", "2026-03-02T10:00:00+05:30", "2026-03-02T04:30:00.000Z"),
        ("time", "2026-03-02T10:00:00", "2026-03-02T09:00:00.000Z"),  # winter in Berlin: one hour ahead
        ("time", "2026-07-02T10:00:00", "2026-07-02T08:00:00.000Z"),  # summer: two
        ("time", 1640520000000, "2021-12-26T12:00:00.000Z"),  # grouparoo/grouparoo@a453a40b16: milliseconds of Unix time
        ("who", {"id": DAEMON.id}, DAEMON.cell),
        ("who", {"email": DAEMON.email}, DAEMON.cell),
        ("who", {"email": "nobody@example.com"}, BAD),
        ("all", [{"id": DAEMON.id}], [DAEMON.cell]),
        ("code", {"text": "A1"}, {"text": "A1"}),
        ("code", "A1", BAD),
        ("files", [{"bad": 1}], "INVALID_ATTACHMENT_OBJECT"),
    ],
)
def test_what_is_written_reads_so(ask: Ask, name: str, value: Any, reads: Any) -> None:
    assert written(ask, name, value) == reads


@pytest.mark.usefixtures("every")
def test_a_date_that_is_none_is_named(ask: Ask) -> None:
    refused = ask("POST", "/Every", {"fields": {"date": "soon"}}).json["error"]
    assert refused == {"type": BAD, "message": 'Cannot parse date value "soon" for field date'}


@pytest.mark.usefixtures("every")
@pytest.mark.parametrize(
    ("name", "value", "reads"),
    [
        ("Name", 5, "5"),
        ("number", "1,234.5 km", 1234.5),
        ("number", "none", BAD),
        ("percent", "25%", 0.25),
        ("duration", "1:21:30", 4890),
        ("check", "true", True),
        ("select", "blue", "blue"),
        ("select", "", "absent"),
        ("tags", "red, blue", ["red", "blue"]),
        ("date", "3/2/2026", "2026-03-02"),
        ("time", "3/2/2026 5:00 pm", "2026-03-02T16:00:00.000Z"),
        ("who", DAEMON.name, DAEMON.cell),
        ("code", "A1", {"text": "A1"}),
    ],
)
def test_typecast_takes_more(ask: Ask, name: str, value: Any, reads: Any) -> None:
    assert written(ask, name, value, typecast=True) == reads


@pytest.mark.usefixtures("every")
def test_typecast_makes_one_choice_of_a_name_that_a_batch_has_twice(ask: Ask) -> None:
    made = ask(
        "POST", "/Every", {"records": [{"fields": {"select": "blue"}}, {"fields": {"select": "blue"}}], "typecast": True}
    ).json
    assert [record["fields"]["select"] for record in made["records"]] == ["blue", "blue"]
    tables = ask("GET", f"/v0/meta/bases/{SAMPLE_BASE}/tables").json["tables"]
    (field,) = [field for field in tables[1]["fields"] if field["name"] == "select"]
    assert [choice["name"] for choice in field["options"]["choices"]] == ["red", "green", "blue"]
    # VENDORS.md B5: in the query typecast counts for nothing, and who may only edit may not add a choice
    assert ask("POST", "/Every?typecast=true", {"fields": {"select": "pink"}}).json["error"]["type"] == NO_CHOICE


@pytest.mark.usefixtures("every")
def test_an_editor_adds_no_choice(airtable: Airtable, ask: Ask) -> None:
    Person(airtable, SAMPLE_BASE, "Every").share(DAEMON, "edit")
    assert written(ask, "select", "blue", typecast=True) == NO_CHOICE
    assert written(ask, "select", "red", typecast=True) == "red"


@pytest.mark.usefixtures("every")
def test_attachments_are_kept_by_their_address(ask: Ask) -> None:
    (file,) = written(ask, "files", [{"url": "https://example.com/a/cat.png"}])
    assert (file["url"], file["filename"], file["id"][:3]) == ("https://example.com/a/cat.png", "cat.png", "att")
    assert written(ask, "files", [{"id": file["id"]}]) == [file]


@pytest.mark.usefixtures("every")
def test_cells_as_strings_are_as_a_person_sees_them(ask: Ask, airtable: Airtable) -> None:
    cells = {"Name": "x", "number": 3, "currency": 6.5, "percent": 0.25, "duration": 4890, "check": True, "tags": ["red", "green"]}
    ask("POST", "/Every", {"fields": {**cells, "date": "2026-03-02", "time": "2026-03-02T10:00:00Z", "who": {"id": DAEMON.id}}})
    shown = ask("GET", "/Every?cellFormat=string&timeZone=utc&userLocale=en-us").json["records"][0]["fields"]
    assert shown == {
        "Name": "x",
        "number": "3.0",
        "currency": "€6.50",
        "percent": "25%",
        "duration": "1:21:30",
        "check": "checked",
        "tags": "red, green",
        "date": "3/2/2026",
        "time": "2026-03-02 11:00",
        "who": DAEMON.name,
    }
    assert ask("GET", "/Every?cellFormat=string").status == 422
    assert ask("GET", "/Every?cellFormat=string&timeZone=utc&userLocale=ja").status == 501
    airtable.unserved.clear()


def test_computed_fields_follow_the_cells(airtable: Airtable, ask: Ask) -> None:
    base = airtable.bases[SAMPLE_BASE]
    far = add_table(airtable, base, "Far", [FIELDS[0], FIELDS[6]], [{"Name": "a", "number": 1}, {"Name": "b", "number": 4}])
    a, b = far.records
    link = {"name": "links", "type": "multipleRecordLinks", "options": {"linkedTableId": far.id}}
    near = add_table(airtable, base, "Near", [FIELDS[0], link])
    links, number = near.field("links"), far.field("number")
    assert links is not None
    assert number is not None
    through = {"recordLinkFieldId": links.id, "fieldIdInLinkedTable": number.id}
    person = Person(airtable, SAMPLE_BASE, "Near")
    person.add_column("count", "count", through)
    person.add_column("mean", "rollup", {**through, "formula": "AVERAGE(values)"})
    person.add_column("lookup", "multipleLookupValues", through)
    person.add_column("text", "formula", {"formula": "{Name}&' '&{count}"})
    person.add_column("ratio", "formula", {"formula": "1/{count}"})
    person.add_column("broken", "formula", {"formula": "DATEADD({Name}, 1, 'days')"})
    person.add_column("by", "createdBy")
    person.add_column("at", "lastModifiedTime")
    made = ask("POST", "/Near", {"fields": {"Name": "n", "links": [a, b]}}).json
    assert made["fields"] == {
        "Name": "n",
        "links": [a, b],
        "count": 2,
        "mean": 2.5,
        "lookup": [1, 4],
        "text": "n 2",
        "ratio": 0.5,
        "broken": {"error": "#ERROR!"},
        "by": DAEMON.cell,
        "at": "2026-03-02T12:00:10.000Z",
    }
    assert ask("GET", f"/Far/{a}").json["fields"]["Near"] == [made["id"]]
    # grouparoo/grouparoo@a453a40b16: with nothing linked the count is 0, the mean no number, the lookup absent
    cleared = ask("PATCH", f"/Near/{made['id']}", {"fields": {"links": []}}).json["fields"]
    assert (cleared["count"], cleared["mean"], cleared["ratio"]) == (0, {"specialValue": "NaN"}, {"specialValue": "Infinity"})
    assert "lookup" not in cleared
    assert "Near" not in ask("GET", f"/Far/{a}").json["fields"]
    for column in ("count", "mean", "lookup", "text", "by", "at"):
        refused = ask("PATCH", f"/Near/{made['id']}", {"fields": {column: 1}}).json["error"]
        assert refused["message"] == f'Field "{column}" cannot accept a value because the field is computed'


def test_a_link_changes_both_of_its_rows(airtable: Airtable, ask: Ask, clock: SetClock) -> None:
    base = airtable.bases[SAMPLE_BASE]
    far = add_table(airtable, base, "Far", [FIELDS[0], {"name": "at", "type": "lastModifiedTime"}], [{"Name": "a"}])
    add_table(
        airtable, base, "Near", [FIELDS[0], {"name": "l", "type": "multipleRecordLinks", "options": {"linkedTableId": far.id}}]
    )
    clock.advance(minutes=5)
    ask("POST", "/Near", {"fields": {"l": list(far.records)}})
    assert ask("GET", "/Far").json["records"][0]["fields"]["at"] == "2026-03-02T12:05:10.000Z"


def test_links_name_records_that_are_there_or_with_typecast_new_ones(airtable: Airtable, ask: Ask) -> None:
    base = airtable.bases[SAMPLE_BASE]
    far = add_table(airtable, base, "Far", [FIELDS[0]], [{"Name": "a"}])
    add_table(
        airtable, base, "Near", [FIELDS[0], {"name": "l", "type": "multipleRecordLinks", "options": {"linkedTableId": far.id}}]
    )
    assert ask("POST", "/Near", {"fields": {"l": ["recNoSuchRecord01"]}}).json["error"]["type"] == "ROW_DOES_NOT_EXIST"
    assert ask("POST", "/Near", {"fields": {"l": ["a"]}}).json["error"]["type"] == BAD
    made = ask("POST", "/Near", {"fields": {"l": ["a", "new"]}, "typecast": True}).json["fields"]["l"]
    assert made[0] in far.records
    assert [record["fields"]["Name"] for record in ask("GET", "/Far").json["records"] if record["id"] in made] != []
    assert len(far.records) == 2
    ask("DELETE", f"/Far/{made[0]}")
    assert [record["fields"]["l"] for record in ask("GET", "/Near").json["records"]] == [made[1:]]


def test_the_token_of_nobody_reads_no_cell(ask: Ask) -> None:
    assert ask("GET", "/Tasks", token="x").status == 401
    assert ask("GET", "/Tasks", token=TOKEN).status == 200

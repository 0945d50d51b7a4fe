"""What surprises those who write to Notion, each with its source: recordings of public projects, or VENDORS.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.notion.asking import Ask, asking
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source

Json = Any


def text(content: str) -> list[Json]:
    return [{"text": {"content": content}}]


def made(ask: Ask, source: Source, cells: Json) -> Answer:
    return ask("POST", "/v1/pages", {"parent": {"data_source_id": source.id}, "properties": cells})


def test_ids_come_with_dashes_or_without_and_always_go_with_them(ask: Ask, home: Page) -> None:
    assert ask("GET", f"/v1/pages/{home.id.replace('-', '')}").json["id"] == home.id
    assert ask("GET", f"/v1/pages/{home.id.upper()}").json["id"] == home.id


@pytest.mark.parametrize("given", ["12345678-1234-1234-1234-123456789abc", "None", "x"])
def test_a_bad_id_is_400_where_a_missing_one_is_404(ask: Ask, given: str) -> None:
    # ultimate-notion, test_upload_invalid_page_uuid: that version and variant make no uuid
    bad = ask("GET", f"/v1/pages/{given}")
    assert (bad.status, bad.json["message"]) == (
        400,
        f'path failed validation: path.page_id should be a valid uuid, instead was `"{given}"`.',
    )


def test_what_is_missing_and_what_is_not_shared_sound_alike(ask: Ask, ada: Person) -> None:
    secret = ada.page("Secret")
    for identifier in (secret.id, "00000000-0000-0000-0000-000000000000"):
        missing = ask("GET", f"/v1/pages/{identifier}")
        assert (missing.status, missing.json["code"]) == (404, "object_not_found")
        assert missing.json["message"] == (
            f"Could not find page with ID: {identifier}. Make sure the relevant pages and databases are shared with your "
            'integration "rowd".'
        )


@pytest.mark.parametrize(("switches", "status"), [({}, 404), ({"wrong_id": "validation_error"}, 400)], ids=["404", "400"])
def test_a_database_is_no_data_source(ask: Ask, tasks: Source, status: int) -> None:
    database = tasks.parent[1]
    assert ask("GET", f"/v1/data_sources/{database}").status == status
    assert ask("GET", f"/v1/databases/{tasks.id}").status == status
    assert ask("GET", f"/v1/databases/{database}").json["data_sources"] == [{"id": tasks.id, "name": "Tasks"}]
    assert ask("POST", f"/v1/databases/{database}/query", {}).json["code"] == "invalid_request_url"


def test_times_of_pages_are_minutes_with_z_and_of_databases_milliseconds_with_an_offset(ask: Ask, tasks: Source) -> None:
    page = made(ask, tasks, {}).json
    assert (page["created_time"], page["last_edited_time"]) == ("2026-03-04T12:00:00.000Z",) * 2
    database = ask("GET", f"/v1/databases/{tasks.parent[1]}").json
    assert database["created_time"] == "2026-03-04T12:00:42.500+00:00"
    assert ask("GET", f"/v1/data_sources/{tasks.id}").json["created_time"] == "2026-03-04T12:00:00.000Z"


def test_two_edits_in_one_minute_look_the_same(ask: Ask, tasks: Source, clock: SetClock) -> None:
    page = made(ask, tasks, {}).json
    clock.advance(seconds=15)
    assert (
        ask("PATCH", f"/v1/pages/{page['id']}", {"properties": {"Done": {"checkbox": True}}}).json["last_edited_time"]
        == page["created_time"]
    )
    clock.advance(seconds=15)
    assert ask("PATCH", f"/v1/pages/{page['id']}", {}).json["last_edited_time"] == "2026-03-04T12:01:00.000Z"


def test_only_the_older_version_says_archived(emulator: Notion, home: Page) -> None:
    old, new = asking(emulator, version="2025-09-03"), asking(emulator)
    assert old("GET", f"/v1/pages/{home.id}").json["archived"] is False
    assert "archived" not in new("GET", f"/v1/pages/{home.id}").json
    refused = new("PATCH", f"/v1/pages/{home.id}", {"archived": True})
    assert refused.json["message"] == "body failed validation: body.archived should be not present, instead was `true`."
    assert old("PATCH", f"/v1/pages/{home.id}", {"archived": True}).json["in_trash"] is True


def test_the_version_has_to_be_told(emulator: Notion) -> None:
    request = asking(emulator, version="")("GET", "/v1/users/me")
    assert (request.status, request.json["code"]) == (400, "missing_version")
    assert asking(emulator, version="2022-06-28")("GET", "/v1/users/me").status == 501
    assert (
        'or `"2026-03-11"`, instead was `"2030-01-01"`'
        in asking(emulator, version="2030-01-01")("GET", "/v1/users/me").json["message"]
    )


def test_every_answer_has_an_id_of_its_own(ask: Ask) -> None:
    answers = [ask("GET", "/v1/users/me"), ask("GET", "/v1/users/me"), ask("GET", "/v1/nothing")]
    numbers = {answer.json["request_id"] for answer in answers}
    assert numbers == {answer.headers["X-Notion-Request-Id"] for answer in answers}
    assert {answer.headers["Date"] for answer in answers} == {"Wed, 04 Mar 2026 12:00:42 GMT"}
    assert len(numbers) == 3


def test_an_unknown_select_option_is_made_and_an_unknown_status_refused(ask: Ask, tasks: Source) -> None:
    row = made(
        ask, tasks, {"Kind": {"select": {"name": "monthly"}}, "Tags": {"multi_select": [{"name": "green"}, {"name": "RED"}]}}
    ).json
    assert row["properties"]["Kind"]["select"]["name"] == "monthly"
    assert [option["name"] for option in row["properties"]["Tags"]["multi_select"]] == [
        "green",
        "red",
    ]  # names: capitals don't count
    shown = ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]
    assert [option["name"] for option in shown["Kind"]["select"]["options"]] == ["daily", "weekly", "monthly"]
    refused = made(ask, tasks, {"State": {"status": {"name": "Broken"}}, "Kind": {"select": {"name": "never"}}})
    assert (refused.status, refused.json["code"]) == (400, "validation_error")
    shown = ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]
    assert [option["name"] for option in shown["Kind"]["select"]["options"]] == ["daily", "weekly", "monthly"]
    assert made(ask, tasks, {"Kind": {"select": {"name": "a,b"}}}).status == 400


def test_a_new_row_has_all_properties_the_empty_ones_too(ask: Ask, tasks: Source) -> None:
    shown = made(ask, tasks, {}).json["properties"]
    assert set(shown) == {column.name for column in tasks.properties.values()}
    empty = {name: cell[cell["type"]] for name, cell in shown.items()}
    assert (empty["Notes"], empty["Count"], empty["Kind"], empty["Done"], empty["Tags"]) == ([], None, None, False, [])
    assert empty["State"]["name"] == "Not started"
    assert empty["Number"] == {"prefix": "TASK", "number": 1}
    assert made(ask, tasks, {}).json["properties"]["Number"]["unique_id"]["number"] == 2


def test_columns_are_named_by_id_too_and_ids_are_encoded(ask: Ask, tasks: Source) -> None:
    schema = ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]
    row = made(ask, tasks, {"title": {"title": text("x")}, schema["Count"]["id"]: {"number": 3}}).json
    assert row["properties"]["Count"]["number"] == 3
    renamed = ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {schema["Count"]["id"]: {"name": "How many"}}}).json
    assert renamed["properties"]["How many"]["id"] == schema["Count"]["id"]


def test_text_that_looks_alike_reads_back_as_one_object_longer_than_may_be_written(ask: Ask, tasks: Source) -> None:
    # ultimate-notion, test_long_code_block: 2,000 and 1 characters come back as 2,001
    row = made(
        ask,
        tasks,
        {"Notes": {"rich_text": [*text("a" * 2000), *text("b"), {"text": {"content": "c"}, "annotations": {"bold": True}}]}},
    )
    notes = row.json["properties"]["Notes"]["rich_text"]
    assert [len(item["plain_text"]) for item in notes] == [2001, 1]
    back = ask("PATCH", f"/v1/pages/{row.json['id']}", {"properties": {"Notes": {"rich_text": notes}}})
    assert back.json["message"] == (
        "body failed validation: body.properties.Notes.rich_text[0].text.content.length should be ≤ `2000`, instead was `2001`."
    )


def test_lengths_are_counted_as_javascript_does_and_arrays_too(ask: Ask, tasks: Source) -> None:
    assert made(ask, tasks, {"Notes": {"rich_text": text("😀" * 1000)}}).status == 200
    assert "instead was `2002`" in made(ask, tasks, {"Notes": {"rich_text": text("😀" * 1001)}}).json["message"]
    many = made(ask, tasks, {"Notes": {"rich_text": text("x") * 101}})
    assert (
        many.json["message"]
        == "body failed validation: body.properties.Notes.rich_text.length should be ≤ `100`, instead was `101`."
    )


def test_numbers_are_doubles(ask: Ask, tasks: Source) -> None:
    row = made(ask, tasks, {"Count": {"number": 10.0}})
    assert b'"number":10}' in row.body
    assert made(ask, tasks, {"Count": {"number": 2**53 + 1}}).json["properties"]["Count"]["number"] == 2**53


def test_a_date_loses_its_seconds_and_its_zone(ask: Ask, tasks: Source) -> None:
    # ultimate-notion, test_date_query
    def due(value: Json) -> Json:
        return made(ask, tasks, {"Due": {"date": value}}).json["properties"]["Due"]["date"]

    zoned = due({"start": "2026-06-27T18:01:15.377824", "time_zone": "Europe/London"})
    assert zoned == {"start": "2026-06-27T18:01:00.000+01:00", "end": None, "time_zone": None}
    assert due({"start": "2026-06-27T18:01:15Z"})["start"] == "2026-06-27T18:01:00.000+00:00"
    assert due({"start": "2024-01-08T12:00:00Z", "time_zone": "UTC"})["start"] == "2024-01-08T12:00:00.000+00:00"
    assert due({"start": "2026-07-01", "end": "2026-07-03"}) == {"start": "2026-07-01", "end": "2026-07-03", "time_zone": None}
    refused = made(ask, tasks, {"Due": {"date": {"start": "2026-06-27T18:01:00+05:00", "time_zone": "Europe/London"}}})
    assert refused.status == 400


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"Nope": {"number": 1}}, "Nope is not a property that exists."),
        ({"Count": {"rich_text": []}}, "Count is expected to be number."),
        ({"Made": {"rich_text": []}}, "Made is expected to be created_time."),
        (
            {"Count": {"number": "3"}},
            'body failed validation: body.properties.Count.number should be a number or `null`, instead was `"3"`.',
        ),
        (
            {"Done": {"checkbox": None}},
            "body failed validation: body.properties.Done.checkbox should be a boolean, instead was `null`.",
        ),
        ({"Link": {"url": ""}}, 'body failed validation: body.properties.Link.url should be populated, instead was `""`.'),
    ],
)
def test_a_cell_that_does_not_fit_is_refused(ask: Ask, tasks: Source, cells: Json, message: str) -> None:
    refused = made(ask, tasks, cells)
    assert (refused.status, refused.json["message"]) == (400, message)
    assert tasks.rows == {}


def test_everything_wrong_with_a_form_is_said_at_once(ask: Ask, tasks: Source) -> None:
    message = made(ask, tasks, {"Count": {}}).json["message"]
    assert message.startswith(
        "body failed validation. Fix one:\nbody.properties.Count.title should be defined, instead was `undefined`."
    )


def test_what_is_in_the_trash_cannot_be_edited_until_it_is_out(ask: Ask, tasks: Source) -> None:
    row = made(ask, tasks, {}).json["id"]
    ask("PATCH", f"/v1/pages/{row}", {"in_trash": True})
    refused = ask("PATCH", f"/v1/pages/{row}", {"properties": {"Count": {"number": 1}}})
    assert refused.json["message"] == "Can't edit block that is archived. You must unarchive the block before editing."
    assert ask("GET", f"/v1/pages/{row}").json["in_trash"] is True
    assert ask("PATCH", f"/v1/pages/{row}", {"in_trash": False, "properties": {"Count": {"number": 1}}}).status == 200


def test_what_lies_in_something_trashed_says_so_of_itself(ask: Ask, tasks: Source) -> None:
    # ultimate-notion, test_modify_column_blocks
    row = made(ask, tasks, {}).json["id"]
    ask("DELETE", f"/v1/blocks/{tasks.parent[1]}")
    assert ask("GET", f"/v1/data_sources/{tasks.id}").json["in_trash"] is True
    assert ask("GET", f"/v1/pages/{row}").json["in_trash"] is True
    assert ask("PATCH", f"/v1/pages/{row}", {"properties": {}}).status == 400


def test_a_database_without_a_title_is_new_and_its_data_source_nameless(ask: Ask, home: Page) -> None:
    # ultimate-notion, test_db_without_title
    database = ask("POST", "/v1/databases", {"parent": {"page_id": home.id}}).json
    assert database["title"][0]["plain_text"] == database["data_sources"][0]["name"] == "New database"
    source = ask("GET", f"/v1/data_sources/{database['data_sources'][0]['id']}").json
    assert (source["title"], list(source["properties"])) == ([], ["Name"])


def test_a_relation_has_two_sides_and_a_page_tells_25_of_it(ask: Ask, tasks: Source, ada: Person, home: Page) -> None:
    # ultimate-notion, test_two_way_prop and test_more_than_max_refs_per_relation_property
    form = {"relation": {"data_source_id": tasks.id, "type": "dual_property", "dual_property": {}}}
    people = ada.database("People", {"Name": {"title": {}}, "Has": form}, home)
    assert "Related to People (Has)" in ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]
    person = made(ask, people, {}).json["id"]
    rows = [made(ask, tasks, {"Related to People (Has)": {"relation": [{"id": person}]}}).json["id"] for _ in range(30)]
    has = ask("GET", f"/v1/pages/{person}").json["properties"]["Has"]
    assert ([entry["id"] for entry in has["relation"]], has["has_more"]) == (rows[:25], True)
    items = ask("GET", f"/v1/pages/{person}/properties/{has['id']}").json
    assert [item["relation"]["id"] for item in items["results"]] == rows
    first = ask("GET", f"/v1/pages/{person}/properties/{has['id']}?page_size=20").json
    rest = ask("GET", f"/v1/pages/{person}/properties/{has['id']}?start_cursor={first['next_cursor']}").json
    assert (len(first["results"]), len(rest["results"]), rest["has_more"]) == (20, 10, False)


def test_an_option_keeps_its_colour_and_its_name(ask: Ask, tasks: Source) -> None:
    daily = ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]["Kind"]["select"]["options"][0]

    def changed(**change: str) -> Answer:
        options = {"properties": {"Kind": {"select": {"options": [{"id": daily["id"], **change}]}}}}
        return ask("PATCH", f"/v1/data_sources/{tasks.id}", options)

    refused = changed(color="default" if daily["color"] != "default" else "red")
    assert refused.json["message"] == f"Cannot update color of select with id: {daily['id']}."
    assert changed(name="every day").json["properties"]["Kind"]["select"]["options"] == [daily]


def test_what_is_in_the_trash_is_not_trashed_again(ask: Ask, tasks: Source) -> None:
    row = made(ask, tasks, {}).json["id"]
    assert [ask("DELETE", f"/v1/blocks/{row}").status for _ in range(2)] == [200, 400]


def test_a_schema_changes_wholly_or_not_at_all(ask: Ask, tasks: Source) -> None:
    before = ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"]
    wrong: Json = {"New": {"number": {}}, "Kind": None, "Count": {"number": {"format": "stones"}}}
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": wrong}).status == 400
    assert ask("GET", f"/v1/data_sources/{tasks.id}").json["properties"] == before
    right: Json = {"New": {"number": {}}, "Kind": None, "Count": {"name": "Counted"}}
    after = ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": right}).json["properties"]
    assert set(after) == {"Counted" if name == "Count" else name for name in before} - {"Kind"} | {"New"}


def test_unknown_keys_are_refused_and_so_is_no_json(ask: Ask, tasks: Source) -> None:
    refused = ask("POST", f"/v1/data_sources/{tasks.id}/query", {"filter_properties": ["Name"]})
    assert refused.json["message"] == (
        'body failed validation: body.filter_properties should be not present, instead was `["Name"]`.'  # notion-dotnet#541
    )
    assert ask("POST", f"/v1/data_sources/{tasks.id}/query", {"in_trash": True}).status == 400


def test_a_column_with_values_gets_no_other_type_by_guesswork(emulator: Notion, ask: Ask, tasks: Source) -> None:
    """The service converts what it can: "3" becomes 3. A column without values may change."""
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"Notes": {"number": {}}}}).status == 200
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"Notes": {"rich_text": {}}}}).status == 200
    row = made(ask, tasks, {"Notes": {"rich_text": text("3")}}).json["id"]
    before = ask("GET", f"/v1/pages/{row}").json["properties"]
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"Notes": {"number": {}}}}).status == 501
    assert ask("GET", f"/v1/pages/{row}").json["properties"] == before


def test_options_of_one_name_are_refused(ask: Ask, tasks: Source) -> None:
    for names in (("hourly", "hourly"), ("daily", "daily"), ("hourly", "Hourly")):
        options = {"options": [{"name": name} for name in names]}
        assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"Kind": {"select": options}}}).status == 400

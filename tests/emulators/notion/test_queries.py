"""Queries: filters by type of property, sorts, pages, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.notion.asking import Ask
from tests.emulators.notion.conditions import MISMATCH
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source

Json = Any


def names(ask: Ask, source: Source, **body: Json) -> list[str]:
    answer = ask("POST", f"/v1/data_sources/{source.id}/query", body)
    assert answer.status == 200, answer.json
    return ["".join(item["plain_text"] for item in row["properties"]["Name"]["title"]) for row in answer.json["results"]]


@pytest.fixture
def filled(tasks: Source, ada: Person, clock: SetClock) -> Source:
    """Rows a, b and c, the last of them empty but for its name."""
    first = {"Notes": "Alpha beta", "Count": 1, "Kind": "daily", "Tags": "red", "State": "Done", "Due": "2026-03-04", "Done": True}
    ada.insert(
        tasks, {"Name": "a", **first, "Link": "https://example.org/x", "Mail": "a@example.org", "Phone": "+1", "Who": [ada.user]}
    )
    clock.advance(minutes=5)
    ada.insert(
        tasks, {"Name": "b", "Notes": "gamma", "Count": 2.5, "Kind": "weekly", "Tags": "red,blue", "Due": "2026-03-01T10:00:30Z"}
    )
    clock.advance(minutes=5)
    ada.insert(tasks, {"Name": "c"})
    return tasks


@pytest.mark.parametrize(
    ("column", "kind", "condition", "found"),
    [
        ("Name", "title", {"equals": "A"}, "a"),
        ("Name", "title", {"does_not_equal": "a"}, "bc"),
        ("Name", "rich_text", {"starts_with": "b"}, "b"),
        ("Notes", "rich_text", {"contains": "BETA"}, "a"),
        ("Notes", "rich_text", {"does_not_contain": "beta"}, "bc"),
        ("Notes", "rich_text", {"ends_with": "ma"}, "b"),
        ("Notes", "rich_text", {"is_empty": True}, "c"),
        ("Notes", "rich_text", {"is_not_empty": True}, "ab"),
        ("Link", "url", {"contains": "example"}, "a"),
        ("Link", "rich_text", {"is_empty": True}, "bc"),
        ("Mail", "email", {"equals": "a@example.org"}, "a"),
        ("Phone", "phone_number", {"equals": "+1"}, "a"),
        ("Count", "number", {"equals": 1}, "a"),
        ("Count", "number", {"does_not_equal": 1}, "bc"),
        ("Count", "number", {"greater_than": 1}, "b"),
        ("Count", "number", {"less_than_or_equal_to": 2.5}, "ab"),
        ("Count", "number", {"is_empty": True}, "c"),
        ("Done", "checkbox", {"equals": True}, "a"),
        ("Done", "checkbox", {"does_not_equal": True}, "bc"),
        ("Kind", "select", {"equals": "daily"}, "a"),
        ("Kind", "select", {"does_not_equal": "daily"}, "bc"),
        ("Kind", "select", {"is_empty": True}, "c"),
        ("State", "status", {"equals": "Not started"}, "bc"),
        ("State", "status", {"does_not_equal": "Done"}, "bc"),
        ("Tags", "multi_select", {"contains": "red"}, "ab"),
        ("Tags", "multi_select", {"does_not_contain": "blue"}, "ac"),
        ("Tags", "multi_select", {"is_empty": True}, "c"),
        ("Who", "people", {"is_not_empty": True}, "a"),
        ("Files", "files", {"is_empty": True}, "abc"),
        ("Number", "unique_id", {"greater_than": 1}, "bc"),
        ("Due", "date", {"equals": "2026-03-04"}, "a"),
        ("Due", "date", {"equals": "2026-03-01T10:00:59Z"}, "b"),  # to the minute (ultimate-notion, test_date_query)
        ("Due", "date", {"equals": "2026-03-01"}, "b"),
        ("Due", "date", {"before": "2026-03-01T10:00:59Z"}, ""),
        ("Due", "date", {"on_or_before": "2026-03-01T10:00:00Z"}, "b"),
        ("Due", "date", {"after": "2026-03-01"}, "a"),
        ("Due", "date", {"on_or_after": "2026-03-01"}, "ab"),
        ("Due", "date", {"past_week": {}}, "ab"),
        ("Due", "date", {"this_week": {}}, "a"),
        ("Due", "date", {"next_month": {}}, "a"),
        ("Due", "date", {"is_empty": True}, "c"),
        ("Made", "created_time", {"on_or_after": "2026-03-04T12:05:00Z"}, "bc"),
        ("Edited", "last_edited_time", {"before": "2026-03-04T12:05:00Z"}, "a"),
        ("Maker", "created_by", {"is_not_empty": True}, "abc"),
    ],
)
def test_filters(ask: Ask, filled: Source, column: str, kind: str, condition: Json, found: str) -> None:
    assert sorted(names(ask, filled, filter={"property": column, kind: condition})) == list(found)


def test_people_and_authors_are_found_by_id(ask: Ask, filled: Source, ada: Person) -> None:
    assert names(ask, filled, filter={"property": "Who", "people": {"contains": ada.user.id}}) == ["a"]
    assert names(ask, filled, filter={"property": "Editor", "last_edited_by": {"does_not_contain": ada.user.id}}) == []


def test_filters_are_joined(ask: Ask, filled: Source) -> None:
    red = {"property": "Tags", "multi_select": {"contains": "red"}}
    late = {"timestamp": "created_time", "created_time": {"after": "2026-03-04T12:05:00Z"}}
    done = {"property": "Done", "checkbox": {"equals": True}}
    assert names(ask, filled, filter={"or": [late, {"and": [red, done]}]}) == ["c", "a"]
    deep = {"or": [{"and": [{"or": [red]}]}]}
    assert ask("POST", f"/v1/data_sources/{filled.id}/query", {"filter": deep}).status == 400


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"property": "Nope", "number": {"equals": 1}}, "Could not find property with name or id: Nope"),
        (
            {"property": "Kind", "rich_text": {"equals": "x"}},
            f"{MISMATCH}: database property select does not match filter rich_text",
        ),
        (
            {"property": "Kind", "select": {"equals": "yearly"}},
            'select option "yearly" not found for property "Kind". Available options: "daily", "weekly".',
        ),
        (
            {"property": "Due", "date": {"after": "soon"}},
            'body failed validation: body.filter.date.after should be a valid ISO 8601 date string, instead was `"soon"`.',
        ),
    ],
)
def test_filters_that_mean_nothing(ask: Ask, tasks: Source, given: Json, message: str) -> None:
    refused = ask("POST", f"/v1/data_sources/{tasks.id}/query", {"filter": given})
    assert (refused.status, refused.json["message"]) == (400, message)


def test_rows_come_newest_first_and_sorts_count_numbers_in_text(ask: Ask, tasks: Source, ada: Person, clock: SetClock) -> None:
    # ultimate-notion, test_db_querying: "Article 4" before "Article 10"
    for number in (10, 4, 1):
        ada.insert(tasks, {"Name": f"Article {number}", "Count": number % 2, "Kind": "weekly" if number == 4 else "daily"})
        clock.advance(seconds=1)
    ada.insert(tasks, {"Name": ""})
    assert names(ask, tasks) == ["", "Article 1", "Article 4", "Article 10"]
    by_name = {"property": "Name", "direction": "ascending"}
    assert names(ask, tasks, sorts=[by_name]) == ["Article 1", "Article 4", "Article 10", ""]
    by_count = {"property": "Count", "direction": "descending"}
    assert names(ask, tasks, sorts=[by_count, by_name]) == ["Article 1", "Article 4", "Article 10", ""]
    assert names(ask, tasks, sorts=[{"property": "Kind", "direction": "descending"}])[0] == "Article 4"
    oldest_first = {"timestamp": "created_time", "direction": "ascending"}
    assert names(ask, tasks, sorts=[oldest_first]) == ["Article 10", "Article 4", "Article 1", ""]
    assert ask("POST", f"/v1/data_sources/{tasks.id}/query", {"sorts": [{"property": "x"}]}).status == 400


def test_only_what_was_asked_for_is_told(ask: Ask, filled: Source) -> None:
    count = ask("GET", f"/v1/data_sources/{filled.id}").json["properties"]["Count"]["id"]
    answer = ask("POST", f"/v1/data_sources/{filled.id}/query?filter_properties=title&filter_properties={count}", {})
    assert {tuple(row["properties"]) for row in answer.json["results"]} == {("Count", "Name")}
    row = answer.json["results"][0]["id"]
    assert list(ask("GET", f"/v1/pages/{row}?filter_properties=title").json["properties"]) == ["Name"]
    assert ask("POST", f"/v1/data_sources/{filled.id}/query?filter_properties=zzzz", {}).status == 400


def test_a_cursor_belongs_to_its_query_and_goes_when_its_row_goes(ask: Ask, filled: Source, ada: Person) -> None:
    # 2anki#3498: cursors belong to a session, and are refused when what they stand for has gone
    path = f"/v1/data_sources/{filled.id}/query"
    first = ask("POST", path, {"page_size": 1}).json
    assert (first["has_more"], first["next_cursor"].split(":")[0]) == (True, "s")
    second = ask("POST", path, {"page_size": 1, "start_cursor": first["next_cursor"]}).json
    assert [row["properties"]["Name"]["title"][0]["plain_text"] for row in second["results"]] == ["b"]
    other = ask("POST", path, {"start_cursor": first["next_cursor"], "filter": {"property": "Done", "checkbox": {"equals": False}}})
    assert other.json["message"] == f"The start_cursor provided is invalid: {first['next_cursor']}"
    ada.delete(next(row for row in filled.rows.values() if row.id == first["next_cursor"].rsplit(":", 1)[1]))
    assert ask("POST", path, {"start_cursor": first["next_cursor"]}).status == 400
    assert ask("POST", path, {"page_size": 101}).json["message"] == (
        "body failed validation: body.page_size should be ≤ `100`, instead was `101`."
    )


def test_a_query_ends_at_ten_thousand_and_says_so_on_every_page(ask: Ask, emulator: Notion, tasks: Source) -> None:
    world, bot = emulator.api.world, emulator.api.connections[TOKEN].bot.id
    for _ in range(10_050):
        world.add(Page(id=world.ids.page(), parent=("data_source", tasks.id), **world.times(bot)))
    path, cut = f"/v1/data_sources/{tasks.id}/query", {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    first = ask("POST", path, {"page_size": 100}).json
    assert (first["has_more"], first["request_status"]) == (True, cut)
    session = first["next_cursor"].split(":")[1]
    newest_first = sorted(tasks.rows.values(), key=lambda row: -row.number)
    last = ask("POST", path, {"start_cursor": f"s:{session}:{newest_first[9_990].id}"}).json
    assert (len(last["results"]), last["has_more"], last["request_status"]) == (10, False, cut)
    few = ask("POST", path, {"filter": {"property": "Name", "title": {"is_not_empty": True}}}).json
    assert "request_status" not in few


@pytest.mark.parametrize("switches", [{"index_lag_s": "60"}])
def test_a_query_may_lag_behind(ask: Ask, tasks: Source, ada: Person, clock: SetClock) -> None:
    row = ada.insert(tasks, {"Name": "new", "Count": 1})
    assert names(ask, tasks) == []
    clock.advance(seconds=60)
    assert names(ask, tasks) == ["new"]
    ada.type(row, "Count", 2)
    clock.advance(seconds=30)
    stale = ask("POST", f"/v1/data_sources/{tasks.id}/query", {"filter": {"property": "Count", "number": {"equals": 1}}}).json
    assert [row["properties"]["Count"]["number"] for row in stale["results"]] == [2]  # found by what it was, told as it is
    ada.delete(row)
    assert names(ask, tasks) == ["new"]
    clock.advance(seconds=60)
    assert names(ask, tasks) == []


@pytest.mark.parametrize("switches", [{"cursor": "snapshot"}])
def test_a_snapshot_goes_on_as_it_began(ask: Ask, filled: Source, ada: Person) -> None:
    path = f"/v1/data_sources/{filled.id}/query"
    first = ask("POST", path, {"page_size": 1}).json
    ada.insert(filled, {"Name": "d"})
    rest = names(ask, filled, start_cursor=first["next_cursor"])
    assert rest == ["b", "a"]

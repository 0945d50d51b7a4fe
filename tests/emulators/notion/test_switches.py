"""Every answer of every switch."""

from __future__ import annotations

from typing import Any

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.notion import SWITCHES
from tests.emulators.notion.asking import Ask, asking
from tests.emulators.notion.emulator import BODY, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.test_queries import names
from tests.emulators.notion.world import Page, Source
from tests.emulators.switching import Switched

Json = Any
switched = Switched(SWITCHES)


def made(ask: Ask, source: Source, cells: Json) -> Json:
    answer = ask("POST", "/v1/pages", {"parent": {"data_source_id": source.id}, "properties": cells})
    assert answer.status == 200, answer.json
    return answer.json


def query(ask: Ask, source: Source, **body: Json) -> Answer:
    return ask("POST", f"/v1/data_sources/{source.id}/query", body)


def options(ask: Ask, source: Source, column: str, given: Json) -> list[str]:
    """Names, after the options of a column were given so."""
    form = {"properties": {column: {"select": {"options": given}}}}
    shown = ask("PATCH", f"/v1/data_sources/{source.id}", form).json["properties"]
    return [option["name"] for option in shown[column]["select"]["options"]]


@switched("times", "2026-03-04T12:00:00.000Z", "2026-03-04T12:00:42.500Z")
def test_times(ask: Ask, tasks: Source, expected: str) -> None:
    row = made(ask, tasks, {})
    assert row["created_time"] == row["last_edited_time"] == row["properties"]["Made"]["created_time"] == expected
    assert query(ask, tasks).json["results"][0]["created_time"] == expected


@switched("dates", "2026-06-27T18:01:00.000+00:00", "2026-06-27T18:01:15.377+00:00")
def test_dates(ask: Ask, tasks: Source, expected: str) -> None:
    row = made(ask, tasks, {"Due": {"date": {"start": "2026-06-27T18:01:15.377Z"}}})
    assert row["properties"]["Due"]["date"]["start"] == expected


@switched("index_lag_s", 0, 5, 60)
def test_index_lag_s(ask: Ask, tasks: Source, ada: Person, clock: SetClock, expected: int) -> None:
    clock.advance(hours=1)
    ada.insert(tasks, {"Name": "new"})
    assert names(ask, tasks) == (["new"] if expected == 0 else [])
    clock.advance(seconds=expected)
    assert names(ask, tasks) == ["new"]


@switched("search_lag_s", 5, 0, 60)
def test_search_lag_s(ask: Ask, ada: Person, home: Page, clock: SetClock, expected: int) -> None:
    ada.page("Brand new", home)
    assert len(ask("POST", "/v1/search", {"query": "brand"}).json["results"]) == (expected == 0)
    clock.advance(seconds=expected)
    assert len(ask("POST", "/v1/search", {"query": "brand"}).json["results"]) == 1


@switched("trashed_rows", [], [True])
def test_trashed_rows(ask: Ask, ada: Person, tasks: Source, expected: list[bool]) -> None:
    ada.delete(ada.insert(tasks))
    assert [row["in_trash"] for row in query(ask, tasks).json["results"]] == expected


@switched("trashed_pages", 200, 404)
def test_trashed_pages(ask: Ask, ada: Person, tasks: Source, expected: int) -> None:
    row = ada.insert(tasks)
    ada.delete(row)
    assert ask("GET", f"/v1/pages/{row.id}").status == expected


@switched("trashed_sources", 200, 404)
def test_trashed_sources(ask: Ask, ada: Person, tasks: Source, emulator: Notion, expected: int) -> None:
    ada.delete(emulator.api.world.nodes[tasks.parent[1]])
    assert query(ask, tasks).status == expected


@switched("trashed_in_search", 1, 0)
def test_trashed_in_search(ask: Ask, ada: Person, tasks: Source, emulator: Notion, clock: SetClock, expected: int) -> None:
    clock.advance(minutes=5)
    ada.delete(emulator.api.world.nodes[tasks.parent[1]])
    clock.advance(minutes=5)
    found = ask("POST", "/v1/search", {"query": "Tasks", "filter": {"property": "object", "value": "data_source"}})
    assert len(found.json["results"]) == expected


@switched("wrong_id", 404, 400)
def test_wrong_id(ask: Ask, tasks: Source, expected: int) -> None:
    assert ask("GET", f"/v1/data_sources/{tasks.parent[1]}").status == expected
    assert ask("GET", f"/v1/databases/{tasks.id}").status == expected


@switched("query_in_trash", 400, 200)
def test_query_in_trash(ask: Ask, tasks: Source, expected: int) -> None:
    assert query(ask, tasks, in_trash=False).status == expected


@switched("order", "cba", "abc", None)
def test_order(ask: Ask, ada: Person, tasks: Source, expected: str | None) -> None:
    """In any order: the orders differ."""
    for name in "abc":
        ada.insert(tasks, {"Name": name})
    orders = {"".join(names(ask, tasks)) for _ in range(20)}
    assert len(orders) > 1 if expected is None else orders == {expected}


@switched("cursor", ["b", "a", "0"], ["b", "a"])
def test_cursor(ask: Ask, ada: Person, tasks: Source, expected: list[str]) -> None:
    """A row that comes into what the query asks for, behind the first page."""
    late = ada.insert(tasks, {"Name": "0"})
    for name in "abc":
        ada.insert(tasks, {"Name": name, "Done": True})
    done = {"property": "Done", "checkbox": {"equals": True}}
    first = query(ask, tasks, filter=done, page_size=1).json
    ada.type(late, "Done", True)
    assert names(ask, tasks, filter=done, start_cursor=first["next_cursor"]) == expected


@switched("short_pages", 3, 2)
def test_short_pages(ask: Ask, ada: Person, tasks: Source, expected: int) -> None:
    for name in "abcd":
        ada.insert(tasks, {"Name": name})
    first = query(ask, tasks, page_size=3).json
    assert (len(first["results"]), first["has_more"]) == (expected, True)
    assert len(names(ask, tasks, start_cursor=first["next_cursor"], page_size=6)) == 4 - expected


@switched("text_case", ["a", "A"], ["a"])
def test_text_case(ask: Ask, ada: Person, tasks: Source, expected: list[str]) -> None:
    for name in ("A", "a"):
        ada.insert(tasks, {"Name": name})
    assert names(ask, tasks, filter={"property": "Name", "title": {"equals": "a"}}) == expected


@switched("unknown_option", 400, 200)
def test_unknown_option(ask: Ask, tasks: Source, expected: int) -> None:
    assert query(ask, tasks, filter={"property": "Kind", "select": {"equals": "yearly"}}).status == expected


@switched("empty_sorts", ["one", "two", ""], ["", "one", "two"])
def test_empty_sorts(ask: Ask, ada: Person, tasks: Source, expected: list[str]) -> None:
    for name, count in (("two", 2), ("", None), ("one", 1)):
        ada.insert(tasks, {"Name": name, "Count": count})
    assert names(ask, tasks, sorts=[{"property": "Count", "direction": "ascending"}]) == expected
    assert names(ask, tasks, sorts=[{"property": "Count", "direction": "descending"}]) == ["two", "one", ""]


@switched("week_begins", ["Sunday 8", "Monday 2"], ["Monday 2", "Sunday 1"])
def test_week_begins(ask: Ask, ada: Person, tasks: Source, expected: list[str]) -> None:
    """On Wednesday, March 4th."""
    for name, day in (("Sunday 1", "2026-03-01"), ("Monday 2", "2026-03-02"), ("Sunday 8", "2026-03-08")):
        ada.insert(tasks, {"Name": name, "Due": day})
    assert names(ask, tasks, filter={"property": "Due", "date": {"this_week": {}}}) == expected


@switched("options_update", ["yearly"], ["daily", "weekly", "yearly"])
def test_options_update(ask: Ask, tasks: Source, expected: list[str]) -> None:
    assert options(ask, tasks, "Kind", [{"name": "yearly"}]) == expected


@switched("option_rename", "daily", "every day")
def test_option_rename(ask: Ask, tasks: Source, expected: str) -> None:
    kind = tasks.find("Kind")
    assert kind is not None
    assert options(ask, tasks, "Kind", [{"id": kind.options[0].id, "name": "every day"}]) == [expected]


@switched("status_groups", [2, 0, 0], [1, 0, 1])
def test_status_groups(ask: Ask, tasks: Source, expected: list[int]) -> None:
    """How many options each group has: To-do, In progress, Complete."""
    given = {"options": [{"name": "open", "group": "todo"}, {"name": "shut", "group": "complete"}]}
    shown = ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"Door": {"status": given}}}).json["properties"]
    assert [len(group["option_ids"]) for group in shown["Door"]["status"]["groups"]] == expected


@switched("empty_text", 1, 2)
def test_empty_text(ask: Ask, tasks: Source, expected: int) -> None:
    texts = [{"text": {"content": ""}, "annotations": {"bold": True}}, {"text": {"content": "x"}}]
    assert len(made(ask, tasks, {"Notes": {"rich_text": texts}})["properties"]["Notes"]["rich_text"]) == expected


@switched("text_neighbours", ["ab"], ["a", "b"])
def test_text_neighbours(ask: Ask, tasks: Source, expected: list[str]) -> None:
    row = made(ask, tasks, {"Notes": {"rich_text": [{"text": {"content": "a"}}, {"text": {"content": "b"}}]}})
    assert [item["plain_text"] for item in row["properties"]["Notes"]["rich_text"]] == expected


@switched("too_large", (413, "payload_too_large"), (400, "validation_error"))
def test_too_large(ask: Ask, tasks: Source, expected: tuple[int, str]) -> None:
    refused = query(ask, tasks, filter={"property": "Name", "title": {"equals": "x" * BODY}})
    assert (refused.status, refused.json["code"]) == expected


def over_the_limit(emulator: Notion, ask: Ask) -> Answer:
    emulator.limits.budget = 5
    assert {ask("GET", "/v1/users/me").status for _ in range(5)} == {200}
    return ask("GET", "/v1/users/me")


@switched("window", "60", "18")
def test_window(emulator: Notion, ask: Ask, clock: SetClock, expected: str) -> None:
    """At second 42.5."""
    assert over_the_limit(emulator, ask).headers["Retry-After"] == expected
    clock.advance(seconds=int(expected))
    assert ask("GET", "/v1/users/me").status == 200


@switched("retry_after", "60", None)
def test_retry_after(emulator: Notion, ask: Ask, expected: str | None) -> None:
    refused = over_the_limit(emulator, ask)
    assert (refused.headers.get("Retry-After"), refused.json["additional_data"]["retry_after"]) == (expected, "60")


@switched("workspace_budget", None, 300, 60)
def test_workspace_budget(emulator: Notion, expected: int | None) -> None:
    """Of all connections together."""
    statuses = []
    for number in range(3):
        emulator.connect(f"ntn_{number}")
        ask = asking(emulator, f"ntn_{number}")
        statuses += [ask("GET", "/v1/users/me").status for _ in range(120)]
    assert statuses.count(200) == (expected or 360)


@switched("workspace_wait_s", "400", "60", "600", workspace_budget="60")
def test_workspace_wait_s(ask: Ask, clock: SetClock, expected: str) -> None:
    answers = [ask("GET", "/v1/users/me") for _ in range(61)]
    extra = answers[-1].json["additional_data"]
    assert (extra["rate_limit_reason"], extra["retry_after"]) == ("public_api_space_request_rate_limit", expected)
    clock.advance(seconds=int(expected) - 1)
    assert ask("GET", "/v1/users/me").status == 429
    clock.advance(seconds=1)
    assert ask("GET", "/v1/users/me").status == 200


@switched("endpoint_limits", 200, 429)
def test_endpoint_limits(ask: Ask, expected: int) -> None:
    assert {ask("POST", "/v1/search", {}).status for _ in range(30)} == {200}
    assert ask("POST", "/v1/search", {}).status == expected
    assert ask("GET", "/v1/users/me").status == 200


@switched("trash_edit", 400, 200)
def test_trash_edit(ask: Ask, ada: Person, tasks: Source, expected: int) -> None:
    row = ada.insert(tasks)
    ada.delete(row)
    assert ask("PATCH", f"/v1/pages/{row.id}", {"properties": {"Count": {"number": 1}}}).status == expected


def test_every_switch_has_a_test() -> None:
    assert switched.without_a_test(globals()) == set()

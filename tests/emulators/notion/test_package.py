"""What the package offers: switches, samples, the snippet, and replays."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.emulators import notion
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Request
from tests.emulators.notion.asking import Ask, asking
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.emulators.notion.world import Page, Source

Json = Any


def test_what_a_formula_computes_is_fixed_by_hand_or_not_emulated(ask: Ask, ada: Person, tasks: Source, emulator: Notion) -> None:
    formula = {"properties": {"Twice": {"formula": {"expression": 'prop("Count") * 2'}}}}
    schema = ask("PATCH", f"/v1/data_sources/{tasks.id}", formula).json["properties"]
    assert schema["Twice"]["formula"]["expression"].startswith("{{notion:block_property:")
    row = ada.insert(tasks, {"Count": 2})
    assert ask("GET", f"/v1/pages/{row.id}").status == 501
    assert len(emulator.unserved) == 1
    column = tasks.find("Twice")
    assert column is not None
    row.fixed[column.id] = {"type": "number", "number": 4}
    assert ask("GET", f"/v1/pages/{row.id}").json["properties"]["Twice"]["formula"] == {"type": "number", "number": 4}
    row.fixed[column.id] = {"type": "number", "number": 5}
    assert ask("GET", f"/v1/pages/{row.id}").json["properties"]["Twice"]["formula"]["number"] == 5
    same = {"filter": {"property": "Twice", "formula": {"number": {"greater_than": 3}}}}
    assert len(ask("POST", f"/v1/data_sources/{tasks.id}/query", same).json["results"]) == 1


def test_what_is_not_emulated_has_changed_nothing(
    ask: Ask, ada: Person, tasks: Source, home: Page, emulator: Notion, clock: SetClock
) -> None:
    """Neither the row whose formula nobody can tell, nor the options, the numbers and the relations that came with it."""
    other = ada.insert(ada.database("Others", {"Name": {"title": {}}}, home))
    columns = {
        "Others": {"relation": {"data_source_id": other.parent[1], "dual_property": {}}},
        "Twice": {"formula": {"expression": 'prop("Count") * 2'}},
    }
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": columns}).status == 200
    row = ada.insert(tasks, {"Count": 2})
    clock.advance(seconds=90)
    before = deepcopy((emulator.api.world.nodes, emulator.api.world.children, emulator.api.world.blocks_ever))
    cells = {
        "Count": {"number": 3},
        "Kind": {"select": {"name": "new"}},
        "Others": {"relation": [{"id": other.id}]},
    }
    tries = [
        ("POST", "/v1/pages", {"parent": {"data_source_id": tasks.id}, "properties": cells, "children": [{"divider": {}}]}),
        ("PATCH", f"/v1/pages/{row.id}", {"properties": cells, "icon": {"emoji": "🚀"}}),
        ("PATCH", f"/v1/pages/{row.id}", {"in_trash": True}),
    ]
    assert [ask(*one).status for one in tries] == [501] * len(tries)
    assert (emulator.api.world.nodes, emulator.api.world.children, emulator.api.world.blocks_ever) == before
    twice = tasks.find("Twice")
    assert twice is not None
    row.fixed[twice.id] = {"type": "number", "number": 4}
    assert ask(*tries[1]).json["properties"]["Count"]["number"] == 3
    emulator.api.connections[TOKEN].capabilities -= {"read"}
    made = ask(*tries[0])  # who may not read is told its id only
    assert (made.status, len(tasks.rows)) == (200, 2)


def test_a_schema_of_which_a_part_is_refused_has_changed_nothing(
    ask: Ask, ada: Person, tasks: Source, home: Page, emulator: Notion
) -> None:
    """Neither the other side of a relation, nor the numbers of rows, nor a title beside a description that is none."""
    ada.insert(tasks)
    others = ada.database("Others", {"Name": {"title": {}}}, home)
    ada.insert(others)
    before = deepcopy(emulator.api.world.nodes)
    related = {"relation": {"data_source_id": tasks.id, "dual_property": {}}}
    bad = {"select": {"options": "none"}}
    wrong = {"Related": related, "Bad": bad}
    tries = [
        ("PATCH", f"/v1/data_sources/{others.id}", {"properties": {**wrong, "No": {"unique_id": {}}, "Worse": bad}}),
        ("PATCH", f"/v1/data_sources/{others.id}", {"properties": {"No": {"unique_id": {}}, "Bad": bad}}),
        ("PATCH", f"/v1/data_sources/{others.id}", {"properties": {"Related": related}, "title": [], "description": "none"}),
        (
            "POST",
            "/v1/databases",
            {"parent": {"page_id": home.id}, "initial_data_source": {"properties": {"N": {"title": {}}, **wrong}}},
        ),
    ]
    assert [ask(*one).status for one in tries] == [400] * len(tries)
    assert emulator.api.world.nodes == before


def test_what_may_be_meant_otherwise_is_not_guessed_at(ask: Ask, tasks: Source, home: Page, emulator: Notion) -> None:
    query = f"/v1/data_sources/{tasks.id}/query"
    tries = [
        ("POST", query, {"filter": {"property": "Due", "date": {"equals": "today"}}}),
        ("POST", query, {"filter": {"property": "Due", "rollup": {"any": {}}}}),
        ("POST", query, {"is_archived": True}),
        ("POST", "/v1/pages", {"parent": {"page_id": home.id}, "markdown": "# x"}),
        (
            "POST",
            "/v1/pages",
            {"parent": {"data_source_id": tasks.id}, "properties": {"Files": {"files": [{"file_upload": {"id": "x"}}]}}},
        ),
        ("POST", "/v1/databases", {"parent": {"page_id": home.id}, "database_type": "tasks"}),
        ("PATCH", f"/v1/blocks/{home.id}/children", {"children": [{"synced_block": {}}]}),
        ("GET", "/v1/comments", None),
    ]
    assert [ask(*one).status for one in tries] == [501] * len(tries)
    assert len(emulator.unserved) == len(tries)


@pytest.mark.parametrize("switches", [{"search_lag_s": "60", "index_lag_s": "60"}])
def test_what_an_emulator_begins_with_is_found_at_once_however_late_what_is_new_shows(
    emulator: Notion, ask: Ask, clock: SetClock
) -> None:
    notion.fill(emulator)
    sources = {"filter": {"property": "object", "value": "data_source"}}
    found = ask("POST", "/v1/search", sources).json["results"]
    assert sorted(source["title"][0]["plain_text"] for source in found) == ["Many tasks", "Tasks"]
    tasks = source_called(emulator, "Tasks")
    query = f"/v1/data_sources/{tasks.id}/query"
    assert len(ask("POST", query, {}).json["results"]) == 3
    Person(emulator).insert(tasks, {"Name": "new"})
    new = {"query": "new", "filter": {"property": "object", "value": "page"}}
    assert [len(ask("POST", path, body).json["results"]) for path, body in ((query, {}), ("/v1/search", new))] == [3, 0]
    clock.advance(seconds=60)
    assert [len(ask("POST", path, body).json["results"]) for path, body in ((query, {}), ("/v1/search", new))] == [4, 1]


def test_a_rollup_is_told_by_name_and_id(ask: Ask, ada: Person, tasks: Source, home: Page) -> None:
    people = ada.database("People", {"Name": {"title": {}}, "Has": {"relation": {"data_source_id": tasks.id}}}, home)
    counts = {"rollup": {"relation_property_name": "Has", "rollup_property_name": "Count", "function": "sum"}}
    ada.add_column(people, "Sum", counts)
    ada.rename(tasks, "Count", "Counted")
    shown = ask("GET", f"/v1/data_sources/{people.id}").json["properties"]["Sum"]["rollup"]
    assert (shown["relation_property_name"], shown["rollup_property_name"], shown["function"]) == ("Has", "Counted", "sum")


def test_an_answer_shows_what_has_changed_since_the_last_one(ada: Person, home: Page, emulator: Notion) -> None:
    old, new = asking(emulator, version="2025-09-03"), asking(emulator)
    table = ada.database("Plain", {"Name": {"title": {}}, "Kind": {"select": {}}, "Maker": {"created_by": {}}}, home)
    row = ada.insert(table, {"Kind": "a"})
    path = f"/v1/pages/{row.id}"
    assert "archived" in old("GET", path).json
    assert "archived" not in new("GET", path).json
    ada.rename(table, "Kind", "Sort")
    assert "Sort" in new("GET", path).json["properties"]
    ada.type(row, "Sort", "b")
    assert new("GET", path).json["properties"]["Sort"]["select"]["name"] == "b"
    emulator.api.connections[TOKEN].capabilities -= {"read_emails"}
    assert new("GET", path).json["properties"]["Maker"]["created_by"]["person"] == {}
    ada.delete(emulator.api.world.nodes[table.parent[1]])
    assert new("GET", path).json["in_trash"] is True


def test_the_samples(emulator: Notion, ask: Ask, tmp_path: Path) -> None:
    notion.fill(emulator)
    tasks = ask("POST", f"/v1/data_sources/{source_called(emulator, 'Tasks').id}/query", {}).json["results"]
    assert [row["properties"]["Name"]["title"][0]["plain_text"] for row in reversed(tasks)] == [
        "guidelines_refresh",
        "vitest_rerun",
        "coverage_check",
    ]
    assert tasks[-1]["properties"]["Last Run"]["date"]["start"] == "2024-12-17T19:45:00.000+00:00"
    assert len(source_called(emulator, "Many tasks").rows) == 1000
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"databases": [{"title": "Own", "properties": {"Name": {"title": {}}}, "rows": [{"Name": "x"}]}]}))
    notion.fill(emulator, seed)
    assert len(source_called(emulator, "Own").rows) == 1


def test_the_snippet_is_a_table_of_rowd_toml(emulator: Notion) -> None:
    assert tomllib.loads(emulator.snippet("http://127.0.0.1:1"))["tables"]["tasks"]["database"] == ""
    notion.fill(emulator)
    settings = tomllib.loads(emulator.snippet("http://127.0.0.1:1"))["tables"]["tasks"]
    assert settings == {
        "connector": "notion",
        "database": source_called(emulator, "Tasks").parent[1],
        "endpoint": "http://127.0.0.1:1",
    }
    assert f"# NOTION_TOKEN={TOKEN}" in emulator.snippet("http://127.0.0.1:1")


def test_a_replay_finds_what_was_there_before_and_nothing_else(emulator: Notion) -> None:
    parent, row, source, database, user = (f"0000000{number}-0000-4000-8000-000000000000" for number in range(5))
    about = {"created_time": "2026-01-01T00:00:00.000Z", "last_edited_time": "2026-01-01T00:00:00.000Z", "in_trash": False}
    by = {"created_by": {"object": "user", "id": user}, "last_edited_by": {"object": "user", "id": user}}
    above = {"type": "data_source_id", "data_source_id": source, "database_id": database}
    cell = {"Count": {"id": "a%3Db", "type": "number", "number": 3}}
    page = {"object": "page", "id": row, **about, **by, "parent": above, "properties": cell}
    missing = {"object": "error", "status": 404, "message": "x"}
    steps = [
        {
            "op": "pages.create",
            "method": "POST",
            "path": "/v1/pages",
            "json": {"parent": {"page_id": parent}},
            "status": 200,
            "response": {},
        },
        {"op": "pages.retrieve", "method": "GET", "path": f"/v1/pages/{row}", "status": 200, "response": page},
        {"op": "pages.retrieve", "method": "GET", "path": f"/v1/pages/{source[::-1]}", "status": 404, "response": missing},
    ]
    session = {"id": "one", "needs_bind": [parent, source[::-1]], "steps": steps}
    assert notion.prepare_replay(emulator, {"sessions": [session]})[:2] == ["--bind", f"{parent}={parent}"]

    def replayed(method: str, path: str, body: Json = None) -> Json:
        headers = {"x_replay_session": "one", "notion_version": "2026-03-11"}
        return emulator.answer(Request.of(method, path, token="replay-token", json=body, **headers))

    assert replayed("POST", "/v1/pages", {"parent": {"page_id": parent}, "properties": {}}).status == 200
    found = replayed("GET", f"/v1/pages/{row}").json
    assert (found["parent"], found["properties"]["Count"]) == (above, cell["Count"])
    assert replayed("GET", f"/v1/pages/{database}").status == 404
    assert asking(emulator)("GET", "/v1/users/me").status == 401  # the session has a workspace of its own

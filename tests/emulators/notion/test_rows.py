"""Rows as a query lists them, held against the same rows one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.notion import dates
from tests.emulators.notion.asking import Ask, asking
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source

LOOKS = [
    {"text": {"content": "100 % \"quoted\" \\ 'ünï' 😀\n\t\x07"}},
    {"text": {"content": "bold"}, "annotations": {"bold": True}},
    {"text": {"content": "led on", "link": {"url": "https://example.com/?a=%20"}}},
    {"equation": {"expression": "e^{i\\pi}"}},
]
CELLS = {
    "Name": {"title": LOOKS},
    "Notes": {"rich_text": [*LOOKS, {"mention": {"date": {"start": "2026-03-04"}}}]},
    "Count": {"number": 1.5},
    "Kind": {"select": {"name": "weekly"}},
    "Tags": {"multi_select": [{"name": "blue"}, {"name": "red"}]},
    "State": {"status": {"name": "Done"}},
    "Due": {"date": {"start": "2026-03-04T12:00:00Z", "end": "2026-03-05T12:00:00Z"}},
    "Done": {"checkbox": True},
    "Link": {"url": "https://example.com/%s"},
    "Mail": {"email": "ada@example.com"},
    "Phone": {"phone_number": "+351 912"},
    "Files": {"files": [{"name": "a", "external": {"url": "https://example.com/a"}}]},
}


@pytest.fixture
def rows(ask: Ask, ada: Person, tasks: Source, home: Page, clock: SetClock, emulator: Notion) -> list[Page]:
    """A full one, an empty one, one whose formula is told by hand; each made and edited at another time."""
    other = ada.database("Others", {"Name": {"title": {}}}, home)
    relation = {"Others": {"relation": {"data_source_id": other.id, "dual_property": {}}}}
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": relation}).status == 200
    made = []
    for cells in ({**CELLS, "Who": {"people": [{"id": ada.user.id}]}, "Others": {"relation": [{"id": ada.insert(other).id}]}}, {}):
        body = {"parent": {"data_source_id": tasks.id}, "properties": cells, "icon": {"emoji": "🚀"} if cells else None}
        answer = ask("POST", "/v1/pages", {key: value for key, value in body.items() if value is not None})
        assert answer.status == 200, answer.json
        clock.advance(seconds=61.007)
    later = {"Later": {"status": {}}, "50 %s": {"formula": {"expression": "1"}}}
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": later}).status == 200
    formula = tasks.find("50 %s")
    assert formula is not None
    for row in tasks.rows.values():
        row.fixed[formula.id] = {"type": "number", "number": 1}
        made.append(row)
    return made


def without_formula(ask: Ask, tasks: Source) -> None:
    assert ask("PATCH", f"/v1/data_sources/{tasks.id}", {"properties": {"50 %s": None}}).status == 200
    for row in tasks.rows.values():
        row.fixed.clear()


@pytest.mark.parametrize("version", ["2025-09-03", "2026-03-11"])
@pytest.mark.parametrize("computed", [True, False])
@pytest.mark.parametrize("wanted", ["", "?filter_properties=Name&filter_properties=Others"])
def test_a_row_in_a_list_is_the_row_alone_to_the_last_comma(
    emulator: Notion, rows: list[Page], tasks: Source, version: str, computed: bool, wanted: str
) -> None:
    """Whether a computed column sends the row the long way round, or not."""
    ask = asking(emulator, version=version)
    if not computed:
        without_formula(ask, tasks)
    rows[1].locked = True
    listed = ask("POST", f"/v1/data_sources/{tasks.id}/query{wanted}", {}).json["results"]
    alone = [ask("GET", f"/v1/pages/{row.id}{wanted}").json for row in reversed(rows)]
    assert len(listed) == 2
    for page in alone:
        del page["request_id"]
    assert [json.dumps(page) for page in listed] == [json.dumps(page) for page in alone]


def test_what_changes_elsewhere_shows_in_the_next_answer(
    ask: Ask, ada: Person, rows: list[Page], tasks: Source, emulator: Notion
) -> None:
    """Nothing of an answer is kept: a person's name, an option's, a column's, and the trash that the table lies in."""
    without_formula(ask, tasks)
    query = f"/v1/data_sources/{tasks.id}/query"
    ask("POST", query, {})
    ada.user.name = "Ada King"
    ada.rename(tasks, "Count", "Sum")
    kind = tasks.find("Kind")
    assert kind is not None
    kind.options[1].name = "each week"
    ada.delete(emulator.api.world.nodes[tasks.parent[1]])
    row = ask("POST", query, {}).json["results"][1]
    full = row["properties"]
    assert row["in_trash"]
    assert full["Sum"]["number"] == 1.5
    assert full["Kind"]["select"]["name"] == "each week"
    assert full["Who"]["people"][0]["name"] == "Ada King"


def test_what_is_told_by_hand_of_one_row_is_no_other_rows(ask: Ask, rows: list[Page], tasks: Source) -> None:
    without_formula(ask, tasks)
    files = tasks.find("Files")
    assert files is not None
    rows[1].fixed[files.id] = [{"name": "told by hand"}]
    listed = ask("POST", f"/v1/data_sources/{tasks.id}/query", {}).json["results"]
    assert [row["properties"]["Files"]["files"][0]["name"] for row in listed] == ["told by hand", "a"]
    alone = [ask("GET", f"/v1/pages/{row.id}").json for row in reversed(rows)]
    assert [json.dumps({**page, "request_id": ""}) for page in listed] == [json.dumps({**page, "request_id": ""}) for page in alone]


def test_no_rows_are_an_empty_list(ask: Ask, rows: list[Page], tasks: Source) -> None:
    nothing = {"filter": {"property": "Count", "number": {"equals": 9}}}
    assert ask("POST", f"/v1/data_sources/{tasks.id}/query", nothing).json["results"] == []


@pytest.mark.parametrize("hours", [0, 5.5, -11])
def test_times_are_in_utc_to_the_minute(hours: float) -> None:
    at = datetime(2026, 1, 1, 0, 5, 59, 999_999, tzinfo=timezone(timedelta(hours=hours)))
    assert dates.stamp(at, floor=True) == at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")

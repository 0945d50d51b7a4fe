"""notion-client, unchanged, over a real socket, at its daily work."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from notion_client import APIErrorCode, APIResponseError, Client
from notion_client.errors import UnknownHTTPResponseError
from notion_client.helpers import collect_paginated_api

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.notion import errors, samples
from tests.emulators.notion.emulator import TOKEN, Notion, Unanswered
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page

Json = Any


def text(content: str) -> list[Json]:
    return [{"text": {"content": content}}]


@pytest.fixture
def source(client: Client, home: Page) -> str:
    """The data source of a new database."""
    columns = {
        "Name": {"title": {}},
        "Status": {"select": {"options": [{"name": "active", "color": "green"}]}},
        "Current": {"number": {}},
    }
    database: Json = client.databases.create(
        parent={"type": "page_id", "page_id": home.id}, title=text("Tasks"), initial_data_source={"properties": columns}
    )
    retrieved: Json = client.databases.retrieve(database["id"])
    assert [(entry["name"]) for entry in retrieved["data_sources"]] == ["Tasks"]
    return str(retrieved["data_sources"][0]["id"])


def test_a_row_is_made_found_changed_and_trashed(client: Client, source: str) -> None:
    cells = {"Name": {"title": text("coverage")}, "Status": {"select": {"name": "active"}}, "Current": {"number": 2}}
    row: Json = client.pages.create(parent={"type": "data_source_id", "data_source_id": source}, properties=cells)
    assert row["properties"]["Status"]["select"]["color"] == "green"
    found: Json = client.data_sources.query(source, filter={"property": "Status", "select": {"equals": "active"}})
    assert [page["id"] for page in found["results"]] == [row["id"]]
    changed: Json = client.pages.update(row["id"], properties={"Current": {"number": 7}, "Status": {"select": {"name": "paused"}}})
    assert (changed["properties"]["Current"]["number"], changed["properties"]["Status"]["select"]["name"]) == (7, "paused")
    again: Json = client.pages.retrieve(row["id"])
    assert again["properties"] == changed["properties"]
    assert again["request_id"] != changed["request_id"]
    trashed: Json = client.pages.update(row["id"], in_trash=True)
    assert (trashed["in_trash"], trashed["archived"]) == (True, True)
    empty: Json = client.data_sources.query(source)
    assert empty["results"] == []


def test_a_thousand_rows_are_paged_through(client: Client, emulator: Notion) -> None:
    samples.fill(emulator)
    source = samples.source_called(emulator, "Many tasks")
    rows: list[Json] = collect_paginated_api(client.data_sources.query, data_source_id=source.id)
    assert len({row["id"] for row in rows}) == 1000
    assert emulator.journal.counts() == {"data_sources.query": 10}


def test_errors_are_the_clients_own(client: Client, source: str, emulator: Notion) -> None:
    with pytest.raises(APIResponseError) as missing:
        client.pages.retrieve("00000000-0000-0000-0000-000000000000")
    assert missing.value.code == APIErrorCode.ObjectNotFound
    assert missing.value.additional_data == {"integration_id": emulator.api.connections[TOKEN].bot.id}
    with pytest.raises(APIResponseError) as long:
        client.pages.create(parent={"data_source_id": source}, properties={"Name": {"title": text("x" * 2088)}})
    assert str(long.value) == (
        "body failed validation: body.properties.Name.title[0].text.content.length should be ≤ `2000`, instead was `2088`."
    )
    assert long.value.request_id


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (errors.overloaded(), UnknownHTTPResponseError),  # 529: not in the client's list (VENDORS.md C8)
        (Answer.html(502, "<h1>Bad gateway</h1>"), UnknownHTTPResponseError),
        (errors.error(503, "database_connection_unavailable", "x"), UnknownHTTPResponseError),
        (errors.unavailable(), APIResponseError),
        (errors.error(500, "internal_server_error", "Unexpected error occurred."), APIResponseError),
        (errors.error(409, "conflict_error", "Conflict occurred while saving. Please try again."), APIResponseError),
    ],
)
def test_what_goes_wrong_reaches_the_client_as_with_the_real_one(
    client: Client, emulator: Notion, answer: Answer, kind: type[Exception]
) -> None:
    emulator.faults.add(Fault("users.me", times=1, answer=answer))
    with pytest.raises(kind):
        client.users.me()
    assert client.users.me()


def test_a_reset_is_no_error_of_the_clients(client: Client, emulator: Notion) -> None:
    emulator.faults.add(Fault("users.me", times=1, reset=True))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.users.me()


def test_the_hundred_and_eighty_first_request_waits(client: Client, emulator: Notion, clock: SetClock) -> None:
    for _ in range(180):
        client.users.me()
    clock.advance(seconds=48)
    with pytest.raises(APIResponseError) as full:
        client.users.me()
    assert full.value.code == APIErrorCode.RateLimited
    assert full.value.headers["Retry-After"] == "12"
    assert full.value.additional_data == {"rate_limit_reason": "public_api_request_rate_limit", "retry_after": "12"}
    clock.advance(seconds=12)
    assert client.users.me()


def test_a_write_may_be_saved_though_it_was_answered_503(client: Client, emulator: Notion, source: str) -> None:
    emulator.faults.add(Unanswered("pages.create", times=1))
    with pytest.raises(APIResponseError) as doubtful:
        client.pages.create(parent={"data_source_id": source}, properties={"Name": {"title": text("once")}})
    assert doubtful.value.additional_data is not None
    made: Json = client.pages.retrieve(str(doubtful.value.additional_data["committed_resource_id"]))
    assert made["properties"]["Name"]["title"][0]["plain_text"] == "once"
    listed: Json = client.data_sources.query(source)
    assert len(listed["results"]) == 1


def test_unknown_paths_and_what_is_not_emulated_are_told_apart(client: Client, emulator: Notion) -> None:
    with pytest.raises(APIResponseError) as unknown:
        client.request("invalid", "GET")
    assert unknown.value.code == APIErrorCode.InvalidRequestURL
    assert emulator.unserved == []
    with pytest.raises(UnknownHTTPResponseError) as missing:
        client.comments.list(block_id="393abc1e-edcd-80f3-813b-e205934558c6")
    assert missing.value.status == 501
    assert len(emulator.unserved) == 1


def test_search_and_users(client: Client, emulator: Notion, ada: Person, home: Page, clock: SetClock) -> None:
    ada.page("Kitchen", home)
    clock.advance(seconds=10)
    found: Json = client.search(query="kitchens", filter={"property": "object", "value": "page"})
    assert [page["properties"]["title"]["title"][0]["plain_text"] for page in found["results"]] == ["Kitchen"]
    users: Json = client.users.list()
    assert [(user["type"], user["name"]) for user in users["results"]] == [("bot", "rowd"), ("person", "Ada")]
    mine: Json = client.users.me()
    assert mine["bot"]["owner"] == {"type": "workspace", "workspace": True}
    assert client.users.retrieve(ada.user.id)["person"]["email"] == "ada@example.org"  # type: ignore[index]


def test_the_newer_version_too(server: Server, home: Page) -> None:
    with Client(auth=TOKEN, base_url=server.base, notion_version="2026-03-11", retry=False) as client:
        page: Json = client.pages.create(parent={"page_id": home.id}, properties={"title": text("new")})
        assert "archived" not in page
        appended: Json = client.blocks.children.append(page["id"], children=[{"paragraph": {"rich_text": text("one")}}])
        assert [block["type"] for block in appended["results"]] == ["paragraph"]
        listed: Json = client.blocks.children.list(page["id"])
        assert [block["id"] for block in listed["results"]] == [appended["results"][0]["id"]]
        gone: Json = client.blocks.delete(page["id"])
        assert (gone["in_trash"], gone["child_page"]) == (True, {"title": "new"})

"""Who is let in, to what, how often, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.notion import errors
from tests.emulators.notion.asking import NOON, Ask, asking
from tests.emulators.notion.emulator import TOKEN, Notion, Unanswered
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source

Json = Any


def reason(answer: Answer) -> tuple[int, str, str | None]:
    extra = answer.json["additional_data"]
    return answer.status, extra["rate_limit_reason"], answer.headers.get("Retry-After")


def spend(ask: Ask, count: int) -> None:
    for _ in range(count):
        assert ask("GET", "/v1/users/me").status == 200


def test_a_connection_sees_what_was_shared_and_all_that_is_in_it(ask: Ask, ada: Person, emulator: Notion) -> None:
    outer = ada.page("Outer")
    inner = ada.page("Inner", outer)
    row = ada.insert(ada.database("Table", {"Name": {"title": {}}}, inner), {"Name": "x"})
    assert ask("GET", f"/v1/pages/{row.id}").status == 404
    ada.share(inner, emulator.api.connections[TOKEN])
    assert [ask("GET", f"/v1/pages/{page.id}").status for page in (outer, inner, row)] == [404, 200, 200]
    ada.unshare(inner, emulator.api.connections[TOKEN])
    assert ask("GET", f"/v1/pages/{row.id}").status == 404
    ada.undo()
    assert ask("GET", f"/v1/pages/{row.id}").status == 200


def test_a_personal_token_sees_everything_but_the_users_until_it_expires(emulator: Notion, ada: Person, clock: SetClock) -> None:
    emulator.connect("ntn_personal", kind="personal", expires=NOON + timedelta(days=7))
    ask = asking(emulator, "ntn_personal")
    page = ada.page("Mine")
    assert ask("GET", f"/v1/pages/{page.id}").status == 200
    assert ask("GET", "/v1/users").json["code"] == "restricted_resource"
    assert ask("POST", "/v1/pages", {"parent": {"workspace": True}, "properties": {}}).status == 200
    clock.advance(days=7)
    expired = ask("GET", "/v1/users/me")
    assert (expired.status, expired.json["code"], expired.json["message"]) == (401, "unauthorized", "API token is invalid.")


def test_a_token_can_be_unknown_or_revoked(emulator: Notion, ask: Ask) -> None:
    assert asking(emulator, "invalid-token")("GET", "/v1/users/me").status == 401
    emulator.api.connections[TOKEN].revoked = True
    assert ask("GET", "/v1/users/me").status == 401


@pytest.mark.parametrize(
    ("capability", "method", "path", "body"),
    [
        ("read", "GET", "/v1/pages/{home}", None),
        ("read", "POST", "/v1/search", {}),
        ("update", "PATCH", "/v1/pages/{home}", {}),
        ("insert", "POST", "/v1/pages", {"parent": {"page_id": "{home}"}, "properties": {}}),
        ("read_users", "GET", "/v1/users", None),
    ],
)
def test_a_capability_that_is_missing_is_403(
    emulator: Notion, home: Page, ask: Ask, capability: str, method: str, path: str, body: Json
) -> None:
    mine = emulator.api.connections[TOKEN]
    mine.capabilities = mine.capabilities - {capability}
    if body and "parent" in body:
        body = {**body, "parent": {"page_id": home.id}}
    refused = ask(method, path.format(home=home.id), body)
    assert (refused.status, refused.json["code"]) == (403, "restricted_resource")


def test_who_may_not_read_is_told_the_id_of_what_it_made(emulator: Notion, home: Page, ask: Ask) -> None:
    mine = emulator.api.connections[TOKEN]
    mine.capabilities = mine.capabilities - {"read"}
    made = ask("POST", "/v1/pages", {"parent": {"page_id": home.id}, "properties": {}})
    assert set(made.json) == {"object", "id", "request_id"}


def test_who_may_not_update_makes_no_options(emulator: Notion, tasks: Source, ask: Ask) -> None:
    mine = emulator.api.connections[TOKEN]
    mine.capabilities = mine.capabilities - {"update"}
    body = {"parent": {"data_source_id": tasks.id}, "properties": {"Kind": {"select": {"name": "new"}}}}
    assert ask("POST", "/v1/pages", body).status == 400


def test_without_the_addresses_people_have_none(emulator: Notion, ada: Person, ask: Ask) -> None:
    mine = emulator.api.connections[TOKEN]
    mine.capabilities = mine.capabilities - {"read_emails"}
    assert "email" not in ask("GET", f"/v1/users/{ada.user.id}").json["person"]


def test_without_users_people_are_ids(emulator: Notion, tasks: Source, ada: Person, ask: Ask) -> None:
    mine = emulator.api.connections[TOKEN]
    mine.capabilities = mine.capabilities - {"read_users"}
    row = ada.insert(tasks, {"Who": [ada.user]})
    assert ask("GET", f"/v1/pages/{row.id}").json["properties"]["Who"]["people"] == [{"object": "user", "id": ada.user.id}]


def test_each_connection_has_a_budget_of_its_own(emulator: Notion, ask: Ask, clock: SetClock) -> None:
    emulator.connect("ntn_other")
    other = asking(emulator, "ntn_other")
    spend(ask, 180)
    assert reason(ask("GET", "/v1/users/me")) == (429, "public_api_request_rate_limit", "60")
    spend(other, 180)
    clock.advance(seconds=59.5)
    assert reason(ask("GET", "/v1/users/me")) == (429, "public_api_request_rate_limit", "1")
    clock.advance(seconds=0.5)
    spend(ask, 180)


@pytest.mark.parametrize("switches", [{"workspace_budget": "60", "retry_after": "absent"}])
def test_a_workspace_that_is_spent_is_shut_for_minutes_to_all(emulator: Notion, ask: Ask, clock: SetClock) -> None:
    emulator.connect("ntn_other")
    spend(ask, 60)
    refused = ask("GET", "/v1/users/me")
    assert reason(refused) == (429, "public_api_space_request_rate_limit", None)
    assert refused.json["additional_data"]["retry_after"] == "400"
    clock.advance(seconds=100)
    assert asking(emulator, "ntn_other")("GET", "/v1/users/me").json["additional_data"]["retry_after"] == "300"
    clock.advance(seconds=300)
    spend(ask, 1)


def test_who_is_blocked_is_told_so(emulator: Notion, ask: Ask) -> None:
    emulator.faults.add(Fault(answer=errors.rate_limited("public_api_request_blocked", 60)))
    assert reason(ask("GET", "/v1/users/me"))[1] == "public_api_request_blocked"
    emulator.faults.clear()
    emulator.faults.add(Fault(answer=Answer.of(504, {})))
    assert set(ask("GET", "/v1/users/me").json) == {"request_id"}


def test_a_503_names_what_was_saved(emulator: Notion, home: Page, ask: Ask) -> None:
    emulator.faults.add(Unanswered("pages.create|blocks.children.append"))
    page = ask("POST", "/v1/pages", {"parent": {"page_id": home.id}, "properties": {}})
    saved = page.json["additional_data"]["committed_resource_id"]
    assert (page.status, saved in emulator.api.world.nodes) == (503, True)
    assert "Do not repeat the write." in page.json["additional_data"]["retry_guidance"]
    blocks = ask("PATCH", f"/v1/blocks/{home.id}/children", {"children": [{"divider": {}}]})
    assert blocks.json["additional_data"]["committed_child_ids"] == emulator.api.world.children[home.id][-1:]
    refused = ask("POST", "/v1/pages", {"parent": {"page_id": "x"}, "properties": {}})
    assert refused.status == 400  # nothing was saved, and that is told


def test_blocks_are_counted_for_life_and_refused_after_three_days(
    emulator: Notion, tasks: Source, ada: Person, ask: Ask, clock: SetClock
) -> None:
    emulator.api.world.block_limit = 1000
    rows = [ada.insert(tasks) for _ in range(998)]  # and the page that the table is in
    row = {"parent": {"data_source_id": tasks.id}, "properties": {}}
    assert ask("POST", "/v1/pages", row).status == 200
    for old in rows:
        ada.delete(old)  # which gives nothing back
    clock.advance(days=2)
    assert ask("POST", "/v1/pages", row).status == 200
    clock.advance(days=1)
    refused = ask("POST", "/v1/pages", row)
    assert (refused.status, refused.json["code"]) == (403, "restricted_resource")
    assert refused.json["additional_data"] == {"block_limit": "block_creation"}
    last = ask("POST", f"/v1/data_sources/{tasks.id}/query", {}).json["results"][0]["id"]
    assert ask("PATCH", f"/v1/pages/{last}", {"properties": {"Count": {"number": 1}}}).status == 200
    emulator.connect("ntn_personal", kind="personal")
    assert asking(emulator, "ntn_personal")("POST", "/v1/pages", row).status == 200

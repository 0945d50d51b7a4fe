"""Webhooks as a daemon without a public address uses them: made once, then polled by cursor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pyairtable import Api
from pyairtable.models import Webhook, WebhookNotification

from tests.emulators.airtable import SAMPLE_BASE, Airtable, Person
from tests.emulators.airtable.conftest import NOON, Ask
from tests.emulators.core.clock import SetClock

HOOKS = f"/v0/bases/{SAMPLE_BASE}/webhooks"


def spec(includes: dict[str, Any] | None = None, **filters: Any) -> dict[str, Any]:
    return {"specification": {"options": {"filters": {"dataTypes": ["tableData"], **filters}, "includes": includes or {}}}}


def hook(ask: Ask, includes: dict[str, Any] | None = None, **filters: Any) -> str:
    made = ask("POST", HOOKS, spec(includes, **filters)).json
    return f"{HOOKS}/{made['id']}"


def fields(ask: Ask) -> dict[str, str]:
    """Name → id."""
    return {field["name"]: field["id"] for field in ask("GET", f"/v0/meta/bases/{SAMPLE_BASE}/tables").json["tables"][0]["fields"]}


def changes(ask: Ask, hook: str, cursor: int = 1) -> list[dict[str, Any]]:
    """What each payload says of the only table."""
    payloads = ask("GET", f"{hook}/payloads?cursor={cursor}").json["payloads"]
    return [next(iter(payload["changedTablesById"].values())) for payload in payloads]


def test_pyairtable_polls_what_a_person_did(api: Api, person: Person, airtable: Airtable) -> None:
    made = api.post(api.base(SAMPLE_BASE).urls.webhooks, json=spec(fromSources=["client"]))
    webhook: Webhook = api.base(SAMPLE_BASE).webhook(made["id"])
    assert (webhook.cursor_for_next_payload, webhook.is_hook_enabled, webhook.notification_url) == (1, True, None)
    person.type("vitest_rerun", "Status", "paused")
    api.table(SAMPLE_BASE, "Tasks").create({"Name": "by the API"})
    person.delete("coverage_check")
    first, second = webhook.payloads()
    assert (first.cursor, first.action_metadata.source, second.cursor) == (1, "client", 2)  # type: ignore[union-attr]
    assert second.base_transaction_number > first.base_transaction_number + 1
    (table,) = first.changed_tables_by_id.values()
    (change,) = table.changed_records_by_id.values()
    assert next(iter(change.current.cell_values_by_field_id.values()))["name"] == "paused"
    assert [len(each.destroyed_record_ids) for each in second.changed_tables_by_id.values()] == [1]
    assert [payload.cursor for payload in webhook.payloads(cursor=2)] == [2]
    assert list(webhook.payloads(cursor=3)) == []
    webhook.delete()
    assert api.base(SAMPLE_BASE).webhooks() == []


def test_previous_and_unchanged_values_come_where_they_are_asked_for(ask: Ask, person: Person) -> None:
    names = fields(ask)
    plain, told = hook(ask), hook(ask, {"includePreviousCellValues": True, "includeCellValuesInFieldIds": [names["Name"]]})
    person.type("vitest_rerun", "Current", 6)
    (change,) = changes(ask, plain)[0]["changedRecordsById"].values()
    assert change == {"current": {"cellValuesByFieldId": {names["Current"]: 6}}}
    (change,) = changes(ask, told)[0]["changedRecordsById"].values()
    assert change["previous"] == {"cellValuesByFieldId": {names["Current"]: 2}}
    assert change["unchanged"] == {"cellValuesByFieldId": {names["Name"]: "vitest_rerun"}}


def test_a_hook_hears_only_what_it_watches(ask: Ask, person: Person) -> None:
    names = fields(ask)
    status = hook(ask, watchDataInFieldIds=[names["Status"]])
    added = hook(ask, changeTypes=["add"])
    other = hook(ask, recordChangeScope="tblNoSuchTable001")
    schema = hook(ask, dataTypes=["tableFields"])
    person.type("vitest_rerun", "Current", 6)
    person.type("vitest_rerun", "Status", "paused")
    person.insert({"Name": "new"})
    person.rename("Current", "Count")
    person.move("new", above="vitest_rerun")
    assert [set(change) for change in changes(ask, status)] == [{"changedRecordsById"}, {"createdRecordsById"}]
    assert [set(change) for change in changes(ask, added)] == [{"createdRecordsById"}]
    assert changes(ask, other) == []
    assert changes(ask, schema) == [{"changedFieldsById": {names["Current"]: {"current": {"name": "Count"}}}}]


def test_our_own_batch_is_one_payload_of_the_public_api(ask: Ask, airtable: Airtable) -> None:
    path = hook(ask)
    ask("POST", "/Tasks", {"records": [{"fields": {"Name": "a"}}, {"fields": {"Name": "b"}}]})
    (payload,) = ask("GET", f"{path}/payloads").json["payloads"]
    assert payload["actionMetadata"]["source"] == "publicApi"
    assert payload["payloadFormat"] == "v0"
    (table,) = payload["changedTablesById"].values()
    assert [next(iter(record["cellValuesByFieldId"].values())) for record in table["createdRecordsById"].values()] == ["a", "b"]
    number = airtable.bases[SAMPLE_BASE].transaction
    ask("PATCH", f"/Tasks/{next(iter(table['createdRecordsById']))}", {"fields": {"Name": "a"}})
    assert airtable.bases[SAMPLE_BASE].transaction == number
    assert len(ask("GET", f"{path}/payloads").json["payloads"]) == 1, "a cell that already is so is no change"


def test_links_and_choices_are_told_with_their_names(ask: Ask, person: Person, airtable: Airtable) -> None:
    names, table = fields(ask), airtable.bases[SAMPLE_BASE].tables[0]
    person.add_column("After", "multipleRecordLinks", {"linkedTableId": table.id})
    person.add_column("Tags", "multipleSelects", {"choices": [{"name": "red", "color": "redLight2"}]})
    path, after, tags = hook(ask), fields(ask)["After"], fields(ask)["Tags"]
    first, second, _ = person.rows()
    ask("PATCH", f"/Tasks/{second}", {"fields": {"After": [first], "Tags": ["red"]}})
    (change,) = changes(ask, path)[0]["changedRecordsById"].values()
    told = change["current"]["cellValuesByFieldId"]
    assert told[after] == [{"id": first, "name": "guidelines_refresh"}]
    assert [(choice["name"], choice["color"]) for choice in told[tags]] == [("red", "redLight2")]
    assert names["Name"] not in told


def test_undo_brings_a_record_back_as_created(ask: Ask, person: Person) -> None:
    path, before = hook(ask), person.rows()
    person.delete("vitest_rerun")
    person.undo()
    gone, back = changes(ask, path)
    assert gone["destroyedRecordIds"] == list(back["createdRecordsById"])
    assert person.rows() == before


def test_fifty_payloads_fit_into_an_answer(ask: Ask, person: Person) -> None:
    path = hook(ask)
    for at in range(60):
        person.type("vitest_rerun", "Current", 100 + at)
    first = ask("GET", f"{path}/payloads").json
    assert (len(first["payloads"]), first["cursor"], first["mightHaveMore"]) == (50, 51, True)
    second = ask("GET", f"{path}/payloads?cursor=51").json
    assert (len(second["payloads"]), second["cursor"], second["mightHaveMore"]) == (10, 61, False)
    numbers = [payload["baseTransactionNumber"] for payload in first["payloads"] + second["payloads"]]
    assert numbers == sorted(set(numbers))
    assert len(ask("GET", f"{path}/payloads?limit=3").json["payloads"]) == 3
    assert ask("GET", f"{path}/payloads?cursor=0").status == 422


def test_a_hook_lives_seven_days_from_its_last_reading_and_its_payloads_seven_more(
    ask: Ask, person: Person, clock: SetClock
) -> None:
    path = hook(ask)
    clock.at += timedelta(days=6)
    assert ask("GET", f"{path}/payloads").status == 200
    clock.at += timedelta(days=6)
    refreshed = ask("POST", f"{path}/refresh").json["expirationTime"]
    assert refreshed == "2026-03-21T12:00:10.250Z"
    person.type("vitest_rerun", "Current", 6)
    clock.at += timedelta(days=7)
    person.type("vitest_rerun", "Current", 7)
    (shown,) = ask("GET", HOOKS).json["webhooks"]
    assert (shown["isHookEnabled"], shown["cursorForNextPayload"]) == (False, 2)
    assert ask("GET", f"{path}/payloads").json["payloads"] == [], "what is older than seven days is gone"
    clock.at += timedelta(days=7)
    assert ask("GET", f"{path}/payloads").status == 403
    assert ask("GET", HOOKS).json == {"webhooks": []}


def test_a_hook_whose_user_lost_the_base_ends_with_an_error(ask: Ask, person: Person) -> None:
    path = hook(ask)
    person.unshare()
    person.type("vitest_rerun", "Current", 6)
    assert ask("GET", f"{path}/payloads").status == 403
    person.share()
    (payload,) = ask("GET", f"{path}/payloads").json["payloads"]
    assert (payload["error"], payload["code"]) == (True, "INVALID_HOOK")
    assert ask("GET", HOOKS).json["webhooks"][0]["isHookEnabled"] is False


def test_a_ping_is_signed_and_says_only_where(api: Api, person: Person, airtable: Airtable) -> None:
    made = api.base(SAMPLE_BASE).add_webhook("https://example.com/ping", spec()["specification"])
    person.type("vitest_rerun", "Current", 6)
    api.base(SAMPLE_BASE).webhook(made.id).disable_notifications()
    person.type("vitest_rerun", "Current", 7)
    (ping,) = airtable.webhooks.pings
    told = WebhookNotification.from_request(ping.body, ping.headers["X-Airtable-Content-MAC"], made.mac_secret_base64)
    assert (told.base.id, told.webhook.id, told.timestamp) == (SAMPLE_BASE, made.id, NOON)


def test_what_an_automation_did_is_told_as_its(airtable: Airtable, ask: Ask) -> None:
    people, others = hook(ask, fromSources=["client"]), hook(ask, fromSources=["automation", "formSubmission"])
    Person(airtable, SAMPLE_BASE, "Tasks", source="automation").type("vitest_rerun", "Current", 6)
    assert changes(ask, people) == []
    (payload,) = ask("GET", f"{others}/payloads").json["payloads"]
    assert payload["actionMetadata"] == {"source": "automation"}


def test_a_hook_of_one_view_is_not_emulated(airtable: Airtable, ask: Ask) -> None:
    assert ask("POST", HOOKS, spec(recordChangeScope="viwRowdSomeView01")).status == 501
    airtable.unserved.clear()


@pytest.mark.parametrize("wrong", [{}, {"specification": {}}, spec(dataTypes=[]), spec(dataTypes=["x"]), spec(changeTypes=["x"])])
def test_a_specification_that_is_none_is_refused(ask: Ask, wrong: dict[str, Any]) -> None:
    assert ask("POST", HOOKS, wrong).status == 422


def test_a_table_and_its_name_are_told_to_who_watches_metadata(ask: Ask, person: Person) -> None:
    path = hook(ask, dataTypes=["tableMetadata", "tableFields"])
    person.rename_table("Chores")
    person.delete_column("Metadata")
    person.undo()
    ask("POST", f"/v0/meta/bases/{SAMPLE_BASE}/tables", {"name": "New", "fields": [{"name": "Name", "type": "singleLineText"}]})
    payloads = ask("GET", f"{path}/payloads").json["payloads"]
    renamed, gone, back = (next(iter(payload["changedTablesById"].values())) for payload in payloads[:3])
    assert renamed["changedMetadata"]["current"]["name"] == "Chores"
    assert list(back["createdFieldsById"]) == gone["destroyedFieldIds"]
    assert [table["metadata"]["name"] for table in payloads[3]["createdTablesById"].values()] == ["New"]


def test_a_base_has_ten_webhooks_at_most(ask: Ask) -> None:
    made = [hook(ask) for _ in range(10)]
    refused = ask("POST", HOOKS, spec())
    assert (refused.status, refused.json["error"]["type"]) == (422, "TOO_MANY_WEBHOOKS_IN_BASE")
    assert ask("DELETE", made[0]).status == 200
    assert ask("POST", HOOKS, spec()).status == 200

"""Both answers of every switch."""

from __future__ import annotations

import pytest

from tests.emulators.airtable import DAEMON, SAMPLE_BASE, SWITCHES, THOUSAND, Airtable, Person, add_table, make
from tests.emulators.airtable.conftest import NOON, Ask
from tests.emulators.airtable.model import Token
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.switching import Switched

TASKS = f"/v0/meta/bases/{SAMPLE_BASE}/tables/Tasks"
switched = Switched(SWITCHES)
switched = Switched(SWITCHES)
MERGE = {"performUpsert": {"fieldsToMergeOn": ["Name"]}}


def over_the_limit(airtable: Airtable, ask: Ask) -> Answer:
    airtable.quotas.on = True
    for _ in range(5):
        ask("GET", "/Tasks")
    return ask("GET", "/Tasks")


@switched("rate_limit_body", "error", "errors")
def test_rate_limit_body(airtable: Airtable, ask: Ask, expected: str) -> None:
    refused = over_the_limit(airtable, ask).json
    assert list(refused) == [expected]
    assert "RATE_LIMIT_REACHED" in str(refused)


@switched("retry_after", None, "30")
def test_retry_after(airtable: Airtable, ask: Ask, clock: SetClock, expected: str | None) -> None:
    assert over_the_limit(airtable, ask).headers.get("Retry-After") == expected


@switched("window", 429, 200)
def test_window(airtable: Airtable, ask: Ask, clock: SetClock, expected: int) -> None:
    airtable.quotas.on = True
    clock.at = NOON.replace(microsecond=900_000)
    for _ in range(5):
        ask("GET", "/Tasks")
    clock.advance(seconds=0.2)
    assert ask("GET", "/Tasks").status == expected


@switched("upsert_throttle", 200, 429)
def test_upsert_throttle(airtable: Airtable, ask: Ask, expected: int) -> None:
    airtable.quotas.on = True
    statuses = [ask("PATCH", "/Tasks", {**MERGE, "records": [{"fields": {"Name": "x"}}]}).status for _ in range(2)]
    assert statuses == [200, expected]


@switched("billing_body", "error", "errors")
def test_billing_body(airtable: Airtable, ask: Ask, expected: str) -> None:
    airtable.quotas.on = True
    airtable.workspace.plan, airtable.workspace.grace_used, airtable.workspace.calls = "free", True, {"2026-03": 1_000}
    refused = ask("GET", "/Tasks").json
    assert list(refused) == [expected]
    assert "PUBLIC_API_BILLING_LIMIT_EXCEEDED" in str(refused)


@switched("batch", 3, 4)
def test_batch(ask: Ask, expected: int) -> None:
    assert ask("POST", "/Tasks", {"records": [{"fields": {"Name": "a"}}, {"fields": {"Nope": 1}}]}).status == 422
    assert len(ask("GET", "/Tasks").json["records"]) == expected


@switched("upsert_race", 1, 2)
def test_upsert_race(ask: Ask, clock: SetClock, expected: int) -> None:
    for _ in range(2):
        ask("PATCH", "/Tasks", {**MERGE, "records": [{"fields": {"Name": "run 1"}}]})
    assert len(ask("GET", "/Tasks?filterByFormula={Name}='run 1'").json["records"]) == expected
    clock.advance(seconds=2)
    again = ask("PATCH", "/Tasks", {**MERGE, "records": [{"fields": {"Name": "run 1"}}]})
    assert again.status == (200 if expected == 1 else 422)


@switched("get_elsewhere", 404, 200)
def test_get_elsewhere(airtable: Airtable, ask: Ask, expected: int) -> None:
    other = add_table(airtable, airtable.bases[SAMPLE_BASE], "Other", [{"name": "Name", "type": "singleLineText"}], [{"Name": "x"}])
    assert ask("GET", f"/Tasks/{next(iter(other.records))}").status == expected


@switched("unknown_record", 404, 403)
def test_unknown_record(ask: Ask, expected: int) -> None:
    gone = "/Tasks/recNoSuchRecord01"
    assert [ask("GET", gone).status, ask("PATCH", gone, {"fields": {}}).status, ask("DELETE", gone).status] == [expected] * 3


@switched("now", "12:04:59", "12:00:00")
def test_now(ask: Ask, clock: SetClock, person: Person, expected: str) -> None:
    person.add_column("now", "formula", {"formula": "DATETIME_FORMAT(NOW(),'HH:mm:ss')"})
    clock.at = NOON.replace(minute=4, second=59)
    assert ask("GET", "/Tasks").json["records"][0]["fields"]["now"] == expected


@switched("modified_resolution", "2026-03-02T12:00:10.000Z", "2026-03-02T12:00:10.250Z")
def test_modified_resolution(ask: Ask, person: Person, expected: str) -> None:
    person.add_column("at", "lastModifiedTime")
    person.type("vitest_rerun", "Current", 6)
    assert person.rows()[next(iter(person.rows()))]["at"] == expected


@switched("new_record_modified", 1, 0)
def test_new_record_modified(ask: Ask, clock: SetClock, expected: int) -> None:
    clock.advance(seconds=5)
    made = ask("POST", "/Tasks", {"fields": {"Name": "new"}}).json["id"]
    since = "/Tasks?filterByFormula=LAST_MODIFIED_TIME()>'2026-03-02T12:00:12Z'"
    assert len(ask("GET", since).json["records"]) == expected
    clock.advance(seconds=5)
    ask("PATCH", f"/Tasks/{made}", {"fields": {"Name": "edited"}})
    assert len(ask("GET", since).json["records"]) == 1


@switched("modified_clock", 1, 0)
def test_modified_clock(ask: Ask, clock: SetClock, expected: int) -> None:
    """With a watermark of our own clock, what was changed just now is missed."""
    clock.advance(seconds=60)
    made = ask("POST", "/Tasks", {"fields": {"Name": "new"}}).json["id"]
    clock.advance(seconds=5)
    watermark = clock.now()
    clock.advance(seconds=1)
    ask("PATCH", f"/Tasks/{made}", {"fields": {"Name": "edited"}})
    since = f"/Tasks?filterByFormula=LAST_MODIFIED_TIME()>'{watermark:%Y-%m-%dT%H:%M:%SZ}'"
    assert len(ask("GET", since).json["records"]) == expected


@switched("patch_choices", 422, 200)
def test_patch_choices(ask: Ask, expected: int) -> None:
    field = next(each for each in ask("GET", TASKS.removesuffix("/Tasks")).json["tables"][0]["fields"] if each["name"] == "Status")
    active = {**field["options"]["choices"][0], "name": "on"}
    assert ask("PATCH", f"{TASKS}/fields/Status", {"options": {"choices": [active, {"name": "off"}]}}).status == expected
    assert ask("POST", "/Tasks", {"fields": {"Status": "off"}}).status == expected
    shown = {record["fields"].get("Status") for record in ask("GET", "/Tasks?filterByFormula={Type}").json["records"]}
    assert shown == ({"on"} if expected == 200 else {"active"})


@switched("create_computed", 422, 200)
def test_create_computed(ask: Ask, expected: int) -> None:
    formula = {"name": "text", "type": "formula", "options": {"formula": "{Name}&'!'"}}
    assert ask("POST", f"{TASKS}/fields", formula).status == expected


@switched("formula_error", {"error": "#ERROR!"}, {"specialValue": "NaN"})
def test_formula_error(ask: Ask, person: Person, expected: dict[str, str]) -> None:
    person.add_column("broken", "formula", {"formula": "DATETIME_PARSE({Name})+ERROR()"})
    assert [record["fields"]["broken"] for record in ask("GET", "/Tasks").json["records"]] == [expected] * 3


@switched("wording", 'Unknown field name: "Nope"', "Could not find a field named Nope")
def test_wording(ask: Ask, expected: str) -> None:
    choice = ask("POST", "/Tasks", {"fields": {"Status": "no"}}).json["error"]["message"]
    assert choice.removeprefix("Insufficient permissions to create new select option ") in ('"no"', '""no""')
    assert ask("POST", "/Tasks", {"fields": {"Nope": 1}}).json["error"]["message"] == expected
    assert ask("GET", "/Tasks?fields[]=Nope").json["error"]["message"] == expected


@switched("body_limit", 200, 413)
def test_body_limit(ask: Ask, expected: int) -> None:
    long = {"fields": {"Description": "x" * 99_000, "Metadata": "x" * 99_000}}
    assert ask("POST", "/Tasks", long).status == expected
    assert len(ask("GET", "/Tasks").json["records"]) == (4 if expected == 200 else 3)


@switched("time_into_date", 200, 422)
def test_time_into_date(ask: Ask, person: Person, expected: int) -> None:
    person.add_column("Day", "date", {"dateFormat": {"name": "iso"}})
    assert ask("POST", "/Tasks", {"fields": {"Day": "2026-03-02"}}).status == 200
    assert ask("POST", "/Tasks", {"fields": {"Day": "2026-03-02T12:00:00Z"}}).status == expected


@switched("order_without_view", "sorted", "created")
def test_order_without_view(ask: Ask, expected: str) -> None:
    ids = [record["id"] for record in ask("GET", "/Tasks").json["records"]]
    created = [record["id"] for record in ask("GET", "/Tasks?view=Grid+view").json["records"]]
    assert ids == (sorted(created) if expected == "sorted" else created)


@pytest.mark.usefixtures("thousand")
@switched("pages", ["task 0003", "task 0004"], ["new", "task 0003"])
def test_pages(ask: Ask, airtable: Airtable, expected: list[str]) -> None:
    first = ask("GET", f"/{THOUSAND}?view=Grid+view&pageSize=2").json
    Person(airtable, SAMPLE_BASE, THOUSAND).insert({"Name": "new"}, above="task 0003")
    second = ask("GET", f"/{THOUSAND}?view=Grid+view&pageSize=2&offset={first['offset']}").json
    assert [record["fields"]["Name"] for record in second["records"]] == expected


def test_every_switch_has_a_test() -> None:
    assert switched.without_a_test(globals()) == set()


def test_a_switch_that_is_none_is_refused(clock: SetClock) -> None:
    with pytest.raises(ValueError, match="rate_limit_body"):
        make(clock, {"rate_limit_body": "other"}, 0)


def test_the_same_seed_draws_the_same_ids(clock: SetClock) -> None:
    drawn = [make(clock, {}, seed).ids.new("rec") for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert make(clock, {}, 0).let_in(Token("patX.y", DAEMON)).secret == "patX.y"

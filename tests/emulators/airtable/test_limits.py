"""Quotas on the emulator's clock, and who is let in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.emulators.airtable import DAEMON, OWNER, SAMPLE_BASE, TOKEN, Airtable, Person
from tests.emulators.airtable.conftest import NOON, Ask
from tests.emulators.airtable.model import Base, Token
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer

META = f"/v0/meta/bases/{SAMPLE_BASE}/tables"
PERMISSIONS = "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"


@pytest.fixture
def limited(airtable: Airtable) -> Airtable:
    airtable.quotas.on = True
    return airtable


def statuses(ask: Ask, count: int, target: str = "/Tasks", token: str = TOKEN) -> list[int]:
    return [ask("GET", target, token=token).status for _ in range(count)]


def error(answer: Answer) -> str:
    kind: str = answer.json["error"]["type"]
    return kind


@pytest.mark.usefixtures("limited")
def test_a_base_takes_five_requests_a_second_and_is_shut_for_thirty_after_the_sixth(ask: Ask, clock: SetClock) -> None:
    for _ in range(4):
        assert statuses(ask, 5) == [200] * 5
        clock.advance(seconds=1)
    assert statuses(ask, 6) == [200] * 5 + [429]
    refused = ask("GET", "/Tasks")
    assert refused.json == {"error": {"type": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later"}}
    assert "Retry-After" not in refused.headers
    clock.advance(seconds=29.9)
    assert statuses(ask, 1) == [429]
    clock.advance(seconds=0.1)
    assert statuses(ask, 5) == [200] * 5


@pytest.mark.usefixtures("limited")
def test_everybody_shares_the_limit_of_a_base_and_the_meta_api_counts(ask: Ask, limited: Airtable) -> None:
    limited.let_in(Token("patOwner.x", OWNER))
    assert statuses(ask, 2) + statuses(ask, 2, token="patOwner.x") + statuses(ask, 1, META) == [200] * 5
    assert statuses(ask, 1, token="patOwner.x") == [429]
    assert ask("GET", "/v0/meta/whoami").status == 200


@pytest.mark.usefixtures("limited")
def test_a_user_has_fifty_requests_a_second_over_all_bases(ask: Ask, limited: Airtable, clock: SetClock) -> None:
    limited.let_in(Token("patDaemon.second", DAEMON))
    assert statuses(ask, 25, "/v0/meta/whoami") + statuses(ask, 25, "/v0/meta/whoami", "patDaemon.second") == [200] * 50
    assert statuses(ask, 1) == [429]
    clock.advance(seconds=30)
    assert statuses(ask, 1) == [200]


def spend(airtable: Airtable, calls: int) -> None:
    airtable.workspace.calls[f"{NOON:%Y-%m}"] = calls


def test_a_spent_month_blocks_the_data_of_a_free_workspace_but_not_its_meta_api(
    ask: Ask, limited: Airtable, clock: SetClock
) -> None:
    limited.workspace.plan, limited.workspace.grace_used = "free", True
    spend(limited, 999)
    assert statuses(ask, 2) == [200, 429]
    assert error(ask("GET", "/Tasks")) == "PUBLIC_API_BILLING_LIMIT_EXCEEDED"
    assert statuses(ask, 1, META) == [200]
    assert error(ask("GET", f"/v0/bases/{SAMPLE_BASE}/webhooks")) == "PUBLIC_API_BILLING_LIMIT_EXCEEDED"
    clock.at = NOON.replace(month=4, day=1)
    assert statuses(ask, 1) == [200]


def test_a_free_workspace_has_thirty_days_of_grace_once(ask: Ask, limited: Airtable, clock: SetClock) -> None:
    limited.workspace.plan = "free"
    spend(limited, 1_000)
    assert statuses(ask, 1) == [200]
    clock.at += timedelta(days=28)
    assert statuses(ask, 1) == [200]
    clock.at += timedelta(days=2)
    spend(limited, 1_000)
    limited.workspace.calls["2026-04"] = 1_000
    assert statuses(ask, 1) == [429]


def test_a_team_that_has_spent_its_month_has_two_requests_a_second(ask: Ask, limited: Airtable, clock: SetClock) -> None:
    spend(limited, 100_000)
    assert statuses(ask, 3) == [200, 200, 429]
    assert error(ask("GET", "/Tasks")) == "RATE_LIMIT_REACHED"
    clock.advance(seconds=30)
    assert statuses(ask, 2) == [200, 200]


def test_a_full_base_takes_no_more_records_and_goes_on_otherwise(ask: Ask, limited: Airtable, clock: SetClock) -> None:
    limited.workspace.plan = "free"
    person = Person(limited, SAMPLE_BASE, "Tasks")
    person.paste("coverage_check", ["Name"], [[f"row {at}"] for at in range(998)])
    assert ask("POST", "/Tasks", {"fields": {"Name": "more"}}).status == 422
    assert ask("PATCH", f"/Tasks/{next(iter(person.rows()))}", {"fields": {"Name": "as before"}}).status == 200


def test_a_token_ends(ask: Ask, airtable: Airtable, clock: SetClock) -> None:
    airtable.tokens[TOKEN].expires = NOON + timedelta(minutes=60)
    assert statuses(ask, 1) == [200]
    clock.advance(minutes=60)
    assert ask("GET", "/Tasks").json == {"error": {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}}
    assert statuses(ask, 1, token="patUnknown.x") == [401]


def test_no_scope_no_grant_and_no_share_are_told_alike(ask: Ask, airtable: Airtable) -> None:
    reads = airtable.let_in(Token("patReads.x", DAEMON, frozenset({"data.records:read"})))
    elsewhere = airtable.let_in(Token("patElsewhere.x", DAEMON, bases=frozenset({"appOtherBase00001"})))
    assert ask("GET", "/Tasks", token=reads.secret).status == 200
    refused = [ask("POST", "/Tasks", {"fields": {}}, reads.secret), ask("GET", META, token=reads.secret)]
    refused.append(ask("GET", "/Tasks", token=elsewhere.secret))
    Person(airtable, SAMPLE_BASE, "Tasks").unshare()
    refused.append(ask("GET", "/Tasks"))
    assert [(answer.status, error(answer)) for answer in refused] == [(403, PERMISSIONS)] * 4
    assert len({answer.body for answer in refused}) == 1
    assert ask("GET", "/v0/meta/bases").json == {"bases": []}


@pytest.mark.parametrize(
    ("level", "expected"),
    [("read", [200, 403, 403, 403]), ("comment", [200, 200, 403, 403]), ("edit", [200, 200, 200, 403]), ("create", [200] * 4)],
)
def test_what_a_user_may_do_goes_by_their_level(ask: Ask, airtable: Airtable, level: str, expected: list[int]) -> None:
    record = next(iter(Person(airtable, SAMPLE_BASE, "Tasks").rows()))
    Person(airtable, SAMPLE_BASE, "Tasks").share(DAEMON, level)
    answers = [
        ask("GET", "/Tasks"),
        ask("POST", f"/Tasks/{record}/comments", {"text": "well"}),
        ask("POST", "/Tasks", {"fields": {"Name": "x"}}),
        ask("POST", f"{META}/Tasks/fields", {"name": "new", "type": "singleLineText"}),
    ]
    assert [answer.status for answer in answers] == expected
    assert {error(answer) for answer in answers if answer.status == 403} <= {"INVALID_PERMISSIONS"}


def test_a_column_may_be_closed_to_the_api(ask: Ask, person: Person) -> None:
    person.lock("Status")
    refused = ask("POST", "/Tasks", {"fields": {"Name": "x", "Status": "active"}})
    assert (refused.status, error(refused)) == (403, "INVALID_PERMISSIONS")
    assert refused.json["error"]["message"].startswith("You are not permitted to write cell values in field Status (fld")
    assert ask("POST", "/Tasks", {"fields": {"Name": "x"}}).status == 200


def test_an_old_api_key_is_told_more_of_what_is_missing(ask: Ask, airtable: Airtable) -> None:
    """All four as recorded in January 2022: grouparoo/grouparoo@a453a40b16, no-meta-access."""
    key = airtable.let_in(Token("keyOld", DAEMON, frozenset({"data.records:read"}), api_key=True)).secret
    missing = ask("GET", "/No%20such", token=key)
    assert (missing.status, missing.json["error"]["type"]) == (404, "TABLE_NOT_FOUND")
    assert missing.json["error"]["message"] == f"Could not find table No such in application {SAMPLE_BASE}"
    assert (ask("GET", META, token=key).status, ask("GET", META, token=key).json) == (404, {"error": {"type": "NOT_FOUND"}})
    assert ask("GET", "/v0/meta/bases/junk/tables", token=key).json == {"error": "NOT_FOUND"}
    assert [base["permissionLevel"] for base in ask("GET", "/v0/meta/bases", token=key).json["bases"]] == ["create"]


def test_an_address_that_is_too_long_is_refused(ask: Ask) -> None:
    assert ask("GET", "/Tasks?filterByFormula=" + "x" * 16_000).status == 414


def test_another_base_has_limits_of_its_own(ask: Ask, limited: Airtable) -> None:
    other = limited.add_base(Base("appOtherBase00001", "Other", limited.workspace))
    assert statuses(ask, 6)[-1] == 429
    assert ask("GET", f"/v0/meta/bases/{other.id}/tables").json == {"tables": []}

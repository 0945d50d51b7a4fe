"""@googleapis/sheets from npm, unchanged, over a real socket. What it does: daily.mjs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulators import npm
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, GoogleSheets

DAILY = Path(__file__).with_name("daily.mjs")


@pytest.fixture
def given(service: GoogleSheets, server: Server) -> dict[str, Any]:
    """Somebody who has signed in, and a spreadsheet of theirs."""
    user = service.accounts.refresh_token(OWNER)
    return {
        "base": f"{server.base}/",
        "client_id": user["client_id"],
        "client_secret": user["client_secret"],
        "credentials": {"refresh_token": user["refresh_token"]},
        "spreadsheetId": service.new_spreadsheet("Ops", OWNER).id,
    }


def test_the_daily_work(given: dict[str, Any], service: GoogleSheets) -> None:
    npm.play(DAILY, "work", **given)
    assert service.journal.counts()["token"] == 1
    assert service.unserved == []


def test_a_thousand_rows_come_in_ten_pages_and_are_changed_in_one_batch(given: dict[str, Any], service: GoogleSheets) -> None:
    npm.play(DAILY, "thousand", **given)
    assert service.journal.counts() == {
        "token": 1,
        "values.update": 1,
        "values.append": 1,
        "values.get": 12,
        "values.batchUpdate": 1,
    }


def test_errors(given: dict[str, Any], service: GoogleSheets) -> None:
    given["unshared"] = service.new_spreadsheet("Theirs", "somebody@example.com").id
    npm.play(DAILY, "errors", **given)


def test_a_token_that_has_ended_is_got_anew(given: dict[str, Any], service: GoogleSheets, clock: SetClock) -> None:
    def passes(request: Request) -> None:
        if len(service.journal) == 2:
            clock.advance(hours=2)

    service.before.append(passes)
    npm.play(DAILY, "read", times=2, **given)
    asked = [(entry.operation, entry.answer.status) for entry in service.journal]
    assert asked == [("token", 200), ("values.get", 200), ("values.get", 401), ("token", 200), ("values.get", 200)]


def test_the_clients_own_retry_of_reads_is_far_too_quick_for_a_minute(given: dict[str, Any], service: GoogleSheets) -> None:
    for _ in range(60):
        service.quotas.take("read", "values.get", OWNER, service.clock.now())
    found = npm.play(DAILY, "limited", **given)
    assert found == {"refused": [429, "RESOURCE_EXHAUSTED"], "waits": [100, 500, 1_500]}
    assert service.journal.counts()["values.get"] == 4
    assert npm.play(DAILY, "limited", own=False, **given)["waits"] == []


def test_within_the_minute_that_a_quota_needs_a_retry_goes_through(
    given: dict[str, Any], service: GoogleSheets, clock: SetClock
) -> None:
    def passes(request: Request) -> None:
        if len(service.journal) == 62:
            clock.advance(seconds=50)

    service.before.append(passes)
    assert npm.play(DAILY, "read", times=61, **given) == [100]
    assert [entry.answer.status for entry in service.journal][-2:] == [429, 200]


@pytest.mark.parametrize(("writes", "sent"), [(True, 1), (False, 4)])
def test_a_failed_append_is_never_sent_again_by_itself(
    given: dict[str, Any], service: GoogleSheets, writes: bool, sent: int
) -> None:
    service.faults.add(Fault("values.*", answer=Answer.html(502, "<title>502</title>")))
    found = npm.play(DAILY, "limited", writes=writes, **given)
    assert (found["refused"], len(found["waits"])) == ([502, None], sent - 1)
    assert sum(entry.operation != "token" for entry in service.journal) == sent

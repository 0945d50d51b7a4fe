"""airtable from npm, unchanged, over a real socket. What it does: daily.mjs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulators import npm
from tests.emulators.airtable import DAEMON, SAMPLE_BASE, TASKS, THOUSAND, TOKEN, Airtable
from tests.emulators.airtable.model import Token
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Request
from tests.emulators.core.server import Server

DAILY = Path(__file__).with_name("daily.mjs")


def play(server: Server, part: str, **given: Any) -> Any:
    return npm.play(DAILY, part, **{"base": server.base, "token": TOKEN, "app": SAMPLE_BASE, "table": TASKS, **given})


def test_the_daily_work(server: Server, airtable: Airtable) -> None:
    left = ["guidelines_refresh", "vitest_rerun", "coverage_check", "new", "typed"]
    assert sorted(play(server, "work")) == sorted(left)


@pytest.mark.usefixtures("thousand")
def test_a_thousand_rows_come_in_ten_pages_and_are_filtered(server: Server, airtable: Airtable) -> None:
    found = play(server, "thousand", table=THOUSAND)
    assert found["pages"] == [100] * 10
    assert sorted(found["names"]) == [f"task {number:04d}" for number in range(1, 1001)]
    assert found["paused"] == 90
    assert found["byPost"] == [{"Name": "task 1000"}]
    assert all(name.startswith("fld") for name in found["byId"])
    assert airtable.journal.counts()["records.list"] == 10 + 2 + 1 + 1
    assert [entry.request.method for entry in airtable.journal].count("POST") == 1


def test_errors(server: Server, airtable: Airtable) -> None:
    airtable.let_in(Token("patReader.x", DAEMON, scopes=frozenset({"data.records:read"})))
    assert play(server, "errors", reader="patReader.x") == 3


def test_the_clients_own_retry_comes_again_until_it_is_let_in(server: Server, airtable: Airtable, clock: SetClock) -> None:
    airtable.quotas.on = True

    def passes(request: Request) -> None:
        if len(airtable.journal) > 5:
            clock.advance(seconds=15)

    airtable.before.append(passes)
    waits = play(server, "retried", times=6)
    assert [entry.answer.status for entry in airtable.journal] == [200] * 5 + [429] * 2 + [200]
    assert [wait <= span for wait, span in zip(waits, (5_000, 10_000), strict=True)] == [True, True]


@pytest.mark.parametrize("switches", [{"rate_limit_body": "error"}, {"rate_limit_body": "errors"}])
def test_without_its_own_retry_the_client_says_so_whatever_the_body(server: Server, airtable: Airtable) -> None:
    airtable.quotas.on = True
    assert play(server, "limited") == {"refused": [429, "TOO_MANY_REQUESTS"], "waits": []}

"""@notionhq/client from npm, unchanged, over a real socket. What it does: daily.mjs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulators import npm
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Request
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.errors import error
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import fill, source_called
from tests.emulators.notion.world import Page, Source

DAILY = Path(__file__).with_name("daily.mjs")


def play(server: Server, part: str, **given: Any) -> Any:
    return npm.play(DAILY, part, **{"base": server.base, "token": TOKEN, **given})


@pytest.mark.parametrize("version", ["", "2026-03-11"])
def test_the_daily_work(server: Server, emulator: Notion, home: Page, version: str) -> None:
    """In the version that the client asks for by itself, 2025-09-03, and in the newest."""
    play(server, "work", version=version, home=home.id)
    assert {entry.request.headers["notion-version"] for entry in emulator.journal} == {version or "2025-09-03"}
    assert emulator.unserved == []


def test_a_thousand_rows_come_in_ten_pages_and_are_filtered(server: Server, emulator: Notion) -> None:
    fill(emulator)
    found = play(server, "thousand", source=source_called(emulator, "Many tasks").id)
    assert sorted(found["names"]) == sorted(f"task {number}" for number in range(1, 1001))
    assert found["first"] == [f"task {number}" for number in range(1, 6)]
    assert found["filtered"] == 333 + 7
    assert emulator.journal.counts()["data_sources.query"] == 10 + 1 + 4


def test_errors(server: Server, emulator: Notion, ada: Person, tasks: Source) -> None:
    reader = emulator.connect("ntn_reader", "Reader", capabilities=frozenset({"read"}))
    ada.share(emulator.api.world.nodes[tasks.parent[1]], reader)
    play(server, "errors", source=tasks.id, unshared=ada.page("Mine alone").id, reader="ntn_reader")


def test_the_clients_own_retry_comes_again_when_it_was_told_to(
    server: Server, emulator: Notion, clock: SetClock, tasks: Source
) -> None:
    """Whatever the method: a query is a POST."""
    emulator.limits.budget = 1

    def passes(request: Request) -> None:
        if len(emulator.journal) in (2, 3):
            clock.advance(seconds=30)

    emulator.before.append(passes)
    assert play(server, "retried", source=tasks.id) == [60_000, 30_000]
    assert [entry.answer.status for entry in emulator.journal] == [200, 429, 429, 200]


def test_after_its_two_retries_the_client_gives_up(server: Server, emulator: Notion) -> None:
    emulator.limits.budget = 0
    assert play(server, "limited") == {"code": "rate_limited", "status": 429, "waits": [60_000, 60_000]}
    assert len(emulator.journal) == 3
    assert play(server, "limited", own=False)["waits"] == []


def test_an_overload_is_retried_and_a_failed_query_is_not(server: Server, emulator: Notion, tasks: Source) -> None:
    """VENDORS.md C8: this client knows 529, the Python one doesn't; neither sends a query again that failed."""
    overload = error(529, "service_overload", "The service is overloaded.", retry_after="7")
    emulator.faults.add(Fault("users.me|data_sources.query", times=2, answer=overload))
    assert play(server, "retried", source=tasks.id) == [7_000, 7_000]
    emulator.faults.add(Fault("users.me", times=1, answer=error(503, "service_unavailable", "Try again.")))
    assert len(play(server, "retried", source=tasks.id)) == 1
    emulator.faults.add(Fault("data_sources.query", answer=error(503, "service_unavailable", "Try again.")))
    emulator.journal.clear()
    with pytest.raises(pytest.fail.Exception, match="service_unavailable"):
        play(server, "retried", source=tasks.id)
    assert emulator.journal.counts()["data_sources.query"] == 1

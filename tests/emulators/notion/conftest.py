from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from notion_client import Client

from tests.emulators import notion as package
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.server import Server
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source

NOON = datetime(2026, 3, 4, 12, 0, 42, 500_000, tzinfo=UTC)
"""A Wednesday."""

Ask = Callable[..., Answer]


def asking(emulator: Notion, token: str = TOKEN, version: str = "2026-03-11") -> Ask:
    """Requests without a socket: `ask("GET", "/v1/users/me")`."""

    def ask(method: str, path: str, body: Any = None) -> Answer:
        return emulator.answer(Request.of(method, path, token=token, json=body, notion_version=version))

    return ask


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def switches(request: pytest.FixtureRequest) -> dict[str, str]:
    """Parametrize it, indirectly, to throw some."""
    return getattr(request, "param", {})


@pytest.fixture
def emulator(clock: SetClock, switches: dict[str, str]) -> Notion:
    return package.make(clock, switches, 0)


@pytest.fixture
def ask(emulator: Notion) -> Ask:
    return asking(emulator)


@pytest.fixture
def ada(emulator: Notion) -> Person:
    return Person(emulator)


@pytest.fixture
def home(emulator: Notion, ada: Person) -> Page:
    """A page that is shared with the connection."""
    page = ada.page("Home")
    ada.share(page, emulator.api.connections[TOKEN])
    return page


@pytest.fixture
def tasks(ada: Person, home: Page) -> Source:
    columns = {
        "Name": {"title": {}},
        "Notes": {"rich_text": {}},
        "Count": {"number": {}},
        "Kind": {"select": {"options": [{"name": "daily"}, {"name": "weekly"}]}},
        "Tags": {"multi_select": {"options": [{"name": "red"}, {"name": "blue"}]}},
        "State": {"status": {}},
        "Due": {"date": {}},
        "Done": {"checkbox": {}},
        "Link": {"url": {}},
        "Mail": {"email": {}},
        "Phone": {"phone_number": {}},
        "Who": {"people": {}},
        "Files": {"files": {}},
        "Number": {"unique_id": {"prefix": "TASK"}},
        "Made": {"created_time": {}},
        "Edited": {"last_edited_time": {}},
        "Maker": {"created_by": {}},
        "Editor": {"last_edited_by": {}},
    }
    return ada.database("Tasks", columns, home)


@pytest.fixture
def server(emulator: Notion) -> Iterator[Server]:
    with Server(emulator) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """The vendor's own, as it comes, but for its retries, which wait."""
    with Client(auth=TOKEN, base_url=server.base, notion_version="2025-09-03", retry=False) as client:
        yield client

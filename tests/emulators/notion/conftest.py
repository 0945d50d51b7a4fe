from __future__ import annotations

from collections.abc import Iterator

import pytest
from notion_client import Client

from tests.emulators import notion as package
from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server
from tests.emulators.notion.asking import NOON, Ask, asking
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Source


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


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

"""A table of the sample database on a clock that stands still, the real client on the emulator without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.api import Patch, Place, Row, Written
from connectors.notion import NotionSettings, NotionTable
from connectors.notion.client import Client
from tests.emulators.core.clock import SetClock
from tests.emulators.core.inprocess import Transport
from tests.emulators.notion import fill, make
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.emulators.notion.world import Page, Source

NOON = datetime(2026, 3, 4, 12, 0, 10, 250_000, tzinfo=UTC)
DATABASE = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"
Open = Callable[..., NotionTable]
Rows = Callable[[str], Page]


def place(token: str | None = TOKEN) -> Place:
    secrets = {} if token is None else {"NOTION_TOKEN": token}
    return Place(name="ops", base=Path("/nowhere"), id_column="ID", name_column="Name", secret=secrets.__getitem__)


def plugged(client: Client, transport: httpx.BaseTransport) -> None:
    """Put something else at the other end of the client's wire, with everything before it as it is."""
    client._vendors.client._transport = transport


def read(table: NotionTable) -> list[Row]:
    """A complete read."""
    page = table.read()
    rows = list(page.rows)
    while page.next is not None:
        page = table.read(page.next)
        rows += page.rows
    return rows


def keys_of(table: NotionTable) -> dict[Any, str]:
    return {row.cells["Name"]: row.key for row in read(table)}


def write(table: NotionTable, patch: Patch) -> Written:
    return table.write([patch])[0]


def operations(notion: Notion) -> list[str]:
    """What was asked for since this was last asked."""
    found = [entry.operation for entry in notion.journal]
    notion.journal.clear()
    return found


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def switches() -> dict[str, str]:
    """Replaced by tests that set some."""
    return {}


@pytest.fixture
def many_rows() -> int:
    """Of the second table. Replaced by tests that need it large."""
    return 1


@pytest.fixture
def notion(clock: SetClock, switches: dict[str, str], many_rows: int) -> Iterator[Notion]:
    """Without limits: tests of limits put them back. Nothing may be left unserved."""
    emulator = make(clock, switches, 1)
    fill(emulator, many=many_rows)
    emulator.limits.budget = None
    for node in emulator.api.world.nodes.values():
        node.created += timedelta(milliseconds=node.number)  # one after the other, as people make them
    clock.advance(minutes=10)
    yield emulator
    assert emulator.unserved == []


@pytest.fixture
def source(notion: Notion) -> Source:
    return source_called(notion, "Tasks")


@pytest.fixture
def person(notion: Notion) -> Person:
    return Person(notion)


@pytest.fixture
def page(person: Person, source: Source) -> Rows:
    """A row by its name."""

    def found(name: str) -> Page:
        return next(row for row in person.rows(source) if row.values["title"][0]["plain_text"] == name)

    return found


@pytest.fixture
def open_table(notion: Notion, source: Source) -> Iterator[Open]:
    """Opens tables of the sample database.   token, page: as they are.   said: more settings."""
    opened: list[NotionTable] = []

    def opens(token: str | None = TOKEN, page: int = 100, **said: Any) -> NotionTable:
        settings = NotionSettings.model_validate({"database": source.parent[1], **said})
        table = NotionTable(settings, place(token), page=page)
        plugged(table._client, Transport(notion))
        opened.append(table)
        return table

    yield opens
    for table in opened:
        table.close()


@pytest.fixture
def table(open_table: Open) -> NotionTable:
    return open_table()


def shown(rows: Sequence[Row], header: str) -> list[Any]:
    return [row.cells[header] for row in rows]

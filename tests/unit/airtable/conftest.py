"""A table of the sample base on a clock that stands still, behind a socket; and the same with every request made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.airtable.errors import Where
from connectors.api import Place
from tests.emulators.airtable import SAMPLE_BASE, TASKS, TOKEN, Airtable, Person, make
from tests.emulators.airtable.seeds import add_samples
from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server

NOON = datetime(2026, 3, 2, 12, 0, 10, 250_000, tzinfo=UTC)
WHERE = Where("ops", "appRowdSamples001", "Tasks", None, "AIRTABLE_TOKEN")
Open = Callable[..., AirtableTable]


def place(token: str | None = TOKEN) -> Place:
    secrets = {} if token is None else {"AIRTABLE_TOKEN": token}
    return Place(name="ops", base=Path("/nowhere"), id_column="ID", name_column="Name", secret=secrets.__getitem__)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def switches() -> dict[str, str]:
    """Replaced by tests that set some."""
    return {}


@pytest.fixture
def airtable(clock: SetClock, switches: dict[str, str]) -> Iterator[Airtable]:
    """Without limits: tests of limits put them back. Nothing may be left unserved."""
    emulator = make(clock, switches, 1)
    add_samples(emulator)
    emulator.quotas.on = False
    yield emulator
    assert emulator.unserved == []


@pytest.fixture
def open_table(airtable: Airtable) -> Iterator[Open]:
    """Opens tables of the sample base.   token, page: as they are.   said: more settings."""
    opened: list[AirtableTable] = []
    with Server(airtable) as server:

        def opens(token: str | None = TOKEN, page: int = 100, **said: Any) -> AirtableTable:
            settings = {"base": SAMPLE_BASE, "table": TASKS, "plan": "team", "endpoint": server.base, **said}
            opened.append(AirtableTable(AirtableSettings.model_validate(settings), place(token), page=page))
            return opened[-1]

        yield opens
        for table in opened:
            table.close()


@pytest.fixture
def table(open_table: Open) -> AirtableTable:
    """In the order of its first view."""
    return open_table(view="Grid view")


@pytest.fixture
def person(airtable: Airtable) -> Person:
    return Person(airtable, SAMPLE_BASE, TASKS)

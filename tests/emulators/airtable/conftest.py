"""The sample base on a clock that stands still, behind a socket, and pyairtable as it is on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pyairtable import Api, Table

from tests.emulators.airtable import SAMPLE_BASE, TASKS, THOUSAND, TOKEN, Airtable, Person, add_table, make
from tests.emulators.airtable.seeds import TASK_FIELDS, add_samples, many_rows
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.server import Server

NOON = datetime(2026, 3, 2, 12, 0, 10, 250_000, tzinfo=UTC)
Ask = Callable[..., Answer]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def airtable(clock: SetClock, switches: dict[str, str]) -> Iterator[Airtable]:
    """Without limits: tests of limits put them back. Nothing may be left unserved."""
    emulator = make(clock, switches, 1)
    add_samples(emulator)
    emulator.quotas.on = False
    yield emulator
    assert emulator.unserved == []


@pytest.fixture
def thousand(airtable: Airtable) -> None:
    """The table of a thousand rows as well."""
    add_table(airtable, airtable.bases[SAMPLE_BASE], THOUSAND, TASK_FIELDS, many_rows(1_000))


@pytest.fixture
def server(airtable: Airtable) -> Iterator[Server]:
    with Server(airtable) as server:
        yield server


@pytest.fixture
def api(server: Server) -> Api:
    return Api(TOKEN, endpoint_url=server.base, timeout=(5, 30), retry_strategy=None)


@pytest.fixture
def tasks(api: Api) -> Table:
    return api.table(SAMPLE_BASE, TASKS)


@pytest.fixture
def person(airtable: Airtable) -> Person:
    return Person(airtable, SAMPLE_BASE, TASKS)


@pytest.fixture
def ask(airtable: Airtable) -> Ask:
    """A request by hand, its target within the sample base: `ask("GET", "/Tasks")`."""

    def asked(method: str, target: str, json: Any = None, token: str = TOKEN) -> Answer:
        path = target if target.startswith("/v0/") else f"/v0/{SAMPLE_BASE}{target}"
        return airtable.answer(Request.of(method, path, token=token, json=json))

    return asked

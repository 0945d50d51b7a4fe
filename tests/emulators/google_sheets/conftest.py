"""An emulator for a test, whose every answer is checked against Google's discovery documents when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import GoogleSheets, make
from tests.emulators.google_sheets.calls import Calls, answer_faults

NOON = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def service(clock: SetClock, switches: dict[str, str]) -> Iterator[GoogleSheets]:
    service = make(clock, switches)
    yield service
    assert [fault for entry in service.journal for fault in answer_faults(entry)] == []


@pytest.fixture
def calls(service: GoogleSheets) -> Calls:
    """The owner's, about one new spreadsheet."""
    return Calls(service)


@pytest.fixture
def server(service: GoogleSheets) -> Iterator[Server]:
    with Server(service) as server:
        yield server

"""Inside Notion's limits, through the patience wrapper, on virtual time: no request is ever refused for being one too many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from connectors.api import Effect, Patch
from connectors.errors import TryLater
from connectors.notion import NotionSettings, NotionTable
from connectors.notion.news import SWEEP
from engine.gate import TableGate
from engine.governor import Governor
from engine.pace import BETWEEN_WRITES
from engine.patience import PatientTable
from tests.emulators.core.exchange import Request
from tests.emulators.core.faults import Fault
from tests.emulators.core.inprocess import Transport
from tests.emulators.notion import fill, make
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.errors import rate_limited, unavailable
from tests.emulators.notion.limits import BUDGET
from tests.emulators.notion.samples import source_called
from tests.fakes.memory_table import SteppedWorker
from tests.fakes.virtual import VirtualClock, run
from tests.unit.notion.conftest import place, plugged

READING = 12
"""Requests of the first read of a thousand rows."""

Work = Callable[[PatientTable, Notion, VirtualClock], Awaitable[None]]


class Settable:
    """The emulator's clock: the virtual one, once there is one."""

    clock: VirtualClock

    def now(self) -> object:
        return self.clock.now()


def played(work: Work, title: str = "Many tasks", switches: dict[str, str] | None = None) -> Notion:
    """A table of a thousand rows, which rowd has without a socket between, on a virtual clock."""

    async def story() -> Notion:
        clock = Settable()
        clock.clock = VirtualClock()
        notion = make(clock, switches, 1)  # type: ignore[arg-type]  # it is asked for `now` alone
        fill(notion, many=1_000 if title == "Many tasks" else 1)
        await clock.clock.sleep(timedelta(minutes=10))
        worker = SteppedWorker()
        gate = TableGate("ops", Governor(clock.clock), worker.wait)
        settings = NotionSettings(database=source_called(notion, title).parent[1])
        table = NotionTable(settings, replace(place(), gate=gate.request))
        plugged(table._client, Transport(notion))
        await work(PatientTable(table, clock.clock, worker, gate), notion, clock.clock)
        worker.close()
        return notion

    notion = run(story())
    assert notion.unserved == []
    return notion


def statuses(notion: Notion) -> list[int]:
    return [entry.answer.status for entry in notion.journal]


async def _writes(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    keys = [row.key for row in (await table.read()).rows][: 2 * BUDGET]
    began = clock.now()
    for key in keys:
        await clock.sleep(timedelta(seconds=BETWEEN_WRITES))
        assert [answer.effect for answer in await table.write([Patch(key, {"Current": 9})])] == [Effect.APPLIED]
    took = (clock.now() - began).total_seconds()
    assert took <= 61 * (len(keys) + READING) / BUDGET


def test_rows_are_written_at_the_pace_that_notion_allows_and_no_faster() -> None:
    for switches in ({}, {"window": "aligned"}):
        assert set(statuses(played(_writes, switches=switches))) == {200}


async def _polls(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    marks = []
    for _ in range(SWEEP):
        marks.append(await table.probe())
        if len(marks) < 2 or marks[-1] != marks[-2]:
            await table.read()
        await clock.sleep(timedelta(seconds=30))
    assert len(set(marks[1:])) == 1
    asked = [entry.operation for entry in notion.journal]
    assert asked == ["databases.retrieve", "data_sources.retrieve", *["data_sources.query"] * (10 + SWEEP - 1)]


def test_a_quiet_poll_of_a_thousand_rows_takes_one_request() -> None:
    played(_polls)


async def _small(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    for _ in range(5):
        await table.probe()
        await table.read()
        await clock.sleep(timedelta(seconds=30))


def test_a_quiet_poll_of_a_small_table_takes_one_request() -> None:
    operations = [entry.operation for entry in played(_small, "Tasks").journal]
    assert operations == ["databases.retrieve", "data_sources.retrieve", *["data_sources.query"] * 5]


async def _after_a_burst(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    keys = [row.key for row in (await table.read()).rows]
    await clock.sleep(timedelta(minutes=5))
    read = Request.of("GET", "/v1/users/me", token=TOKEN, notion_version="2026-03-11")
    while notion.answer(read).status == 200:
        pass  # another program with the same token
    await clock.sleep(timedelta(seconds=35))
    notion.journal.clear()
    assert [answer.effect for answer in await table.write([Patch(keys[0], {"Current": 9})])] == [Effect.APPLIED]


def test_after_another_programs_burst_it_waits_as_long_as_notion_says_and_is_refused_once() -> None:
    for switches in ({}, {"retry_after": "absent"}):
        assert statuses(played(_after_a_burst, "Tasks", switches)) == [429, 200]


async def _workspace(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    await table.read()
    notion.faults.add(Fault("data_sources.query", times=1, answer=rate_limited("public_api_space_request_rate_limit", 591)))
    notion.journal.clear()
    with pytest.raises(TryLater) as raised:
        await table.read()
    assert raised.value.wait == timedelta(seconds=591)
    await clock.sleep(timedelta(seconds=500))
    with pytest.raises(TryLater):
        await table.read()
    await clock.sleep(timedelta(seconds=91))
    assert len((await table.read()).rows) == 3


def test_a_workspace_that_is_shut_out_for_ten_minutes_is_not_asked_in_between() -> None:
    """VENDORS.md C8: the client would come again after one, twice, in vain."""
    assert statuses(played(_workspace, "Tasks")) == [429, 200]


async def _unavailable(table: PatientTable, notion: Notion, clock: VirtualClock) -> None:
    await table.read()
    notion.faults.add(Fault("data_sources.query", times=2, answer=unavailable()))
    notion.journal.clear()
    assert len((await table.read()).rows) == 3


def test_a_query_that_is_answered_503_is_tried_again() -> None:
    """VENDORS.md C8: the client doesn't, since a query is a POST."""
    assert statuses(played(_unavailable, "Tasks")) == [503, 503, 200]

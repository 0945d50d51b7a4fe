"""Inside Airtable's limits, through the patience wrapper, on virtual time: no request is ever refused for being one too many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.airtable.hook import SWEEP
from connectors.airtable.table import BATCH, PER_BASE
from connectors.api import Effect, Patch
from connectors.errors import TryLater
from engine.gate import TableGate
from engine.governor import Governor
from engine.patience import PatientTable
from tests.emulators.airtable import SAMPLE_BASE, TASKS, THOUSAND, TOKEN, Airtable, Person, add_table, make
from tests.emulators.airtable.seeds import TASK_FIELDS, add_samples, many_rows
from tests.emulators.core.exchange import Request
from tests.emulators.core.inprocess import Adapter
from tests.fakes.memory_table import SteppedWorker
from tests.fakes.virtual import VirtualClock, run
from tests.unit.airtable.conftest import place

Work = Callable[[PatientTable, Airtable, VirtualClock], Awaitable[None]]
LATER = timedelta(minutes=5)
CALLS = 115
"""Of a month: 105 for looks as it begins, which are nine complete reads of eleven requests, and a part of another one."""


class Settable:
    """The emulator's clock: the virtual one, once there is one."""

    clock: VirtualClock

    def now(self) -> datetime:
        return self.clock.now()


def played(work: Work, switches: dict[str, str] | None = None, **said: Any) -> Airtable:
    """The sample base and a table of a thousand rows, which rowd has without a socket between, on a virtual clock."""

    async def story() -> Airtable:
        clock = Settable()
        clock.clock = VirtualClock()
        airtable = make(clock, switches, 1)
        add_samples(airtable)
        add_table(airtable, airtable.bases[SAMPLE_BASE], THOUSAND, TASK_FIELDS, many_rows(1_000))
        given = {"base": SAMPLE_BASE, "table": THOUSAND, "plan": "team", **said}
        worker = SteppedWorker()
        gate = TableGate("ops", Governor(clock.clock), worker.wait)
        table = AirtableTable(AirtableSettings.model_validate(given), replace(place(), gate=gate.request))
        table._client._api.session.mount("https://", Adapter(airtable))
        await work(PatientTable(table, clock.clock, worker, gate), airtable, clock.clock)
        return airtable

    airtable = run(story())
    assert airtable.unserved == []
    return airtable


def statuses(airtable: Airtable) -> list[int]:
    return [entry.answer.status for entry in airtable.journal]


async def _writes(table: PatientTable, airtable: Airtable, clock: VirtualClock) -> None:
    keys = [row.key for row in (await table.read()).rows]
    began = clock.now()
    for first in range(0, len(keys), BATCH):
        answers = await table.write([Patch(key, {"Current": 9}) for key in keys[first : first + BATCH]])
        assert {answer.effect for answer in answers} == {Effect.APPLIED}
    took = (clock.now() - began).total_seconds()
    assert len(keys) / took >= 0.95 * PER_BASE * BATCH


def test_a_thousand_rows_are_written_at_the_pace_that_airtable_allows_and_no_faster() -> None:
    for switches in ({}, {"window": "aligned"}):
        assert set(statuses(played(_writes, switches))) == {200}


async def _after_a_burst(table: PatientTable, airtable: Airtable, clock: VirtualClock) -> None:
    keys = [row.key for row in (await table.read()).rows][:BATCH]
    await clock.sleep(LATER)
    target = f"/v0/{SAMPLE_BASE}/{TASKS}"
    while airtable.answer(Request.of("GET", target, token=TOKEN)).status == 200:
        pass  # another program, until the base is locked
    airtable.journal.clear()
    answers = await table.write([Patch(key, {"Current": 9}) for key in keys])
    assert {answer.effect for answer in answers} == {Effect.APPLIED}


def test_after_another_programs_burst_it_waits_out_the_lock_and_is_refused_once() -> None:
    for switches in ({}, {"rate_limit_body": "errors"}, {"retry_after": "present"}):
        assert statuses(played(_after_a_burst, switches)) == [429, 200]


async def _polls(table: PatientTable, airtable: Airtable, clock: VirtualClock) -> None:
    marks = []
    for _ in range(SWEEP + 2):
        marks.append(await table.probe())
        if len(marks) < 2 or marks[-1] != marks[-2]:
            await table.read()
        await clock.sleep(LATER)
    first, made, *quiet, swept = marks
    assert len({first, made, swept}) == 3
    assert quiet == [made] * (SWEEP - 1)
    asked = ["webhooks.payloads"] * SWEEP
    assert [entry.operation for entry in airtable.journal][-SWEEP - 11 :] == [*asked, "meta.tables", *["records.list"] * 10]
    Person(airtable, SAMPLE_BASE, THOUSAND).type("task 0001", "Current", 5)
    airtable.journal.clear()
    assert await table.probe() != marks[-1]
    reading = await table.read()
    assert next(row.cells["Current"] for row in reading.rows if row.cells["Name"] == "task 0001") == 5
    assert len(airtable.journal) == 11


def test_a_quiet_poll_of_a_thousand_rows_takes_one_request() -> None:
    played(_polls)


async def _spends(table: PatientTable, airtable: Airtable, clock: VirtualClock) -> None:
    airtable.workspace.plan, airtable.workspace.grace_used = "free", True
    airtable.workspace.calls = {"2026-03": 1_000 - CALLS}
    for _ in range(9):
        await table.read()
        await clock.sleep(LATER)
    for _ in range(20):
        with pytest.raises(TryLater, match="spent until") as raised:
            await table.read()
        assert raised.value.wait is not None
        await clock.sleep(LATER)


def test_a_month_of_the_free_plan_is_never_overdrawn_and_what_is_spent_is_told() -> None:
    airtable = played(_spends, plan="free", calls_per_month=CALLS, webhook=False)
    assert set(statuses(airtable)) == {200}
    assert len(airtable.journal) == 105

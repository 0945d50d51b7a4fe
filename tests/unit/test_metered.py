"""A table whose calls take more requests than one says so, and its quota counts them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors.api import Patch, Request, Traits, Window
from connectors.errors import OutcomeUnknown
from engine.clock import SystemClock
from engine.patience import PatientTable
from tests.fakes.memory_table import InlineWorker, MemoryTable

HOUR = timedelta(hours=1)


class Costly(MemoryTable):
    """takes: the requests of the next call."""

    traits = Traits(atomic_expect=False, batch=5, windows=(Window("read", 60, HOUR, "user"), Window("write", 60, HOUR, "user")))
    takes: Sequence[Request] = ()

    def spent(self) -> Sequence[Request]:
        spent, self.takes = self.takes, ()
        return spent

    def probe(self) -> str:
        return "marker"


def used(patient: PatientTable) -> list[int]:
    return [count for _, count in patient.quota.used(SystemClock().now())]


@pytest.mark.parametrize(
    ("takes", "reads", "writes"),
    [(["write"], 0, 1), (["write", "write"], 0, 2), (["read", "write"], 1, 1), ([], 0, 1), (["write", "read", "write"], 1, 2)],
)
def test_what_a_write_takes_beyond_one_request_is_counted(takes: list[Request], reads: int, writes: int) -> None:
    table = Costly([{"ID": "a", "Name": "alpha", "Action": "x"}])
    patient = PatientTable(table, SystemClock(), InlineWorker())
    table.takes = takes
    assert len(asyncio.run(patient.write([Patch("a", {"Action": "y"})]))) == 1
    assert used(patient) == [reads, writes]


def test_what_a_probe_takes_is_counted_and_what_a_failing_call_took_too() -> None:
    table = Costly([{"ID": "a", "Name": "alpha", "Action": "x"}])
    patient = PatientTable(table, SystemClock(), InlineWorker())
    table.takes = ["read"]
    assert asyncio.run(patient.call(table.probe)) == "marker"
    assert used(patient) == [1, 0]
    table.takes, table.fail = ["read", "write"], [OutcomeUnknown("lost")]
    with pytest.raises(OutcomeUnknown):
        asyncio.run(patient.write([Patch("a", {})]))
    assert used(patient) == [2, 1]


def test_a_table_that_is_not_metered_takes_one_request_a_call() -> None:
    class Plain(MemoryTable):
        traits = Costly.traits

    patient = PatientTable(Plain([]), SystemClock(), InlineWorker())
    asyncio.run(patient.read())
    assert used(patient) == [1, 0]

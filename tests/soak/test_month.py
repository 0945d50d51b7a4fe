"""A whole month on Airtable's Free plan, on virtual time: a daemon with twenty tasks, which is never blocked by its own calls."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.airtable import AirtableSettings, AirtableTable
from engine.events import QuotaLow, RowEdited, TableUnreachable, TableUnwritable, Trouble
from engine.gate import TableGate
from engine.governor import Governor
from engine.ledger import Ledger
from engine.patience import PatientTable
from engine.rules import TableRules
from tests.emulators.airtable import SAMPLE_BASE, Airtable, Person, add_table, make
from tests.emulators.airtable.seeds import add_samples
from tests.emulators.core.inprocess import Adapter
from tests.fakes.house import House, rules
from tests.fakes.memory_table import SteppedWorker
from tests.fakes.virtual import VirtualClock, run
from tests.unit.airtable.conftest import place

BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
FREE = 1_000
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TABLE = "Ours"
FIELDS: list[dict[str, Any]] = [
    {"name": name, "type": "singleLineText"}
    for name in ("Name", "Action", "Schedule", "Status", "Health", "Last Status", "Last Result", "Last Run", "Next Run")
]


class OnAirtable(House):
    """The emulator behind the real connector. Its requests go through the daemon's own governor."""

    def __init__(self, path: Path, airtable: Airtable, clock: VirtualClock, **said: Any) -> None:
        super().__init__(path, clock)
        self.airtable, self.said = airtable, said

    def patient(self, table: str, its: TableRules, governor: Governor) -> PatientTable:
        worker = SteppedWorker()
        gate = TableGate(its.rules.table, governor, worker.wait, lambda: its.quota_share)
        settings = AirtableSettings.model_validate({"base": SAMPLE_BASE, "table": table, "plan": "free", **self.said})
        opened = AirtableTable(settings, replace(place(), name=its.rules.table, gate=gate.request))
        opened._client._api.session.mount("https://", Adapter(self.airtable))
        return PatientTable(opened, governor.clock, worker, gate)


class Settable:
    clock: VirtualClock

    def now(self) -> datetime:
        return self.clock.now()


def emulator(clock: VirtualClock, schedules: list[str]) -> Airtable:
    """On the Free plan, its one-off grace used up; a table with a row for each of these."""
    settable = Settable()
    settable.clock = clock
    airtable = make(settable, {}, 1)
    add_samples(airtable)
    airtable.workspace.plan, airtable.workspace.grace_used = "free", True
    rows = [{"Name": f"task {n}", "Action": "act", "Schedule": schedule} for n, schedule in enumerate(schedules)]
    add_table(airtable, airtable.bases[SAMPLE_BASE], TABLE, FIELDS, rows)
    return airtable


DAILY = [f"daily {hour:02d}:{minute:02d}" for hour, minute in ((n, 7 * n % 60) for n in range(20))]
BUSY = [f"every {hours} hours" for hours in (1, 1, 2, 2, 3, 3, 4, 4, 6, 6)] + DAILY[:10]


MONTHS = [pytest.param(DAILY, False, False, id="daily")]
if os.environ.get("ROWD_MONTHS"):  # `make soak`
    MONTHS.append(pytest.param(BUSY, True, True, id="busy"))


@pytest.mark.timeout(300)  # ninety thousand looks for requests, one each half minute
@pytest.mark.parametrize(("schedules", "webhook", "short"), MONTHS)
def test_a_month_of_twenty_tasks_is_never_blocked_by_its_own_calls(
    tmp_path: Path, schedules: list[str], webhook: bool, short: bool
) -> None:
    """A person edits a row each day, and the daemon is started anew each week.

    short: whether there is more to tell than the month has calls for, so that results are gathered for longer.
    """
    run(month(tmp_path, schedules, webhook=webhook, short=short))


async def month(path: Path, schedules: list[str], *, webhook: bool, short: bool) -> None:
    clock = VirtualClock(BEGIN)
    airtable = emulator(clock, schedules)
    person = Person(airtable, SAMPLE_BASE, TABLE)
    first = next(iter(person.rows()))
    house = OnAirtable(path, airtable, clock, webhook=webhook)
    its = replace(rules(), poll=timedelta(minutes=1))
    typed: dict[str, datetime] = {}
    at = BEGIN + DAY + 5 * HOUR  # some hours off the restarts, which look at once
    for stop in (*(BEGIN + week * timedelta(weeks=1) for week in (1, 2, 3, 4)), END - timedelta(minutes=1)):
        async with house.open(TABLE, table_rules=its):
            while at < stop:
                await house.until(at)
                typed[said := f"daily 03:{at.day:02d}"] = at
                person.type(first, "Schedule", said)
                at += DAY
            await house.until(stop)
        await house.after(seconds=2)  # as long as a process takes to begin
    assert {entry.answer.status for entry in airtable.journal} == {200}
    assert airtable.workspace.calls["2026-03"] == remembered(path) <= FREE
    assert house.of(TableUnreachable) == house.of(TableUnwritable) == house.of(Trouble) == []
    assert bool(house.of(QuotaLow)) is short
    noticed = {edit.new: edit.at for edit in house.of(RowEdited)}
    waits = [noticed[said] - when for said, when in typed.items() if when < END - DAY]
    assert its.poll < max(waits) < (12 * HOUR if short else 6 * HOUR)
    ran = Counter(request.task for request in house.witness.seen)
    for n, schedule in enumerate(schedules[1:], 1):
        expected = 31 if schedule.startswith("daily") else 31 * 24 // int(schedule.split()[1])
        assert expected - 1 <= ran[f"task {n}"] <= expected, schedule  # each at its minute, whatever it takes to tell of it
    shown = [datetime.fromisoformat(str(cells["Last Run"]).replace("Z", "+00:00")) for cells in person.rows().values()]
    assert min(shown) > END - 2 * DAY


def remembered(path: Path) -> int:
    """How many calls the ledger knows of."""
    ledger = Ledger.open(path / "ledger.sqlite")
    try:
        (of_workspace,) = ledger.spent().values()
    finally:
        ledger.close()
    return sum(day.total for day in of_workspace.values())

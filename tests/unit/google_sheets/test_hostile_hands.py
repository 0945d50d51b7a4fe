"""Whatever hands do to a tab, a daemon that has nothing to tell leaves it alone: two requests a poll, and no trouble of its own."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from connectors.api import Table
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from engine.events import Trouble
from engine.gate import TableGate
from engine.governor import Governor
from engine.patience import PatientTable
from engine.rules import TableRules
from tests.conformance.sheets_bench import place
from tests.emulators import google_sheets
from tests.emulators.core.exchange import NotEmulated, Refused
from tests.emulators.core.inprocess import Adapter
from tests.emulators.google_sheets.a1 import letters
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.google_sheets.switches import SWITCHES
from tests.fakes.house import House, rules
from tests.fakes.memory_table import SteppedWorker
from tests.fakes.virtual import VirtualClock, run

COLUMNS = ("ID", "Name", "Action", "Schedule", "Status", "Health", "Next Run", "Last Run", "Last Status", "Runs")
NOWHERE = "https://emulated.invalid"
TEXTS = ("x", "1", "=1/0", "2026-01-02", "TRUE", "t1", "r1", "active", "every hour")


class Online(House):
    """A daemon whose table is a tab in the emulator, without a socket."""

    def __init__(self, path: Path, clock: VirtualClock, rng: random.Random) -> None:
        super().__init__(path, clock)
        answers = {switch.name: rng.choice(switch.answers) for switch in SWITCHES} | {"publishing": "production"}
        self.service = google_sheets.make(clock, answers, 1)
        rows = [[rng.choice([f"r{n}", ""]), f"t{n}", "act", rng.choice(["every 2 hours", "manual"]), "active"] for n in range(8)]
        self._file = put_in(self.service, "Ops", {"Tasks": [list(COLUMNS), *rows]}, google_sheets.OWNER, google_sheets.ROBOT).id
        self.person = Person(self.service, self._file, "Tasks")
        (path / "key.json").write_text(json.dumps(self.service.accounts.service_account(google_sheets.ROBOT, NOWHERE)))

    def patient(self, table: Any, its: TableRules, governor: Governor) -> PatientTable:
        worker = SteppedWorker()
        gate = TableGate(its.rules.table, governor, worker.wait, lambda: its.quota_share)
        said = {"spreadsheet": self._file, "tab": "Tasks", "credentials": "key.json", "endpoint": NOWHERE}
        opened: Any = BACKEND.open(GoogleSheetsSettings.model_validate(said), replace(place(self.path), gate=gate.request))
        edge = opened._sheet._edge
        made: Callable[[], Any] = edge._made

        def in_process() -> Any:
            client = made()
            edge._session.mount("https://", Adapter(self.service))
            return client

        edge._made = in_process
        there: Table = opened
        return PatientTable(there, governor.clock, worker, gate)


def lay_hands_on(person: Person, rng: random.Random) -> None:
    """One thing that people do to a tab, somewhere on it. Raises what the page refuses, and what isn't emulated."""
    seen = person.seen()
    bottom, width = len(seen), max(map(len, seen))
    row, column = rng.randrange(1, bottom + 2), rng.randrange(width)
    last, right = min(row + rng.randrange(3), bottom + 1), min(column + rng.randrange(3), width - 1)
    here, cells = f"{letters(column)}{row}", f"{letters(column)}{row}:{letters(right)}{last}"
    there = f"{letters(rng.randrange(width))}{rng.randrange(2, bottom + 3)}"
    below = f"A{bottom + rng.randrange(1, 4)}"
    rng.choice(
        (
            lambda: person.merge(cells),
            lambda: person.unmerge(f"A1:{letters(width)}{bottom + 3}"),
            lambda: person.cut(cells, there),
            lambda: person.copy(cells, there),
            lambda: person.clear(cells),
            lambda: person.type(here, rng.choice(TEXTS)),
            lambda: person.paste(below, [["", f"new {rng.randrange(99)}", "act", "every 3 hours", "active"]]),
            lambda: person.sort(letters(column), descending=rng.random() < 0.5),
            lambda: person.sort(letters(column), cells=f"A2:{letters(column)}{bottom}"),
            lambda: person.insert_columns(letters(column)),
            lambda: person.delete_columns(letters(column)),
            lambda: person.move_columns(letters(column), letters(column), letters(right)),
            lambda: person.insert_rows(row),
            lambda: person.delete_rows(row),
            lambda: person.move_rows(row, row, last + 2),
            lambda: person.copy_row(min(row, bottom), min(last, bottom)),
            person.undo,
        )
    )()


@pytest.mark.parametrize("seed", [1, 2, 5, 7, 13, 22])  # in these the table is held at last, or has no headers
def test_a_daemon_that_has_nothing_to_tell_leaves_the_tab_alone(seed: int, tmp_path: Path) -> None:
    async def story() -> None:
        rng, clock = random.Random(seed), VirtualClock()  # noqa: S311 (lots of a test, no secrets)
        with patch("google.auth._helpers.utcnow", lambda: clock.now().replace(tzinfo=None)):
            house = Online(tmp_path, clock, rng)
            daemon, committer = await house.daemon("ops", table_rules=rules())
            stopping = asyncio.Event()
            running = asyncio.create_task(daemon.run(stopping))
            for _ in range(15):
                await house.after(seconds=rng.uniform(1, 15))
                with suppress(NotEmulated, Refused, IndexError):
                    lay_hands_on(house.person, rng)
            await house.after(minutes=5)
            asked = len(house.service.journal)
            await house.after(minutes=5)
            polls = timedelta(minutes=5) / rules().poll
            assert len(house.service.journal) - asked <= 2 * (polls + 1)
            assert house.of(Trouble) == []
            stopping.set()
            await running
            await daemon.close()
            await committer.close()

    run(story())

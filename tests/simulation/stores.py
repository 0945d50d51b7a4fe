"""The vendors' stores in a seed: an emulator with quotas, lags and faults behind the real connector and client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.api import Gate, Place, Table
from connectors.google_sheets import GoogleSheetsSettings, GoogleSheetsTable
from connectors.notion import NotionSettings, NotionTable
from tests.emulators import airtable, google_sheets, notion
from tests.emulators.airtable.model import Base
from tests.emulators.core.clock import SetClock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.faults import Fault
from tests.emulators.core.inprocess import Adapter, Transport
from tests.emulators.core.switches import Switch
from tests.emulators.google_sheets.grid import Cell
from tests.emulators.google_sheets.person import Person as SheetsPerson
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.notion.emulator import TOKEN as NOTION_TOKEN
from tests.emulators.notion.person import Person as NotionPerson
from tests.simulation.machine import Machine
from tests.simulation.rows import OURS
from tests.simulation.store_sheets import DatabaseOfNotion, StoreSheet, TableOfAirtable, TabOfSheets
from tests.simulation.store_worker import StoreWorker

NUMBERS = ("Current", "Threshold")
"""Columns of people's that may be numbers in a store that knows them."""

ROOM = 48
"""Rows of a tab at first."""

ROWS = 24
"""So many a table gets: the more, the more each request costs; the fewer, the more often people and rowd meet in one."""

PAGES = (100, 8)
"""Rows of one request: all of them, or so few that a read takes several, and people come in between; only then it pays to ask
Notion whether there is anything new."""

PAUSE = timedelta(minutes=15)
"""For how long a vendor's refusal is felt: it may ask for a pause of ten minutes, after which many rows wait to be shown."""

MEANWHILE = 0.08
"""Share of requests just before which a person does something: where it is a write, that is the gap after the read."""

TAB, BASE = "Tasks", "appSimulation0001"
TOKENS = "https://oauth2.googleapis.com"


def drawn(switches: Sequence[Switch], chance: Random) -> dict[str, str]:
    """How each behaviour that nobody could confirm is in this seed."""
    return {switch.name: chance.choice(switch.answers) for switch in switches}


class MachinesClock:
    """A vendor's clock: right, whatever the wall clock of the daemon's machine is set to."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def now(self) -> datetime:
        return self._machine.start + timedelta(microseconds=self._machine.moment)


class Wire:
    """Between client and emulator. Each request takes its time before it arrives; what comes back, the emulator's faults decide."""

    def __init__(self, emulator: Emulator, chance: Random, *, slow: float, longest: float, failing: float) -> None:
        """slow: share of requests that take time, up to `longest` seconds.   failing: share that come to nothing good."""
        self.emulator, self._chance, self._slow, self._longest = emulator, chance, slow, longest
        self.worker: StoreWorker | None = None
        self.calm = False
        self.meanwhile: Callable[[], None] = lambda: None  # somebody lays a hand on the table
        self.sheet: StoreSheet | None = None
        page = Answer.html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
        share = failing / 6
        self.faults = [
            emulator.faults.add(fault)
            for fault in (
                Fault(
                    chance=share, answer=Answer.of(503, {"error": {"code": 503, "message": "unavailable", "status": "UNAVAILABLE"}})
                ),
                Fault(chance=share, answer=Answer.of(429, {"error": "too many"}, retry_after="7")),
                Fault(chance=share, answer=page),
                Fault(chance=share, answer=page, committed=True),
                Fault(chance=share, reset=True),
                Fault(chance=share * 2, reset=True, committed=True),
                Fault(chance=share, cut=20),
            )
        ]

    @property
    def failed(self) -> int:
        return sum(fault.hits for fault in self.faults)

    def refused(self) -> int:
        """How many requests the emulator refused for their number: by its own quotas, besides the faults."""
        return sum(entry.answer.status == 429 and not entry.faulty for entry in self.emulator.journal)

    def held_back(self, span: timedelta) -> bool:
        """Whether the vendor has asked for a pause within this time."""
        since = self.emulator.clock.now() - span
        return any(entry.answer.status == 429 and entry.at >= since for entry in self.emulator.journal)

    def answer(self, request: Request) -> Answer:
        if request.path == "/token":  # google-auth goes by the machine's own clock
            return self._token()
        if self.worker is not None and not self.calm and self._chance.random() < self._slow:
            self.worker.wait(asyncio.sleep(self._chance.random() ** 2 * self._longest))
        if self.worker is not None:
            self.worker.check()
        if not self.calm and self._chance.random() < MEANWHILE:
            self.meanwhile()
        if self.sheet is not None and request.method != "GET" and not request.path.endswith("/query"):
            self.sheet.stale()
        return self.emulator.answer(request)

    def _token(self) -> Answer:
        assert isinstance(self.emulator, google_sheets.GoogleSheets)
        token = self.emulator.accounts.token(google_sheets.ROBOT, robot=True)
        return Answer.of(200, {"access_token": token, "token_type": "Bearer", "expires_in": 10**8})

    def quiet(self) -> None:
        """Nothing goes wrong any more."""
        self.calm = True
        self.emulator.faults.clear()


class Store:
    """One table of a vendor's.   lag: seconds for which a read may still show what stood there before."""

    name: str
    sheet: StoreSheet
    lag = 0.0
    zone = ""

    def __init__(self, emulator: Emulator, chance: Random) -> None:
        self.emulator = emulator
        self.wire = Wire(
            emulator,
            chance,
            slow=chance.choice((0, 0.1, 0.5)),
            longest=chance.choice((0.5, 3)),
            failing=chance.choice((0, 0.02, 0.1)),
        )

    def open(self, gate: Gate, worker: StoreWorker) -> Table:
        """As the daemon of one life has it."""
        self.wire.worker = worker
        return self._opened(gate)

    def _opened(self, gate: Gate) -> Table:
        raise NotImplementedError

    def close(self) -> None:
        assert self.emulator.unserved == [], self.emulator.unserved[0]

    def _placed(self, gate: Gate, folder: Path = Path("/nowhere"), **secrets: str) -> Place:
        return Place(name="ops", base=folder, id_column="ID", name_column="Name", secret=secrets.__getitem__, gate=gate)


class InGoogleSheets(Store):
    name = "google_sheets"

    def __init__(self, machine: Machine, chance: Random, columns: Sequence[str], zone: str) -> None:
        self._service = google_sheets.make(MachinesClock(machine), drawn(google_sheets.SWITCHES, chance), chance.getrandbits(32))
        super().__init__(self._service, chance)
        file = put_in(self._service, "Ops", {TAB: [list(columns)]}, google_sheets.OWNER, google_sheets.ROBOT)
        assert file.book is not None
        self.zone = file.book.properties["timeZone"] = zone
        person = SheetsPerson(self._service, file.id, TAB, undoes=False)
        person.sheet.resize(ROOM, len(columns))
        numbers = NUMBERS if chance.random() < 0.5 else ()
        plain = Cell(format={"numberFormat": {"type": "TEXT"}})
        for column, header in enumerate(columns):
            for row in range(1, ROOM) if header not in (*OURS, *numbers) else ():
                person.sheet.put(row, column, plain)
        self.sheet = self.wire.sheet = TabOfSheets("ops", self._service, person, columns)
        self._settings = GoogleSheetsSettings.model_validate(
            {"spreadsheet": file.id, "tab": TAB, "credentials_secret": "KEY", "ask_drive": chance.random() < 0.7}
        )

    def _opened(self, gate: Gate) -> Table:
        table = GoogleSheetsTable(self._settings, self._placed(gate, KEY=_key()))
        edge: Any = table._sheet._edge
        made = edge._made

        def mounted() -> Any:
            client = made()
            edge._session.mount("https://", Adapter(self.wire))
            edge._session.trust_env = False
            return client

        edge._made = mounted
        return table


@cache
def _key() -> str:
    """Of the service account: one for all seeds, since it takes a moment to make."""
    account = google_sheets.make(SetClock(datetime.fromtimestamp(0).astimezone())).accounts
    return json.dumps(account.service_account(google_sheets.ROBOT, TOKENS))


class InAirtable(Store):
    name = "airtable"

    def __init__(self, machine: Machine, chance: Random, columns: Sequence[str], _zone: str) -> None:
        self._service = airtable.make(MachinesClock(machine), drawn(airtable.SWITCHES, chance), chance.getrandbits(32))
        super().__init__(self._service, chance)
        base = self._service.add_base(Base(BASE, "Simulation", self._service.workspace))
        self._service.workspace.plan = "team"
        numbers = (*NUMBERS, "Runs", "Failures", "Missed") if chance.random() < 0.5 else ()
        made = airtable.add_table(self._service, base, TAB, [_field(header, header in numbers) for header in columns])
        made.primary_id = made.fields[list(columns).index("Name")].id
        self.sheet = self.wire.sheet = TableOfAirtable("ops", self._service, airtable.Person(self._service, BASE, TAB), columns)
        self._said = {"base": BASE, "table": TAB, "plan": "team", "webhook": chance.random() < 0.5}
        self._page = chance.choice(PAGES)

    def _opened(self, gate: Gate) -> Table:
        settings = AirtableSettings.model_validate(self._said)
        table = AirtableTable(settings, self._placed(gate, AIRTABLE_TOKEN=airtable.TOKEN), page=self._page)
        session = table._client._api.session
        session.mount("https://", Adapter(self.wire))
        session.trust_env = False
        return table


def _field(name: str, number: bool) -> Mapping[str, Any]:
    if number:
        return {"name": name, "type": "number", "options": {"precision": 0}}
    return {"name": name, "type": "multilineText" if name in ("Health", "Understood As", "Last Result") else "singleLineText"}


class InNotion(Store):
    name = "notion"

    def __init__(self, machine: Machine, chance: Random, columns: Sequence[str], _zone: str) -> None:
        switches = drawn(notion.SWITCHES, chance)
        emulator = notion.make(MachinesClock(machine), switches, chance.getrandbits(32))
        super().__init__(emulator, chance)
        self.lag = float(switches["index_lag_s"])
        person = NotionPerson(emulator)
        home = person.page("Home")
        person.share(home, emulator.api.connections[NOTION_TOKEN])
        numbers = (*NUMBERS, "Runs", "Failures", "Missed") if chance.random() < 0.5 else ()
        source = person.database("Ops", {header: _column(header, header in numbers) for header in columns}, home)
        self.sheet = self.wire.sheet = DatabaseOfNotion("ops", person, source)
        self._settings = NotionSettings(database=source.parent[1])
        self._page = chance.choice(PAGES)

    def _opened(self, gate: Gate) -> Table:
        table = NotionTable(self._settings, self._placed(gate, NOTION_TOKEN=NOTION_TOKEN), page=self._page)
        client: Any = table._client._vendors.client
        client._mounts, client._transport = {}, Transport(self.wire)
        return table


def _column(name: str, number: bool) -> dict[str, Any]:
    return {"title": {}} if name == "Name" else {"number": {}} if number else {"rich_text": {}}


STORES = {store.name: store for store in (InGoogleSheets, InAirtable, InNotion)}

"""The bench of Airtable: somebody with the base open in a browser, and rowd behind a socket with the real client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.api import Cell, Place
from engine.journal import COLUMNS as COLUMNS_OF_A_JOURNAL
from tests.conformance.suite import COLUMNS, START, Bench
from tests.emulators.airtable import OWNER, TOKEN, Airtable, Person, add_table, make
from tests.emulators.airtable.model import Base
from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server

BASE = "appConformance001"
TABLE, VIEW = "Ops", "Grid view"
LONG = ("Notes", "Last Result")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGE = 2
"""Records of one page: so few that every test reads several."""


def secret(name: str) -> str:
    return {"AIRTABLE_TOKEN": TOKEN}[name]


def place(name: str = "Ops") -> Place:
    return Place(name=name, base=Path("/nowhere"), id_column="ID", name_column="Name", secret=secret, journal=COLUMNS_OF_A_JOURNAL)


class AirtableBench(Bench):
    table: AirtableTable

    def __init__(self, switches: Mapping[str, str]) -> None:
        self.emulator: Airtable = make(SetClock(NOON), switches, 1)
        self.emulator.quotas.on = False
        base = self.emulator.add_base(Base(BASE, "Conformance", self.emulator.workspace))
        fields = [{"name": name, "type": "multilineText" if name in LONG else "singleLineText"} for name in COLUMNS]
        made = add_table(self.emulator, base, TABLE, fields, START)
        made.primary_id = made.fields[COLUMNS.index("Name")].id  # another than the first: then any column may come to stand first
        self._base, self._made = base, made
        self.person = Person(self.emulator, BASE, TABLE)
        self.server = Server(self.emulator)
        self.table = self.reopened()

    def reopened(self) -> AirtableTable:
        return self.opened()

    def opened(self, **said: Any) -> AirtableTable:
        """A table with these settings besides."""
        view = self._made.views[0].name
        settings = AirtableSettings(base=BASE, table=TABLE, view=view, plan="team", endpoint=self.server.base, **said)
        return AirtableTable(settings, replace(place(), gate=self.gate), page=PAGE)

    def counted(self) -> int:
        return len(self.emulator.journal)

    def close(self) -> None:
        self.table.close()
        self.server.close()
        assert self.emulator.unserved == []

    def peek(self) -> list[dict[str, Cell]]:
        headers = [field.name for field in self._made.fields]
        return [{header: cells.get(header) for header in headers} for cells in self.person.rows().values()]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        for header, value in cells.items():
            self.person.type(self._id(name), header, value)

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        ids = list(self.person.rows())
        self.person.insert(cells, above=ids[at] if at < len(ids) else None)

    def delete(self, name: str) -> None:
        self.person.delete(self._id(name))

    def sort_by(self, header: str) -> None:
        self.person.sort(header)

    def rename(self, header: str, to: str) -> None:
        self.person.rename(header, to)

    def move(self, header: str, to: int) -> None:
        field = self._made.field(header)
        assert field is not None
        with self.emulator.lock, self.emulator.change(self._base, OWNER, "client") as transaction:
            transaction.move_field(self._made, field, to)

    def formula(self, name: str, header: str) -> bool:
        field = self._made.field(header)
        return field is not None and field.computed

    def _id(self, name: str) -> str:
        return next(key for key, cells in self.person.rows().items() if cells.get("Name") == name)

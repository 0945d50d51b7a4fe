"""The bench of Notion: somebody with the database open in the app, and rowd behind a socket with the real client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from connectors.api import Cell, Place
from connectors.notion import NotionSettings, NotionTable
from tests.conformance.suite import COLUMNS, START, Bench
from tests.emulators import notion as package
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Json
from tests.emulators.core.server import Server
from tests.emulators.notion import texts
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Page, Property

NOON = datetime(2026, 3, 4, 12, 0, 42, 500_000, tzinfo=UTC)
PAGE = 2
"""Rows of one page: so few that every test reads several, and probes."""


def secret(name: str) -> str:
    return {"NOTION_TOKEN": TOKEN}[name]


def place(name: str = "Ops") -> Place:
    return Place(name=name, base=Path("/nowhere"), id_column="ID", name_column="Name", secret=secret)


@dataclass(frozen=True)
class World:
    """switches: how Notion answers where nobody knows.   kind: of the connection.   takes: how long each request does.

    lag: how long the person waits after each edit, until queries show it.
    """

    switches: Mapping[str, str] = field(default_factory=dict)
    kind: str = "internal"
    takes: timedelta = timedelta(milliseconds=1)
    lag: timedelta = timedelta(milliseconds=10)


class NotionBench(Bench):
    table: NotionTable

    def __init__(self, world: World) -> None:
        self.clock = SetClock(NOON)
        self.emulator: Notion = package.make(self.clock, world.switches, 1)
        self.emulator.limits.budget = None
        self._lag = world.lag
        self.person = Person(self.emulator)
        home = self.person.page("Home")
        if world.kind == "internal":
            self.person.share(home, self.emulator.api.connections[TOKEN])
        else:
            self.emulator.api.connections[TOKEN].kind = world.kind
        columns: dict[str, Json] = {name: {"title": {}} if name == "Name" else {"rich_text": {}} for name in COLUMNS}
        self.source = self.person.database("Ops", columns, home)
        for cells in START:
            self._insert(cells)
        self.emulator.before.append(lambda _: self.clock.advance(seconds=world.takes.total_seconds()))
        self.server = Server(self.emulator)
        self._opened: list[NotionTable] = []
        self.table = self.reopened()

    def reopened(self) -> NotionTable:
        settings = NotionSettings(database=self.source.parent[1], endpoint=self.server.base)
        self._opened.append(NotionTable(settings, replace(place(), gate=self.gate), page=PAGE))
        return self._opened[-1]

    def counted(self) -> int:
        return len(self.emulator.journal)

    def close(self) -> None:
        for table in self._opened:
            table.close()
        self.server.close()
        assert self.emulator.unserved == []

    def peek(self) -> list[dict[str, Cell]]:
        columns = [*self.source.properties.values()]
        return [{each.name: _seen(each, row.values.get(each.id)) for each in columns} for row in self.person.rows(self.source)]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        for header, value in cells.items():
            self.person.type(self._page(name), header, "" if value is None else value)
        self.later()

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        """Where it comes to stand, no API tells: `Traits.ordered`."""
        self._insert(cells)

    def delete(self, name: str) -> None:
        self.person.delete(self._page(name))
        self.later()

    def sort_by(self, header: str) -> None:
        self.person.sort_view(self.source, header)

    def rename(self, header: str, to: str) -> None:
        self.person.rename(self.source, header, to)

    def move(self, header: str, to: int) -> None:
        self.person.move_column(self.source, header, to)

    def formula(self, name: str, header: str) -> bool:
        """Text never is one in Notion; an equation would be another kind of piece."""
        stored = self._page(name).values.get(self._column(header)) or []
        return any(piece["type"] != "text" for piece in stored)

    def _insert(self, cells: Mapping[str, Cell]) -> None:
        self.person.insert(self.source, {header: value for header, value in cells.items() if value is not None})
        self.later()

    def later(self) -> None:
        self.clock.advance(seconds=self._lag.total_seconds())

    def _column(self, header: str) -> str:
        return next(column.id for column in self.source.properties.values() if column.name == header)

    def _page(self, name: str) -> Page:
        title = self._column("Name")
        return next(row for row in self.person.rows(self.source) if texts.plain(row.values.get(title) or []) == name)


def _seen(column: Property, value: Any) -> Cell:
    """A cell as the person sees it."""
    if column.type in ("title", "rich_text"):
        return texts.plain(value or []) or None
    if column.type == "select":
        return option.name if (option := column.option(value)) is not None else None
    seen: Cell = value["start"] if column.type == "date" and value else value
    return seen

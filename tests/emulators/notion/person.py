"""Somebody at the app: changes the workspace by no API. What is told by it is what the API tells afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from tests.emulators.core.exchange import Json
from tests.emulators.notion import dates, texts
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.people import Connection
from tests.emulators.notion.reading import default_status
from tests.emulators.notion.tables import new_source
from tests.emulators.notion.world import Block, Database, Node, Page, Parent, Property, Source

Undo = Callable[[], None]

READ_ONLY = ("created_time", "last_edited_time", "created_by", "last_edited_by", "unique_id", "formula", "rollup", "button")


class Person:
    """Each action can be undone, the last first. Columns are named by name or id, rows given as they are."""

    def __init__(self, emulator: Notion, name: str = "Ada", email: str = "ada@example.org") -> None:
        self._emulator = emulator
        self.user = emulator.api.world.user(name, "person", {"email": email})
        self._done: list[Undo] = []
        self._views: dict[str, tuple[str, bool]] = {}
        self._widths: dict[str, list[str]] = {}

    @property
    def _world(self) -> Any:
        return self._emulator.api.world

    def page(self, title: str, parent: Page | None = None) -> Page:
        """A page, at the top of the workspace or in another."""
        with self._emulator.lock:
            place: Parent = ("workspace", "") if parent is None else ("page", parent.id)
            page = Page(id=self._world.ids.page(), parent=place, **self._world.times(self.user.id))
            page.values["title"] = texts.simple(title)
            self._world.add(page)
            self._done.append(lambda: self._trash(page, True))
            return page

    def database(self, title: str, columns: Mapping[str, Json], parent: Page) -> Source:
        """A database with one data source.   columns: name → what the API would be told of the column."""
        with self._emulator.lock:
            api = self._emulator.api
            database = Database(id=self._world.ids.any(), parent=("page", parent.id), **self._world.times(self.user.id))
            source = new_source(api, database.id, self._world.ids.any(), texts.simple(title), [], self.user.id)
            api.schemas.create(source, dict(columns), "columns")
            self._world.add(database)
            self._world.nodes[source.id] = source
            database.sources.append(source.id)
            self._done.append(lambda: self._trash(database, True))
            return source

    def share(self, node: Node, connection: Connection) -> None:
        """Add the connection to a page or a database, and so to all that is in it."""
        connection.shared.add(self._shareable(node))
        self._done.append(lambda: connection.shared.discard(self._shareable(node)))

    def unshare(self, node: Node, connection: Connection) -> None:
        connection.shared.discard(self._shareable(node))
        self._done.append(lambda: connection.shared.add(self._shareable(node)))

    @staticmethod
    def _shareable(node: Node) -> str:
        return node.parent[1] if isinstance(node, Source) else node.id

    def insert(self, source: Source, cells: Mapping[str, Any] | None = None) -> Page:
        """A new row.   cells: column → what is typed."""
        with self._emulator.lock:
            row = Page(id=self._world.ids.page(), parent=("data_source", source.id), **self._world.times(self.user.id))
            for name, typed in (cells or {}).items():
                column = self._column(source, name)
                self._emulator.api.values.put(row, column, self._understood(column, typed))
            self._world.add(row)
            self._emulator.api.values.defaults(source, row)
            self._done.append(lambda: self._trash(row, True))
            return row

    def type(self, row: Page, column: str, typed: Any) -> None:
        """Type into a cell, over what was there. Text that the column can't take leaves it empty, as the app does."""
        with self._emulator.lock:
            source = self._source(row)
            found = self._column(source, column)
            before = row.values.get(found.id)
            self._set(source, row, found, self._understood(found, typed))
            self._done.append(lambda: self._set(source, row, found, before))

    def paste(self, row: Page, column: str, text: str) -> None:
        """Lines and tabs, from a cell on, down the rows as this person sees them; rows that are missing are added."""
        with self._emulator.lock:
            source = self._source(row)
            columns = self.columns(source)
            left = columns.index(self._column(source, column).name)
            begun = len(self._done)
            for down, line in enumerate(text.split("\n")):
                seen = self.rows(source)
                at = seen.index(row) + down
                target = seen[at] if at < len(seen) else self.insert(source)
                for across, cell in enumerate(line.split("\t")):
                    if left + across < len(columns):
                        self.type(target, columns[left + across], cell)
            steps = self._done[begun:]
            self._done[begun:] = [lambda: _all(steps)]

    def delete(self, node: Node) -> None:
        """Into the trash."""
        self._trash(node, True)
        self._done.append(lambda: self._trash(node, False))

    def restore(self, node: Node) -> None:
        """Out of the trash."""
        self._trash(node, False)
        self._done.append(lambda: self._trash(node, True))

    def purge(self, node: Node) -> None:
        """Out of the trash for good: the id is nobody's any more."""
        with self._emulator.lock:
            above = self._world.nodes.get(node.parent[1])
            if isinstance(above, Source):
                above.rows.pop(node.id, None)
            self._world.nodes.pop(node.id, None)

    def move(self, row: Page, target: Source) -> None:
        """Drag a row into another data source. It keeps its id, and the values of columns that are alike in name and type."""
        with self._emulator.lock:
            source, before = self._source(row), dict(row.values)
            moved: dict[str, Any] = {}
            for column in source.properties.values():
                other = target.find(column.name) if column.type != "title" else target.properties["title"]
                if other is not None and other.type == column.type and column.id in row.values:
                    moved[other.id] = self._translated(column, other, row.values[column.id])
            self._moved(row, target, moved)
            self._done.append(lambda: self._moved(row, source, before))

    def _moved(self, row: Page, target: Source, values: dict[str, Any]) -> None:
        self._world.remember(row)
        self._world.move(row, ("data_source", target.id))
        row.values = values
        self._world.touch(row, self.user.id)

    def _translated(self, column: Property, other: Property, value: Any) -> Any:
        """Options have other ids in another column."""
        made = self._emulator.api.values.made
        if column.type == "select" and (option := column.option(value)) is not None:
            return made(other, option.name, option.color).id
        if column.type == "multi_select":
            return [made(other, option.name, option.color).id for name in value if (option := column.option(name)) is not None]
        if column.type == "status":
            known = other.option(option.name) if (option := column.option(value)) is not None else None
            return known.id if known is not None else default_status(other)
        return value

    def sort_view(self, source: Source, column: str, direction: Literal["ascending", "descending"] = "ascending") -> None:
        """The view's sort: the API doesn't tell it, and queries come as they came."""
        before = self._views.get(source.id)
        self._views[source.id] = (self._column(source, column).id, direction == "descending")

        def undo() -> None:
            self._views.pop(source.id)
            if before is not None:
                self._views[source.id] = before

        self._done.append(undo)

    def rows(self, source: Source) -> list[Page]:
        """As this person sees them."""
        rows = sorted((row for row in source.rows.values() if not row.trashed), key=lambda row: row.number)
        if source.id in self._views:
            name, down = self._views[source.id]
            rows.sort(key=lambda row: _shown(source.properties[name], row.values.get(name)), reverse=down)
        return rows

    def columns(self, source: Source) -> list[str]:
        """As this person sees them, from left to right."""
        kept = self._widths.get(source.id, [])
        names = [column.name for column in sorted(source.properties.values(), key=lambda column: column.type != "title")]
        return sorted(names, key=lambda name: kept.index(name) if name in kept else len(kept))

    def move_column(self, source: Source, column: str, to: int) -> None:
        """The view's order of columns: the API doesn't tell it."""
        names = self.columns(source)
        before = list(names)
        names.insert(to, names.pop(names.index(column)))
        self._widths[source.id] = names
        self._done.append(lambda: self._widths.update({source.id: before}))

    def rename(self, source: Source, column: str, name: str) -> None:
        """A column; its id stays."""
        found = self._column(source, column)
        before = found.name
        self._renamed(source, found, name)
        self._done.append(lambda: self._renamed(source, found, before))

    def _renamed(self, source: Source, column: Property, name: str) -> None:
        with self._emulator.lock:
            column.name = name
            self._world.touch(source, self.user.id)

    def add_column(self, source: Source, name: str, form: Json) -> None:
        """form: what the API would be told of it."""
        self._schema(source, {name: form})
        self._done.append(lambda: self._schema(source, {name: None}))

    def delete_column(self, source: Source, column: str) -> None:
        found = self._column(source, column)
        self._schema(source, {found.id: None})
        self._done.append(lambda: self._put_back(source, found))

    def _put_back(self, source: Source, column: Property) -> None:
        source.properties[column.id] = column

    def _schema(self, source: Source, change: dict[str, Json]) -> None:
        with self._emulator.lock:
            self._emulator.api.schemas.update(source, change, "columns")
            self._world.touch(source, self.user.id)

    def write(self, page: Page, text: str) -> Block:
        """A paragraph at the end of a page."""
        with self._emulator.lock:
            block = Block(id=self._world.ids.page(), parent=("page", page.id), **self._world.times(self.user.id))
            block.content = {"rich_text": texts.simple(text), "color": "default", "icon": None}
            self._world.add(block)
            self._done.append(lambda: self._trash(block, True))
            return block

    def undo(self) -> None:
        """The last action that wasn't undone."""
        with self._emulator.lock:
            if self._done:
                self._done.pop()()

    def _trash(self, node: Node, trashed: bool) -> None:
        with self._emulator.lock:
            if isinstance(node, Page):
                self._world.remember(node)
            node.trashed = trashed
            self._world.touch(node, self.user.id)
            self._world.felt(node, self.user.id)

    def _set(self, source: Source, row: Page, column: Property, value: Any) -> None:
        self._world.remember(row)
        self._emulator.api.values.put(row, column, value)
        self._world.touch(row, self.user.id)

    def _source(self, row: Page) -> Source:
        return cast("Source", self._world.nodes[row.parent[1]])

    @staticmethod
    def _column(source: Source, name: str) -> Property:
        found = source.find(name)
        if found is None:
            raise KeyError(f"there is no column {name!r}")
        return found

    def _understood(self, column: Property, typed: Any) -> Any:
        """What the app makes of what was typed or picked."""
        made = self._emulator.api.values.made
        match column.type:
            case kind if kind in READ_ONLY:
                raise ValueError(f"nobody can type into a {kind}")
            case "title" | "rich_text":
                return texts.simple(str(typed))
            case "number":
                return _number(typed)
            case "checkbox":
                return typed if isinstance(typed, bool) else str(typed).strip().lower() in ("yes", "true", "1", "✓")
            case "select":
                return made(column, typed).id if typed else None
            case "multi_select":
                names: Sequence[str] = [part.strip() for part in typed.split(",")] if isinstance(typed, str) else typed or []
                return [made(column, name).id for name in names if name]
            case "status":
                return option.id if (option := column.option(typed)) is not None else None
            case "date":
                at = dates.parse(typed)
                return None if at is None else dates.read({"start": str(typed)}, "date", floor=True)
            case "people" | "relation":
                return [one.id for one in typed or []]
            case _:
                return typed or None


def _all(steps: list[Undo]) -> None:
    for step in reversed(steps):
        step()


def _number(typed: Any) -> float | int | None:
    if typed is None or (isinstance(typed, int | float) and not isinstance(typed, bool)):
        return typed
    try:
        number = float(str(typed).replace(",", "").strip())
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _shown(column: Property, value: Any) -> tuple[bool, Any]:
    if column.type in ("title", "rich_text"):
        return not value, texts.plain(value or []).casefold()
    if column.type in ("select", "status"):
        return value is None, next((at for at, option in enumerate(column.options) if option.id == value), 0)
    if column.type == "date":
        return value is None, (value or {}).get("start", "")
    return value is None, value if value is not None else 0

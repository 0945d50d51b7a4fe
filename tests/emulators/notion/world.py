"""What a Notion workspace holds: users, pages, databases, data sources, blocks. Knows no request and no answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Literal

from tests.emulators.core.clock import Clock
from tests.emulators.core.exchange import Json
from tests.emulators.notion.ids import Ids

Parent = tuple[Literal["workspace", "page", "database", "data_source", "block"], str]
"""What something is in: the kind, and its id ("" for the workspace)."""

COLORS = ("gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red", "default")


@dataclass
class User:
    """kind: person or bot.   details: what `person` or `bot` says in full."""

    id: str
    name: str
    kind: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Option:
    """Of a select, multi_select or status.   group: of a status: todo, in_progress or complete."""

    id: str
    name: str
    color: str
    description: str | None = None
    group: str = ""


@dataclass
class Property:
    """A column.   options: in order.   config: what else the schema says of the type.   groups: of a status."""

    id: str
    name: str
    type: str
    description: str | None = None
    options: list[Option] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)

    def option(self, wanted: str | None) -> Option | None:
        """By id or by name, which is unique whatever its capitals."""
        if wanted is None:
            return None
        by_id = next((option for option in self.options if option.id == wanted), None)
        return by_id or next((option for option in self.options if option.name.lower() == wanted.lower()), None)


@dataclass
class Node:
    """Whatever has an id, a place and an author."""

    id: str
    parent: Parent
    created: datetime
    created_by: str
    edited: datetime
    edited_by: str
    trashed: bool = False
    icon: Json = None
    cover: Json = None
    locked: bool = False
    number: int = 0  # in the order in which things were made
    indexed: datetime | None = None  # since when searches and queries may find it, where that is not since it was made


@dataclass
class Page(Node):
    """values: by the property's id, as `values.py` stores them.   past: what it was, and until when, where a lag wants to know."""

    values: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Json] = field(default_factory=dict)  # computed values that something else than we computes
    past: list[tuple[datetime, bool, dict[str, Any]]] = field(default_factory=list)

    def as_of(self, when: datetime) -> tuple[bool, dict[str, Any]] | None:
        """Whether it was in the trash, and its values; None before it could be found."""
        if (self.indexed or self.created) > when:
            return None
        for until, trashed, values in self.past:
            if when < until:
                return trashed, values
        return self.trashed, self.values


@dataclass
class Database(Node):
    """title: its own, where it has one: else its first data source's stands for it."""

    sources: list[str] = field(default_factory=list)
    title: list[Json] | None = None
    inline: bool = False


@dataclass
class Source(Node):
    """A data source: the columns, by id (the title's is always `title`), and the rows."""

    title: list[Json] = field(default_factory=list)
    description: list[Json] = field(default_factory=list)
    properties: dict[str, Property] = field(default_factory=dict)
    rows: dict[str, Page] = field(default_factory=dict)
    counted: int = 0  # unique ids that were given out

    def find(self, wanted: str) -> Property | None:
        """By id or by name."""
        return self.properties.get(wanted) or next((column for column in self.properties.values() if column.name == wanted), None)

    @property
    def ordered(self) -> list[Property]:
        """As answers list them: by id, the title last (every recorded schema)."""
        return sorted(self.properties.values(), key=lambda column: (column.type == "title", column.id))


@dataclass
class Block(Node):
    """content: what stands under its type."""

    type: str = "paragraph"
    content: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """One workspace.   children: blocks, pages and databases in what they stand in, in order."""

    clock: Clock
    random: Random
    name: str = "Workspace"
    keeps_past: bool = False
    users: dict[str, User] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    made: int = 0
    blocks_ever: int = 0
    block_limit: int | None = None
    limit_reached: datetime | None = None

    def __post_init__(self) -> None:
        self.ids = Ids(self.random)
        self.id = self.ids.any()

    def user(self, name: str, kind: str, details: dict[str, Any], identifier: str | None = None) -> User:
        user = User(identifier or self.ids.any(), name, kind, details)
        self.users[user.id] = user
        return user

    def add(self, node: Node, *, after: str | None = None, first: bool = False) -> None:
        """Put something where its parent says; new things count against the blocks that a workspace may ever have."""
        self.made += 1
        node.number = self.made
        self.nodes[node.id] = node
        if isinstance(node, Page | Block):
            self.blocks_ever += 1
        if self.block_limit is not None and self.blocks_ever >= self.block_limit and self.limit_reached is None:
            self.limit_reached = self.clock.now()
        self._place(node, after, first)
        self.felt(node, node.created_by)

    def _place(self, node: Node, after: str | None = None, first: bool = False) -> None:
        kind, where = node.parent
        if kind == "data_source":
            source = self.nodes[where]
            if isinstance(node, Page) and isinstance(source, Source):
                source.rows[node.id] = node
            return
        siblings = self.children.setdefault(where, [])
        at = 0 if first else siblings.index(after) + 1 if after is not None else len(siblings)
        siblings.insert(at, node.id)

    def move(self, node: Node, parent: Parent) -> None:
        kind, where = node.parent
        if kind == "data_source":
            source = self.nodes[where]
            if isinstance(source, Source):
                source.rows.pop(node.id, None)
        elif node.id in self.children.get(where, []):
            self.children[where].remove(node.id)
        node.parent = parent
        self._place(node)

    def times(self, user: str) -> dict[str, Any]:
        """What a new node says of its making."""
        now = self.clock.now()
        return {"created": now, "created_by": user, "edited": now, "edited_by": user}

    def touch(self, node: Node, user: str) -> None:
        """It was edited. What is edited in a block, its page feels."""
        node.edited, node.edited_by = self.clock.now(), user
        if isinstance(node, Block):
            self.felt(node, user)

    def felt(self, node: Node, user: str) -> None:
        """What it stands in was edited by its coming, going or changing, up to the page; a data source's rows are no part of it."""
        for above in list(self.up(node))[1:]:
            if isinstance(above, Source | Database):
                return
            above.edited, above.edited_by = self.clock.now(), user
            if isinstance(above, Page):
                return

    def remember(self, page: Page) -> None:
        """To be called before a page changes, so that what lags can still see it as it is."""
        if self.keeps_past:
            now = self.clock.now()
            page.past = [kept for kept in page.past if (now - kept[0]).total_seconds() < 120]
            page.past.append((now, page.trashed, dict(page.values)))  # a value is replaced, never changed

    def up(self, node: Node) -> Iterator[Node]:
        """Itself, and what it is in, outwards."""
        here: Node | None = node
        while here is not None:
            yield here
            here = self.nodes.get(here.parent[1])

    def buried(self, node: Node) -> bool:
        """Whether something that it is in lies in the trash."""
        return any(above.trashed for above in self.up(node) if above is not node)

    def within(self, node: Node) -> list[Node]:
        """Blocks, pages and databases in it that are not in the trash, in order."""
        return [child for name in self.children.get(node.id, ()) if not (child := self.nodes[name]).trashed]

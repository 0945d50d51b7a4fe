"""Pages, databases, data sources and blocks in the form of answers, by version."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.emulators.core.exchange import Json
from tests.emulators.notion import dates, texts
from tests.emulators.notion.ids import LINK, plain
from tests.emulators.notion.people import Users
from tests.emulators.notion.schema import Schemas
from tests.emulators.notion.values import Reader
from tests.emulators.notion.world import Block, Database, Node, Page, Parent, Source, World

OLD, NEW = "2025-09-03", "2026-03-11"
"""The versions that are emulated. The new one has no `archived` (recordings of both)."""

UNTITLED = "New database"
"""What a database without a title is called in answers (recorded by ultimate-notion, test_db_without_title)."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _encoded(shape: Json) -> bytes:
    return _ENCODER.encode(shape).encode()


class Shapes:
    def __init__(self, world: World, users: Users, schemas: Schemas, reader: Reader, *, floor: bool) -> None:
        self._world, self._users, self._schemas, self._reader, self._floor = world, users, schemas, reader, floor

    def source_of(self, page: Page) -> Source | None:
        """The data source whose row it is."""
        above = self._world.nodes.get(page.parent[1])
        return above if isinstance(above, Source) else None

    def page(self, page: Page, version: str, only: frozenset[str] | None = None) -> Json:
        """only: ids of the properties that were asked for."""
        source = self.source_of(page)
        if only is None and page.rendered is not None and page.rendered[0] == self._state(page, version):
            return page.rendered[1]
        shape = {
            "object": "page",
            "id": page.id,
            **self._times(page),
            **self._authors(page),
            "cover": page.cover,
            "icon": page.icon,
            "parent": self.parent(page.parent),
            "in_trash": self.gone(page),
            "is_archived": False,
            "is_locked": page.locked,
            "properties": self._reader.shown(page, source, only),
            "url": self._link(page),
            "public_url": None,
            **self._archived(self.gone(page), version),
        }
        if only is None and self._keeps(page, source):
            page.rendered = (self._state(page, version), shape)
        return shape

    def page_text(self, page: Page, version: str, only: frozenset[str] | None = None) -> bytes:
        """The same, encoded: kept as long as it stays the same, since lists of a hundred are asked for again and again."""
        shape = self.page(page, version, only)
        if page.rendered is None or page.rendered[1] is not shape:
            return _encoded(shape)
        if page.encoded is None or page.encoded[0] is not shape:
            page.encoded = (shape, _encoded(shape))
        return page.encoded[1]

    @staticmethod
    def _keeps(page: Page, source: Source | None) -> bool:
        """What other pages, people and tests have a say in is made anew each time."""
        return not page.fixed and (
            source is None or not any(column.type in ("relation", "people") for column in source.properties.values())
        )

    def _state(self, page: Page, version: str) -> object:
        connection = self._users.connection
        capabilities = connection.capabilities if connection else None
        return version, page.revision, self._world.schemas_changed, self.gone(page), capabilities

    def _link(self, page: Page) -> str:
        title = texts.plain(page.values.get("title") or [])
        words = "-".join(re.findall(r"\w+", title))
        return f"{LINK}{words + '-' if words else ''}{plain(page.id)}"

    def database_title(self, database: Database) -> list[Json]:
        """Its own, else its first data source's, else the stand-in."""
        rich = database.title
        if rich is None and database.sources:
            first = self._world.nodes[database.sources[0]]
            rich = first.title if isinstance(first, Source) else None
        return rich or texts.simple(UNTITLED)

    def database(self, database: Database, version: str) -> Json:
        """Its times don't move with edits: every recorded update answers the creation's."""
        sources = [source for name in database.sources if isinstance(source := self._world.nodes[name], Source)]
        created = dates.database_stamp(database.created)
        return {
            "object": "database",
            "id": database.id,
            "title": self.database_title(database),
            "description": sources[0].description if sources else [],
            "parent": self.parent(database.parent),
            "is_inline": database.inline,
            "in_trash": self.gone(database),
            "is_locked": database.locked,
            "created_time": created,
            "last_edited_time": created,
            "data_sources": [
                {"id": source.id, "name": texts.plain(source.title) or UNTITLED} for source in sources if not source.trashed
            ],
            "icon": database.icon,
            "cover": database.cover,
            "url": LINK + plain(database.id),
            "public_url": None,
            **self._archived(self.gone(database), version),
        }

    def source(self, source: Source, version: str) -> Json:
        database = self._world.nodes[source.parent[1]]
        trashed = self.gone(source)
        return {
            "object": "data_source",
            "id": source.id,
            "cover": source.cover,
            "icon": source.icon,
            **self._times(source),
            **self._authors(source),
            "title": source.title,
            "description": source.description,
            "is_inline": isinstance(database, Database) and database.inline,
            "properties": self._schemas.shown(source),
            "parent": self.parent(source.parent),
            "database_parent": self.parent(database.parent),
            "url": LINK + plain(database.id),
            "public_url": None,
            "in_trash": trashed,
            **self._archived(trashed, version),
        }

    def block(self, node: Node, version: str) -> Json:
        kind, content = self._content(node)
        return {
            "object": "block",
            "id": node.id,
            "parent": self.parent(node.parent),
            **self._times(node),
            **self._authors(node),
            "has_children": not isinstance(node, Database) and bool(self._world.within(node)),
            "in_trash": self.gone(node),
            "type": kind,
            kind: content,
            **self._archived(self.gone(node), version),
        }

    def _content(self, node: Node) -> tuple[str, Json]:
        match node:
            case Block():
                return node.type, node.content
            case Database():
                return "child_database", {"title": texts.plain(self.database_title(node))}
            case Page():
                return "child_page", {"title": texts.plain(node.values.get("title") or [])}
        raise TypeError(node)

    def parent(self, parent: Parent) -> Json:
        kind, name = parent
        match kind:
            case "workspace":
                return {"type": "workspace", "workspace": True}
            case "data_source":
                database = self._world.nodes[name].parent[1]
                return {"type": "data_source_id", "data_source_id": name, "database_id": database}
            case _:
                return {"type": f"{kind}_id", f"{kind}_id": name}

    def gone(self, node: Node) -> bool:
        """What lies in something trashed says so of itself (recorded by ultimate-notion, test_modify_column_blocks)."""
        return node.trashed or self._world.buried(node)

    def _times(self, node: Node) -> dict[str, Any]:
        created, edited = (dates.stamp(at, floor=self._floor) for at in (node.created, node.edited))
        return {"created_time": created, "last_edited_time": edited}

    def _authors(self, node: Node) -> dict[str, Any]:
        return {"created_by": Users.partial(node.created_by), "last_edited_by": Users.partial(node.edited_by)}

    @staticmethod
    def _archived(trashed: bool, version: str) -> dict[str, Any]:
        return {"archived": trashed} if version == OLD else {}

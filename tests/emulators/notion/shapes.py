"""Pages, databases, data sources and blocks in the form of answers, by version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.emulators.core.exchange import Json
from tests.emulators.notion import dates, texts
from tests.emulators.notion.ids import LINK, plain
from tests.emulators.notion.people import Users
from tests.emulators.notion.reading import Reader
from tests.emulators.notion.schema import Schemas
from tests.emulators.notion.world import Block, Database, Node, Page, Parent, Source, World

OLD, NEW = "2025-09-03", "2026-03-11"
"""The versions that are emulated. The new one has no `archived` (recordings of both)."""

UNTITLED = "New database"
"""What a database without a title is called in answers (recorded by ultimate-notion, test_db_without_title)."""

WORD = re.compile(r"\w+")


class Shapes:
    def __init__(self, world: World, users: Users, schemas: Schemas, reader: Reader, *, floor: bool) -> None:
        self._world, self._users, self._schemas, self._reader, self._floor = world, users, schemas, reader, floor

    def source_of(self, page: Page) -> Source | None:
        """The data source whose row it is."""
        above = self._world.nodes.get(page.parent[1])
        return above if isinstance(above, Source) else None

    def page(self, page: Page, version: str, only: frozenset[str] | None = None) -> Json:
        """only: ids of the properties that were asked for."""
        own = {
            "id": page.id,
            "created": self.stamp(page.created),
            "edited": self.stamp(page.edited),
            "creator": Users.partial(page.created_by),
            "editor": Users.partial(page.edited_by),
            "cover": page.cover,
            "icon": page.icon,
            "gone": self.gone(page),
            "locked": page.locked,
            "url": self.link(page),
        }
        properties = self._reader.shown(page, self.source_of(page), only)
        return self.page_form(version, own, self.parent(page.parent), properties)

    def page_form(self, version: str, own: Mapping[str, Json], parent: Json, properties: Json) -> dict[str, Json]:
        """A page.   own: what differs from row to row, but for the properties."""
        return {
            "object": "page",
            "id": own["id"],
            "created_time": own["created"],
            "last_edited_time": own["edited"],
            "created_by": own["creator"],
            "last_edited_by": own["editor"],
            "cover": own["cover"],
            "icon": own["icon"],
            "parent": parent,
            "in_trash": own["gone"],
            "is_archived": False,
            "is_locked": own["locked"],
            "properties": properties,
            "url": own["url"],
            "public_url": None,
            **self._archived(own["gone"], version),
        }

    def link(self, page: Page) -> str:
        title = texts.plain(page.values.get("title") or [])
        words = "-".join(WORD.findall(title))
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
        return {"created_time": self.stamp(node.created), "last_edited_time": self.stamp(node.edited)}

    def stamp(self, at: datetime) -> str:
        return dates.stamp(at, floor=self._floor)

    def _authors(self, node: Node) -> dict[str, Any]:
        return {"created_by": Users.partial(node.created_by), "last_edited_by": Users.partial(node.edited_by)}

    @staticmethod
    def _archived(trashed: Json, version: str) -> dict[str, Any]:
        return {"archived": trashed} if version == OLD else {}

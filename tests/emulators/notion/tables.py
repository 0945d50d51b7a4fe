"""Databases, and the data sources in them."""

from __future__ import annotations

from typing import Any

from tests.emulators.core.exchange import Answer, Json, NotEmulated, Request
from tests.emulators.notion.api import Api, answer
from tests.emulators.notion.errors import UNDEFINED, bad, invalid
from tests.emulators.notion.pages import looks
from tests.emulators.notion.world import Database, Parent, Source

SCHEMA_BYTES = 50_000
"""Bigger ones are refused (VENDORS.md C2: 50 KB)."""


class Databases:
    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, request: Request) -> Answer:
        """A database with one data source, whose title and description are the database's."""
        api = self._api
        api.require("insert")
        body = api.body(
            request, ("parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover", "database_type")
        )
        if "database_type" in body:
            raise NotEmulated("database_type")
        parent, _ = api.parent(body.get("parent"), ("page_id", "workspace"))
        initial = body.get("initial_data_source", {})
        for key in initial:
            if key != "properties":
                raise bad(f"body.initial_data_source.{key}", "not present", initial[key])
        title, description = self._texts(body)
        icon, cover = looks(body)
        api.room_for_blocks()
        database = Database(id=api.world.ids.any(), parent=parent, **api.world.times(api.bot))
        database.inline, database.icon, database.cover = bool(body.get("is_inline", False)), icon, cover
        source = new_source(api, database.id, api.world.ids.any(), title or [], description or [])
        api.schemas.create(source, initial.get("properties", {}), "body.initial_data_source.properties")
        api.world.add(database)
        api.world.nodes[source.id] = source
        database.sources.append(source.id)
        return answer(api.shapes.database(database, api.version))

    def _texts(self, body: dict[str, Any]) -> tuple[list[Json] | None, list[Json] | None]:
        read = self._api.values.rich
        title = read(body["title"], "body.title") if "title" in body else None
        description = read(body["description"], "body.description") if "description" in body else None
        return title, description

    def retrieve(self, request: Request, database: str) -> Answer:
        self._api.require("read")
        return answer(self._api.shapes.database(self._api.find(Database, database, "path.database_id"), self._api.version))

    def update(self, request: Request, database: str) -> Answer:
        api = self._api
        api.require("update")
        found = api.find(Database, database, "path.database_id")
        keys = ("parent", "title", "description", "is_inline", "icon", "cover", "is_locked")
        body = api.body(request, (*keys, *api.trash_keys))
        parent = api.parent(body["parent"], ("page_id", "workspace"))[0] if "parent" in body else None
        title, description = self._texts(body)
        icon, cover = looks(body)
        wish = api.trash_wish(body)
        if found.trashed and wish is not False:
            raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
        sources = [source for name in found.sources if isinstance(source := api.world.nodes[name], Source)]
        if title is not None and len(sources) == 1:
            sources[0].title = title
        elif title is not None:
            found.title = title
        if description is not None and sources:
            sources[0].description = description
        found.inline = body.get("is_inline", found.inline)
        found.locked = body.get("is_locked", found.locked)
        found.icon = icon if "icon" in body else found.icon
        found.cover = cover if "cover" in body else found.cover
        found.trashed = found.trashed if wish is None else wish
        if parent is not None:
            api.world.move(found, parent)
        api.world.touch(found, api.bot)
        return answer(api.shapes.database(found, api.version))


class Sources:
    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, request: Request) -> Answer:
        """One more in a database."""
        api = self._api
        api.require("insert")
        body = api.body(request, ("parent", "properties", "title", "icon"))
        if "properties" not in body:
            raise bad("body.properties", "defined", UNDEFINED)
        parent, database = api.parent(body.get("parent"), ("database_id",))
        title = api.values.rich(body.get("title", []), "body.title")
        icon, _ = looks(body)
        api.room_for_blocks()
        source = new_source(api, parent[1], api.world.ids.page(), title, [])
        source.icon = icon
        api.schemas.create(source, body["properties"], "body.properties")
        api.world.nodes[source.id] = source
        assert isinstance(database, Database)
        if database.title is None and database.sources:  # from here on it has to have one of its own
            database.title = api.shapes.database_title(database)
        database.sources.append(source.id)
        return answer(api.shapes.source(source, api.version))

    def retrieve(self, request: Request, source: str) -> Answer:
        self._api.require("read")
        return answer(self._api.shapes.source(self._api.find(Source, source, "path.data_source_id"), self._api.version))

    def update(self, request: Request, source: str) -> Answer:
        api = self._api
        api.require("update")
        found = api.find(Source, source, "path.data_source_id")
        body = api.body(request, ("title", "description", "icon", "properties", "parent", *api.trash_keys))
        if len(str(body.get("properties", ""))) > SCHEMA_BYTES:
            raise invalid("The data source's schema is too large.")
        title = api.values.rich(body["title"], "body.title") if "title" in body else found.title
        description = api.values.rich(body["description"], "body.description") if "description" in body else found.description
        icon, _ = looks(body)
        wish = api.trash_wish(body)
        if found.trashed and wish is not False:
            raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
        moved = api.parent(body["parent"], ("database_id",))[0] if "parent" in body else None
        if "properties" in body:
            api.schemas.update(found, body["properties"], "body.properties")
        found.title, found.description = title, description
        found.icon = icon if "icon" in body else found.icon
        found.trashed = found.trashed if wish is None else wish
        if moved is not None:
            self._move(found, moved)
        api.world.touch(found, api.bot)
        return answer(api.shapes.source(found, api.version))

    def _move(self, source: Source, parent: Parent) -> None:
        before, after = self._api.world.nodes[source.parent[1]], self._api.world.nodes[parent[1]]
        assert isinstance(before, Database)
        assert isinstance(after, Database)
        if after.title is None and after.sources:
            after.title = self._api.shapes.database_title(after)
        before.sources.remove(source.id)
        after.sources.append(source.id)
        source.parent = parent

    def templates(self, request: Request, source: str) -> Answer:
        """Nobody can make one here, so there is none."""
        self._api.require("read")
        self._api.find(Source, source, "path.data_source_id")
        return answer({"templates": [], "has_more": False, "next_cursor": None})


def new_source(
    api: Api, database: str, identifier: str, title: list[Json], description: list[Json], user: str | None = None
) -> Source:
    """user: who makes it; None: the connection that asks."""
    source = Source(id=identifier, parent=("database", database), **api.world.times(user or api.bot))
    source.title, source.description = title, description
    return source

"""Pages: rows of data sources, and pages in pages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.emulators.core.exchange import Answer, Json, NotEmulated, Request
from tests.emulators.notion.api import Api, answer, size_of, stale_cursor
from tests.emulators.notion.blocks import Blocks
from tests.emulators.notion.errors import bad, invalid, refusal
from tests.emulators.notion.ids import in_link, property_forms
from tests.emulators.notion.world import Page, Property, Source

ARCHIVED = "Can't edit block that is archived. You must unarchive the block before editing."
"""dvanoni/notero#704."""

BURIED = "Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing page."

ELSEWHERE = ("template", "position", "markdown", "content")
"""What the real service takes for a new page, too."""

LISTS = ("title", "rich_text", "relation", "people")
"""Property items that come as lists (reference/retrieve-a-page-property)."""


class Pages:
    def __init__(self, api: Api, blocks: Blocks) -> None:
        self._api, self._blocks = api, blocks

    def create(self, request: Request) -> Answer:
        api = self._api
        api.require("insert")
        body = api.body(request, ("parent", "properties", "children", "icon", "cover", *ELSEWHERE))
        if any(key in body for key in ELSEWHERE):
            raise NotEmulated(f"making a page with {', '.join(key for key in ELSEWHERE if key in body)}")
        parent, place = api.parent(body.get("parent"), ("page_id", "database_id", "data_source_id", "workspace"))
        if parent[0] == "database":
            parent, place = self._only_source(parent[1])
        source = place if isinstance(place, Source) else None
        put = api.values.write(source, body.get("properties", {}), may_edit_schema="update" in api.connection.capabilities)
        children = self._blocks.checked(body.get("children", []), "body.children")
        icon, cover = looks(body)
        api.room_for_blocks()
        self._tellable(source)
        page = Page(id=api.world.ids.page(), parent=parent, **api.world.times(api.bot))
        page.icon, page.cover = icon, cover
        api.world.add(page)
        put(page)
        if source is not None:
            api.values.defaults(source, page)
        self._blocks.put(page, children)
        return answer(self._shown(page))

    def _only_source(self, database: str) -> tuple[tuple[Any, str], Source]:
        """A database stands for its data source where it has one only."""
        sources = getattr(self._api.world.nodes[database], "sources", [])
        if len(sources) != 1:
            raise invalid("Databases with multiple data sources are not supported in this API version.")
        source = self._api.world.nodes[sources[0]]
        assert isinstance(source, Source)
        return ("data_source", source.id), source

    def _tellable(self, source: Source | None, fixed: Collection[str] = ()) -> None:
        """Nothing is written that can't be told in the answer. Raises NotEmulated."""
        if source is not None and "read" in self._api.connection.capabilities:
            self._api.reader.check(source, fixed)

    def _shown(self, page: Page) -> Json:
        """Who may not read is told the id only (dvanoni/notero#197)."""
        if "read" not in self._api.connection.capabilities:
            return {"object": "page", "id": page.id}
        return self._api.shapes.page(page, self._api.version)

    def retrieve(self, request: Request, page: str) -> Answer:
        self._api.require("read")
        found = self._api.find(Page, page, "path.page_id")
        if found.trashed and self._api.switches["trashed_pages"] == "not_found":
            raise self._api.missing("page", found.id)
        source = self._api.shapes.source_of(found)
        return answer(self._api.shapes.page(found, self._api.version, self._api.columns(request, source)))

    def update(self, request: Request, page: str) -> Answer:
        api = self._api
        api.require("update")
        found = api.find(Page, page, "path.page_id")
        body = api.body(request, ("properties", "icon", "cover", "is_locked", "template", "erase_content", *api.trash_keys))
        if "template" in body or "erase_content" in body:
            raise NotEmulated("updating a page by a template, or erasing it,")
        wish = api.trash_wish(body)
        if api.world.buried(found):
            raise invalid(BURIED)
        if found.trashed and wish is not False and api.switches["trash_edit"] == "refused":
            raise invalid(ARCHIVED)
        source = api.shapes.source_of(found)
        put = api.values.write(source, body.get("properties", {}), may_edit_schema="update" in api.connection.capabilities)
        icon, cover = looks(body)
        self._tellable(source, found.fixed)
        api.world.remember(found)
        put(found)
        found.icon = icon if "icon" in body else found.icon
        found.cover = cover if "cover" in body else found.cover
        found.locked = body.get("is_locked", found.locked)
        found.trashed = found.trashed if wish is None else wish
        api.world.touch(found, api.bot)
        return answer(self._shown(found))

    def move(self, request: Request, page: str) -> Answer:
        api = self._api
        api.require("update")
        found = api.find(Page, page, "path.page_id")
        body = api.body(request, ("parent",))
        parent, place = api.parent(body.get("parent"), ("page_id",))
        if place is None or api.shapes.source_of(found) is not None:
            raise NotEmulated("moving a page out of, or into, anything but a page")
        api.world.move(found, parent)
        api.world.touch(found, api.bot)
        return answer(api.shapes.page(found, api.version))

    def property(self, request: Request, page: str, name: str) -> Answer:
        """One property in full: as an item, or as a list of items."""
        self._api.require("read")
        found = self._api.find(Page, page, "path.page_id")
        column = self._column(found, name)
        if column.type not in LISTS:
            item = {"object": "property_item", "id": in_link(column.id), "type": column.type}
            return answer({**item, **self._api.reader.cell(found, column)})
        items = self._items(found, column)
        size = size_of(request.first("page_size"), "query")
        start = self._start(request.first("start_cursor"), len(items))
        more = start + size < len(items)
        shape: dict[str, Any] = {"id": in_link(column.id), "next_url": None, "type": column.type, column.type: {}}
        if more:
            shape["next_url"] = (
                f"https://api.notion.com/v1/pages/{found.id}/properties/{in_link(column.id)}?start_cursor={start + size}"
            )
        listed = self._api.listed(items[start : start + size], "property_item", str(start + size) if more else None)
        return answer({**listed, "property_item": shape})

    def _column(self, page: Page, name: str) -> Property:
        source = self._api.shapes.source_of(page)
        for form in property_forms(name):
            if source is not None and (column := source.find(form)) is not None:
                return column
            if source is None and form == "title":
                return Property("title", "title", "title")
        raise refusal(404, "object_not_found", f"Could not find property with name or id: {name}")

    def _items(self, page: Page, column: Property) -> list[Json]:
        values: list[Json] = page.values.get(column.id) or []
        if column.type == "relation":
            values = [{"id": other} for other in self._api.reader.related(page, column)]
        elif column.type == "people":
            values = [self._api.users.short(self._api.users.any(person)) for person in values]
        item = {"object": "property_item", "type": column.type, "id": in_link(column.id)}
        return [{**item, column.type: value} for value in values]

    @staticmethod
    def _start(cursor: str | None, count: int) -> int:
        if cursor is None:
            return 0
        if not cursor.isdigit() or int(cursor) >= count:
            raise stale_cursor(cursor)
        return int(cursor)


def looks(body: dict[str, Any]) -> tuple[Json, Json]:
    """Icon and cover, as stored. Raises Refused."""
    return _icon(body.get("icon")), _cover(body.get("cover"))


def _icon(given: Json) -> Json:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise bad("body.icon", "an object or `null`", given)
    if isinstance(given.get("emoji"), str):
        return {"type": "emoji", "emoji": given["emoji"]}
    return _external(given, "body.icon")


def _cover(given: Json) -> Json:
    return None if given is None else _external(given, "body.cover")


def _external(given: Json, path: str) -> Json:
    if isinstance(given, dict) and isinstance(given.get("external"), dict):
        return {"type": "external", "external": {"url": given["external"].get("url")}}
    raise NotEmulated(f"{path}: anything but an emoji or an external file")

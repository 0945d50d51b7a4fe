"""Cells as answers show them, by type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.notion import dates
from tests.emulators.notion.ids import in_link
from tests.emulators.notion.people import Users
from tests.emulators.notion.world import Page, Property, Source, World

TRUNCATED = 25
"""Of a relation and of people a page tells so many; `properties` tells all (recorded: 25 of 30 and has_more)."""

COMPUTED = ("formula", "rollup")
"""Types whose values nothing here computes."""


def default_status(column: Property) -> str | None:
    """A status is never empty of itself: the first option of the first group that has one."""
    ordered = [option for group in column.groups for option in column.options if option.group == group["key"]]
    return ordered[0].id if ordered else None


class Reader:
    """Reads cells."""

    def __init__(self, world: World, users: Users, *, floor: bool) -> None:
        self._world, self._users, self._floor = world, users, floor

    def shown(self, page: Page, source: Source | None, only: frozenset[str] | None = None) -> dict[str, Json]:
        """All of a page's properties; of a row's only those with the ids `only`, where it is given."""
        if source is None:
            title = {"id": "title", "type": "title", "title": page.values.get("title", [])}
            return {"title": title} if only is None or "title" in only else {}
        return {
            column.name: {"id": in_link(column.id), "type": column.type, **self.cell(page, column)}
            for column in source.ordered
            if only is None or column.id in only
        }

    def check(self, source: Source, fixed: Collection[str] = ()) -> None:
        """To be asked before a row is made or changed that is told afterwards. Raises NotEmulated where it can't be.

        fixed: ids of computed columns whose values are known.
        """
        for column in source.properties.values():
            if column.type in COMPUTED and column.id not in fixed:
                raise _uncomputed(column)

    def cell(self, page: Page, column: Property) -> dict[str, Json]:
        """What stands under the type's name, and beside it."""
        if column.id in page.fixed:
            return {column.type: page.fixed[column.id]}
        stored = page.values.get(column.id)
        match column.type:
            case "relation":
                live = self.related(page, column)
                return {"relation": [{"id": name} for name in live[:TRUNCATED]], "has_more": len(live) > TRUNCATED}
            case "people":
                return {"people": [self._users.short(self._world.users[name]) for name in (stored or [])[:TRUNCATED]]}
            case _:
                return {column.type: self._value(page, column, stored)}

    def related(self, page: Page, column: Property) -> list[str]:
        """Pages in the trash are not told."""
        nodes = self._world.nodes
        return [name for name in page.values.get(column.id) or [] if name in nodes and not nodes[name].trashed]

    def _value(self, page: Page, column: Property, stored: Any) -> Json:
        match column.type:
            case "title" | "rich_text" | "files":
                return stored or []
            case "checkbox":
                return bool(stored)
            case "select" | "status":
                return choice_of(column, stored or (default_status(column) if column.type == "status" else None))
            case "multi_select":
                return [choice for name in stored or [] if (choice := choice_of(column, name)) is not None]
            case "unique_id":
                return {"prefix": column.config.get("prefix"), "number": stored}
            case "created_time":
                return dates.stamp(page.created, floor=self._floor)
            case "last_edited_time":
                return dates.stamp(page.edited, floor=self._floor)
            case "created_by" | "last_edited_by":
                return self._users.short(self._users.any(page.created_by if column.type == "created_by" else page.edited_by))
            case "button":
                return {}
            case "verification":
                return stored or {"state": "unverified", "verified_by": None, "date": None}
            case kind if kind in COMPUTED:
                raise _uncomputed(column)
            case _:
                return stored


def _uncomputed(column: Property) -> NotEmulated:
    return NotEmulated(f"what {column.type} {column.name!r} computes (but Page.fixed can be set)")


def choice_of(column: Property, name: str | None) -> Json:
    option = column.option(name)
    return None if option is None else {"id": option.id, "name": option.name, "color": option.color}

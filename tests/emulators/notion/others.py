"""Search and users."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.emulators.core.exchange import Answer, Json, Request
from tests.emulators.notion import texts
from tests.emulators.notion.api import Api, answer, size_of, stale_cursor
from tests.emulators.notion.errors import bad, refusal
from tests.emulators.notion.ids import wanted
from tests.emulators.notion.world import Node, Page, Source, User

OBJECTS = ("page", "data_source")


class Search:
    """By titles. Any word of the query that is a word of the title will do, a plural's s apart; the latest edited first.

    Recorded by ultimate-notion: "Markdown Test" finds "Tests", and "This Page Does Not Exist At All" finds "Custom Emoji Page".
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def search(self, request: Request) -> Answer:
        api = self._api
        api.require("read")
        body = api.body(request, ("query", "sort", "filter", "start_cursor", "page_size"))
        kind = self._kind(body.get("filter"))
        size = size_of(body.get("page_size"), "body")
        newest = api.clock.now() - timedelta(seconds=float(api.switches["search_lag_s"]))
        nodes = [node for node in api.world.nodes.values() if (node.indexed or node.created) <= newest and self._listed(node, kind)]
        found = [node for node in nodes if self._matches(node, body.get("query"))]
        down = (body.get("sort") or {}).get("direction", "descending") == "descending"
        found.sort(key=lambda node: (node.edited, node.number), reverse=down)
        start = self._start(found, body.get("start_cursor"))
        following = found[start + size] if start + size < len(found) else None
        cursor = f"s:{api.world.ids.any()}:{following.id}" if following is not None else None
        return answer(api.listed([self._shown(node) for node in found[start : start + size]], "page_or_data_source", cursor))

    @staticmethod
    def _kind(given: Json) -> str | None:
        if given is None:
            return None
        if given.get("property") != "object":
            raise bad("body.filter.property", '`"object"`', given.get("property"))
        if given.get("value") not in OBJECTS:
            raise bad("body.filter.value", 'one of `"page"`, `"data_source"`', given.get("value"))
        return str(given["value"])

    def _listed(self, node: Node, kind: str | None) -> bool:
        if not isinstance(node, Page | Source) or kind not in (None, "page" if isinstance(node, Page) else "data_source"):
            return False
        if not self._api.connection.sees(self._api.world, node):
            return False
        if isinstance(node, Page):
            return not node.trashed and not self._api.world.buried(node)
        return self._api.switches["trashed_in_search"] == "shown" or not (node.trashed or self._api.world.buried(node))

    @staticmethod
    def _matches(node: Node, query: Json) -> bool:
        if not query:
            return True
        title = node.title if isinstance(node, Source) else _title(node)
        return bool(_words(query) & _words(texts.plain(title)))

    def _shown(self, node: Node) -> Json:
        shapes, version = self._api.shapes, self._api.version
        return shapes.source(node, version) if isinstance(node, Source) else shapes.page(_page(node), version)

    @staticmethod
    def _start(found: list[Node], cursor: Json) -> int:
        if cursor is None:
            return 0
        following = str(cursor).rsplit(":", 1)[-1]
        for at, node in enumerate(found):
            if node.id == following:
                return at
        raise stale_cursor(cursor)


def _page(node: Node) -> Page:
    assert isinstance(node, Page)
    return node


def _title(node: Node) -> list[Json]:
    return _page(node).values.get("title") or []


def _words(text: str) -> set[str]:
    """Without a plural's s."""
    return {word[:-1] if len(word) > 3 and word.endswith("s") else word for word in re.findall(r"\w+", text.lower())}


class People:
    def __init__(self, api: Api) -> None:
        self._api = api

    def me(self, request: Request) -> Answer:
        return answer(self._api.users.full(self._api.connection.bot))

    def retrieve(self, request: Request, user: str) -> Answer:
        self._allowed()
        identifier = wanted(user, "path.user_id")
        if identifier not in self._api.world.users:
            raise self._api.missing("user", identifier)
        return answer(self._api.users.full(self._api.world.users[identifier]))

    def everybody(self, request: Request) -> Answer:
        self._allowed()
        users = list(self._api.world.users.values())
        size = size_of(request.first("page_size"), "query")
        start = self._start(users, request.first("start_cursor"))
        cursor = users[start + size].id if start + size < len(users) else None
        return answer(self._api.listed([self._api.users.full(user) for user in users[start : start + size]], "user", cursor))

    def _allowed(self) -> None:
        """A personal token may not (VENDORS.md C6)."""
        if self._api.connection.kind == "personal":
            raise refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.")
        self._api.require("read_users")

    @staticmethod
    def _start(users: list[User], cursor: str | None) -> int:
        if cursor is None:
            return 0
        for at, user in enumerate(users):
            if user.id == cursor:
                return at
        raise stale_cursor(cursor)

"""What stands in pages: blocks, with pages and databases among them."""

from __future__ import annotations

from typing import Any

from tests.emulators.core.exchange import Answer, Json, Request
from tests.emulators.notion.api import Api, answer, size_of
from tests.emulators.notion.block_forms import BLOCKS, FORMS, Draft, content, counted, drafts
from tests.emulators.notion.errors import bad, invalid
from tests.emulators.notion.ids import wanted
from tests.emulators.notion.shapes import NEW
from tests.emulators.notion.world import Block, Node, Page, Parent, Source

ARCHIVED = "Can't edit block that is archived. You must unarchive the block before editing."
"""dvanoni/notero#704."""


class Blocks:
    def __init__(self, api: Api) -> None:
        self._api = api

    def checked(self, given: Json, path: str) -> list[Draft]:
        checked = drafts(given, path, self._api.values.rich)
        if counted(checked) > BLOCKS:
            raise bad(f"{path} with all that is in them", f"≤ `{BLOCKS}`", counted(checked))
        return checked

    def put(self, place: Node, children: list[Draft], after: str | None = None, *, first: bool = False) -> list[Block]:
        """Make them, at the end or after a sibling."""
        made = []
        kind: Any = "page" if isinstance(place, Page) else "block"
        for draft in children:
            parent: Parent = (kind, place.id)
            block = Block(id=self._api.world.ids.page(), parent=parent, type=draft.type, **self._api.world.times(self._api.bot))
            block.content = draft.content
            self._api.world.add(block, after=after, first=first)
            self.put(block, draft.children)
            made.append(block)
            after, first = (block.id, False) if after is not None or first else (None, False)
        return made

    def _found(self, text: str) -> Node:
        """A block, or what counts as one: pages and databases. Raises Refused."""
        identifier = wanted(text, "path.block_id")
        node = self._api.world.nodes.get(identifier)
        if node is None or isinstance(node, Source) or not self._api.connection.sees(self._api.world, node):
            raise self._api.missing("block", identifier)
        return node

    def retrieve(self, request: Request, block: str) -> Answer:
        self._api.require("read")
        return answer(self._api.shapes.block(self._found(block), self._api.version))

    def children(self, request: Request, block: str) -> Answer:
        self._api.require("read")
        items = self._api.world.within(self._found(block))
        size = size_of(request.first("page_size"), "query")
        start = self._api.by_id(items, request.first("start_cursor"), "query")
        cursor = items[start + size].id if start + size < len(items) else None
        shown = [self._api.shapes.block(item, self._api.version) for item in items[start : start + size]]
        return answer(self._api.listed(shown, "block", cursor))

    def append(self, request: Request, block: str) -> Answer:
        """Answers what was made, not what is in it; and what follows, where it was put between (recorded: max_children_length)."""
        api = self._api
        api.require("insert")
        place = self._found(block)
        body = api.body(request, ("children", "position") if api.version == NEW else ("children", "after", "position"))
        self._editable(place)
        children = self.checked(body.get("children"), "body.children")
        after, first = self._position(body)
        if after is not None and after not in api.world.children.get(place.id, []):
            raise invalid("The block to append after is not a child of the parent block.")
        api.room_for_blocks()
        made = self.put(place, children, after, first=first)
        api.world.touch(place, api.bot)
        told: list[Node] = [*made]
        if (after is not None or first) and made:
            siblings = api.world.within(place)
            told = siblings[siblings.index(made[0]) :]
        return answer(api.listed([api.shapes.block(child, api.version) for child in told], "block", None))

    def _position(self, body: dict[str, Any]) -> tuple[str | None, bool]:
        """After which sibling; or whether at the very beginning."""
        if "after" in body:
            return wanted(body["after"], "body.after"), False
        position = body.get("position")
        if position is None or position.get("type") == "end":
            return None, False
        if position.get("type") == "start":
            return None, True
        if position.get("type") == "after_block":
            return wanted(position.get("after_block", {}).get("id"), "body.position.after_block.id"), False
        raise bad("body.position.type", 'one of `"after_block"`, `"start"`, `"end"`', position.get("type"))

    def update(self, request: Request, block: str) -> Answer:
        api = self._api
        api.require("update")
        node = self._found(block)
        body = api.body(request, (*FORMS, "type", *api.trash_keys))
        wish = api.trash_wish(body)
        if wish is not False:
            self._editable(node)
        kind = next((kind for kind in FORMS if kind in body), None)
        if kind is not None:
            if not isinstance(node, Block) or node.type != kind:
                found = node.type if isinstance(node, Block) else "child_page"
                raise invalid(f"{kind} is not the type of the block: it is {found}.")
            node.content = content(kind, body[kind], f"body.{kind}", api.values.rich, node.content)
        return self._trash(node, node.trashed if wish is None else wish)

    def delete(self, request: Request, block: str) -> Answer:
        self._api.require("update")
        node = self._found(block)
        self._editable(node)
        return self._trash(node, True)

    def _trash(self, node: Node, trashed: bool) -> Answer:
        if isinstance(node, Page):
            self._api.world.remember(node)
        came_or_went = node.trashed != trashed
        node.trashed = trashed
        self._api.world.touch(node, self._api.bot)
        if came_or_went:
            self._api.world.felt(node, self._api.bot)
        return answer(self._api.shapes.block(node, self._api.version))

    def _editable(self, node: Node) -> None:
        if node.trashed or self._api.world.buried(node):
            raise invalid(ARCHIVED)

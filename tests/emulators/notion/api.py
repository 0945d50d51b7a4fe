"""What every endpoint needs: who asks, in which version, what it may see, and how its body is checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import Any, TypeVar

from tests.emulators.core.clock import Clock
from tests.emulators.core.exchange import Answer, Json, Request
from tests.emulators.core.switches import Switches
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, invalid, none_of, not_found, refusal
from tests.emulators.notion.ids import dashed, property_forms, wanted
from tests.emulators.notion.people import Connection, Users
from tests.emulators.notion.reading import Reader
from tests.emulators.notion.schema import Schemas
from tests.emulators.notion.shapes import NEW, Shapes
from tests.emulators.notion.values import Values
from tests.emulators.notion.world import Block, Database, Node, Page, Parent, Source, World

PAGE_SIZE = 100

NOT_AT_THE_TOP = (
    "Provide a parent.page_id or parent.database_id parameter to create a page, or use a public integration with insert_content "
    "capability. Internal integrations aren't owned by a single user, so creating workspace-level private pages is not supported."
)

NAMES: dict[type[Node], str] = {Page: "page", Database: "database", Source: "data_source", Block: "block"}

Found = TypeVar("Found", bound=Node)


class Api:
    """The world with a request's eyes.   version, connection: of the request that is being served."""

    def __init__(self, clock: Clock, switches: Switches, random: Random) -> None:
        self.clock, self.switches, self.random = clock, switches, random
        self.version = NEW
        self.connections: dict[str, Connection] = {}
        self.reset()

    def reset(self, name: str = "Workspace") -> None:
        """An empty workspace."""
        floor = self.switches["times"] == "minutes"
        self.world = World(self.clock, self.random, name, keeps_past=self.switches["index_lag_s"] != "0")
        self.users = Users(self.world)
        told = {
            "groups_given": self.switches["status_groups"] == "given",
            "options_replaced": self.switches["options_update"] == "replaced",
            "renames": self.switches["option_rename"] == "done",
        }
        self.schemas = Schemas(self.world, **told)
        ways = {"keep_empty": self.switches["empty_text"] == "kept", "merge": self.switches["text_neighbours"] == "merged"}
        floor_dates = self.switches["dates"] == "minutes"
        self.values = Values(self.world, self.users, self.schemas, floor_dates=floor_dates, **ways)
        self.reader = Reader(self.world, self.users, floor=floor)
        self.shapes = Shapes(self.world, self.users, self.schemas, self.reader, floor=floor)
        self.connections.clear()

    @property
    def connection(self) -> Connection:
        """Who asks."""
        assert self.users.connection is not None
        return self.users.connection

    @property
    def bot(self) -> str:
        return self.connection.bot.id

    def require(self, capability: str) -> None:
        """Raises Refused."""
        if capability not in self.connection.capabilities:
            raise refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.")

    def room_for_blocks(self) -> None:
        """Whether anything may be made at all (VENDORS.md C1, workspace block limit). Raises Refused."""
        reached = self.world.limit_reached
        if reached is None or self.connection.kind == "personal" or (self.clock.now() - reached).days < GRACE_DAYS:
            return
        raise refusal(
            403,
            "restricted_resource",
            "This workspace has used all of its free blocks. Upgrade the workspace to add more content.",
            extra={"block_limit": "block_creation"},
        )

    def find(self, kind: type[Found], text: str, path: str, named: str | None = None) -> Found:
        """What a request means by an id. Raises Refused.   path: where it stands, `path.page_id`."""
        identifier = wanted(text, path)
        node = self.world.nodes.get(identifier)
        name = named or NAMES[kind]
        if node is None or not self.connection.sees(self.world, node):
            raise self.missing(name, identifier)
        if isinstance(node, kind):
            return node
        confused = isinstance(node, Database | Source) and kind in (Database, Source)
        if confused and self.switches["wrong_id"] == "object_not_found":
            raise self.missing(name, identifier)
        found = NAMES[type(node)].replace("_", " ")
        raise invalid(
            f"Provided ID {identifier} is a {found}, not a {name.replace('_', ' ')}. Use the retrieve {found} API instead."
        )

    def missing(self, kind: str, identifier: str) -> Exception:
        return not_found(kind, identifier, self.connection.name, self.bot)

    def body(self, request: Request, allowed: Collection[str]) -> dict[str, Any]:
        """The request's JSON object, with no other keys than these. Raises Refused."""
        given = request.json if request.body else {}
        if not isinstance(given, dict):
            raise bad("body", "an object", given)
        for key, value in given.items():
            if key not in allowed:
                raise bad(f"body.{key}", "not present", value)
        return given

    @property
    def trash_keys(self) -> tuple[str, ...]:
        """What puts something into the trash: the new version has dropped the old word."""
        return ("in_trash",) if self.version == NEW else ("in_trash", "archived")

    def trash_wish(self, body: dict[str, Any]) -> bool | None:
        """What a body says of the trash; None for nothing."""
        wishes = [body[key] for key in self.trash_keys if key in body]
        if wishes and not isinstance(wishes[0], bool):
            raise bad("body.in_trash", "a boolean", wishes[0])
        return wishes[0] if wishes else None

    def parent(self, given: Json, allowed: Sequence[str]) -> tuple[Parent, Node | None]:
        """Where a body wants something put.   allowed: such as page_id. Raises Refused."""
        if not isinstance(given, dict):
            raise bad("body.parent", "defined", UNDEFINED if given is None else given)
        if given.get("workspace") is True and "workspace" in allowed:
            if self.connection.kind != "personal":
                raise invalid(NOT_AT_THE_TOP)
            return ("workspace", ""), None
        for key in given:
            if key not in (*allowed, "type"):
                raise bad(f"body.parent.{key}", "not present", given[key])
        for key, kind in (("page_id", Page), ("database_id", Database), ("data_source_id", Source)):
            if key in allowed and key in given:
                node = self.find(kind, given[key], f"body.parent.{key}")
                if node.trashed or self.world.buried(node):
                    raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
                return (_KINDS[key], node.id), node
        raise none_of([complaint(f"body.parent.{key}", "defined", UNDEFINED) for key in allowed])

    def columns(self, request: Request, source: Source | None) -> frozenset[str] | None:
        """What `filter_properties` in the query asks for, as ids; None for all. Raises Refused."""
        names = request.all("filter_properties") + request.all("filter_properties[]")
        if not names:
            return None
        if source is None:
            return frozenset(names)
        found = [next((column.id for form in property_forms(name) if (column := source.find(form))), name) for name in names]
        for name in found:
            if name not in source.properties:
                raise invalid(f"Could not find property with name or id: {name}")
        return frozenset(found)

    def paged(self, items: Sequence[Json], size: int, start: int) -> tuple[list[Json], bool]:
        return list(items[start : start + size]), start + size < len(items)

    def listed(self, results: list[Json], kind: str, cursor: str | None) -> dict[str, Any]:
        """A list's body."""
        return {"object": "list", "results": results, "next_cursor": cursor, "has_more": cursor is not None, "type": kind, kind: {}}

    def by_id(self, items: Sequence[Node], cursor: str | None, where: str) -> int:
        """At which item a page begins whose cursor is that item's id. Raises Refused."""
        if cursor is None:
            return 0
        identifier = dashed(cursor)
        if identifier is None:
            raise bad(f"{where}.start_cursor", "a valid uuid", cursor)
        for at, item in enumerate(items):
            if item.id == identifier:
                return at
        raise stale_cursor(cursor)


_KINDS: dict[str, Any] = {"page_id": "page", "database_id": "database", "data_source_id": "data_source"}

GRACE_DAYS = 3


def stale_cursor(cursor: str) -> Exception:
    return invalid(f"The start_cursor provided is invalid: {cursor}")


def size_of(value: Json, where: str) -> int:
    """`page_size`, from a body or a query. Raises Refused."""
    path = f"{where}.page_size"
    if value is None:
        return PAGE_SIZE
    if where == "query" and isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad(path, "a number", value)
    if value > PAGE_SIZE:
        raise bad(path, f"≤ `{PAGE_SIZE}`", value)
    if value < 1:
        raise bad(path, "≥ `1`", value)
    return value


def answer(body: Json, status: int = 200) -> Answer:
    return Answer.of(status, body)

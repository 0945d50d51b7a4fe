"""What recorded sessions need beforehand: the workspace in which each was recorded, as far as its own answers tell of it.

Each session gets a workspace of its own. Into it comes whatever its answers show and its requests have not made: pages, databases,
data sources, blocks and users; of `needs_bind` also what no answer shows. Nothing else is taken from answers.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from tests.emulators.core.exchange import Json
from tests.emulators.core.sessions import TOKEN, Sessions
from tests.emulators.notion import recordings as told
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.ids import dashed
from tests.emulators.notion.people import CAPABILITIES, Connection
from tests.emulators.notion.shapes import UNTITLED
from tests.emulators.notion.world import Block, Database, Node, Option, Page, Parent, Property, Source, User


def prepare_replay(emulator: Notion, recordings: Json) -> list[str]:
    """Further options for the replay tool: recorded ids that stay as they are."""
    sessions = recordings["sessions"]
    names = dict(told.integrations(recordings["sessions"]))
    emulator.before.append(Sessions(recordings, lambda session: Before(emulator, session, names).fill()))
    needed = [text for one in sessions for text in [*(one.get("needs_bind") or []), *told.parents(one["steps"])]]
    kept = {found for text in needed if (found := dashed(text))} - {name for one in sessions for name in told.made(one["steps"])}
    return [part for identifier in sorted(kept) for part in ("--bind", f"{identifier}={identifier}")]


class Before:
    """One session's workspace."""

    def __init__(self, emulator: Notion, session: Json, names: dict[str, str]) -> None:
        self._emulator, self._session, self._names = emulator, session, names
        self._made: set[str] = set()
        self._shown: dict[str, Json] = {}

    def fill(self) -> None:
        api = self._emulator.api
        api.reset()
        api.world.ids.partners = list(told.partners(self._session["steps"], set()))
        self._emulator.limits.reset()
        self._emulator.limits.budget = None  # what is replayed takes no time, what was recorded did
        for step in self._session["steps"]:
            self._read(step)
        api.world.name = next(
            (user["bot"]["workspace_name"] for user in self._shown.values() if "workspace_name" in user.get("bot", {})), ""
        )
        listed = [
            shown for step in self._session["steps"] if step["op"] == "users.list" for shown in told.objects(step.get("response"))
        ]
        for shown in [*listed, *self._shown.values()]:
            if shown["object"] == "user":
                self._user(self._shown[shown["id"]])
        self._connection = self._connect()
        rank = {"page": 2, "block": 3}
        ordered = list(enumerate(self._shown.values()))
        ordered.sort(key=lambda pair: (rank.get(pair[1]["object"], 1), told.moment(pair[1].get("created_time")), -pair[0]))
        for _, shown in ordered:
            try:
                self._put(shown)
            except (KeyError, TypeError, ValueError) as exc:
                print(f"{self._session['id']}: no way to put in {shown['object']} {shown['id']}: {exc!r}", file=sys.stderr)
        self._order_blocks()
        for _, shown in ordered:
            if shown["id"] in api.world.nodes and "last_edited_by" in shown:
                node = api.world.nodes[shown["id"]]
                node.edited, node.edited_by = told.moment(shown["last_edited_time"]), shown["last_edited_by"]["id"]
        for text in [*(self._session.get("needs_bind") or []), *told.parents(self._session["steps"])]:
            self._bare(dashed(text) or "")

    def _read(self, step: Json) -> None:
        answer = step.get("response")
        if step["status"] >= 400 or not isinstance(answer, dict):
            return
        objects = list(told.objects(answer))
        if (step["method"] == "POST" and told.MAKES.match(step["op"])) or step["op"].endswith("append"):
            self._made |= {shown["id"] for shown in objects if shown["object"] != "user"}
            self._made |= {source["id"] for shown in objects for source in shown.get("data_sources", [])}
        reads = step["method"] == "GET" or step["op"] in ("search", "data_sources.query")
        for shown in objects:
            if shown["id"] in self._made:
                continue
            known = self._shown.get(shown["id"])
            if known is None or len(known) < 3 or "workspace_name" in shown.get("bot", {}):
                self._shown[shown["id"]] = shown if reads else {**shown, "in_trash": False}

    def _connect(self) -> Connection:
        """The bot is the one that says so of itself, else who makes things."""
        world = self._emulator.api.world
        bots = [shown["id"] for shown in self._shown.values() if "workspace_name" in shown.get("bot", {})]
        answers = [shown for step in self._session["steps"] for shown in told.objects(step.get("response"))]
        makers = [shown["created_by"]["id"] for shown in answers if shown["id"] in self._made and "created_by" in shown]
        changed = [step["response"] for step in self._session["steps"] if step["method"] == "PATCH" and step["status"] < 400]
        makers += [shown["last_edited_by"]["id"] for shown in changed if isinstance(shown.get("last_edited_by"), dict)]
        named = [step["response"]["additional_data"]["integration_id"] for step in self._session["steps"] if told.misses(step)]
        identifier = next(iter([*bots, *makers, *named]), None)
        bot = world.users.get(identifier or "") or world.user("", "bot", {}, identifier)
        bot.kind = "bot"
        for user in [user for user in world.users.values() if user.kind == ""]:
            user.kind = "person"
        connection = Connection(TOKEN, self._names.get(bot.id, bot.name), bot, "internal", CAPABILITIES)
        self._emulator.api.connections[TOKEN] = connection
        return connection

    def _user(self, shown: Json) -> User:
        world = self._emulator.api.world
        known = world.users.get(shown["id"])
        if known is None:
            known = world.user(shown.get("name", ""), shown.get("type", ""), {}, shown["id"])
        if "type" in shown:
            known.name, known.kind, known.details = (
                shown.get("name", ""),
                shown["type"],
                {**known.details, **shown.get("person", {})},
            )
        return known

    def _put(self, shown: Json) -> None:
        match shown["object"]:
            case "page":
                self._page(shown)
            case "data_source":
                self._source(shown)
            case "database":
                self._database(shown)
            case "block" if shown["type"] not in ("child_page", "child_database"):
                self._block(shown)

    def _about(self, shown: Json) -> dict[str, Any]:
        """What all nodes have."""
        self._connection.shared.add(shown["id"])
        created, edited = told.moment(shown.get("created_time")), told.moment(shown.get("last_edited_time"))
        by = [(shown.get(key) or {}).get("id", self._connection.bot.id) for key in ("created_by", "last_edited_by")]
        looks = {"icon": shown.get("icon"), "cover": shown.get("cover"), "locked": shown.get("is_locked", False)}
        times = {"created": created, "created_by": by[0], "edited": edited, "edited_by": by[1]}
        return {
            "id": shown["id"],
            **times,
            **looks,
            "trashed": shown.get("in_trash", False),
            "indexed": created - timedelta(days=1),
        }

    def _stub(self, parent: Json, database_parent: Json = None) -> Parent:
        """What something was in, which the session doesn't show: it is there, and not shared."""
        kind = parent["type"].removesuffix("_id")
        if kind == "workspace":
            return ("workspace", "")
        identifier = parent[parent["type"]]
        world = self._emulator.api.world
        if identifier not in world.nodes:
            times = world.times(self._connection.bot.id)
            if kind == "page":
                world.add(Page(id=identifier, parent=("workspace", ""), **times))
            elif kind == "database":
                above = self._stub(database_parent or {"type": "workspace"})
                world.add(Database(id=identifier, parent=above, **times))
            elif kind == "data_source":
                place = self._stub({"type": "database_id", "database_id": parent["database_id"]})
                world.nodes[identifier] = Source(id=identifier, parent=place, **times)
            else:
                world.add(Block(id=identifier, parent=("workspace", ""), **times))
        elif database_parent is not None and world.nodes[identifier].parent[0] == "workspace":
            world.nodes[identifier].parent = self._stub(database_parent)
        return (kind, identifier)

    def _database(self, shown: Json) -> None:
        database = Database(parent=self._stub(shown["parent"]), **self._about(shown))
        database.inline = shown.get("is_inline", False)
        self._emulator.api.world.add(database)
        for source in shown.get("data_sources", []):
            database.sources.append(source["id"])
            if source["id"] not in self._shown:
                title = [] if source["name"] == UNTITLED else shown["title"]
                times = self._emulator.api.world.times(self._connection.bot.id)
                made = Source(id=source["id"], parent=("database", database.id), title=title, **times)
                made.properties["title"] = Property("title", "Name", "title")
                self._emulator.api.world.nodes[made.id] = made

    def _source(self, shown: Json) -> None:
        world = self._emulator.api.world
        parent = self._stub(shown["parent"], shown.get("database_parent"))
        source = Source(parent=parent, title=shown["title"], description=shown["description"], **self._about(shown))
        database = world.nodes[parent[1]]
        if isinstance(database, Database) and source.id not in database.sources:
            database.sources.append(source.id)
        world.made += 1
        source.number = world.made
        known = world.nodes.get(source.id)
        source.rows = known.rows if isinstance(known, Source) else {}
        world.nodes[source.id] = source
        for form in shown["properties"].values():
            column = self._column(source, form)
            column.description = form.get("description")
            self._configure(column, form[form["type"]])

    @staticmethod
    def _column(source: Source, form: Json, name: str | None = None) -> Property:
        identifier = unquote(form["id"])
        if identifier not in source.properties:
            column = Property(identifier, name or form.get("name", ""), form["type"])
            column.config = {"data_source_id": source.id} if column.type == "relation" else {"expression": ""}
            source.properties[identifier] = column
        return source.properties[identifier]

    def _configure(self, column: Property, config: Json) -> None:
        for option in config.get("options", []):
            group = next((group for group in config.get("groups", []) if option["id"] in group["option_ids"]), None)
            made = Option(option["id"], option["name"], option["color"], option.get("description"), group["name"] if group else "")
            column.options.append(made)
        column.groups = [{**group, "key": group["name"]} for group in config.get("groups", [])]
        if column.type in ("number", "formula", "unique_id", "rollup"):
            column.config = dict(config)
        elif column.type == "relation":
            self._relate(column, config)

    def _relate(self, column: Property, config: Json) -> None:
        parent = {"type": "data_source_id", "data_source_id": config["data_source_id"], "database_id": config["database_id"]}
        self._stub(parent)
        column.config = {"data_source_id": config["data_source_id"]}
        target = self._emulator.api.world.nodes[config["data_source_id"]]
        if config["type"] == "dual_property" and isinstance(target, Source):
            partner = unquote(config["dual_property"]["synced_property_id"])
            column.config["partner"] = partner
            target.properties.setdefault(partner, Property(partner, config["dual_property"]["synced_property_name"], "relation"))

    def _page(self, shown: Json) -> None:
        page = Page(parent=self._stub(shown["parent"]), **self._about(shown))
        world = self._emulator.api.world
        source = world.nodes.get(page.parent[1])
        for name, form in shown["properties"].items():
            kind = form["type"]
            if isinstance(source, Source):
                column = self._column(source, form, name)
                self._cell(page, column, form[kind])
            else:
                page.values["title"] = form["title"]
        old = world.nodes.get(page.id)
        if old is not None:
            world.move(old, old.parent)
            world.children.get(old.parent[1], []).remove(old.id)
        world.add(page)

    def _cell(self, page: Page, column: Property, value: Json) -> None:
        match column.type:
            case "formula" | "rollup" | "verification" | "place" | "files":
                page.fixed[column.id] = value
            case "select" | "status" if value is not None:
                page.values[column.id] = self._option(column, value)
            case "multi_select":
                page.values[column.id] = [self._option(column, one) for one in value]
            case "people":
                page.values[column.id] = [self._user(one).id for one in value]
            case "relation":
                page.values[column.id] = [self._stub({"type": "page_id", "page_id": one["id"]})[1] for one in value]
            case "unique_id":
                page.values[column.id], column.config["prefix"] = value["number"], value["prefix"]
            case "created_time" | "last_edited_time" | "created_by" | "last_edited_by" | "button":
                pass
            case _:
                page.values[column.id] = value

    @staticmethod
    def _option(column: Property, value: Json) -> str:
        if column.option(value["id"]) is None:
            column.options.append(Option(value["id"], value["name"], value["color"]))
        return str(value["id"])

    def _block(self, shown: Json) -> None:
        block = Block(parent=self._stub(shown["parent"]), type=shown["type"], **self._about(shown))
        block.content = shown[shown["type"]]
        self._emulator.api.world.add(block)

    def _order_blocks(self) -> None:
        """Children stand as they were listed."""
        place = {identifier: at for at, identifier in enumerate(self._shown)}
        for children in self._emulator.api.world.children.values():
            children.sort(key=lambda identifier: place.get(identifier, len(place)))

    def _bare(self, identifier: str) -> None:
        """What has to be there, and no answer shows: a page, or what its use says. What only answers 404 isn't there."""
        world = self._emulator.api.world
        if identifier in world.users or identifier in self._connection.shared or identifier in self._made or not identifier:
            return
        uses = [step for step in self._session["steps"] if told.uses(step, identifier)]
        if all(step["status"] >= 400 for step in uses):
            return
        times = world.times(self._connection.bot.id)
        node: Node
        if identifier in world.nodes:
            pass
        elif any("/data_sources/" in step["path"] and told.in_path(step, identifier) for step in uses):
            database = Database(id=world.ids.any(), parent=("workspace", ""), **times)
            world.add(database)
            node = Source(id=identifier, parent=("database", database.id), **times)
            node.properties["title"] = Property("title", "Name", "title")
            database.sources.append(node.id)
            world.nodes[node.id] = node
        elif any("/databases/" in step["path"] and told.in_path(step, identifier) for step in uses):
            world.add(Database(id=identifier, parent=("workspace", ""), **times))
        else:
            world.add(Page(id=identifier, parent=("workspace", ""), **times))
        self._connection.shared.add(identifier)

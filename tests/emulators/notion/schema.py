"""Columns: how a schema is written, checked and read, by type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.parse import unquote

from tests.emulators.core.exchange import Json, NotEmulated, Refused
from tests.emulators.notion.columns import FORMATS, GROUPS, OPTIONS, STARTING, TYPES, checked_name
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, invalid, none_of
from tests.emulators.notion.ids import in_link, wanted
from tests.emulators.notion.world import COLORS, Option, Property, Source, World


class Schemas:
    """Reads and changes the columns of data sources."""

    def __init__(self, world: World, *, groups_given: bool, options_replaced: bool, renames: bool) -> None:
        self._world = world
        self._groups_given, self._options_replaced, self._renames = groups_given, options_replaced, renames

    def create(self, source: Source, given: Json, path: str) -> None:
        """All the columns of a new data source; without a title column it gets one called Name."""
        if not isinstance(given, dict):
            raise bad(path, "an object", UNDEFINED if given is None else given)
        titles = [name for name, form in given.items() if isinstance(form, dict) and _type(form, f"{path}.{name}") == "title"]
        if len(titles) > 1:
            raise invalid("Only one title property is allowed.")
        if given and not titles:
            raise invalid("Title is not provided")
        if not given:
            source.properties["title"] = Property("title", "Name", "title")
        with self._all_or_none():
            for name, form in given.items():
                self._add(source, name, form, f"{path}.{name}")

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        """Columns change with others', relations with their other sides: where one is refused, all data sources are as before."""
        sources = [node for node in self._world.nodes.values() if isinstance(node, Source)]
        before = [(touched, deepcopy(touched.properties), touched.counted) for touched in sources]
        try:
            yield
        except (Refused, NotEmulated):
            for touched, properties, counted in before:
                for row in touched.rows.values():
                    for name in touched.properties.keys() - properties.keys():
                        row.values.pop(name, None)
                touched.properties, touched.counted = properties, counted
            raise

    def update(self, source: Source, given: Json, path: str) -> None:
        """Add, change, rename and remove columns. All of them or none."""
        if not isinstance(given, dict):
            raise bad(path, "an object", given)
        kinds = {column.id: column.type for column in source.properties.values()}
        with self._all_or_none():
            self._update(source, given, path)
        for column in source.properties.values():
            if kinds.get(column.id, column.type) != column.type:
                for row in source.rows.values():
                    row.values.pop(column.id, None)  # of what is empty: see _change

    def _update(self, source: Source, given: dict[str, Json], path: str) -> None:
        for key, form in given.items():
            column = source.find(key) or source.find(unquote(key))
            if form is None:
                self._remove(source, column, key)
            elif not isinstance(form, dict):
                raise bad(f"{path}.{key}", "an object or `null`", form)
            elif column is None:
                self._add(source, key, form, f"{path}.{key}")
            else:
                self._change(source, column, form, f"{path}.{key}")

    def _add(self, source: Source, name: str, form: Json, path: str) -> None:
        if not isinstance(form, dict):
            raise bad(path, "an object", form)
        kind = _type(form, path)
        name = form.get("name", name)
        if source.find(name) is not None:
            raise invalid(f"Property with name {name} already exists.")
        if kind == "title" and any(column.type == "title" for column in source.properties.values()):
            raise invalid("Only one title property is allowed.")
        identifier = "title" if kind == "title" else self._world.ids.property(set(source.properties))
        column = Property(identifier, name, kind, form.get("description"))
        source.properties[identifier] = column
        self.configure(source, column, form[kind], f"{path}.{kind}")

    def _remove(self, source: Source, column: Property | None, key: str) -> None:
        if column is None:
            raise invalid(f"Could not find property with name or id: {key}")
        if column.type == "title":
            raise invalid("Cannot delete the title property.")
        del source.properties[column.id]
        if column.type == "relation" and "partner" in column.config:
            other = self._world.nodes.get(column.config["data_source_id"])
            if isinstance(other, Source):
                other.properties.pop(column.config["partner"], None)

    def _change(self, source: Source, column: Property, form: dict[str, Any], path: str) -> None:
        for key in form:
            if key not in ("name", "type", "description", "id", *TYPES):
                raise bad(f"{path}.{key}", "not present", form[key])
        name = form.get("name", column.name)
        if name != column.name and source.find(name) is not None:
            raise invalid(f"Property with name {name} already exists.")
        column.name = name
        column.description = form.get("description", column.description)
        if (kind := next((kind for kind in TYPES if kind in form), None)) is None:
            return
        if kind != column.type:
            if "title" in (kind, column.type):
                raise invalid("Cannot change the type of the title property.")
            if any(row.values.get(column.id) not in (None, False, []) for row in source.rows.values()):
                raise NotEmulated(f"another type for {column.name}, whose values the service converts,")
            column.type, column.config, column.options, column.groups = kind, {}, [], []
        self.configure(source, column, form[kind], f"{path}.{kind}")

    def configure(self, source: Source, column: Property, config: Json, path: str) -> None:
        """What stands under the type's name."""
        if not isinstance(config, dict):
            raise bad(path, "an object", config)
        match column.type:
            case "number":
                column.config["format"] = _one_of(config.get("format", column.config.get("format", "number")), FORMATS, path)
            case "select" | "multi_select":
                self._options(column, config, path)
            case "status":
                self._status(column, config, path)
            case "formula":
                if not isinstance(config.get("expression"), str):
                    raise bad(f"{path}.expression", "defined", UNDEFINED)
                column.config["expression"] = config["expression"]
            case "unique_id":
                column.config["prefix"] = config.get("prefix", column.config.get("prefix"))
                self._number_rows(source, column)
            case "relation":
                self._relate(source, column, config, path)
            case "rollup":
                self._roll(source, column, config, path)

    def _options(self, column: Property, config: Json, path: str) -> None:
        """What is listed stays or comes. An update without `options` changes none."""
        if "options" not in config:
            return
        if not isinstance(config["options"], list):
            raise bad(f"{path}.options", "an array", config["options"])
        if len(config["options"]) > OPTIONS:
            raise bad(f"{path}.options.length", f"≤ `{OPTIONS}`", len(config["options"]))
        listed = [self._option(column, given, f"{path}.options[{at}]") for at, given in enumerate(config["options"])]
        names = {option.id for option in listed}
        if len({option.name.lower() for option in listed}) < len(
            listed
        ):  # unique ignoring case (VENDORS.md C5); the wording is a guess
            raise invalid(f"Invalid options at {path}.options: their names must be unique.")
        kept = [] if self._options_replaced else [option for option in column.options if option.id not in names]
        column.options = kept + listed

    def _option(self, column: Property, given: Json, path: str) -> Option:
        known = column.option(given.get("id")) or column.option(given.get("name"))
        if known is not None:
            color = given.get("color", known.color)
            if color != known.color:
                by = f"id: {known.id}" if "id" in given else f"name: {known.name}"
                raise invalid(f"Cannot update color of select with {by}.")
            name = given.get("name", known.name) if self._renames else known.name
            return Option(known.id, name, color, given.get("description", known.description), known.group)
        name = checked_name(given.get("name"), path)
        group = given.get("group", "") if self._groups_given else ""
        color = given.get("color") or self.color()
        if color not in COLORS:
            raise bad(f"{path}.color", "one of " + ", ".join(f'`"{known}"`' for known in COLORS), color)
        return Option(self._world.ids.any(), name, color, given.get("description"), group)

    def color(self) -> str:
        """The app draws one for a new option."""
        return self._world.random.choice(COLORS)

    def _status(self, column: Property, config: Json, path: str) -> None:
        if not column.groups:
            column.groups = [{"id": self._world.ids.any(), "name": name, "color": color, "key": key} for name, color, key in GROUPS]
            if "options" not in config:
                column.options = [Option(self._world.ids.any(), name, color, None, group) for name, color, group in STARTING]
        self._options(column, config, path)
        for option in column.options:
            option.group = option.group or "todo"

    def _number_rows(self, source: Source, column: Property) -> None:
        """Rows that are there already get theirs in the order in which they were made."""
        for row in sorted(source.rows.values(), key=lambda row: row.number):
            if column.id not in row.values:
                source.counted += 1
                row.values[column.id] = source.counted

    def _relate(self, source: Source, column: Property, config: Json, path: str) -> None:
        target = self._world.nodes.get(wanted(config.get("data_source_id"), f"{path}.data_source_id"))
        if not isinstance(target, Source):
            raise invalid(f"Could not find data source with ID: {config['data_source_id']}.")
        dual = config.get("type", "dual_property" if "dual_property" in config else "single_property") == "dual_property"
        column.config = {"data_source_id": target.id}
        if not dual:
            return
        identifier = self._world.ids.partner(set(target.properties) | {column.id})
        name = config.get("dual_property", {}).get("synced_property_name")
        title = "".join(item["plain_text"] for item in source.title)
        partner = Property(identifier, name or f"Related to {title} ({column.name})", "relation")
        partner.config = {"data_source_id": source.id, "partner": column.id}
        column.config["partner"] = identifier
        target.properties[identifier] = partner

    def _roll(self, source: Source, column: Property, config: Json, path: str) -> None:
        relation = _named(source, config, "relation_property", path)
        if relation.type != "relation":
            raise invalid(f"Rollup relation property {relation.name} is expected to be relation.")
        target = self._world.nodes[relation.config["data_source_id"]]
        assert isinstance(target, Source)
        rolled = _named(target, config, "rollup_property", path)
        ids = {"rollup_property_id": rolled.id, "relation_property_id": relation.id}
        column.config = {**ids, "function": config.get("function", "show_original")}

    def _rollup(self, source: Source, column: Property) -> Json:
        """Ids are not encoded here (recorded by ultimate-notion), and names follow their columns."""
        told = dict(column.config)
        relation = source.properties.get(told["relation_property_id"])
        target = self._world.nodes.get(relation.config["data_source_id"]) if relation is not None else None
        rolled = target.properties.get(told["rollup_property_id"]) if isinstance(target, Source) else None
        names = {"rollup_property_name": rolled, "relation_property_name": relation}
        return {**{key: named.name for key, named in names.items() if named is not None}, **told}

    def _expression(self, source: Source, column: Property) -> str:
        """Columns in it are told by id, as the app keeps them; parentheses too many, which it drops, stay here."""

        def told(match: re.Match[str]) -> str:
            other = source.find(match[1])
            return match[0] if other is None else f"{{{{notion:block_property:{in_link(other.id)}:{source.id}:{self._world.id}}}}}"

        return re.sub(r'prop\("((?:[^"\\]|\\.)*)"\)', told, column.config["expression"])

    def shown(self, source: Source) -> dict[str, Json]:
        """All columns, as answers have them."""
        return {column.name: self._column(source, column) for column in source.ordered}

    def _column(self, source: Source, column: Property) -> Json:
        shape: dict[str, Any] = {
            "id": in_link(column.id),
            "name": column.name,
            "description": column.description,
            "type": column.type,
        }
        shape[column.type] = self._config(source, column)
        return shape

    def _config(self, source: Source, column: Property) -> Json:
        match column.type:
            case "select" | "multi_select":
                return {"options": [_option(option) for option in column.options]}
            case "status":
                return {"options": [_option(option) for option in column.options], "groups": _groups(column)}
            case "relation":
                return self._relation(column)
            case "formula":
                return {"expression": self._expression(source, column)}
            case "rollup":
                return self._rollup(source, column)
            case "number" | "unique_id":
                return dict(column.config)
            case _:
                return {}

    def _relation(self, column: Property) -> Json:
        target = self._world.nodes[column.config["data_source_id"]]
        shape = {"database_id": target.parent[1], "data_source_id": target.id}
        partner = column.config.get("partner")
        if partner is None or not isinstance(target, Source) or partner not in target.properties:
            return {**shape, "type": "single_property", "single_property": {}}
        synced = {"synced_property_name": target.properties[partner].name, "synced_property_id": in_link(partner)}
        return {**shape, "type": "dual_property", "dual_property": synced}


def _named(source: Source, config: Json, key: str, path: str) -> Property:
    """A column that a request tells by name or by id."""
    wanted_name = config.get(f"{key}_id", config.get(f"{key}_name"))
    if not isinstance(wanted_name, str):
        raise none_of([complaint(f"{path}.{key}_{by}", "defined", UNDEFINED) for by in ("name", "id")])
    found = source.find(wanted_name) or source.find(unquote(wanted_name))
    if found is None:
        raise invalid(f"Could not find property with name or id: {wanted_name}")
    return found


def _type(form: dict[str, Any], path: str) -> str:
    kind = next((kind for kind in TYPES if kind in form), None)
    if kind is None:
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in TYPES])
    for key in form:
        if key not in (kind, "type", "name", "description", "id"):
            raise bad(f"{path}.{key}", "not present", form[key])
    return kind


def _one_of(value: Json, known: frozenset[str], path: str) -> Json:
    if value not in known:
        raise bad(f"{path}.format", "one of " + ", ".join(f'`"{name}"`' for name in sorted(known)), value)
    return value


def _option(option: Option) -> Json:
    return {"id": option.id, "name": option.name, "color": option.color, "description": option.description}


def _groups(column: Property) -> list[Json]:
    return [
        {
            "id": group["id"],
            "name": group["name"],
            "color": group["color"],
            "option_ids": [option.id for option in column.options if option.group == group["key"]],
        }
        for group in column.groups
    ]

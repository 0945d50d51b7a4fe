"""Cells: how a page's property is written, checked and kept, by type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.notion import dates, texts
from tests.emulators.notion.columns import checked_name
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, invalid, none_of
from tests.emulators.notion.ids import LINK, plain, wanted
from tests.emulators.notion.people import Users
from tests.emulators.notion.reading import default_status
from tests.emulators.notion.schema import Schemas
from tests.emulators.notion.world import Database, Option, Page, Property, Source, World

WRITABLE = (
    *("title", "rich_text", "number", "url", "select", "multi_select", "people", "email", "phone_number", "date", "checkbox"),
    *("relation", "files", "status", "verification", "place"),
)
LISTS = ("multi_select", "people", "relation", "files")

LISTED = 100
"""Options, people or relations in one write (VENDORS.md C2)."""

LONGEST = {"url": 2000, "email": 200, "phone_number": 200}


class Values:
    """Writes cells."""

    def __init__(self, world: World, users: Users, schemas: Schemas, *, floor_dates: bool, keep_empty: bool, merge: bool) -> None:
        self._world, self._users, self._schemas = world, users, schemas
        self._floor_dates, self._keep_empty, self._merge = floor_dates, keep_empty, merge

    def rich(self, value: Json, path: str) -> list[Json]:
        """Rich text, checked."""
        return texts.read(value, path, self._mention, keep_empty=self._keep_empty, merge=self._merge)

    def _mention(self, given: Json, path: str) -> tuple[Json, str, str | None]:
        if "user" in given:
            user = self._users.known(wanted(given["user"].get("id"), f"{path}.user.id"))
            return {"type": "user", "user": self._users.short(user)}, f"@{user.name}", None
        if "page" in given:
            identifier = wanted(given["page"].get("id"), f"{path}.page.id")
            page = self._world.nodes.get(identifier)
            title = self.title_of(page) if isinstance(page, Page) else ""
            return (
                {"type": "page", "page": {"id": identifier}},
                title or "Untitled",
                LINK + plain(identifier),
            )
        if "database" in given:
            identifier = wanted(given["database"].get("id"), f"{path}.database.id")
            title = self._database_title(identifier) or "Untitled"
            return {"type": "database", "database": {"id": identifier}}, title, LINK + plain(identifier)
        if "date" in given:
            date = dates.read(given["date"], f"{path}.date", floor=self._floor_dates)
            return {"type": "date", "date": date}, date["start"] + (f" → {date['end']}" if date["end"] else ""), None
        raise NotEmulated(f"{path}: a mention of anything but a user, a page, a database or a date")

    def _database_title(self, identifier: str) -> str:
        database = self._world.nodes.get(identifier)
        sources = database.sources if isinstance(database, Database) else []
        return "".join(texts.plain(source.title) for name in sources[:1] if isinstance(source := self._world.nodes[name], Source))

    def title_of(self, page: Page) -> str:
        return texts.plain(page.values.get("title", []))

    def write(self, source: Source | None, given: Json, *, may_edit_schema: bool) -> Callable[[Page], None]:
        """Check all of a request's properties; what comes back puts them into a page. Raises Refused; nothing has changed then."""
        if not isinstance(given, dict):
            raise bad("body.properties", "an object", UNDEFINED if given is None else given)
        for key, form in given.items():
            _checked(form, f"body.properties.{key}")
        if source is None:
            return self._write_title(given)
        planned = [self._planned(source, key, form, may_edit_schema) for key, form in given.items()]

        def put(page: Page) -> None:
            for column, stored in planned:
                self.put(page, column, stored() if callable(stored) else stored)

        return put

    def _write_title(self, given: dict[str, Json]) -> Callable[[Page], None]:
        """A page that is no row has a title and nothing else."""
        for key in given:
            if key != "title":
                raise invalid(f"{key} is not a property that exists.")
        form = given.get("title")
        rich = None
        if form is not None:
            rich = self.rich(form["title"] if isinstance(form, dict) else form, "body.properties.title.title")

        def put(page: Page) -> None:
            if rich is not None:
                page.values["title"] = rich

        return put

    def _planned(self, source: Source, key: str, form: Json, may_edit_schema: bool) -> tuple[Property, Any]:
        column = _column(source, key)
        if column is None:
            raise invalid(f"{key} is not a property that exists.")
        if isinstance(form, list) and column.type == "title":
            form = {"title": form}
        kind = next((kind for kind in WRITABLE if kind in form), None)
        if column.type not in WRITABLE or kind != column.type:
            raise invalid(f"{key} is expected to be {column.type}.")
        return column, self._stored(column, form[kind], f"body.properties.{key}.{kind}", may_edit_schema)

    def _stored(self, column: Property, value: Json, path: str, may_edit_schema: bool) -> Any:
        if column.type in LISTS:
            return self._several(column, _listed(value, path), path, may_edit_schema)
        match column.type:
            case "title" | "rich_text":
                return self.rich(value, path)
            case "number":
                return _number(value, path)
            case "checkbox":
                if not isinstance(value, bool):
                    raise bad(path, "a boolean", value)
                return value
            case "url" | "email" | "phone_number":
                return _string(value, path, LONGEST[column.type])
            case "date":
                return None if value is None else dates.read(value, path, floor=self._floor_dates)
            case "select" | "status" if value is None:
                return None
            case "select":
                return self._choice(column, value, path, may_edit_schema)
            case "status":
                return _status(column, value)
            case _:
                raise NotEmulated(f"writing {column.type}")

    def _several(self, column: Property, values: list[Json], path: str, may_edit_schema: bool) -> Any:
        places = [f"{path}[{at}]" for at in range(len(values))]
        if column.type == "people":
            return [self._person(one, f"{at}.id") for one, at in zip(values, places, strict=True)]
        if column.type == "relation":
            return [self._related(one, f"{at}.id") for one, at in zip(values, places, strict=True)]
        if column.type == "files":
            return [_file(one, at) for one, at in zip(values, places, strict=True)]
        choices = [self._choice(column, one, at, may_edit_schema) for one, at in zip(values, places, strict=True)]
        return lambda: list(dict.fromkeys(choice() if callable(choice) else choice for choice in choices))

    def _choice(self, column: Property, value: Json, path: str, may_edit_schema: bool) -> Any:
        """An option's id; or what makes the option, to be called once everything has been checked."""
        if not isinstance(value, dict) or not ("id" in value or "name" in value):
            raise none_of([complaint(f"{path}.id", "defined", UNDEFINED), complaint(f"{path}.name", "defined", UNDEFINED)])
        known = column.option(value.get("id")) or column.option(value.get("name"))
        if known is not None:
            return known.id
        if "name" not in value:
            raise invalid(f'Invalid select option. Select option "{value["id"]}" does not exist.')
        name = checked_name(value["name"], path)
        if not may_edit_schema:
            raise invalid(f'Invalid select option. Select option "{name}" does not exist.')
        return lambda: self.made(column, name, value.get("color")).id

    def made(self, column: Property, name: str, color: str | None = None) -> Option:
        """The option of that name, new where it isn't there."""
        known = column.option(name)
        if known is None:
            known = Option(self._world.ids.any(), name, color or self._schemas.color())
            column.options.append(known)
        return known

    def _person(self, value: Json, path: str) -> str:
        return self._users.known(wanted(value.get("id") if isinstance(value, dict) else None, path)).id

    def _related(self, value: Json, path: str) -> str:
        identifier = wanted(value.get("id") if isinstance(value, dict) else None, path)
        if identifier not in self._world.nodes:
            raise self._users.not_found("page", identifier)
        return identifier

    def put(self, page: Page, column: Property, stored: Any) -> None:
        """Keep a checked value, and what hangs on it: the other side of a relation."""
        before = page.values.get(column.id) or []
        page.values[column.id] = stored
        if column.type != "relation" or "partner" not in column.config:
            return
        for name in dict.fromkeys([*before, *stored]):
            other = self._world.nodes.get(name)
            if isinstance(other, Page):
                there = [row for row in other.values.get(column.config["partner"], []) if row != page.id]
                other.values[column.config["partner"]] = [*there, page.id] if name in stored else there

    def defaults(self, source: Source, page: Page) -> None:
        """What a new row has without being told."""
        for column in source.properties.values():
            if column.type == "unique_id":
                source.counted += 1
                page.values[column.id] = source.counted
            elif column.type == "status" and column.id not in page.values:
                page.values[column.id] = default_status(column)


def _column(source: Source, key: str) -> Property | None:
    return source.find(key) or source.find(unquote(key)) or (source.properties.get("title") if key == "title" else None)


def _checked(form: Json, path: str) -> None:
    """One property's write form as such: one type's key at least, and nothing foreign."""
    if isinstance(form, list):
        return
    if not isinstance(form, dict):
        raise bad(path, "an object", form)
    if not any(kind in form for kind in WRITABLE):
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in WRITABLE])
    for key in form:
        if key not in WRITABLE and key not in ("id", "type", "name", "has_more"):
            raise bad(f"{path}.{key}", "not present", form[key])


def _number(value: Json, path: str) -> Json:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise bad(path, "a number or `null`", value)
    return None if value is None else _as_in_javascript(float(value))


def _as_in_javascript(number: float) -> float | int:
    """Every number is a double, and a whole one is written without a point: 10.0 reads back as 10."""
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _string(value: Json, path: str, most: int) -> Json:
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad(path, "a string or `null`", value)
    if not value:
        raise bad(path, "populated", value)
    if texts.length(value) > most:
        raise bad(f"{path}.length", f"≤ `{most}`", texts.length(value))
    return value


def _status(column: Property, value: Json) -> str:
    """No write makes an option (VENDORS.md C5)."""
    known = column.option(value.get("id")) or column.option(value.get("name")) if isinstance(value, dict) else None
    if known is None:
        name = value.get("name", value.get("id")) if isinstance(value, dict) else value
        raise invalid(f'Invalid status option. Status option "{name}" does not exist".')
    return known.id


def _listed(value: Json, path: str) -> list[Json]:
    if not isinstance(value, list):
        raise bad(path, "an array", value)
    if len(value) > LISTED:
        raise bad(f"{path}.length", f"≤ `{LISTED}`", len(value))
    return value


def _file(value: Json, path: str) -> Json:
    if isinstance(value, dict) and isinstance(value.get("external"), dict) and isinstance(value["external"].get("url"), str):
        return {
            "name": value.get("name", value["external"]["url"]),
            "type": "external",
            "external": {"url": value["external"]["url"]},
        }
    raise NotEmulated(f"{path}: anything but an external file")

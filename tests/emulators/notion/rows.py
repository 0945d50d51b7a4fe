"""Rows of a data source as JSON text, many at a time: what they share is encoded once, with holes for what each has of its own.

It comes to the text of `Shapes.page`, which a test holds it against, in a quarter of the time. Nothing is kept for another answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json.encoder import encode_basestring as quoted

from tests.emulators.core.exchange import Json, encoded
from tests.emulators.notion import texts
from tests.emulators.notion.ids import in_link
from tests.emulators.notion.people import Users
from tests.emulators.notion.reading import Reader, choice_of, default_status
from tests.emulators.notion.shapes import Shapes
from tests.emulators.notion.world import Page, Property, Source

HOLE = re.compile(r'"\\u0000(\w+)\\u0000"')
Writer = Callable[[Page], str]
"""What a row has in one hole, as JSON."""


def hole(name: str) -> str:
    return f"\0{name}\0"


def around(shape: Json) -> list[str]:
    """A shape as JSON: what is before, between and after its holes, and their names between that."""
    return HOLE.split(encoded(shape))


class Rows:
    """The rows of one data source, for one answer.   only: ids of the properties that were asked for; None for all."""

    def __init__(self, shapes: Shapes, reader: Reader, source: Source, version: str, only: frozenset[str] | None) -> None:
        self._shapes, self._reader, self._version, self._only = shapes, reader, version, only
        columns = {f"cell{at}": column for at, column in enumerate(source.ordered) if only is None or column.id in only}
        writers = self._own(shapes.gone(source)) | {name: self._writer(column) for name, column in columns.items()}
        cells = {column.name: _cell(column, hole(name)) for name, column in columns.items()}
        holes = {name: hole(name) for name in writers}
        self._around = around(shapes.page_form(version, holes, shapes.parent(("data_source", source.id)), cells))
        self._writers = [writers[name] for name in self._around[1::2]]

    def text(self, row: Page) -> str:
        if row.fixed:
            return encoded(self._shapes.page(row, self._version, self._only))
        parts = self._around.copy()
        parts[1::2] = [written(row) for written in self._writers]
        return "".join(parts)

    def _own(self, buried: bool) -> dict[str, Writer]:
        """What `Shapes.page_form` has of each row."""
        stamp, link = self._shapes.stamp, self._shapes.link
        return {
            "id": lambda row: quoted(row.id),
            "created": lambda row: quoted(stamp(row.created)),
            "edited": lambda row: quoted(stamp(row.edited)),
            "creator": lambda row: quoted(row.created_by).join(_USER),
            "editor": lambda row: quoted(row.edited_by).join(_USER),
            "cover": lambda row: _value(row.cover),
            "icon": lambda row: _value(row.icon),
            "gone": lambda row: "true" if buried or row.trashed else "false",
            "locked": lambda row: "true" if row.locked else "false",
            "url": lambda row: quoted(link(row)),
        }

    def _writer(self, column: Property) -> Writer:
        """What a row has in the column's hole."""
        name = column.id
        match column.type:
            case "title" | "rich_text":
                return lambda row: _rich(row.values.get(name) or [])
            case "select" | "status":
                known: dict[str | None, str] = {option.id: encoded(choice_of(column, option.id)) for option in column.options}
                empty = default_status(column) if column.type == "status" else None
                return lambda row: known.get(row.values.get(name) or empty, "null")
            case "number" | "url" | "email" | "phone_number" | "date":
                return lambda row: _value(row.values.get(name))
            case "relation":
                return lambda row: encoded({"id": in_link(name), "type": column.type, **self._reader.cell(row, column)})
            case _:
                return lambda row: _value(self._reader.cell(row, column)[column.type])


def _cell(column: Property, value: str) -> Json:
    """A relation says more than its value, so it is all one hole."""
    return value if column.type == "relation" else {"id": in_link(column.id), "type": column.type, column.type: value}


def _value(value: Json) -> str:
    """Short cuts for what is much shorter than the encoder's way to it."""
    if value is None:
        return "null"
    if type(value) is str:
        return quoted(value)
    return str(value) if type(value) is int else encoded(value)


_USER = around(Users.partial(hole("id")))[::2]
_PLAIN = around(texts.simple(hole("text"))[0])[::2]
_LOOK = texts.simple("x")[0]["annotations"]


def _rich(items: list[Json]) -> str:
    return f"[{','.join(map(_run, items))}]" if items else "[]"


def _run(item: Json) -> str:
    if item["type"] == "text" and item["href"] is None and item["annotations"] == _LOOK:
        return quoted(item["plain_text"]).join(_PLAIN)
    return encoded(item)

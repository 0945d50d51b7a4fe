"""Rows of a data source as JSON text, many at a time: what they share is encoded once, with holes for what each has of its own.

The holes are filled column by column. It comes to the text of `Shapes.page`, which a test holds it against, in a fifth of the time.
Nothing is kept for another answer.
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
Writer = Callable[[list[Page]], list[str]]
"""What each of some rows has in one hole, as JSON."""


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

    def listed(self, rows: list[Page], answer: Json) -> str:
        """An answer of these, as JSON.   answer: the same without any."""
        before, after = encoded(answer).split('"results":[]', 1)
        if any(row.fixed for row in rows):
            parts = [",".join([encoded(self._shapes.page(row, self._version, self._only)) for row in rows])]
        else:
            step = len(self._around)
            parts = [*self._around[:-1], self._around[-1] + ","] * len(rows)
            for at, write in enumerate(self._writers):
                parts[2 * at + 1 :: step] = write(rows)
            parts[-1:] = self._around[-1:] if rows else []
        return "".join([before, '"results":[', *parts, "]", after])

    def _own(self, buried: bool) -> dict[str, Writer]:
        """What `Shapes.page_form` has of each row."""
        stamp, link = self._shapes.stamp, self._shapes.link
        return {
            "id": lambda rows: [quoted(row.id) for row in rows],
            "created": lambda rows: [f'"{stamp(row.created)}"' for row in rows],
            "edited": lambda rows: [f'"{stamp(row.edited)}"' for row in rows],
            "creator": lambda rows: [quoted(row.created_by).join(_USER) for row in rows],
            "editor": lambda rows: [quoted(row.edited_by).join(_USER) for row in rows],
            "cover": lambda rows: [_value(row.cover) for row in rows],
            "icon": lambda rows: [_value(row.icon) for row in rows],
            "gone": lambda rows: ["true" if buried or row.trashed else "false" for row in rows],
            "locked": lambda rows: ["true" if row.locked else "false" for row in rows],
            "url": lambda rows: [f'"{link(row)}"' for row in rows],  # of word characters only
        }

    def _writer(self, column: Property) -> Writer:
        """What rows have in the column's hole."""
        name = column.id
        match column.type:
            case "title" | "rich_text":
                return lambda rows: [_rich(row.values.get(name)) for row in rows]
            case "select" | "status":
                known: dict[str | None, str] = {option.id: encoded(choice_of(column, option.id)) for option in column.options}
                empty = default_status(column) if column.type == "status" else None
                return lambda rows: [known.get(row.values.get(name) or empty, "null") for row in rows]
            case "number" | "url" | "email" | "phone_number":
                return lambda rows: [_value(row.values.get(name)) for row in rows]
            case "date":
                return lambda rows: [_date(row.values.get(name)) for row in rows]
            case "relation":
                shape = {"id": in_link(name), "type": column.type}
                return lambda rows: [encoded({**shape, **self._reader.cell(row, column)}) for row in rows]
            case kind:
                return lambda rows: [_value(self._reader.cell(row, column)[kind]) for row in rows]


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
_ONE = around(texts.simple(hole("text")))[::2]
_LOOK = texts.simple("x")[0]["annotations"]
_DATE = ("start", "end", "time_zone")


def _date(value: Json) -> str:
    if value is None or tuple(value) != _DATE:
        return _value(value)
    return f'{{"start":{_value(value["start"])},"end":{_value(value["end"])},"time_zone":{_value(value["time_zone"])}}}'


def _rich(items: list[Json] | None) -> str:
    if not items:
        return "[]"
    if len(items) == 1 and _is_plain(items[0]):
        return quoted(items[0]["plain_text"]).join(_ONE)
    return f"[{','.join([quoted(item['plain_text']).join(_PLAIN) if _is_plain(item) else encoded(item) for item in items])}]"


def _is_plain(item: Json) -> bool:
    """Text that looks like nothing in particular, and leads nowhere."""
    return item["type"] == "text" and item["href"] is None and bool(item["annotations"] == _LOOK)

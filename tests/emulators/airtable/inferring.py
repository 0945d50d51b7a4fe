"""What recorded rows say of their table, where no schema is recorded, or one without the definitions of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from tests.emulators.airtable.formulas.values import from_iso, text_of
from tests.emulators.airtable.ids import Ids, is_id
from tests.emulators.airtable.model import Field, Table

Cells = Mapping[str, Any]


def guessed_fields(ids: Ids, rows: Sequence[Cells]) -> list[Field]:
    """A field for each name, of a type that its values could be of."""
    seen: dict[str, list[Any]] = {}
    for cells in rows:
        for name, value in cells.items():
            seen.setdefault(name, []).append(value)
    fields = [_guessed(ids, name, values) for name, values in seen.items()]
    return fields or [Field(ids.new("fld"), "Name", "singleLineText")]


def _guessed(ids: Ids, name: str, values: list[Any]) -> Field:
    kind = next((kind for kind, fits in _KINDS if all(fits(value) for value in values)), "multilineText")
    options = None
    if kind == "multipleSelects":
        names = dict.fromkeys(each for value in values for each in value)
        options = {"choices": [{"id": ids.new("sel"), "name": each} for each in names]}
    return Field(ids.new("fld"), name, kind, options)


def _person(value: Any) -> bool:
    return isinstance(value, dict) and is_id(value.get("id"), "usr")


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(fits(each) for each in value)


_KINDS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("checkbox", lambda value: value is True),
    ("number", lambda value: isinstance(value, int | float)),
    ("date", lambda value: isinstance(value, str) and len(value) == 10 and from_iso(value) is not None),
    ("dateTime", lambda value: isinstance(value, str) and value.endswith("Z") and from_iso(value) is not None),
    ("singleCollaborator", _person),
    ("multipleCollaborators", _list_of(_person)),
    ("multipleAttachments", _list_of(lambda each: isinstance(each, dict) and is_id(each.get("id"), "att"))),
    ("multipleRecordLinks", _list_of(lambda each: is_id(each, "rec"))),
    ("multipleSelects", _list_of(lambda each: isinstance(each, str))),
    ("barcode", lambda value: isinstance(value, dict) and "text" in value),
)


def define_computed(table: Table, rows: Sequence[Cells]) -> None:
    """Give computed fields whose definition isn't recorded one that fits all rows, where there is such a one."""
    links = [field for field in table.fields if field.type == "multipleRecordLinks"]
    for field in table.fields:
        if field.options is None and field.type in _DEFINED:
            field.hidden.update(_DEFINED[field.type](table, field, links, rows) or {})


def _button(_table: Table, field: Field, _links: list[Field], rows: Sequence[Cells]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = next((row[field.name] for row in rows if field.name in row), None)
    return found


def _count(_table: Table, field: Field, links: list[Field], rows: Sequence[Cells]) -> dict[str, Any] | None:
    for link in links:
        if all(len(row.get(link.name, [])) == row.get(field.name, 0) for row in rows):
            return {"recordLinkFieldId": link.id}
    return None


def _lookup(_table: Table, field: Field, links: list[Field], rows: Sequence[Cells]) -> dict[str, Any] | None:
    for link in links:
        if all(link.name in row for row in rows if field.name in row):
            return {"recordLinkFieldId": link.id}
    return None


def _rollup(table: Table, field: Field, links: list[Field], rows: Sequence[Cells]) -> dict[str, Any] | None:
    """What it shows where nothing is linked tells the mean from the sum."""
    for link in links:
        empty = [row.get(field.name) for row in rows if link.name not in row]
        for nothing, formula in ((({"specialValue": "NaN"}), "AVERAGE(values)"), (0, "SUM(values)"), (None, "ARRAYJOIN(values)")):
            if empty and all(value == nothing for value in empty):
                return {"recordLinkFieldId": link.id, "formula": formula}
    return None


def _formula(table: Table, field: Field, _links: list[Field], rows: Sequence[Cells]) -> dict[str, Any] | None:
    """One field, or two in a row."""
    shown = [(row, row.get(field.name)) for row in rows]
    others = [other.name for other in table.fields if other is not field and any(other.name in row for row in rows)]
    for names in [*((name,) for name in others), *product(others, others)]:
        if shown and all(value == "".join(text_of(row.get(name)) for name in names) for row, value in shown):
            return {"formula": "&".join(f"{{{name}}}" for name in names)}
    return None


_DEFINED = {"button": _button, "count": _count, "multipleLookupValues": _lookup, "rollup": _rollup, "formula": _formula}

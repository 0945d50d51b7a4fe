"""A table's fields made ready through the Meta API: one request for each field that is missing, or that lacks options.

What the API doesn't do is told to a person: to change a field's type, and, where it is refused, to add options to a field that
there is (whether that works, no page of Airtable's says: VENDORS.md B7). No option is ever made by typecast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.airtable.client import Client
from connectors.airtable.errors import Asking, Refused
from connectors.airtable.fields import COMPUTED, Field, Fields
from connectors.api import fold
from connectors.errors import TryLater
from connectors.preparing import Kind, Preparation, Shape, Step, Tone, Wanted, Writer
from connectors.showing import listed

Json = dict[str, Any]

_TEXTS = frozenset({"singleLineText", "multilineText", "richText"})
_FIT: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: _TEXTS | {"email", "url", "phoneNumber"},
    Kind.LONG_TEXT: _TEXTS,
    Kind.NUMBER: _TEXTS | {"number", "currency", "percent", "duration"},
    Kind.INSTANT: _TEXTS | {"dateTime", "date"},
    Kind.CHOICE: _TEXTS | {"singleSelect"},
}
"""Types that hold whatever rowd writes into such a column."""

_MADE: Mapping[Kind, tuple[str, str]] = {
    Kind.TEXT: ("singleLineText", "Single line text"),
    Kind.LONG_TEXT: ("multilineText", "Long text"),
    Kind.NUMBER: ("number", "Number"),
    Kind.INSTANT: ("dateTime", "Date, with a time field"),
    Kind.CHOICE: ("singleSelect", "Single select"),
}
"""The type of a new field, as the API and as people call it."""

_COLOURS = {Tone.GOOD: "greenLight2", Tone.BUSY: "yellowLight2", Tone.BAD: "redLight2", Tone.QUIET: "grayLight2"}
"""Names of colours: airtable.com/developers/web/api/field-model, select."""

_REFUSALS = frozenset({400, 404, 422})


def prepared(client: Client, base: str, read: Callable[[], Fields], wanted: Wanted, id_column: str) -> Preparation:
    """As `Preparable.prepare` has it: one read.   read: the fields as they stand, asked anew.

    id_column: the header "ID" here. It may be of any type, and need not be: rows are known by their record ids.
    """
    fields = read()
    bench = _Bench(client, base, fields.table, read)
    steps: list[Step] = []
    by_hand: list[str] = []
    for shape in (shape for shape in wanted(fields.names) if fold(shape.header) != fold(id_column)):
        field = fields.by_name.get(shape.header)
        if field is None:
            steps.append(bench.made(shape))
        elif why := _misfit(field, shape):
            by_hand.append(why)
        elif field.type == "singleSelect" and (missing := _missing(field, shape)):
            steps.append(bench.widened(field, shape, missing))
    return Preparation(fields.names, tuple(steps), tuple(by_hand))


def created_table(client: Client, base: str, name: str, shapes: Sequence[Shape]) -> Step:
    """A table where there is none; the first column is its primary field."""
    fields = [_field(shape) for shape in shapes]
    body: Json = {"name": name, "description": "What rowd's tasks did, a line each. Written by rowd.", "fields": fields}
    says = (f'make the table "{name}" for the history',)
    hand = f'Make a table "{name}" in the base, with the fields {", ".join(shape.header for shape in shapes)}.'
    return Step(
        says, lambda: _sent(client, "post", ("meta", "bases", base, "tables"), body, lambda refused: refused.status == 422), hand
    )


def lacking_fields(client: Client, base: str, fields: Fields, shapes: Sequence[Shape]) -> list[Step]:
    """The columns that a table lacks, a step each."""
    bench = _Bench(client, base, fields.table, lambda: fields)
    return [bench.made(shape) for shape in shapes if shape.header not in fields.by_name]


class _Bench:
    def __init__(self, client: Client, base: str, table: str, read: Callable[[], Fields]) -> None:
        self._client, self._read = client, read
        self._path = ("meta", "bases", base, "tables", table, "fields")

    def made(self, shape: Shape) -> Step:
        _, called = _MADE[shape.kind]
        body = _field(shape)
        words = f" with the options {', '.join(shape.options)}" if shape.kind is Kind.CHOICE else ""
        hand = f'Make a field "{shape.header}" of the type {called}{words}.'
        says = (f'add the column "{shape.header}" ({called})',)
        return Step(says, lambda: _sent(self._client, "post", self._path, body, lambda refused: refused.status == 422), hand)

    def widened(self, field: Field, shape: Shape, missing: Sequence[str]) -> Step:
        says = (f'add to "{field.name}" the options {listed(missing)}',)
        hand = f'Open the menu of the field "{field.name}", Edit field, and add the options {", ".join(missing)}.'
        return Step(says, lambda: self._widen(field, shape), hand)

    def _widen(self, field: Field, shape: Shape) -> bool:
        """All options are sent: one left out might be taken away. So those that there are, are read right before."""
        now = self._read().by_id.get(field.id)
        if now is None or now.type != "singleSelect":
            raise TryLater(f'{self._client.where}: the field "{field.name}" has just been changed by somebody')
        choices = [*now.told_choices, *(_choice(shape, option) for option in _missing(now, shape))]
        body = {"options": {"choices": choices}}
        return _sent(self._client, "patch", (*self._path, field.id), body, lambda refused: refused.status in _REFUSALS)


def _sent(client: Client, method: str, path: Sequence[str], body: Json, heeds: Callable[[Refused], bool]) -> bool:
    asking = Asking("schema.bases:write", writing=True, heeds=heeds)
    try:
        client.ask(asking, method, *path, json=body)
    except Refused as refused:
        if refused.kind.startswith("DUPLICATE"):
            raise TryLater(f"{client.where}: somebody has just made this ({refused})") from refused
        return False
    return True


def _field(shape: Shape) -> Json:
    """A new one, as the Meta API wants it."""
    options = _options(shape)
    field: Json = {"name": shape.header, "type": _MADE[shape.kind][0], "description": shape.about}
    return field if options is None else field | {"options": options}


def _options(shape: Shape) -> Json | None:
    match shape.kind:
        case Kind.NUMBER:
            return {"precision": shape.decimals}
        case Kind.INSTANT:
            return {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "client"}
        case Kind.CHOICE:
            return {"choices": [_choice(shape, option) for option in shape.options]}
    return None


def _choice(shape: Shape, option: str) -> Json:
    tone = shape.tones.get(option)
    return {"name": option, "color": _COLOURS[tone]} if tone is not None else {"name": option}


def _missing(field: Field, shape: Shape) -> list[str]:
    """Options that the field lacks, however they are written. Of what only people choose, they have chosen the options."""
    there = {fold(choice) for choice in field.choices}
    return [option for option in shape.options if fold(option) not in there]


def _misfit(field: Field, shape: Shape) -> str:
    """That rowd can't write the field, and the remedy; "" where it can, or never does."""
    if shape.writer is Writer.PERSON or field.type in _FIT[shape.kind]:
        return ""
    computed = (
        "is worked out by Airtable" if field.type in COMPUTED else f"has a type ({field.type}) that doesn't hold what rowd writes"
    )
    return f'The field "{field.name}" {computed}. Change its type to {_MADE[shape.kind][1]}, or give it another name.'

"""A data source's properties made ready: all that are missing by one request, and one for each that lacks options.

What a request names is changed where it is there, and options that it leaves out may go. So what there is, is read right before. A
Status is a person's: into which group an option comes that a program adds, isn't settled (VENDORS.md C7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.api import fold
from connectors.errors import TryLater
from connectors.notion.client import Client
from connectors.notion.errors import UPDATES, Asking, Refused
from connectors.notion.fields import COMPUTED, Field, Fields
from connectors.preparing import Kind, Preparation, Shape, Step, Tone, Wanted, Writer
from connectors.showing import shown

Json = dict[str, Any]

_TEXTS = frozenset({"title", "rich_text"})
_SELECTS = frozenset({"select", "multi_select"})
_FIT: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: _TEXTS | {"url", "email", "phone_number"},
    Kind.LONG_TEXT: _TEXTS,
    Kind.NUMBER: _TEXTS | {"number"},
    Kind.INSTANT: _TEXTS | {"date"},
    Kind.CHOICE: _TEXTS | _SELECTS | {"status"},
}
"""Types that hold whatever rowd writes into such a column."""

_MADE: Mapping[Kind, tuple[str, str]] = {
    Kind.TEXT: ("rich_text", "Text"),
    Kind.LONG_TEXT: ("rich_text", "Text"),
    Kind.NUMBER: ("number", "Number"),
    Kind.INSTANT: ("date", "Date"),
    Kind.CHOICE: ("select", "Select"),
}
"""The type of a new property, as the API and as people call it."""

_COLOURS = {Tone.GOOD: "green", Tone.BUSY: "yellow", Tone.BAD: "red", Tone.QUIET: "gray"}
"""Names of colours: developers.notion.com/reference/property-object, select."""

DESCRIPTION = 280
"""Characters of a property's description; developers.notion.com/reference/update-a-data-source."""

SCHEMA = Asking(UPDATES, writing=True, heeds=lambda refused: refused.code == "validation_error", access="Can edit")


def prepared(client: Client, read: Callable[[], Fields], wanted: Wanted, id_column: str) -> Preparation:
    """As `Preparable.prepare` has it: one read.   read: the properties as they stand, asked anew.

    id_column: the header "ID" here. It may be of any type, and need not be: rows are known by their page ids.
    """
    fields = read()
    bench = _Bench(client, read)
    lacking: list[Shape] = []
    steps: list[Step] = []
    by_hand: list[str] = []
    for shape in (shape for shape in wanted(fields.names) if fold(shape.header) != fold(id_column)):
        field = fields.by_name.get(shape.header)
        if field is None:
            lacking.append(shape)
        elif why := _misfit(field, shape):
            by_hand.append(why)
        elif missing := _missing(field, shape):
            if field.type == "status":
                by_hand.append(_add_by_hand(field, missing))
            else:
                steps.append(bench.widened(field, shape, missing))
    added = (bench.added(lacking),) if lacking else ()
    return Preparation(fields.names, (*added, *steps), tuple(by_hand))


class _Bench:
    def __init__(self, client: Client, read: Callable[[], Fields]) -> None:
        self._client, self._read = client, read

    def added(self, shapes: Sequence[Shape]) -> Step:
        says = tuple(f'add the column "{shape.header}" ({_MADE[shape.kind][1]})' for shape in shapes)
        hand = f"Make these properties: {'; '.join(_described(shape) for shape in shapes)}."
        return Step(says, lambda: self._add(shapes), hand)

    def widened(self, field: Field, shape: Shape, missing: Sequence[str]) -> Step:
        says = (f'add to "{field.name}" the options {", ".join(missing)}',)
        return Step(says, lambda: self._widen(field, shape), _add_by_hand(field, missing))

    def _add(self, shapes: Sequence[Shape]) -> bool:
        """A property of that name which somebody has just made would get another type."""
        now = self._read()
        if made := [shape.header for shape in shapes if shape.header in now.by_name]:
            raise TryLater(f"{self._client.where}: somebody has just made the property {shown(made[0])}. Repeat the command")
        return self._sent(now, {shape.header: _form(shape) for shape in shapes})

    def _widen(self, field: Field, shape: Shape) -> bool:
        """Options that there are, by their ids alone, which that page allows: nothing is said of their names and colours."""
        now = self._read()
        stands = now.by_id.get(field.id)
        if stands is None or (stands.name, stands.type) != (field.name, field.type):
            raise TryLater(f"{self._client.where}: somebody has just changed the property {shown(field.name)}. Repeat the command")
        if not (missing := _missing(stands, shape)):
            return True
        options = [*({"id": each} for each in stands.options.values()), *(_option(shape, option) for option in missing)]
        return self._sent(now, {now.written_as(stands): {field.type: {"options": options}}})

    def _sent(self, now: Fields, properties: Json) -> bool:
        try:
            self._client.ask(SCHEMA, "PATCH", "data_sources", now.source, body={"properties": properties})
        except Refused:
            return False
        return True


def _form(shape: Shape) -> Json:
    made, _ = _MADE[shape.kind]
    config: Json = {}
    if shape.kind is Kind.CHOICE:
        config["options"] = [_option(shape, option) for option in shape.options]
    elif shape.kind is Kind.NUMBER:
        config["format"] = "number"
    return {made: config, "description": shape.about[:DESCRIPTION]}


def _option(shape: Shape, option: str) -> Json:
    tone = shape.tones.get(option)
    return {"name": option, "color": _COLOURS[tone]} if tone is not None else {"name": option}


def _described(shape: Shape) -> str:
    words = f" with the options {', '.join(shape.options)}" if shape.kind is Kind.CHOICE else ""
    return f'"{shape.header}" ({_MADE[shape.kind][1]}{words})'


def _add_by_hand(field: Field, missing: Sequence[str]) -> str:
    return f'Click the property "{field.name}", Edit property, and add the options {", ".join(missing)}.'


def _missing(field: Field, shape: Shape) -> list[str]:
    """Options that a property of options lacks, however they are written."""
    if field.type not in _SELECTS | {"status"}:
        return []
    there = {fold(name) for name in field.options}
    return [option for option in shape.options if fold(option) not in there]


def _misfit(field: Field, shape: Shape) -> str:
    """That rowd can't write the property, and the remedy; "" where it can, or never does."""
    if shape.writer is Writer.PERSON:
        return ""
    if field.type == "status" and shape.emptied:
        why = "is a Status, which can't be empty"
    elif field.type in _FIT[shape.kind]:
        return ""
    elif field.type in COMPUTED:
        why = "is worked out by Notion"
    else:
        why = f"has a type ({field.type}) that doesn't hold what rowd writes"
    return f'The property "{field.name}" {why}. Change its type to {_MADE[shape.kind][1]}, or give it another name.'

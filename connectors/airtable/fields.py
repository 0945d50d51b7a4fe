"""The fields of a table as the Meta API describes them: which columns there are, and what may stand in their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from connectors.columns import Columns
from connectors.errors import NeedsOwner
from connectors.showing import offered

COMPUTED = frozenset(
    {
        "aiText",
        "autoNumber",
        "button",
        "count",
        "createdBy",
        "createdTime",
        "externalSyncSource",
        "formula",
        "lastModifiedBy",
        "lastModifiedTime",
        "lookup",
        "multipleLookupValues",
        "rollup",
    }
)
"""Types whose cells Airtable works out: writing one is refused; airtable.com/developers/web/api/field-model (VENDORS.md B5)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column.   name: its header.   choices: a select's options, in their order.   most: a rating's highest.

    result: the type of what a computed field shows, where Airtable tells it.   told_choices: the options as Airtable has them.
    """

    id: str
    name: str
    type: str
    choices: tuple[str, ...] = ()
    most: int = 10
    result: str | None = None
    told_choices: tuple[Mapping[str, Any], ...] = dataclass_field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Field:
        """From the Meta API's JSON. Raises KeyError."""
        options = told.get("options")
        options = options if isinstance(options, dict) else {}
        result = options.get("result")
        choices = options.get("choices")
        return cls(
            id=told["id"],
            name=told["name"],
            type=told["type"],
            choices=tuple(c["name"] for c in choices) if isinstance(choices, list) else (),
            most=options["max"] if isinstance(options.get("max"), int) else 10,
            result=result.get("type") if isinstance(result, dict) else None,
            told_choices=tuple(choices) if isinstance(choices, list) else (),
        )


@dataclass(frozen=True)
class Fields(Columns[Field]):
    """A table's columns, in their order.   table: its id, which outlives every renaming."""

    table: str
    fields: tuple[Field, ...]


def fields_of(answer: Mapping[str, Any], table: str, known: str | None, where: object) -> Fields:
    """The fields of one table of a base, from the answer of `GET /v0/meta/bases/{base}/tables`.

    table: id or name.   known: the id that it had before, under whatever name; None at first.   where: for messages.
    Raises NeedsOwner where the base has no such table.
    """
    found = table_of(answer, table, known, where)
    return Fields(found["id"], tuple(Field.of(each) for each in found["fields"]))


def table_of(answer: Mapping[str, Any], table: str, known: str | None, where: object) -> Mapping[str, Any]:
    """The table itself, as the Meta API tells it. Arguments and errors as those of `fields_of`."""
    told = list(answer.get("tables") or ())
    found = [each for each in told if each["id"] in (known, table)] or [each for each in told if each["name"] == table]
    if not found:
        names = offered(table, [each["name"] for each in told])
        raise NeedsOwner(f"{where}: the base has no such table; it has {names}. Correct `table` in rowd.toml.")
    first: Mapping[str, Any] = found[0]
    return first

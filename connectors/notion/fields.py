"""The properties of a data source: which columns there are, and what may stand in their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import Struct

from connectors.columns import Columns

COMPUTED = frozenset(
    {
        "button",
        "created_by",
        "created_time",
        "formula",
        "last_edited_by",
        "last_edited_time",
        "rollup",
        "unique_id",
        "verification",
    }
)
"""Types whose cells Notion works out: developers.notion.com/reference/page-property-values (VENDORS.md C5)."""


class Field(Struct, frozen=True):
    """One column.   id: outlives every renaming (VENDORS.md C4).   options: of a select or status, name → id, in their order."""

    id: str
    name: str
    type: str
    options: Mapping[str, str]

    @classmethod
    def of(cls, name: str, told: Mapping[str, Any]) -> Field:
        """From a property of a data source. Raises KeyError."""
        config = told.get(told["type"])
        options = config.get("options") if isinstance(config, dict) else None
        return cls(told["id"], name, told["type"], {each["name"]: each["id"] for each in options or ()})


@dataclass(frozen=True)
class Fields(Columns[Field]):
    """A data source's columns: the title first, as every view has it; of the others' order Notion tells nothing (VENDORS.md C4).

    source: the data source's id.
    """

    source: str
    fields: tuple[Field, ...]

    @cached_property
    def computed(self) -> frozenset[str]:
        """Headers of the columns whose cells change by themselves."""
        return frozenset(field.name for field in self.fields if field.type in COMPUTED)

    def written_as(self, field: Field) -> str:
        """What names the column in a write: its header, so that Notion refuses where it was renamed meanwhile.

        By the id where the header is another column's id: `title` is one in every data source.
        """
        return field.id if self.by_id.get(field.name, field) is not field else field.name

    def are_those_of(self, properties: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the properties of a row have these names and types."""
        known = self.by_name
        return all(
            (field := known.get(name)) is not None and (field.id, field.type) == (told["id"], told["type"])
            for name, told in properties.items()
        )


def fields_of(answer: Mapping[str, Any]) -> Fields:
    """From the answer of `GET /v1/data_sources/{id}`."""
    found = [Field.of(name, told) for name, told in answer["properties"].items()]
    return Fields(answer["id"], tuple(sorted(found, key=lambda field: field.type != "title")))

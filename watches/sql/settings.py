"""What the operator may say of a watched query."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from actions.databases.settings import Place, Query
from config.fields import Span
from watches.polling import Polled, at_least, at_most

_SAID = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""Texts, names in quotes and comments: no word in them is SQL's."""

_LIMIT = re.compile(r"\blimit\b", re.IGNORECASE)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

LEAST = timedelta(seconds=1)
"""Between two looks."""


def _column(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise ValueError(f'"{name}" can\'t be the name of a column here; use letters, digits and _, and AS in the query')
    return name


class SqlSettings(Place, Polled, frozen=True):
    """`kind = "sql"`: what a query finds in a database."""

    query: Query = Field(description="The SELECT. With new_rows it has no LIMIT.")
    new_rows: Annotated[str, AfterValidator(_column)] | None = Field(
        default=None,
        description="A column of whole numbers that only grow: each new row is a run. Left out: any other result is a change.",
    )
    every: Annotated[Span, AfterValidator(at_least(LEAST))] = Field(
        default=timedelta(minutes=1), description="How often it is asked; 1s or more."
    )
    timeout: Annotated[Span, AfterValidator(at_most(timedelta(minutes=10)))] = Field(
        default=timedelta(seconds=10), description="How long the query may take, with the connection to a server."
    )
    max_rows: int = Field(
        default=1_000, ge=1, le=10_000, description="A longer result is not taken; with new_rows the rest is told by the next look."
    )

    @model_validator(mode="after")
    def _no_limit(self) -> Self:
        if self.new_rows is not None and _LIMIT.search(_SAID.sub(" ", self.query)):
            raise ValueError(
                "`query` has a LIMIT, so rows would never be told; take it out: max_rows says how many one look may tell"
            )
        return self

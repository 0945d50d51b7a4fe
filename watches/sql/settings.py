"""What the operator may say of a watched query."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from config.fields import Span
from watches.polling import Polled, at_least, at_most

_COMMENTS = re.compile(r"\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"(?:select|with|values)\b", re.IGNORECASE)
_SAID = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""Texts, names in quotes and comments: no word in them is SQLite's."""

_LIMIT = re.compile(r"\blimit\b", re.IGNORECASE)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

LEAST = timedelta(seconds=1)
"""Between two looks."""


def _query(text: str) -> str:
    at = 0
    while (skipped := _COMMENTS.match(text, at)) is not None:
        at = skipped.end()
    if "\0" in text or not _READS.match(text, at):
        raise ValueError('is no question; write one like "SELECT count(*) FROM orders"')
    return text.rstrip().rstrip(";")


def _column(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise ValueError(f'"{name}" can\'t be the name of a column here; use letters, digits and _, and AS in the query')
    return name


def _file(path: Path) -> Path:
    if str(path).startswith("~"):
        raise ValueError(f'"{path}": "~" means nothing to a daemon; write the path in full')
    if str(path) in ("", ".") or "\0" in str(path):
        raise ValueError('is no path; write one like "shop.sqlite"')
    return path


class SqlSettings(Polled, frozen=True):
    """`kind = "sql"`: what a query finds in an SQLite database."""

    path: Annotated[Path, AfterValidator(_file)] = Field(
        description="The file of the SQLite database; a relative path starts from the folder of rowd.toml."
    )
    query: Annotated[str, AfterValidator(_query)] = Field(description="The SELECT. With new_rows it has no LIMIT.")
    new_rows: Annotated[str, AfterValidator(_column)] | None = Field(
        default=None,
        description="A column of whole numbers that only grow: each new row is a run. Left out: any other result is a change.",
    )
    every: Annotated[Span, AfterValidator(at_least(LEAST))] = Field(
        default=timedelta(minutes=1), description="How often it is asked; 1s or more."
    )
    timeout: Annotated[Span, AfterValidator(at_most(timedelta(minutes=10)))] = Field(
        default=timedelta(seconds=10), description="How long the query may take."
    )
    max_rows: int = Field(
        default=1_000, ge=1, le=10_000, description="A longer result is not taken; with new_rows the rest is told by the next look."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.new_rows is not None and _LIMIT.search(_SAID.sub(" ", self.query)):
            raise ValueError(
                "`query` has a LIMIT, so rows would never be told; take it out: max_rows says how many one look may tell"
            )
        return self

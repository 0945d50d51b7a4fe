"""What the operator may say of a watched table."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config.fields import Span
from watches.api import Definition

ADDED, EDITED, DELETED = "added", "edited", "deleted"

ALL = (ADDED, EDITED, DELETED)
"""All that a person does to a row."""


def plain(name: str) -> str:
    """A header, or a word, by which it is found: case, spaces, underscores and hyphens don't count."""
    return "".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _changes(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("names none, so nothing would ever be told; remove it, or name some")
    if (wrong := next((word for word in words if plain(word) not in ALL), None)) is not None:
        raise ValueError(f'"{wrong}" is nothing that is done to rows; write some of {", ".join(ALL)}')
    return tuple(dict.fromkeys(map(plain, words)))


def _columns(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("names none; remove it for all columns that people write, or name some")
    if any(not plain(name) for name in names):
        raise ValueError('has a blank name in it; write names of columns, like "Stage"')
    return names


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("what a table reads like is told at once; remove it")
    return span


class TableSettings(Definition, frozen=True):
    """`kind = "table"`: what people and programs do to the rows of a table of this rowd.toml."""

    table: str = Field(description="The table, by its name in this rowd.toml.")
    changes: Annotated[tuple[str, ...], AfterValidator(_changes)] = Field(
        default=ALL, description="Which are told: " + ", ".join(f"`{word}`" for word in ALL) + "."
    )
    columns: Annotated[tuple[str, ...], AfterValidator(_columns)] | None = Field(
        default=None, description="The only columns whose edits are told. Left out: all that people write."
    )
    runs: Literal["together", "each"] = Field(
        default="together", description="Whether what one look finds is one run of a row, or `each` of these things is one."
    )
    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: what a table reads like is told at once."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.columns is not None and EDITED not in self.changes:
            raise ValueError(
                f'`columns` says which edits are told, and `changes` tells none; add "{EDITED}" to it, or remove columns'
            )
        return self

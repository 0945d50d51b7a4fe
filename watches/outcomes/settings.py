"""What the operator may say of outcomes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import Span, some
from watches.api import Definition

ALL = ("succeeded", "failed", "timed out", "cancelled", "lost", "skipped", "missed")
"""Every outcome that an occurrence can have, in words."""

FAILURES = ("failed", "timed out", "lost")
"""Those that count as a failure of the row."""


def _outcomes(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("names none, so nothing would ever be told; remove it, or name some")
    known = {word.replace(" ", "_"): word for word in ALL}
    found = []
    for said in words:
        word = known.get("_".join(said.casefold().replace("_", " ").split()))
        if word is None:
            raise ValueError(f'"{said}" is no outcome; write some of {", ".join(ALL)}')
        found.append(word)
    return tuple(dict.fromkeys(found))


def _patterns(those: tuple[str, ...]) -> tuple[str, ...]:
    if not those:
        raise ValueError("names none, so nothing would ever be told; remove it, or name some")
    if any(not one.strip() for one in those):
        raise ValueError('has a blank name in it; write names of rows, with * for any text, like "nightly *"')
    return those


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("an outcome is told at once; remove it")
    return span


class OutcomesSettings(Definition, frozen=True):
    """`kind = "outcomes"`: how rows' own runs end, and what is skipped or missed of them."""

    outcomes: Annotated[tuple[str, ...], AfterValidator(_outcomes)] = Field(
        default=FAILURES, description="Which outcomes are told: " + ", ".join(f"`{word}`" for word in ALL) + "."
    )
    tables: Annotated[tuple[str, ...], AfterValidator(some)] | None = Field(
        default=None, description="The only tables whose rows count. Left out: all."
    )
    rows: Annotated[tuple[str, ...], AfterValidator(_patterns)] = Field(
        default=("*",), description="The rows that count: Names, or patterns in which `*` stands for any text; in any case."
    )
    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: an outcome is told at once."
    )

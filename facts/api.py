"""The contract between the engine and a fact: a value of the world outside that conditions ask for by its name.

The operator's `rowd.toml` says what a fact is (`[fact.NAME]`); a row only names it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeAlias

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, Field

from config.fields import Span, spelled

Tree: TypeAlias = "str | int | float | bool | list[Tree] | dict[str, Tree] | None"
"""A value as JSON has it."""

MOST_BYTES = 64 * 1024
"""What a fact is told by is no longer."""

LONGEST_TIMEOUT = timedelta(minutes=5)
"""Rows wait so long at the most: by then they are still within the ten minutes in which what is late may start."""


class Unhad(Exception):
    """The fact can't be had now. The text says why, with the remedy behind a semicolon, without a full stop."""


class Fact(Protocol):
    """A definition made ready to be asked. Lives as long as the daemon goes by this definition."""

    async def ask(self) -> Tree:
        """Ask once. On the event loop: it must not block. One question at a time.

        Cancelled where it takes longer than its time-out, or where rowd stops: what it has begun ends with it.
        Raises Unhad; whatever else it raises is told as a fault of rowd's own.
        """


def _within_reason(length: timedelta) -> timedelta:
    if not timedelta(0) < length <= LONGEST_TIMEOUT:
        raise ValueError(f"must be longer than nothing, and {spelled(LONGEST_TIMEOUT)} at the most: rows wait for it")
    return length


class Definition(BaseModel, extra="forbid", frozen=True):
    """What the operator may say of every fact, whatever its kind. Each kind's own settings model extends this."""

    kind: str
    description: str = Field(default="", description="What it is, for people.")
    timeout: Annotated[Span, AfterValidator(_within_reason)] = Field(
        default=timedelta(seconds=5), description="How long rows wait for it; then it could not be asked. 5 minutes at the most."
    )
    max_age: Span = Field(
        default=timedelta(minutes=1),
        description="How old an answer may be when a row comes due; an older one is asked for anew. With 0s, each time.",
    )
    secrets: tuple[str, ...] = Field(default=(), description="Names of variables in .env or the environment that it gets.")


Lend = Callable[[str], str]
"""The value of a secret by its name. Raises KeyError where it has none."""


class Kind(Struct, frozen=True):
    """What a kind of fact registers: its settings model (a `Definition`), and how to make a fact from it.

    `make` raises ValueError, with a sentence for the operator, for what the model alone cannot refuse, and KeyError for a secret
    without a value.
    """

    settings: type[Definition]
    make: Callable[[str, Any, Path, Lend], Fact]  # (its name, its settings, folder that relative paths start from, secrets)

"""What a row says of other rows, as values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

NOW = ("now",)
"""The present instant, as a condition names it."""

EVENT = "event"
"""What made a row due that watches something, as a condition names it."""

FACT, ENV = "fact", "env"
"""What the operator declares of the world outside: facts, and variables of the environment."""

DUE, DATE, TIME, TIMESTAMP = ("due",), ("date",), ("time",), ("timestamp",)
"""The instant at which the row came due, its day and time of day, and both as text, as values with braces name them."""


class OnFailure(StrEnum):
    """What becomes of a row that waits for others, where one of those did not succeed."""

    SKIP = "skip"
    BLOCK = "block"
    RUN = "run"


class Dependency(Struct, frozen=True):
    """A row that another one waits for.   name: as that one says it, or its ID.   key: that row's; "" until it is found."""

    name: str
    key: str = ""


class Source(Struct, frozen=True):
    """Where a value comes from that a condition asks for.   reference: as it names it, in words.

    key: of which row; "" for one of those that it waits for.   what: `engine.sources` has the words.
    name: of an output or a parameter.
    """

    reference: tuple[str, ...]
    key: str
    what: str
    name: str = ""


class Round(Struct, frozen=True, gc=False):
    """The newest runs of the rows that a row waits for, as it has last gone by them.

    taken: key of such a row → the id of its run.   broken: the row was skipped then, since not all had succeeded.
    """

    taken: Mapping[str, str]
    broken: bool = False

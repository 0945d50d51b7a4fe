"""What a row says of other rows, and by what it has gone, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from actions.api import Outcome

NOW = ("now",)
"""The present instant, as a condition names it."""

EVENT = "event"
"""What made a row due that watches something, as a condition names it."""

ROW = "row"
"""A cell of the row itself, as a condition names it: `row.Stage`."""

FACT, ENV = "fact", "env"
"""What the operator declares of the world outside: facts, and variables of the environment."""

DUE, DATE, TIME, TIMESTAMP = ("due",), ("date",), ("time",), ("timestamp",)
"""The instant at which the row came due, its day and time of day, and both as text, as values with braces name them."""


Place = tuple[str, str]
"""A row: its table and its key."""


class Openness(StrEnum):
    """Whether rows of one table may speak of those of another, as the operator has it."""

    OPEN = "open"
    CLOSED = "closed"  # its `readable_by` doesn't name the one
    UNSERVED = "unserved"  # nothing of it runs


class OnFailure(StrEnum):
    """What becomes of a row that waits for others, where one of those did not succeed."""

    SKIP = "skip"
    BLOCK = "block"
    RUN = "run"


class Dependency(Struct, frozen=True):
    """A row that another one waits for.   name: as that one says it, or its ID.   table, key: that row's; "" until it is found.

    Of a row of a table that has not been read yet the key alone is "".
    """

    name: str
    key: str = ""
    table: str = ""

    @property
    def place(self) -> Place:
        return self.table, self.key


class Source(Struct, frozen=True):
    """Where a value comes from that a condition asks for.   reference: as it names it, in words.

    table, key: of which row; both "" for one of those that it waits for, the key alone for one of a table that was not read yet.
    what: `engine.sources` has the words.   name: of an output or a parameter.
    """

    reference: tuple[str, ...]
    key: str
    what: str
    name: str = ""
    table: str = ""

    @property
    def place(self) -> Place:
        return self.table, self.key


class Round(Struct, frozen=True, gc=False):
    """The newest runs of the rows that a row waits for, as it has last gone by them.

    taken: the ids of those runs.   broken: the row was skipped then, since not all had succeeded.
    """

    taken: frozenset[str]
    broken: bool = False


class WorkflowRound(Struct, frozen=True):
    """A round of a workflow that has ended: each of its rows has, once more.

    name: of the workflow, as it looks.   number: from 1; 0 is what was there when it was first seen, at `since`.
    began_at: when the first of its runs was started.   ended_at: when the last one ended.
    outcome: failed where a row did; None of number 0.   reason: one sentence.
    taken: key → id of the run, of each row by which it went; of one that took no part, the run before.
    """

    table: str
    name: str
    number: int
    since: datetime
    began_at: datetime
    ended_at: datetime
    taken: Mapping[str, str]
    outcome: Outcome | None = None
    reason: str = ""

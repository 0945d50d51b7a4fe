"""What is asked of a task, as values: a person's wishes, and what events want."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from actions.api import Value
from engine.model import NO_EVENT

_NOTHING: Mapping[str, Value] = {}


class Wish(StrEnum):
    """What can be asked of a task: by a person with a button cell or at the command line; by an event, `tick` and `react`, or
    `react apart`: for itself, not together with what else has happened.
    """

    RUN_NOW = "run now"
    RETRY = "retry"
    SKIP_NEXT = "skip next"
    CANCEL = "cancel"
    APPROVE = "approve"
    DECLINE = "decline"
    SNOOZE = "snooze"
    TICK = "tick"
    REACT = "react"
    REACT_APART = "react apart"
    MAKE_UP = "make up"
    LET_GO = "let go"


BY_CELL = "the Do cell"
"""Who asks by a button."""


class Request(Struct, frozen=True):
    """A wish made durable. Answered once, with the reason where it is refused.

    amount: the span of a snooze in seconds, the number of ticks; 0 otherwise.
    by: who, for the record: `BY_CELL`, `cli:USER`, `watch:NAME`, `edit`.   event: what the event says that asks, where one does.
    about: of an approval, or a refusal: the `run`, its `terms` as they were seen, and a `remark`.
    """

    id: int
    table: str
    key: str
    wish: Wish
    amount: float
    by: str
    asked_at: datetime
    event: Mapping[str, Value] = NO_EVENT
    about: Mapping[str, Value] = _NOTHING

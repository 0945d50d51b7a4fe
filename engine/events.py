"""Facts about the engine. One list that feeds the log, the live view and the tests. A secret never enters an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at an instant (aware, UTC)."""

    at: datetime

    @property
    def name(self) -> str:
        """Dotted and in the past tense: `TableRecovered` is `table.recovered`."""
        return _dotted(type(self).__name__)

    def fields(self) -> dict[str, Any]:
        """Everything but the instant, for a log line."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "at"}


@cache
def _dotted(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", ".", name).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStarted(Event):
    tables: tuple[str, ...]
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopping(Event):
    """Nothing starts any more; what runs has so long to end. A second signal ends rowd at once and leaves it running."""

    running: int
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopped(Event):
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReloaded(Event):
    """tables: those of the file; what was taken out starts nothing more.   restart: those that only a restart takes over.

    reopened: those that are opened anew, with secrets of other values.
    """

    tables: tuple[str, ...]
    restart: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDoubted(Event):
    """It works, but shouldn't stay so: others on this machine could read its secrets, or change it. Told at the start."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRefused(Event):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped(Event):
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEvent(Event):
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRead(TableEvent):
    rows: int
    tasks: int
    defects: int
    drafts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableUnreachable(TableEvent):
    message: str
    needs_owner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSpent(TableEvent):
    """Nothing is broken: more was asked of its store than that allows, by whomever; it is read again when that is over."""

    message: str
    needs_owner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecovered(TableEvent):
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHeld(TableEvent):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDoubted(TableEvent):
    """It runs, but a column of it was probably meant to be another one, or can't hold what rowd would put there."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRezoned(TableEvent):
    """The store names another time zone as the table's own than before, and its schedules go by that: they began anew."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReleased(TableEvent):
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDropped(TableEvent):
    """It is no longer in `rowd.toml`, and what ran of it has ended; others may have it now.   message: why it was not told all."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableUnwritable(TableEvent):
    """Reading works, writing doesn't; results wait."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWritable(TableEvent):
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEvent(TableEvent):
    key: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAdded(RowEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEdited(RowEvent):
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVanished(RowEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDefective(RowEvent):
    column: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMended(RowEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(RowEvent):
    run: str
    attempt: int
    due: datetime
    late_s: float
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(RowEvent):
    run: str
    attempt: int
    outcome: str
    reason: str
    duration_s: float | None
    retry_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRecorded(RowEvent):
    """Occurrences that were not run: skipped or missed."""

    outcome: str
    reason: str
    count: int
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTaken(RowEvent):
    wish: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused(RowEvent):
    wish: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOpened(Event):
    action: str
    until: datetime
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerClosed(Event):
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLow(Event):
    """What a vendor allows in a month would not last if it went on so: tables are looked at, and told, more seldom.

    scope: whose month.   spent, left: requests, of rowd's share.   until: when the month turns.
    """

    scope: str
    spent: int
    left: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaEased(Event):
    """It would last again."""

    scope: str
    spent: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRefused(Event):
    """The ledger can't be written: nothing starts until it can. Told once."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecovered(Event):
    """It can be written again, after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPruned(Event):
    occurrences: int
    folders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCopied(Event):
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRestored(Event):
    """The ledger is a copy that was put back: what came due since `copied_at` was recorded as missed, so many occurrences."""

    copied_at: datetime
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMade(Event):
    """What the last day came to: occurrences by outcome, and the tasks in trouble, each `table/name: reason`."""

    counts: dict[str, int]
    troubled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Event):
    """Something of ours went wrong and was contained; `where` says in which part."""

    where: str
    message: str


Listener = Callable[[Event], None]

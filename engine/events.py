"""Facts about the engine. One list that feeds the log, the live view and the tests. A secret never enters an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened at an instant (aware, UTC)."""

    at: datetime

    @property
    def name(self) -> str:
        """Dotted and in the past tense: `TableRecovered` is `table.recovered`."""
        return name_of(type(self))

    def fields(self) -> dict[str, Any]:
        """Everything but the instant, for a log line."""
        fields = asdict(self)
        del fields["at"]
        return fields


@cache
def name_of(kind: type[Event]) -> str:
    """The name of the events of this class."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", ".", kind.__name__).lower()


class DaemonStarted(Event, frozen=True, kw_only=True):
    tables: tuple[str, ...]
    pid: int


class DaemonStopping(Event, frozen=True, kw_only=True):
    """Nothing starts any more; what runs has so long to end. A second signal ends rowd at once and leaves it running."""

    running: int
    within_s: float


class DaemonStopped(Event, frozen=True, kw_only=True):
    running: int


class ConfigReloaded(Event, frozen=True, kw_only=True):
    """tables: those of the file; what was taken out starts nothing more.   restart: those that only a restart takes over.

    reopened: those that are opened anew, with secrets of other values.
    """

    tables: tuple[str, ...]
    restart: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()


class ConfigDoubted(Event, frozen=True, kw_only=True):
    """It works, but shouldn't stay so: others on this machine could read its secrets, or change it. Told at the start."""

    message: str


class ConfigRefused(Event, frozen=True, kw_only=True):
    message: str


class ClockJumped(Event, frozen=True, kw_only=True):
    seconds: float


class TableEvent(Event, frozen=True, kw_only=True):
    table: str


class TableRead(TableEvent, frozen=True, kw_only=True):
    rows: int
    tasks: int
    defects: int
    drafts: int


class TableUnreachable(TableEvent, frozen=True, kw_only=True):
    message: str
    needs_owner: bool


class QuotaSpent(TableEvent, frozen=True, kw_only=True):
    """Nothing is broken: more was asked of its store than that allows, by whomever; it is read again when that is over."""

    message: str
    needs_owner: bool


class TableRecovered(TableEvent, frozen=True, kw_only=True):
    seconds: float


class TableHeld(TableEvent, frozen=True, kw_only=True):
    message: str


class TableBraked(TableEvent, frozen=True, kw_only=True):
    """As many of its runs have begun within an hour as may: what comes due waits. Told once an hour.

    an_hour: so many may.   until: when the next begins.
    """

    an_hour: int
    until: datetime


class WorkflowEnded(TableEvent, frozen=True, kw_only=True):
    """All rows of a workflow have ended, once more.

    number: of the round, from 1.   outcome: failed where a row did.   began_at: when its first run was started.
    """

    workflow: str
    number: int
    outcome: str
    reason: str
    began_at: datetime
    ended_at: datetime


class TableDoubted(TableEvent, frozen=True, kw_only=True):
    """It runs, but a column of it was probably meant to be another one, or can't hold what rowd would put there."""

    message: str


class TableRezoned(TableEvent, frozen=True, kw_only=True):
    """The store names another time zone as the table's own than before, and its schedules go by that: they began anew."""

    old: str
    new: str


class TableReleased(TableEvent, frozen=True, kw_only=True):
    message: str


class TableDropped(TableEvent, frozen=True, kw_only=True):
    """It is no longer in `rowd.toml`, and what ran of it has ended; others may have it now.   message: why it was not told all."""

    message: str


class TableUnwritable(TableEvent, frozen=True, kw_only=True):
    """Reading works, writing doesn't; results wait."""

    message: str


class TableWritable(TableEvent, frozen=True, kw_only=True):
    rows: int


class RowEvent(TableEvent, frozen=True, kw_only=True):
    key: str
    task: str


class RowAdded(RowEvent, frozen=True, kw_only=True):
    pass


class RowEdited(RowEvent, frozen=True, kw_only=True):
    column: str
    old: str
    new: str


class RowVanished(RowEvent, frozen=True, kw_only=True):
    pass


class RowDefective(RowEvent, frozen=True, kw_only=True):
    column: str
    message: str


class RowMended(RowEvent, frozen=True, kw_only=True):
    pass


class RunStarted(RowEvent, frozen=True, kw_only=True):
    run: str
    attempt: int
    due: datetime
    late_s: float
    cause: str


class RunEnded(RowEvent, frozen=True, kw_only=True):
    run: str
    attempt: int
    outcome: str
    reason: str
    duration_s: float | None
    retry_at: datetime | None
    ended_at: datetime | None = None


class OccurrenceRecorded(RowEvent, frozen=True, kw_only=True):
    """Occurrences that were not run: skipped or missed."""

    outcome: str
    reason: str
    count: int
    due: datetime


class RowUnaccounted(RowEvent, frozen=True, kw_only=True):
    """What a row's schedule asked for in the last day is not what the ledger has of it: a fault of rowd's own.

    expected: so often it came due.   recorded: so many have a record.
    """

    since: datetime
    until: datetime
    expected: int
    recorded: int


class DeadlineMissed(RowEvent, frozen=True, kw_only=True):
    """So many deadlines of a row have passed, and nothing had succeeded."""

    due: datetime
    by: datetime
    reason: str
    count: int


class DraftExpired(RowEvent, frozen=True, kw_only=True):
    """A row that a run has made was activated by nobody in time: it can't be any more.   by: the row whose run made it."""

    run: str
    by: str
    made_at: datetime


class RequestTaken(RowEvent, frozen=True, kw_only=True):
    wish: str
    by: str


class RequestRefused(RowEvent, frozen=True, kw_only=True):
    wish: str
    by: str
    reason: str


class ApprovalWanted(RowEvent, frozen=True, kw_only=True):
    """A run waits for an approval.   void: why one that was given holds no more, since its row or its action was changed."""

    run: str
    action: str
    due: datetime
    void: str


class ApprovalGiven(RowEvent, frozen=True, kw_only=True):
    run: str
    by: str
    remark: str


class BreakerOpened(Event, frozen=True, kw_only=True):
    action: str
    until: datetime
    failures: int


class BreakerClosed(Event, frozen=True, kw_only=True):
    action: str


class WatchSeen(Event, frozen=True, kw_only=True):
    """A watched source was looked at for the first time, as it is defined now: what is there is no change."""

    watch: str


class WatchUntold(Event, frozen=True, kw_only=True):
    """Something has ended that a source of outcomes had brought about itself: it asks no row for it, since that might never end."""

    watch: str
    summary: str


class WatchChanged(Event, frozen=True, kw_only=True):
    """Something has happened to a watched source: the rows that name it are asked to run."""

    watch: str
    summary: str


class WatchUnseen(Event, frozen=True, kw_only=True):
    """A watched source can't be looked at; it is tried again in its rhythm."""

    watch: str
    message: str


class WatchRecovered(Event, frozen=True, kw_only=True):
    watch: str
    seconds: float


class FactUntold(Event, frozen=True, kw_only=True):
    """A fact could not be asked. Said once, until it can be again, or can't be for another reason."""

    fact: str
    message: str


class FactRecovered(Event, frozen=True, kw_only=True):
    fact: str
    seconds: float


class ListenerOpened(Event, frozen=True, kw_only=True):
    """Requests are listened for.   section: of rowd.toml that says so: `listen` (deliveries of webhooks), `health`."""

    section: str
    address: str
    port: int


class ListenerFailed(Event, frozen=True, kw_only=True):
    """They can't be; all else goes on, and it is tried again."""

    section: str
    address: str
    port: int
    message: str


class DeliveryRefused(Event, frozen=True, kw_only=True):
    """Something was brought to a watched source that isn't taken. Said once, until another reason, or until one is taken again."""

    watch: str
    reason: str


class PingFailed(Event, frozen=True, kw_only=True):
    """The service that is to miss a daemon which pings no more was not reached. Told once, until it is reached again."""

    message: str


class PingRecovered(Event, frozen=True, kw_only=True):
    """It was reached again, after so many seconds."""

    seconds: float


class TokenGiven(Event, frozen=True, kw_only=True):
    """A sender gave the secret by which it will sign. It stands in a file that only rowd's user can read."""

    watch: str
    file: str


class QuotaLow(Event, frozen=True, kw_only=True):
    """What a vendor allows in a month would not last if it went on so: tables are looked at, and told, more seldom.

    scope: whose month.   spent, left: requests, of rowd's share.   until: when the month turns.
    """

    scope: str
    spent: int
    left: int
    until: datetime


class QuotaEased(Event, frozen=True, kw_only=True):
    """It would last again."""

    scope: str
    spent: int
    left: int


class ChannelTold(Event, frozen=True, kw_only=True):
    """A message was sent.   notices: so many things that began, or were over, stood in it; 0 of a digest."""

    channel: str
    notices: int


class ChannelFailed(Event, frozen=True, kw_only=True):
    """A message can't be sent; it is tried again, in growing pauses. Told once, until one can be, or can't for another reason."""

    channel: str
    message: str


class ChannelRecovered(Event, frozen=True, kw_only=True):
    channel: str
    seconds: float


class NoticesDropped(Event, frozen=True, kw_only=True):
    """What a channel could not be told for a day, it is told no more."""

    channel: str
    notices: int


class EndpointFailed(Event, frozen=True, kw_only=True):
    """An endpoint has taken nothing several times in a row; what is for it waits. Told once, until it takes something."""

    endpoint: str
    message: str


class EndpointRecovered(Event, frozen=True, kw_only=True):
    endpoint: str
    seconds: float


class EndpointGone(Event, frozen=True, kw_only=True):
    """It said that it is gone for good (410): it is told nothing more."""

    endpoint: str
    message: str


class DispatchesFailed(Event, frozen=True, kw_only=True):
    """So much could not be told in time: dead letters, which `rowd endpoint dead` lists."""

    endpoint: str
    dispatches: int
    message: str


class DispatchesDropped(Event, frozen=True, kw_only=True):
    """As much waits as may: so much was not even put down. Told once, until half of that is taken."""

    endpoint: str
    dispatches: int


class LedgerRefused(Event, frozen=True, kw_only=True):
    """The ledger can't be written: nothing starts until it can. Told once."""

    message: str


class LedgerRecovered(Event, frozen=True, kw_only=True):
    """It can be written again, after so many seconds."""

    seconds: float


class LedgerPruned(Event, frozen=True, kw_only=True):
    occurrences: int
    folders: int


class AuditSealed(Event, frozen=True, kw_only=True):
    """The audit trail has come to `head`. Who keeps this elsewhere can tell later whether the trail is still the same."""

    head: str


class LedgerCopied(Event, frozen=True, kw_only=True):
    path: str


class LedgerRestored(Event, frozen=True, kw_only=True):
    """The ledger is a copy that was put back: what came due since `copied_at` was recorded as missed, so many occurrences."""

    copied_at: datetime
    missed: int


class LedgerBehind(Event, frozen=True, kw_only=True):
    """The ledger knows nothing of so many runs that have left their folders: its newest records were lost. What came due since
    `known_until` was recorded as missed, so many occurrences."""

    known_until: datetime
    runs: int
    missed: int


class DigestMade(Event, frozen=True, kw_only=True):
    """What the last day came to: occurrences by outcome, and the tasks in trouble, each `table/name: reason`."""

    counts: dict[str, int]
    troubled: tuple[str, ...]


class Trouble(Event, frozen=True, kw_only=True):
    """Something of ours went wrong and was contained; `where` says in which part."""

    where: str
    message: str


Listener = Callable[[Event], None]

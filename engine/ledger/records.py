"""What the ledger keeps and answers beside the engine's own values: marks of tables and of the daemon, attempts, digests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from actions.api import Outcome, Process, Result, Uptime
from config.matters import Matter
from engine.model import Occurrence


class Reach(StrEnum):
    """How a table stands with us."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    HELD = "held"
    UNWRITABLE = "unwritable"
    NO_ACCESS = "no access"
    SPENT = "quota spent"
    ELSEWHERE = "elsewhere"
    """Another daemon has it: this one decides nothing of it."""
    UNKNOWN = "unknown"
    """Of a mark that a later version left, with a word that this one doesn't know; never written."""

    @classmethod
    def _missing_(cls, value: object) -> Reach | None:
        return cls.UNKNOWN if isinstance(value, str) else None


class TableMark(Struct, frozen=True):
    """How a table stood when last looked at, for `rowd status`.

    since: since when it is in this state.   message: why, one sentence; "" when it is ok.   columns: the headers as last read.
    first_read, last_read: of complete reads; None before the first.   time_zone: as the store names the table's own; "" for none.
    """

    table: str
    state: Reach
    since: datetime
    message: str = ""
    first_read: datetime | None = None
    last_read: datetime | None = None
    columns: tuple[str, ...] = ()
    tasks: int = 0
    defects: int = 0
    drafts: int = 0
    time_zone: str = ""


class WatchMark(Struct, frozen=True):
    """How a watched source stood when last looked at.

    definition: a mark of what `rowd.toml` says of it.   state: as its last look found it; None before the first.
    seen_at: when that was.   changed_at, summary: of what was last seen to have happened; None and "" for nothing yet.
    trouble: why it can't be looked at; "" where it can.   since: since when it stands so.
    """

    name: str
    definition: str
    state: str | None
    seen_at: datetime | None
    since: datetime
    changed_at: datetime | None = None
    summary: str = ""
    trouble: str = ""


class DaemonMark(Struct, frozen=True):
    """The daemon that owns this ledger. process: its pid and start time, so that a pid used again isn't taken for it."""

    process: Process
    host: str
    since: datetime
    version: str
    tables: tuple[str, ...]


class Attempt(Struct, frozen=True):
    """One try of an occurrence.

    ended_at, outcome, duration: None while it is under way.   folder: of its files; None where none was made known.
    kind: of its action, where its process outlives the daemon: by it a later one knows who takes the attempt over. None: it ends
    with its daemon.   since: when it was put down here, which is before it began; None of one that an older version put down.
    """

    run: str
    n: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    summary: str = ""
    duration: timedelta | None = None
    folder: str | None = None
    kind: str | None = None
    since: Uptime | None = None


class AttemptEnd(Struct, frozen=True):
    """How an attempt ended.

    at: when.   duration: how long it ran, by the monotonic clock; None where nobody knows.
    retry_at: another attempt follows then; None: the occurrence ends so.
    """

    run: str
    n: int
    at: datetime
    result: Result
    duration: timedelta | None
    retry_at: datetime | None = None


class Unfinished(Struct, frozen=True):
    """An attempt that was begun, or was just about to be, and has no end: what a daemon finds after a restart."""

    occurrence: Occurrence
    attempt: Attempt


class Troubled(Struct, frozen=True):
    """A task that failed or was missed within a digest's span.

    failures, missed: occurrences.   last: when the newest of them ended.   reason: of the newest.
    """

    table: str
    key: str
    task: str
    failures: int
    missed: int
    last: datetime
    reason: str


class Digest(Struct, frozen=True):
    """What happened between two instants.

    since, until: full hours.   counts: occurrences that ended so, of all tables; an outcome that didn't happen is absent.
    troubled: most failures first, then most missed.   edits: cells that people changed.
    """

    since: datetime
    until: datetime
    counts: Mapping[Outcome, int] = field(default_factory=dict)
    troubled: tuple[Troubled, ...] = ()
    edits: int = 0


class Pruned(Struct, frozen=True):
    """What one round of pruning did.

    folders: of attempts that are forgotten now; their files may be deleted once this is committed.
    occurrences: how many were forgotten.   more: there is more to prune; ask again.
    """

    folders: tuple[str, ...]
    occurrences: int
    more: bool


Place = tuple[str, str, Matter]
"""Table, key and matter of a problem: no two that stand have the same."""


class Problem(Struct, frozen=True):
    """Something wrong, from when it begins until it is over.

    table, key: "" of what is no table's, or no row's.   name: of the row, of the table, or of whose quota it is.
    since: when it began, as far as is known.   why: a clause, with the remedy where there is one.
    channels: those that are told of it, and of its end.
    """

    table: str
    key: str
    matter: Matter
    name: str
    since: datetime
    why: str
    channels: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return self.table, self.key, self.matter


class Notice(Struct, frozen=True):
    """What a channel has yet to be told.

    number: 0 before it is put down.   over: how the problem ended; "" where it has begun.
    """

    number: int
    channel: str
    at: datetime
    problem: Problem
    over: str = ""


class ChannelMark(Struct, frozen=True):
    """How a channel stands.

    sent: when messages were sent within the last hour, oldest first.   trouble: why nothing can be sent, "" where it can.
    since: when it came to stand so.   digested: up to when it was told what all came to; None where it doesn't want to know.
    """

    name: str
    sent: tuple[datetime, ...]
    trouble: str
    since: datetime
    digested: datetime | None = None


class Dispatch(Struct, frozen=True):
    """What an endpoint has yet to be told, or could not be told: one event, under one id however often it is sent.

    number: 0 before it is put down.   type: the event's name.   about: whose it is, for a person.   body: JSON, as it is sent.
    at: when it was put down.   due_at: when it is to be tried next.   expires_at: what fails from then on is given up.
    dead_at: when it was given up; None while it waits.   why: the last attempt failed; "" before one has.
    """

    number: int
    id: str
    endpoint: str
    type: str
    about: str
    body: str
    at: datetime
    attempts: int
    due_at: datetime
    expires_at: datetime
    dead_at: datetime | None = None
    why: str = ""


class EndpointMark(Struct, frozen=True):
    """How an endpoint stands.

    ended, altered: of what has ended, and was done to rows, the numbers that it has gone by.
    taken: how much it took, last at `taken_at`.   trouble: why it takes nothing, "" where it does; since when it stands so.
    gone_at: when it said that it is gone for good.   dropped: so much was never put down for it, since too much waited.
    waiting, dead: dispatches.
    """

    name: str
    ended: int
    altered: int
    taken: int
    taken_at: datetime | None
    trouble: str
    since: datetime
    gone_at: datetime | None
    dropped: int
    waiting: int
    dead: int

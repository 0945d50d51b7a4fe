"""The values that the engine thinks in. Every instant is aware UTC; every mapping is read-only by agreement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from actions.api import Outcome, Value
from actions.parameters import Parameter
from connectors.api import Cell
from engine.approval import Approval
from engine.links import Dependency, OnFailure, Round, Source
from engine.made import Made
from engine.promises import NO_PROMISES, Promises

if TYPE_CHECKING:
    from engine.condition import Condition
    from engine.due_by import Deadline
    from engine.template import Template

SETTLE = timedelta(seconds=2)
"""A new or edited row fires only after it has been unchanged for this long."""

MOST_COUNTED_RUNS = 1000
"""So many runs a counter's count may be worth at once; more is taken for a slip of the finger, and nothing of it runs."""

_NOTHING: Mapping[str, Any] = {}

NO_EVENT: Mapping[str, Value] = _NOTHING
"""Of what no event has made due."""


class Type(StrEnum):
    """What makes a task come due."""

    COUNTER = "counter"
    INTERVAL = "interval"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CRON = "cron"
    ONCE = "once"
    ON_CHANGE = "on_change"
    ON_COMMIT = "on_commit"
    ON_COMPLETION = "on_completion"
    WEBHOOK = "webhook"
    MANUAL = "manual"


class Status(StrEnum):
    """What a person wants of a row."""

    ACTIVE = "active"
    PAUSED = "paused"
    DRAFT = "draft"
    COMPLETED = "completed"


class CatchUp(StrEnum):
    """What becomes of occurrences that are later than the grace."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of an occurrence that comes due while the task still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    PARALLEL = "parallel"
    RESTART = "restart"


class Schedule(Protocol):
    """When a task comes due. A value: equal texts in equal settings are equal schedules."""

    def __hash__(self) -> int: ...

    @property
    def text(self) -> str:
        """In words, without the zone: `every 15 minutes`, `every Monday at 09:00`."""

    @property
    def zone(self) -> tzinfo:
        """The zone of its wall-clock times."""

    @property
    def one_off(self) -> bool:
        """It comes due once at the most."""

    def next(self, after: datetime) -> datetime | None:
        """The first instant strictly after `after` (aware, any zone), in UTC; None when there is none within 50 years."""


class Blank(Struct, frozen=True):
    """A parameter whose value is filled in when the task comes due.   declared: what a value has to be like then."""

    template: Template
    declared: Parameter


class Task(Struct, frozen=True, gc=False):
    """A row understood.

    table and key: which row.   name: unique in the table.   schedule: None where only something else makes it run.
    zone: in which people are told its times: the row's, else the table's.
    threshold: of a counter, at least 1.   timeout, attempts: already within the operator's ceilings.
    every: the action's smallest distance between two starts, None for none.   says: what its events may say, None for anything.
    deadline: by when what came due must have succeeded.
    watches: the watched sources that make it run.   columns: its own ones that do so when a person changes them.
    counts: the watched sources that count a counter up.   counts_outcomes: those that are about outcomes.
    blanks: those of its parameters that are filled in when it comes due; they are not among `parameters`.
    depends_on: the rows that it waits for, each once; none but of on_completion.   on_failure: where one of them did not succeed.
    condition: what has to hold when it comes due; None for nothing.   sources: of the values that it asks for, but for the instant.
    """

    table: str
    key: str
    name: str
    type: Type
    action: str
    parameters: Mapping[str, Value]
    status: Status
    schedule: Schedule | None
    zone: tzinfo
    threshold: float = 1
    catch_up: CatchUp = CatchUp.SKIP
    overlap: Overlap = Overlap.SKIP
    timeout: timedelta = timedelta(minutes=5)
    attempts: int = 1
    repeatable: bool = False
    retry_wait: timedelta = timedelta(seconds=10)
    priority: int = 0
    jitter: timedelta = timedelta(0)
    every: timedelta | None = None
    depends_on: tuple[Dependency, ...] = ()
    on_failure: OnFailure = OnFailure.SKIP
    condition: Condition | None = None
    sources: tuple[Source, ...] = ()
    watches: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    counts_outcomes: tuple[str, ...] = ()
    says: frozenset[str] | None = None
    blanks: Mapping[str, Blank] = _NOTHING
    deadline: Deadline | None = None


class Defect(Struct, frozen=True):
    """A row that is no task: which column, and one sentence with the value and the remedy.

    draft: nothing is wrong, the row is only not finished (no Type and no Schedule, or Status draft).
    elsewhere: nothing is wrong, as far as we can tell: another daemon runs it, and tells what there is to tell of it.
    """

    table: str
    key: str
    name: str
    column: str
    message: str
    draft: bool = False
    elsewhere: bool = False

    @property
    def wrong(self) -> bool:
        """Whether a person has something to mend."""
        return not (self.draft or self.elsewhere)


class InCircle(Defect, frozen=True):
    """A row that waits for itself, straight or around others.   circle: as those are told that wait for it."""

    circle: str = ""


class NoRow(Defect, frozen=True):
    """A row that waits for one that isn't there.   said: the Name or ID, as it looks."""

    said: str = ""


class RowState(Struct, frozen=True, gc=False):
    """What the ledger knows of one row: the row as last read, and where its task stands.

    cells: canonical header (a stranger's own header) → value: a person's cells as last read, shared ones as merged.
    first_seen: when rowd first read it.   changed_at: when a person's cell was last seen changed; starts wait SETTLE after it.
    since: no occurrence at or before it ever runs (first seen, activated, restarted).
    settled_until: every time occurrence at or before it has its record; never before `since`.
    anchor: the Last Run that the row bore when first seen, None without: gives daily rows without a Schedule their time.
    count: the counter's true value.   armed: a tick or an edit of Current came after `since`, or while it was paused before that.
    fires: how often it fired.
    absent_since: when it was first missing from a complete read; None while it is there.   snoozed_until: no start before it.
    deleted_at: when it was absent twice; its state is kept for 30 days more.
    skip_until: what comes due up to here is skipped, as `skip_by` asked; it is recorded when it comes due. None for nothing.
    sent: what rowd last put into its own and the shared cells.
    meant: shared cells as they stand once rowd's last write has landed, and the own ones that it puts, which bear witness to
        that: an answer that never came may hide that it did.   stood: those cells as the store last gave them: the merge's base.
    shown: older displays, newest last: (fingerprint of rowd's own cells as they stood, the shared cells as they stood).
    pressed: fingerprints of presses already consumed.   marked: a new ledger saw marks of an earlier run: a one-off in it is over.
    note: one sentence that Health shows until the next edit, or until the next run begins: an id given anew, a refusal (this one
        until something else that is asked is taken, too).
    round: of a row that waits for others, what it went by last; None before that.   promises: what it owes by its deadline.
    made: that a run has made it; None where a person has, as far as is known.
    """

    table: str
    key: str
    cells: Mapping[str, Cell]
    first_seen: datetime
    changed_at: datetime
    since: datetime
    settled_until: datetime
    anchor: datetime | None = None
    count: float = 0
    armed: bool = False
    fires: int = 0
    absent_since: datetime | None = None
    deleted_at: datetime | None = None
    snoozed_until: datetime | None = None
    handle: str | None = None
    sent: Mapping[str, Cell] = _NOTHING
    stood: Mapping[str, Cell] = _NOTHING
    shown: tuple[tuple[str, Mapping[str, Cell]], ...] = ()
    pressed: tuple[str, ...] = ()
    marked: bool = False
    note: str | None = None
    meant: Mapping[str, Cell] = _NOTHING
    skip_until: datetime | None = None
    skip_by: str = ""
    round: Round | None = None
    promises: Promises = NO_PROMISES
    made: Made | None = None

    @property
    def decided_until(self) -> datetime:
        """No occurrence at or before it will run any more: it has its record, or is to be skipped."""
        return self.settled_until if self.skip_until is None else max(self.settled_until, self.skip_until)


BY_PERSON = "person"
"""By whom a cell was changed that reads otherwise than before: a person, or a program, which nobody can tell apart."""


class Edit(Struct, frozen=True):
    """A change of one cell that rowd has seen, or made.

    task: the row's name then.   old, new: the cell as text; None for blank.   at: when it was read.
    by: `person`, `rowd`, `cli:USER`, `rowd.toml` where only the name of a column was changed there.
    """

    table: str
    key: str
    task: str
    column: str
    old: str | None
    new: str | None
    at: datetime
    by: str


class Cause(StrEnum):
    """What made an occurrence: the trigger's kind."""

    SCHEDULE = "schedule"
    COUNTER = "counter"
    MANUAL = "manual"
    RETRY = "retry"
    COMPLETION = "completion"
    EVENT = "event"


class Stage(StrEnum):
    """How far an occurrence is. `MOVES` says what may follow what."""

    CLAIMED = "claimed"  # durable, not started
    RUNNING = "running"  # an attempt is under way
    WAITING = "waiting"  # a failed attempt; another follows at `retry_at`
    ENDED = "ended"  # has its outcome


MOVES: Mapping[Stage, frozenset[Stage]] = {
    Stage.CLAIMED: frozenset({Stage.RUNNING, Stage.ENDED}),
    Stage.RUNNING: frozenset({Stage.WAITING, Stage.ENDED}),
    Stage.WAITING: frozenset({Stage.RUNNING, Stage.ENDED}),
    Stage.ENDED: frozenset(),
}


class Occurrence(Struct, frozen=True, gc=False):
    """One task coming due once. Unique by (table, key, trigger).

    id: the run's id: short, sortable by time, unlike any other's.
    trigger: `at:<ISO instant>`, `counter:<n>`, `request:<n>` (also of an event), `after:<run>`.   due: the nominal instant.
    attempt: how many attempts were begun.   retry_at: when WAITING, the earliest instant of the next attempt.
    parameters, action, timeout, attempts: as they were when claimed, so that an edit changes only what comes after.
    count: how many equal occurrences this record stands for (skipped and missed ones only); they reach from `due` to `last_due`.
    stopping: why the attempt under way is to be the last, whatever becomes of it; blank where nobody has taken it back.
    event: what the event says that made it due; nothing where none did.
    approval: where it stands with that; None where its action needs none.
    """

    id: str
    table: str
    key: str
    task: str
    trigger: str
    cause: Cause
    due: datetime
    claimed_at: datetime
    stage: Stage
    action: str
    parameters: Mapping[str, Value] = _NOTHING
    timeout: timedelta = timedelta(minutes=5)
    attempts: int = 1
    repeatable: bool = False
    retry_wait: timedelta = timedelta(seconds=10)
    priority: int = 0
    by: str = "schedule"
    attempt: int = 0
    started_at: datetime | None = None
    retry_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str = ""
    outputs: Mapping[str, Value] = _NOTHING
    links: tuple[str, ...] = ()
    ended_at: datetime | None = None
    duration: timedelta | None = None
    count: int = 1
    last_due: datetime | None = None
    stopping: str = ""
    event: Mapping[str, Value] = _NOTHING
    approval: Approval | None = None

    @property
    def unapproved(self) -> bool:
        """Whether its next attempt waits for an approval."""
        return self.approval is not None and self.approval.given_at is None

    @property
    def told_at(self) -> datetime:
        """The instant that it is told by: its start; where it never started, when it was due (of equal ones the newest)."""
        return self.started_at or self.last_due or self.due

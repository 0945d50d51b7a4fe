"""What `decide` is asked, and what it answers: values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from actions.api import NOT_STARTED, Outcome
from engine.approval import ApprovalRule
from engine.asked import Request
from engine.blackout import Blackout
from engine.brakes import Lane
from engine.model import Occurrence, RowState, Task
from engine.outside import Facts
from engine.rounds import Prerequisite

if TYPE_CHECKING:
    from engine.condition import Given, Reference

_CAUSE = re.compile(r'(?:"[^"]*"|[^"])*?(?=; [a-z]|\. [A-Z]|\.?$)')


def cause(sentence: str) -> str:
    """What is wrong, without the remedy that follows: whoever reads a record reads it when that is past."""
    found = _CAUSE.match(sentence)
    return found[0] if found is not None else sentence


_SEARCHED = re.compile(r"(?<=\s)/[^\s:;]*(?::/[^\s:;]*)+")
"""Folders as PATH names them."""

_FOLDERS = re.compile(r"(?<![\w:/.~])~?/(?:[^\s/\"']+/)+")


def public(sentence: str) -> str:
    """The sentence as people who edit a table may read it: files of this machine by their names alone, not where they lie."""
    return _FOLDERS.sub("", _SEARCHED.sub("its PATH", sentence))


_RAISED = re.compile(r"\w*(?:Error|Exception): ")
"""How an attempt is told to have ended that an error broke inside the daemon, as on a full disk."""


def in_row(reason: str) -> str:
    """How a run ended, for a cell. Why it could not be started, or broke inside the daemon, rowd itself says: without folders.

    What a program says stays.
    """
    return public(reason) if reason.startswith(NOT_STARTED) or _RAISED.match(reason) else reason


def bare(table: str, sentence: str) -> str:
    """What a store says of a table, for whoever sees already which table it is of: without its name at the beginning.

    Where the store's own name for it stands beside, that alone is left: `the tab "Tasks" (table "ops")`, `table "ops" (Notion …)`.
    """
    own, named = sentence.removeprefix(f"{table}: "), f'table "{table}"'
    if own.startswith(f"{named} (") and (inner := _BESIDE.match(own, len(named))) is not None:
        return inner[1] + own[inner.end() :]
    return own.replace(f" ({named})", "", 1)


_BESIDE = re.compile(r' \(((?:"[^"]*"|[^()"])*)\)')
"""What follows in brackets; a bracket within quotes ends nothing."""


class Hold(Struct, frozen=True):
    """Why nothing of a row may start now. `record`: what comes due meanwhile is missed at once, not waited with."""

    reason: str
    record: bool = False


class Released(Struct, frozen=True):
    """Until when nothing of a row could start, and why: a clause for a record."""

    until: datetime
    why: str


class Standing(Struct, frozen=True):
    """All that `decide` needs to know of one task.

    active: its occurrences that have not ended, oldest first.   last: the newest that was started and has ended.
    requests: what people asked of it, oldest first.   released: what kept it from starting last; None where nothing did.
    prerequisites: the rows that it waits for.   values: what the names in its condition stand for, but for the instant, and facts.
    waits_since: since when it has waited for a fact; None where it doesn't.   newest: of what has ended, whatever the outcome.
    """

    task: Task
    state: RowState
    hold: Hold | None = None
    active: tuple[Occurrence, ...] = ()
    requests: tuple[Request, ...] = ()
    last: Occurrence | None = None
    released: Released | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    values: Mapping[Reference, Given] = field(default_factory=dict)
    waits_since: datetime | None = None
    newest: Occurrence | None = None


class House(Struct, frozen=True):
    """What holds for every task.

    awake_since: when this daemon started.   unwritten_since: since when nothing could be made durable, until this very turn.
    free: idle workers.   running: lane → attempts under way.
    limits: lane → how many may be, of those that have a limit.   full: see `Brakes.full`.
    shut: action → the instant before which its circuit breaker lets nothing start.
    facts: what is known of the world outside.   approvals: action → what is to be approved before it starts, where that is.
    """

    awake_since: datetime
    free: int
    running: Mapping[Lane, int] = field(default_factory=dict)
    limits: Mapping[Lane, int] = field(default_factory=dict)
    shut: Mapping[str, datetime] = field(default_factory=dict)
    full: Mapping[str, datetime] = field(default_factory=dict)
    blackouts: tuple[Blackout, ...] = ()
    unwritten_since: datetime | None = None
    facts: Facts = field(default_factory=dict)
    approvals: Mapping[str, ApprovalRule] = field(default_factory=dict)

    def why_late(self, due: datetime, released: Released | None) -> str:
        """Why what came due then was not claimed in time."""
        if due < self.awake_since:
            return "rowd was not running"
        if released is not None and due < released.until:
            return released.why
        return "too late to start" if self.unwritten_since is None else "rowd could not write its ledger"


class Stop(Struct, frozen=True):
    """End an occurrence that has not ended: cancel it where it runs.   outcome: of one that doesn't."""

    run: str
    reason: str
    by: str
    outcome: Outcome = Outcome.CANCELLED


class Answer(Struct, frozen=True):
    """What becomes of a request. `text` is for the person who asked."""

    request: Request
    taken: bool
    text: str


class Missed(Struct, frozen=True):
    """Deadlines of a row that have passed, and nothing had succeeded.

    due: when the oldest of what they were for came due.   by: the newest of them.   reason: what was the matter, a clause.
    """

    table: str
    key: str
    task: str
    due: datetime
    by: datetime
    reason: str
    count: int


class Plan(Struct, frozen=True):
    """The next moves.

    claims: occurrences to claim; they have no id yet.   records: occurrences that end without having run (skipped, missed).
    starts: triggers (table, key, trigger) of claimed occurrences whose next attempt begins now, best first, at most `free`.
    states: rows whose state moves on, to be made durable together with claims and records.
    completed: rows whose one-off is over without having run to its end, as they stand then; none of them is in `states`.
    missed: deadlines, one of a row at the most; its state, which remembers that, is among `states` or `completed`.
    left: occurrences that could start but for a lack of room; they wait for a worker.
    wanted: (table, key) → the fact that has to be told before it can be decided what becomes of what has come due.
    revised: occurrences that wait for an approval, or did, as they stand now: approved, or to be approved anew.
    wakes: (table, key) → when that task's plan next changes by time alone; absent where only an event can change it.
    """

    claims: tuple[Occurrence, ...] = ()
    records: tuple[Occurrence, ...] = ()
    starts: tuple[tuple[str, str, str], ...] = ()
    stops: tuple[Stop, ...] = ()
    answers: tuple[Answer, ...] = ()
    states: tuple[RowState, ...] = ()
    completed: tuple[RowState, ...] = ()
    wakes: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    left: tuple[Occurrence, ...] = ()
    wanted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    missed: tuple[Missed, ...] = ()
    revised: tuple[Occurrence, ...] = ()

    @property
    def wake(self) -> datetime | None:
        """When the plan next changes by time alone."""
        return min(self.wakes.values(), default=None)

"""Rows that wait for others: which of those have ended anew. Pure.

A *round* is complete once every prerequisite has ended anew: its newest run is not the one that the row went by last, it ended
after the row's `since`, and nothing of it is under way. Where the last round was broken and a person has a failed prerequisite run
again, or one behind that, those that had succeeded need not run again, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from actions.api import Outcome
from engine.links import Place, Round
from engine.model import Cause, Defect, InCircle, Occurrence, RowState, Status, Task
from engine.tally import Tally
from engine.wording import conjoined, cut

MOST_NAMED = 3
"""Of prerequisites that did not succeed, so many are named."""

LONGEST_REASON = 300
"""Characters of why a row was skipped: the reason of a prerequisite's own skip stands within."""

AGAIN = frozenset({Cause.RETRY, Cause.MANUAL})
"""Causes of a run by which a person makes up for one that failed."""

MADE_UP = "a retry"
"""By whom a run is that was released by a round that makes up for a broken one: so the rows behind it make up for theirs, too."""

ENDED: Mapping[Outcome | None, str] = {
    Outcome.FAILED: "failed",
    Outcome.TIMED_OUT: "timed out",
    Outcome.LOST: "was lost",
    Outcome.CANCELLED: "was cancelled",
}


class Waiting(Protocol):
    """What waits for rows.   since: no run that ended at or before it counts.   round: by which runs it went last."""

    @property
    def since(self) -> datetime: ...

    @property
    def round(self) -> Round | None: ...


class Prerequisite(Struct, frozen=True):
    """A row that another one waits for, as it stands.

    name: as that one says.   table, key: that row's.   newest: see `newest`; None before the first.
    busy: something of it is under way, or waits to start.
    broken: it is to make up for its own last round yet, so that what it did before counts no more.
    stays: why it doesn't run by itself any more: "paused", "a draft", "not understood"; "" where it may.
    """

    name: str
    key: str
    newest: Occurrence | None
    busy: bool
    broken: bool = False
    stays: str = ""
    table: str = ""

    @property
    def place(self) -> Place:
        return self.table, self.key

    @property
    def said(self) -> str:
        """`build (paused)`"""
        return f"{self.name} ({self.stays})" if self.stays else self.name


def newest(tally: Tally) -> Occurrence | None:
    """The run of a row by which those go that wait for it: its newest that has ended, or that it was passed over after that when
    its own prerequisites had ended. What was left out or missed by the clock is none, nor what nobody has approved.
    """
    record = tally.record
    if record is None or record.cause is not Cause.COMPLETION or record.approval is not None:
        return tally.last
    return record if record.outcome in (Outcome.SKIPPED, Outcome.MISSED) else tally.last


def standing_of(
    name: str, place: Place, state: RowState | None, tally: Tally, understood: Task | Defect | None, *, busy: bool
) -> Prerequisite:
    """This row, as it stands.   name: as the one says that waits for it.   busy: see `Prerequisite`."""
    table, key = place
    return Prerequisite(name, key, newest(tally), busy, _broken(state), "" if busy else _stays(understood), table)


def unread(name: str, table: str) -> Prerequisite:
    """One of a table of which not all rows are known."""
    return Prerequisite(name, "", None, busy=False, stays=UNREAD.format(table), table=table)


UNREAD = "the table {} has not been read yet"


def _stays(one: Task | Defect | None) -> str:
    match one:
        case Task(status=Status.PAUSED | Status.COMPLETED as status):
            return str(status)
        case InCircle(circle=circle):
            return circle
        case Defect(draft=draft):
            return "a draft" if draft else "not understood"
    return ""


def _broken(state: Waiting | None) -> bool:
    return state is not None and state.round is not None and state.round.broken


def ended(state: Waiting, prerequisites: Sequence[Prerequisite]) -> dict[Place, Occurrence]:
    """Place → the run, of those prerequisites that have ended for the round to come, which is complete when all of them have.

    state: of the row that waits.
    """
    since = _since(state, prerequisites)
    anew = _anew(state, since)
    if makes_up(state, prerequisites):
        stands = {p.place for p in prerequisites if not p.broken}
        return {
            place: run for place, run in since.items() if place in anew or (place in stands and run.outcome is Outcome.SUCCEEDED)
        }
    return anew


def makes_up(state: Waiting, prerequisites: Sequence[Prerequisite]) -> bool:
    """Whether the round to come makes up for a broken one: a person has had a prerequisite run again, or one that it waits for."""
    return _broken(state) and any(_again(run) for run in _anew(state, _since(state, prerequisites)).values())


def wanting(state: Waiting, prerequisites: Sequence[Prerequisite], again: Collection[Place]) -> list[Prerequisite]:
    """Those that have yet to run besides, where these rows run again and the row makes up for its last round."""
    stands = {p.place for p in prerequisites if not p.broken}
    runs = {place for place, run in _since(state, prerequisites).items() if place in stands and run.outcome is Outcome.SUCCEEDED}
    return [p for p in prerequisites if p.place not in again and p.place not in runs]


def _again(run: Occurrence) -> bool:
    return run.cause in AGAIN or run.by == MADE_UP


def _since(state: Waiting, prerequisites: Sequence[Prerequisite]) -> dict[Place, Occurrence]:
    """Place → the run, of those that ended after the row's `since`, and of which nothing is under way."""
    idle = {p.place: p.newest for p in prerequisites if p.newest is not None and not p.busy}
    return {place: run for place, run in idle.items() if run.ended_at is not None and run.ended_at > state.since}


def _anew(state: Waiting, runs: Mapping[Place, Occurrence]) -> dict[Place, Occurrence]:
    taken = state.round.taken if state.round is not None else ()
    return {place: run for place, run in runs.items() if run.id not in taken}


def failed(runs: Mapping[Place, Occurrence]) -> dict[Place, Occurrence]:
    """Those of these runs that did not succeed."""
    return {place: run for place, run in runs.items() if run.outcome is not Outcome.SUCCEEDED}


def how(runs: Iterable[Occurrence], table: str, said: Callable[[datetime], str]) -> str:
    """How these runs ended, that did not succeed, as it is told in that table: `run_tests failed Mon 23 Nov 2026 09:04 Berlin`."""
    return cut(conjoined([_how(run, table, said) for run in runs], MOST_NAMED), LONGEST_REASON)


def _how(run: Occurrence, table: str, said: Callable[[datetime], str]) -> str:
    task = run.task if run.table == table else f"{run.table}/{run.task}"
    if run.outcome in (Outcome.SKIPPED, Outcome.MISSED):
        return f"{task} was {run.outcome} ({run.reason})"
    return f"{task} {ENDED[run.outcome]}" + (f" {said(run.ended_at)}" if run.ended_at is not None else "")

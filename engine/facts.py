"""What came in during one turn, on its way into the ledger: rows read, attempts ended, buttons pressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from actions.api import Outcome
from engine.keeper import Findings
from engine.ledger import Ledger, TableMark
from engine.model import Occurrence, Request, RowState, Tally
from engine.plan import Plan, Stop
from engine.runner import Ended

Tallies = Mapping[str, Mapping[str, Tally]]
"""Table → key → tally, of the rows whose tally has changed."""


@dataclass(frozen=True, slots=True)
class End:
    """An attempt that has ended; `retry_at`: when another one follows, None where the occurrence is over."""

    occurrence: Occurrence
    ended: Ended
    retry_at: datetime | None


@dataclass(slots=True)
class Facts:
    """Written in one commit. states: rows whose one-off has run, (table, key) → state."""

    found: dict[str, Findings] = field(default_factory=dict)
    ends: list[End] = field(default_factory=list)
    states: dict[tuple[str, str], RowState] = field(default_factory=dict)
    marks: list[TableMark] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.ends or self.marks or any(f.states or f.edits or f.presses for f in self.found.values()))

    @property
    def point(self) -> str:
        """The kind of commit that this is, for the crash points."""
        return "outcome" if self.ends else "requests" if self.empty else "rows"

    def write(self, ledger: Ledger, now: datetime) -> tuple[list[Request], Tallies]:
        """Answer every request that is open now, and the tallies that changed."""
        for found in self.found.values():
            ledger.save_rows(found.states.values())
            ledger.record_edits(found.edits)
            for state, press in found.presses:
                ledger.ask(state.table, state.key, press.wish, press.amount, "the Do cell", now)
        ledger.save_rows(self.states.values())
        for mark in self.marks:
            ledger.mark_table(mark)
        for end in self.ends:
            ledger.end_attempt(end.ended.run, end.ended.attempt, now, end.ended.result, end.ended.duration, end.retry_at)
        return ledger.requests(), _tallies(ledger, [end.occurrence for end in self.ends])


@dataclass(frozen=True, slots=True)
class Moves:
    """A plan on its way into the ledger, in one commit.

    claims: the plan's, with their ids.   begun: the plan's starts, as they stand once their attempt has begun.
    quiet: the plan's stops of what is not running.   folders: run → where the files of its attempt go.
    """

    plan: Plan
    claims: list[Occurrence]
    begun: list[Occurrence]
    quiet: list[Stop]
    folders: Mapping[str, str]

    @property
    def empty(self) -> bool:
        plan = self.plan
        return not (self.claims or plan.records or plan.states or plan.answers or plan.stops or self.begun)

    @property
    def point(self) -> str:
        """The kind of commit that this is, for the crash points."""
        return "claim" if self.claims else "begin" if self.begun else "record"

    def write(self, ledger: Ledger, now: datetime) -> tuple[set[str], Tallies]:
        """Answer the ids of the claims that are ours, and the tallies that changed."""
        ledger.record(self.plan.records)
        taken = ledger.claim(self.claims)
        lost = {c.id for c, ours in zip(self.claims, taken, strict=True) if not ours}
        ledger.save_rows(self.plan.states)
        ended = [ledger.end(stop.run, Outcome.CANCELLED, stopped(stop), now) for stop in self.quiet]
        for answer in self.plan.answers:
            ledger.answer(answer.request.id, answer.taken, answer.text, now)
        ledger.begin([(o.id, o.attempt) for o in self.begun if o.id not in lost], now, self.folders)
        return {c.id for c in self.claims} - lost, _tallies(ledger, [*self.plan.records, *ended])


def stopped(stop: Stop) -> str:
    """Why an occurrence was ended, for its record."""
    return f"{stop.reason} by {stop.by}" if stop.by else stop.reason


def _tallies(ledger: Ledger, occurrences: Iterable[Occurrence]) -> Tallies:
    rows: dict[str, set[str]] = {}
    for occurrence in occurrences:
        rows.setdefault(occurrence.table, set()).add(occurrence.key)
    return {table: ledger.tallies(table, keys) for table, keys in rows.items()}

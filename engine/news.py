"""What came in during one turn, on its way into the ledger: rows read, attempts ended, buttons pressed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from actions.api import Uptime
from actions.telling import Mask
from engine import deeds
from engine.asked import BY_CELL, Request
from engine.findings import Findings
from engine.happened import Asking
from engine.ledger import AttemptEnd, Ledger, TableMark, WatchMark
from engine.model import Occurrence, RowState, Stage
from engine.outside import Known
from engine.parts import NOTHING_HIDDEN
from engine.plan import Plan, Stop
from engine.runner import Ended
from engine.tally import Tally

Tallies = Mapping[str, Mapping[str, Tally]]
"""Table → key → tally, of the rows whose tally has changed."""


class End(Struct, frozen=True):
    """An attempt that has ended.   at: when.   retry_at: when another one follows, None where the occurrence is over."""

    occurrence: Occurrence
    ended: Ended
    at: datetime
    retry_at: datetime | None

    @property
    def as_recorded(self) -> AttemptEnd:
        ended = self.ended
        return AttemptEnd(ended.run, ended.attempt, self.at, ended.result, ended.duration, self.retry_at)


class News(Struct):
    """Written in one commit. states: rows whose one-off has run, (table, key) → state.   records: what was found missed.

    recent: tables whose rows show their newest outcomes.   anew: those of them that didn't until now.
    watches: how watched sources stand, where that is news.   askings: what events ask of rows.
    taken: source → of what was emitted at it, the newest that was taken up.   untold: (source, line), see `Look`.
    told: what came of asking for facts of the world outside, by name; None where that is asked otherwise now.
    recognised: numbers of what runs had announced, whose rows were seen.   expired: drafts that nobody has activated in time.
    mask: hides what the audit trail is not to hold.
    """

    found: dict[str, Findings] = field(default_factory=dict)
    records: list[Occurrence] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    states: dict[tuple[str, str], RowState] = field(default_factory=dict)
    marks: list[TableMark] = field(default_factory=list)
    recent: frozenset[str] = frozenset()
    anew: frozenset[str] = frozenset()
    watches: list[WatchMark] = field(default_factory=list)
    askings: list[Asking] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    untold: list[tuple[str, str]] = field(default_factory=list)
    told: dict[str, Known | None] = field(default_factory=dict)
    recognised: list[int] = field(default_factory=list)
    expired: list[RowState] = field(default_factory=list)
    mask: Mask = NOTHING_HIDDEN

    @property
    def empty(self) -> bool:
        known = self.ends or self.marks or self.anew or self.watches or self.askings or self.told or self.expired
        return not (known or any(f.states or f.edits or f.presses for f in self.found.values()))

    @property
    def point(self) -> str:
        """The kind of commit that this is, for the crash points."""
        return "outcome" if self.ends else "requests" if self.empty else "events" if self.watches or self.told else "rows"

    def write(self, ledger: Ledger, now: datetime) -> tuple[list[Request], Tallies]:
        """Answer every request that is open now, and the tallies that changed."""
        ledger.record(self.records)
        for found in self.found.values():
            ledger.save_rows(found.states.values())
            ledger.record_edits(found.edits)
            ledger.note_alterations(found.altered)
            ledger.note(deeds.of_findings(found, self.mask, now))
            for state, press in found.presses:
                ledger.ask(state.table, state.key, press.wish, press.amount, BY_CELL, now)
        ledger.save_rows(self.states.values())
        for mark in self.marks:
            ledger.mark_table(mark)
        for watch in self.watches:
            ledger.mark_watch(watch)
        if self.recognised:
            ledger.forget_announced(self.recognised)
        for source, until in self.taken.items():
            ledger.forget_emitted(source, until)
        for known in self.told.values():
            if known is not None:
                ledger.mark_fact(known)
        for asking in self.askings:
            ledger.ask(asking.table, asking.key, asking.wish, asking.amount, asking.by, now, asking.event)
        ledger.end_attempts([e.as_recorded for e in self.ends])
        tallies = tallies_of(ledger, [*self.records, *(end.occurrence for end in self.ends)], self.recent)
        return ledger.requests(), tallies | {table: ledger.tallies(table, recent=True) for table in self.anew}


class Moves(Struct, frozen=True):
    """A plan on its way into the ledger, in one commit.

    claims: the plan's, with their ids; RUNNING where the first attempt begins at once.
    begun: earlier claims whose next attempt begins, as they stand then.   quiet: the plan's stops of what is not running.
    folders: run → where the files of its attempt go.   kinds: run → the kind of its action, where its attempt outlives the daemon.
    recent: tables whose rows show their newest outcomes.   parted: missing rows that a person lets go of, as they stand then.
    """

    plan: Plan
    claims: list[Occurrence]
    begun: list[Occurrence]
    quiet: list[Stop]
    folders: Mapping[str, str]
    kinds: Mapping[str, str]
    recent: frozenset[str] = frozenset()
    parted: Sequence[RowState] = ()

    @property
    def empty(self) -> bool:
        plan = self.plan
        known = self.claims or plan.records or plan.states or plan.answers or plan.stops
        return not (known or self.begun or plan.revised)

    @property
    def starting(self) -> list[Occurrence]:
        """Whose attempt begins, if its claim is ours."""
        return [occurrence for occurrence in (*self.claims, *self.begun) if occurrence.stage is Stage.RUNNING]

    @property
    def point(self) -> str:
        """The kind of commit that this is, for the crash points."""
        return "claim" if self.claims else "begin" if self.begun else "record"

    def write(self, ledger: Ledger, now: datetime, since: Uptime) -> tuple[set[str], Tallies]:
        """Answer the ids of the claims that are ours, and the tallies that changed.   since: now, by the machine's own clock."""
        ledger.record(self.plan.records, self.claims)
        taken = ledger.claim(self.claims, self.folders, self.kinds, since)
        ledger.move_rows(self.plan.states)
        ledger.save_rows((*self.plan.completed, *self.parted))
        ledger.ask_to_stop([(stop.run, stopped(stop)) for stop in self.plan.stops if stop not in self.quiet], now)
        ledger.revise(self.plan.revised)
        ended = [ledger.end(stop.run, stop.outcome, stopped(stop), now) for stop in self.quiet]
        for answer in self.plan.answers:
            ledger.answer(answer.request.id, answer.taken, answer.text, now)
        ledger.begin([(o.id, o.attempt) for o in self.begun], now, self.folders, self.kinds, since)
        ours = {claim.id for claim, won in zip(self.claims, taken, strict=True) if won}
        return ours, tallies_of(ledger, [*self.plan.records, *ended], self.recent)


def stopped(stop: Stop) -> str:
    """Why an occurrence was ended, for its record."""
    return f"{stop.reason} by {stop.by}" if stop.by else stop.reason


def tallies_of(ledger: Ledger, occurrences: Iterable[Occurrence], recent: Collection[str] = ()) -> dict[str, dict[str, Tally]]:
    """What the rows of these add up to now.   recent: tables whose rows show their newest outcomes."""
    rows: dict[str, set[str]] = {}
    for occurrence in occurrences:
        rows.setdefault(occurrence.table, set()).add(occurrence.key)
    return {table: ledger.tallies(table, keys, recent=table in recent) for table, keys in rows.items()}

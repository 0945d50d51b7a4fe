"""When one row starts next, reckoned from its spans, its records, and what its action's attempts came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from tests.simulation import dues
from tests.simulation.book import Book, Record, Try
from tests.simulation.laws.breakers import Tripped, trips, ways
from tests.simulation.laws.covered import Covered, within
from tests.simulation.laws.retries import shortest_wait
from tests.simulation.machine import MICRO
from tests.simulation.operator import SPACED
from tests.simulation.spans import Span

FARTHEST = (2, 12, 70)
"""Days in which the next instant is looked for: few at first."""

RARELY = {action: int(seconds * 0.95) for action, seconds in SPACED.items()}
"""Action → whole seconds that surely lie between two runs of one row: a twentieth of what the operator wants is forgiven."""

Start = tuple[int, int]
"""From when to when something may start, in whole seconds: of an occurrence from its due instant until its jitter is over."""


class Ahead:
    """One row, looked at in some second."""

    def __init__(self, row: Covered, span: Span, now: int, book: Book) -> None:
        self.row, self.span, self.now, self.book = row, span, now, book
        self.active = [record for record in row.all if record.stage != "ended"]

    # --- by the schedule

    def scheduled(self, lag: int) -> Sequence[Start] | None:
        """The next start by the schedule, or one that it was `lag` seconds ago; empty for nothing, None where it can't be told."""
        meaning, row = self.span.meaning, self.row
        if meaning.kind != "time":  # it may have been so until a moment ago
            known_at = self.span.known_at
            return () if known_at is not None and row.world.machine.moment - known_at > lag * MICRO else None
        put_off = row.key in row.world.snoozed or any(
            a.wish in ("skip next", "snooze") for a in self.book.asked_of[row.bench.name, row.key]
        )
        if isinstance(meaning.dues, int) or put_off:
            return None
        low = self.now - lag - meaning.jitter
        if isinstance(meaning.dues, dues.At):
            first, last = meaning.dues.instant, meaning.dues.instant + meaning.jitter
            if first < low and not row.may_wait:
                return ()
            kept_waiting = self._dark(first) or self._dark(last) or meaning.action in RARELY
            return None if first <= self.now or kept_waiting else [(first, last)]
        early, late = self._allowed(lag)
        for days in FARTHEST:
            found = [due for due in meaning.dues.within(low, self.now + days * dues.DAY) if not self._dark(due)]
            if ahead := next((due for due in found if due > self.now and due >= late), None):
                starts = ((due, due + meaning.jitter) for due in found if due <= ahead)
                return [(max(first, early), last) for first, last in starts if last >= early]
        return None

    def _allowed(self, lag: int) -> Start:
        """From when on the operator's frequency lets the row start again: as it was `lag` seconds ago, and as it is now."""
        rarely = RARELY.get(self.row.spans[-1].meaning.action, 0)
        starts = [record.started_at // MICRO for record in self.row.all if record.started_at is not None]
        if not rarely or not starts:
            return 0, 0
        return max((s for s in starts if s < self.now - lag), default=-rarely) + rarely, max(starts) + rarely + 2

    def _dark(self, second: int) -> bool:
        row = self.row
        if not row.world.operator.blackouts:
            return False
        return any(row.bench.name in b.tables and within(b, second * MICRO) for b in row.world.operator.blackouts)

    # --- what waits

    @cached_property
    def _trips(self) -> list[Tripped]:
        """Of the row's action, and of what waits; either way in which what ended at one instant may be taken."""
        return [trip for action in sorted(self._actions) for trip in trips(self.book, action)]

    @property
    def _actions(self) -> set[str]:
        return {self.span.meaning.action, *(record.action for record in self.active[:1])}

    @property
    def waits(self) -> list[Start]:
        """When something may start that waits, for an open breaker or for another attempt."""
        ends = [(end // MICRO, end // MICRO) for trip in self._trips for _, end in trip.shut]
        return ends if self._running else [*ends, *self._next_attempt()]

    def waited(self, lag: int) -> list[Start]:
        """The same at some time in the last `lag` seconds: an attempt that was waited for may have begun since."""
        since = (self.now - lag) * MICRO
        lately = (r for r in self.row.all if r.attempts and (r.ended_at is None or r.ended_at >= since))
        tries = ((record, one) for record in lately for one in self.book.of_run.get(record.id, ()))
        return [*self.waits, *(_after(record, one) for record, one in tries if one.ended_at is not None)]

    def _next_attempt(self) -> Iterator[Start]:
        for record in self.active[:1]:
            tries = self.book.of_run.get(record.id, [])
            if record.stage == "waiting" and tries and tries[-1].ended_at is not None:
                yield _after(record, tries[-1])

    @property
    def _running(self) -> bool:
        return any(record.stage == "running" for record in self.active)

    # --- all together

    def settled(self, lag: int) -> bool:
        """Whether all that counts is known and older than that. How breakers stand is a matter of the clock as it was."""
        row, since = self.row, (self.now - lag) * MICRO
        known_at = self.span.known_at
        if row.world.jumpy or len(self._actions) > 1 or known_at is None or row.world.machine.moment - known_at <= lag * MICRO:
            return False
        return all(at <= since or at > self.now * MICRO + MICRO for at in self._instants())

    def _instants(self) -> Iterator[int]:
        """When something changed about the row, or about its action's breaker; or will, by itself."""
        for record in self.row.all:
            yield from (at for at in (record.claimed_at, record.started_at, record.ended_at) if at is not None)
        for record in self.active:
            yield from (one.ended_at for one in self.book.of_run[record.id] if one.ended_at is not None)
        for trip in self._trips:
            yield from (at for stretch in trip.shut for at in stretch)
            if trip.closed is not None:
                yield trip.closed

    @cached_property
    def _ends(self) -> set[int]:
        """Until when the action's breaker lets nothing start, either way; 0 where it isn't open."""
        return {max(self._open(way), default=0) // MICRO for action in self._actions for way in ways(self.book, action)}

    def _open(self, way: Sequence[Tripped]) -> Iterator[int]:
        now = self.now * MICRO
        for trip in way:
            if trip.closed is None or trip.closed > now:
                yield from (end for at, end in trip.shut if at <= now < end)

    @property
    def unclear(self) -> bool:
        """Whether nobody can tell until when the breaker is open: of what ended at one instant, any may have been taken first."""
        return len(self._ends) > 1

    @property
    def _shut(self) -> int:
        return max(self._ends)

    def next(self, lag: int) -> Sequence[Start] | None:
        """When the row starts next, where all is settled; empty for nothing, None where it can't be told."""
        if any(record.approval for record in self.active):
            return None
        scheduled, shut = self.scheduled(lag), self._shut
        if shut and scheduled:
            scheduled = [(max(low, shut), max(high, shut)) for low, high in scheduled]
        if not self.active or self._running:
            return scheduled
        begins = [(max(low, shut), max(high, shut)) for low, high in self._next_attempt()]
        if not begins and shut:
            return [(shut, shut)]
        if not begins:  # it waits for a worker, or for a breaker that lets one through at a time
            return [*scheduled, *self.waits] if scheduled else None
        if shut or self.span.meaning.overlap not in ("parallel", "restart"):
            return begins
        if scheduled is None:
            return None
        (low, high), soonest = begins[0], min((last for _, last in scheduled), default=1 << 62)
        return [*(start for start in scheduled if start[0] <= high), *([(low, high)] if low <= soonest else [])]


def _after(record: Record, one: Try) -> Start:
    """When the attempt begins that follows this one, where one does."""
    assert one.ended_at is not None
    wait = shortest_wait(record, one.n)
    return (one.ended_at + wait) // MICRO, (one.ended_at + wait * 5 // 4) // MICRO + 1

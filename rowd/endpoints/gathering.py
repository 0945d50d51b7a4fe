"""Hears what happens, and puts down for each endpoint what it is to be told of it.

What the ledger knows by itself (`facts.OF_THE_LEDGER`) is read there, by number: a daemon that was killed goes on where it was. Of
that the events only say that there is something to be read. What the daemon alone knows is put down as soon as it is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct

from engine.committer import Commits
from engine.events import DispatchesDropped, Event, Listener, OccurrenceRecorded, RowAdded, RowEdited, RowVanished, RunEnded
from engine.ledger import Dispatch, EndpointMark, Ledger
from engine.loop import Daemon
from rowd.endpoints.endpoint import Endpoint, Endpoints
from rowd.endpoints.facts import HEARD, NAMES, OF_THE_LEDGER, Fact, about_of, body_of, of_alteration, of_end, of_event

MOST_HEARD = 10_000
"""Events that are kept in memory until they are put down; the oldest are forgotten, as where a ledger can't be written for long."""

AT_ONCE = 500
"""Of what has ended, of what was done to rows and of what was heard, so much is put down in one commit."""

ID_BYTES = 15

_POINTS_TO_THE_LEDGER = (RunEnded, OccurrenceRecorded, RowAdded, RowEdited, RowVanished)


class Hearing:
    """A listener. It keeps what the ledger doesn't know by itself, as far as an endpoint is told of it."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.stirred = asyncio.Event()
        self._named: frozenset[str] = frozenset()
        self.heed(endpoints)
        self._events: deque[Event] = deque(maxlen=MOST_HEARD)

    def heed(self, endpoints: Endpoints) -> None:
        """Keep what these are told of, from now on."""
        self._named = frozenset(name for name in NAMES if any(one.wanted.names(name) for one in endpoints.values()))

    def hear(self, event: Event) -> None:
        """A listener."""
        if event.name in HEARD & self._named:
            self._events.append(event)
        elif not isinstance(event, _POINTS_TO_THE_LEDGER) or not OF_THE_LEDGER & self._named:
            return
        self.stirred.set()

    def heard(self) -> list[Event]:
        """The oldest of what is kept, at most AT_ONCE; it is kept on until it was `done` with."""
        self.stirred.clear()
        return list(islice(self._events, AT_ONCE))

    def done(self, events: Iterable[Event]) -> None:
        """These, the oldest, are put down."""
        for event in events:
            if self._events and self._events[0] is event:  # else it was forgotten meanwhile
                self._events.popleft()


class _Step(Struct):
    """What one commit puts down.   facts: with what it takes to know whom they are for: their numbers, 0 of what was heard."""

    ends: list[tuple[int, Fact]]
    alterations: list[tuple[int, Fact]]
    heard: list[Fact]

    @property
    def more(self) -> bool:
        return AT_ONCE in (len(self.ends), len(self.alterations), len(self.heard))

    def for_(self, endpoint: Endpoint, mark: EndpointMark) -> Iterator[Fact]:
        """What this endpoint is told, in the order in which it came about, as far as that is known."""
        of_the_ledger = [f for n, f in self.ends if n > mark.ended] + [f for n, f in self.alterations if n > mark.altered]
        yield from (fact for fact in (*of_the_ledger, *self.heard) if endpoint.wanted.takes(fact, endpoint.name))


class Gathering:
    """Of one daemon."""

    def __init__(self, made: Daemon, committer: Commits, listener: Listener, hearing: Hearing) -> None:
        self._made, self._committer, self._listener, self._hearing = made, committer, listener, hearing
        self.endpoints: Endpoints = {}
        self._full: set[str] = set()  # of which it was told that more would wait than may

    async def take_up(self, endpoints: Endpoints) -> None:
        """Gather for these from now on. Raises LedgerUnwritable."""
        now, places = self._made.clock.now(), {name: one.place for name, one in endpoints.items()}

        def write(ledger: Ledger) -> None:
            ledger.forget_endpoints(places)
            for name, place in places.items():
                ledger.begin_endpoint(name, place, now)

        known = await self._committer.read(lambda ledger: ledger.endpoint_marks())
        if places or known:
            await self._committer.do(write, point="marks")
        self.endpoints = endpoints

    async def gather(self) -> None:
        """Put down all that there is. Raises LedgerUnwritable: then it is heard again."""
        while self.endpoints and await self._some():
            pass

    async def _some(self) -> bool:
        """Answers whether there is more."""
        heard, endpoints, now = self._hearing.heard(), self.endpoints, self._made.clock.now()
        marks, step = await self._committer.read(lambda ledger: self._read(ledger, heard))
        lasts = {
            name: (max([mark.ended, *(n for n, _ in step.ends)]), max([mark.altered, *(n for n, _ in step.alterations)]))
            for name, mark in marks.items()
        }
        if not heard and all((mark.ended, mark.altered) == lasts[name] for name, mark in marks.items()):
            return False
        put: list[Dispatch] = []
        dropped: dict[str, int] = {}
        for name, mark in marks.items():
            facts = list(step.for_(endpoints[name], mark)) if mark.gone_at is None else []
            room = max(0, endpoints[name].settings.max_waiting - mark.waiting)
            put += [self._dispatch(endpoints[name], fact) for fact in facts[:room]]
            dropped[name] = len(facts) - min(len(facts), room)

        def write(ledger: Ledger) -> None:
            ledger.put_dispatches(put)
            for name, (ended, altered) in lasts.items():
                ledger.go_by(name, ended, altered, dropped[name])

        await self._committer.do(write, point="marks")
        self._hearing.done(heard)
        full = {name for name in self._full & marks.keys() if 2 * marks[name].waiting > endpoints[name].settings.max_waiting}
        self._full = full | {name for name, number in dropped.items() if number}
        for name in sorted(self._full - full):
            self._listener(DispatchesDropped(at=now, endpoint=name, dispatches=dropped[name]))
        return step.more

    def _read(self, ledger: Ledger, heard: list[Event]) -> tuple[Mapping[str, EndpointMark], _Step]:
        now, marks = self._made.clock.now(), {n: m for n, m in ledger.endpoint_marks().items() if n in self.endpoints}
        ended = min((mark.ended for mark in marks.values()), default=0)
        altered = min((mark.altered for mark in marks.values()), default=0)
        ends = [(one.n, of_end(one, now)) for one in ledger.ended_after(ended, AT_ONCE)] if marks else []
        rows = islice(ledger.altered(altered), AT_ONCE) if marks else ()
        alterations = [(one.n, of_alteration(one.alteration, now)) for one in rows]
        return marks, _Step(ends, alterations, [of_event(event) for event in heard])

    def _dispatch(self, endpoint: Endpoint, fact: Fact) -> Dispatch:
        now, parts = self._made.clock.now(), self._made.parts
        id_, expires_at = f"msg_{parts.draw(ID_BYTES).hex()}", now + endpoint.settings.give_up_after
        about, body = about_of(fact, parts.mask), body_of(fact, parts.mask)
        return Dispatch(0, id_, endpoint.name, fact.type, about, body, now, 0, now, expires_at)

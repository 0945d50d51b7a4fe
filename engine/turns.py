"""Turns: everything that changes what the daemon knows, one after the other.

What came in is dealt with in two steps: first the news (rows read, attempts ended, wishes) is made durable, then the plan is
decided and made durable, and only then does anything start. Memory follows the ledger, never the other way round, so that a failed
commit leaves nothing to undo.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msgspec.structs import replace

from engine.acting import Acting
from engine.asking import Answered, Asking
from engine.brakes import HOUR
from engine.clock import LONGEST_NAP, Timer
from engine.committer import RETRY_LEDGER, Commits
from engine.events import ClockJumped, Event, LedgerRecovered, LedgerRefused, Listener
from engine.findings import Findings
from engine.happened import Looked
from engine.keeper import Keeper
from engine.learning import Learning, Seen
from engine.ledger import Ledger, LedgerUnwritable, Unfinished
from engine.links import WorkflowRound
from engine.made import Announced
from engine.memory import Memory
from engine.model import Occurrence, Stage
from engine.parts import Parts
from engine.rules import TableRules
from engine.runner import Ended, Runner
from engine.set_back import SET_BACK
from engine.tender import Tender
from engine.trust import SteadyClock

Item = Ended | Seen | Looked | Answered
"""What comes in."""

MOST_ENDS = 500
"""So many ended attempts are learned of in one turn, so that what has come due meanwhile doesn't wait for all of them."""


class Turns:
    """What one daemon does with what comes in.

    stopping: nothing starts any more.   frozen: nothing that comes due after this instant is looked at; None for no such limit.
    bears: for how long a ledger that can't be written is waited for; None for as long as it takes.
    refused: the last turn could not write it.
    """

    def __init__(self, parts: Parts, clock: SteadyClock, committer: Commits, listener: Listener) -> None:
        self.clock = clock
        self.memory = Memory(parts, clock.now())
        self.stopping = False
        self.frozen: datetime | None = None
        self.bears: timedelta | None = None
        self.refused = False
        self.runner = Runner(parts, clock, self._take_in)
        self._committer = committer
        self._emit: Callable[[Event], None] = listener
        self._learning = Learning(self.memory, listener)
        self.asking = Asking(lambda: self.memory.parts.facts, clock, self._take_in)
        self._acting = Acting(self.memory, self.runner, self.asking, clock, committer, listener)
        self._inbox: list[Item] = []
        self._looks: dict[int, asyncio.Future[None]] = {}  # by the id of the look that waits in the inbox
        self._leaving: list[tuple[Tender, asyncio.Future[bool]]] = []
        self._mail = asyncio.Event()
        self._poked = True
        self._before: datetime | None = None  # the instant of the last turn

    async def take_up(self, tenders: Iterable[Tender]) -> list[Unfinished]:
        """Know these tables, and what an earlier daemon left under way in them. Answers the attempts to `recover`."""
        names = set()
        for tender in tenders:
            self.memory.take_up(tender)
            names.add(tender.keeper.name)
        self.memory.meet()
        found = await self._left(lambda occurrence: occurrence.table in names)
        streaks = await self._committer.read(lambda ledger: {a: ledger.streak(a) for a in self.memory.parts.actions})
        self.memory.streaks(streaks)
        for table in names:
            known = await self._committer.read(partial(_rounds, table))
            self.memory.keepers[table].meanings.workflows.recall(known)
        since = self.clock.now() - HOUR
        for table in names & self.memory.parts.brakes.keys():
            self.memory.brakes.take_up(table, await self._committer.read(partial(_begun, table, since)))
        self._before = None
        return found

    async def take_up_rest(self) -> list[Unfinished]:
        """Know what an earlier daemon left under way in tables that are served no more: what runs is waited for, the rest ends."""
        return await self._left(lambda occurrence: occurrence.table not in self.memory.keepers)

    async def _left(self, ours: Callable[[Occurrence], bool]) -> list[Unfinished]:
        active, unfinished = await self._committer.read(lambda ledger: (ledger.active(), ledger.unfinished_attempts()))
        unknown = {o.id: o for o in active if ours(o) and o.id not in self.memory.under_way}
        found = [one for one in unfinished if one.occurrence.id in unknown]
        for one in found:  # the ledger tells when the first attempt started; people want to know it of this one
            unknown[one.occurrence.id] = replace(one.occurrence, started_at=one.attempt.started_at)
        for occurrence in unknown.values():
            self.memory.under_way.put(occurrence)
            self.memory.changed(occurrence)
        return found

    def recover(self, unfinished: Iterable[Unfinished]) -> None:
        """Attempts that were begun when the last daemon ended: wait for them, start them, or call them lost."""
        for one in unfinished:
            if (occurrence := self.memory.under_way.get(one.occurrence.id)) is not None:
                self.runner.adopt(occurrence, one.attempt.kind, one.attempt.since)

    def reconfigure(self, parts: Parts, rules: Mapping[str, TableRules]) -> None:
        """Go on with other definitions and rules; what runs is not touched. A table without rules starts nothing any more."""
        self.memory.replace(replace(parts, runs=self.memory.parts.runs, crash=self.memory.parts.crash))
        self.runner.replace(parts)
        for name, keeper in self.memory.keepers.items():
            self.memory.tenders[name].reread()
            find = partial(keeper.reconfigure, rules.get(name))
            self._inbox.append(Seen(keeper, find))
        self._mail.set()

    async def let_go(self, tender: Tender) -> bool:
        """Forget a table of which nothing is to be done any more, between two turns. False: it is served again."""
        gone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._leaving.append((tender, gone))
        self._mail.set()
        return await gone

    def idle(self) -> bool:
        """Whether nothing runs, is asked, waits to start or waits to be looked at."""
        pending = self.runner.under_way > 0 or self.asking.busy or any(o.stage is Stage.RUNNING for o in self.memory.under_way)
        return not (pending or self._poked or self.work_waits())

    def dues(self, table: str) -> list[datetime]:
        """When something of this table comes due; any order."""
        return self.memory.agenda.wakes_of(table)

    def behind(self) -> bool:
        """Whether work waits: for a turn, or for a worker."""
        return self.memory.agenda.lined_up or self.work_waits()

    def work_waits(self) -> bool:
        """Whether something has come in or come due that no turn has dealt with yet."""
        return self.mail or self._pressing()

    def _pressing(self) -> bool:
        """Whether a turn would decide on anything."""
        return not self.stopping and self._acting.pressing(self._horizon(self.clock.now()))

    def _horizon(self, now: datetime) -> datetime:
        """What has come due by then is looked at."""
        return min(now, self.frozen) if self.frozen else now

    @property
    def mail(self) -> bool:
        """Whether something came in that no turn has looked at yet."""
        return bool(self._inbox)

    # --- what comes in

    def poke(self) -> None:
        """Someone may have asked for something: look into the ledger."""
        self._poked = True
        self._mail.set()

    async def looked(self, looked: Looked) -> None:
        """Hand in what a look at a watched source found, and return once it is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inbox.append(looked)
        self._looks[id(looked)] = done
        self._mail.set()
        await done

    def _take_in(self, item: Ended | Answered) -> None:
        self._inbox.append(item)
        self._mail.set()

    async def deliver(self, keeper: Keeper, find: Callable[[datetime], Findings]) -> None:
        """Hand in what was read or written, and return once it is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inbox.append(Seen(keeper, find, done))
        self._mail.set()
        await done

    async def rest(self, *ends: asyncio.Task[object]) -> None:
        """Sleep until something comes in, something comes due, or one of `ends` is done."""
        if self._leaving or self._poked or self.work_waits():
            return
        self._mail.clear()
        timer = None if self.stopping else self._alarm()
        for one in ends:
            one.add_done_callback(self._woken)
        try:
            await self._mail.wait()
        finally:
            for one in ends:
                one.remove_done_callback(self._woken)
            if timer is not None:
                timer.cancel()

    def _alarm(self) -> Timer | None:
        """What ends a rest when something comes due, or a nap later: the wall clock may be set meanwhile. None: nothing will."""
        now = self.clock.now()
        ahead = self._acting.looks_ahead_at() if self.frozen is None else None
        wake = min([*self.memory.wakes(now, self.frozen), *([ahead] if ahead else [])], default=None)
        return None if wake is None else self.clock.call_after(max(timedelta(0), min(wake - now, LONGEST_NAP)), self._mail.set)

    def _woken(self, _: asyncio.Task[object]) -> None:
        self._mail.set()

    # --- a turn

    async def turn(self, *ends: asyncio.Task[object]) -> None:
        """Learn, then act. A ledger that can't be written changes nothing: all of it comes again in the next turn, after a pause,
        or as soon as one of `ends` is done.

        Raises: LedgerUnwritable where it has not been for longer than it is borne with.
        """
        now = self._now()
        self.refused = False
        try:
            learned = await self._learn(now)
            if not self.stopping:
                await self._acting.act(self._horizon(now), now)
                if not self._inbox:
                    self._acting.look_ahead(self.clock.now())
            if learned or not self.stopping:  # a stop has nothing else to write
                self._written(now)
        except LedgerUnwritable as exc:
            self.refused = True
            self._poked = True  # what was asked may not have been seen
            since = self._told(exc, now)
            if self.bears is not None and now - since >= self.bears:
                raise
            await self._pause(ends)
        self._part()
        for tender in self.memory.tenders.values():
            if tender.keeper.unsent or tender.keeper.over:
                tender.stir()

    def _part(self) -> None:
        """Forget the tables that are to be let go of, unless something about one has come in meanwhile."""
        leaving, self._leaving = self._leaving, []
        for tender, gone in leaving:
            if not gone.done():
                keeper = tender.keeper
                over = keeper.over and not any(isinstance(item, Seen) and item.keeper is keeper for item in self._inbox)
                if over:
                    self.memory.drop(keeper.name)
                gone.set_result(over)

    async def _pause(self, ends: Iterable[asyncio.Task[object]]) -> None:
        pause = asyncio.create_task(self.clock.sleep(RETRY_LEDGER))
        try:
            await asyncio.wait([pause, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(pause)

    async def _learn(self, now: datetime) -> bool:
        """Make durable what came in, then remember it. False: there was nothing to be written."""
        self._inbox += [Seen(k, _starts_otherwise) for k in self.memory.keepers.values() if k.access.lapses(now)]
        items, poked = self._items(), self._poked
        news = self._learning.news(items, now)
        if newcomers := self._learning.newcomers(news):  # what a run makes is announced before it can be read
            self._learning.recognise(news, newcomers, await self._committer.read(_announced), now)
        if not news.empty or poked:
            self._poked = False  # before the commit: who asks while it is under way may come too late for it
            requests, tallies = await self._committer.do(lambda ledger: news.write(ledger, now), point=news.point)
            behind = self._learning.remember(news, requests, tallies, now)
            self._inbox += [Seen(keeper, _counts_otherwise) for keeper in behind]
        dealt_with = {id(item) for item in items}
        self._inbox = [item for item in self._inbox if id(item) not in dealt_with]
        for item in items:
            if (told := self._looks.pop(id(item), None)) is not None and not told.done():
                told.set_result(None)
            if isinstance(item, Answered):
                self.asking.settled(item.name)
            if isinstance(item, Seen) and item.done is not None:
                self.memory.looked(item.keeper.name)
                if not item.done.done():
                    item.done.set_result(None)
        return not news.empty

    def _items(self) -> list[Item]:
        """What this turn deals with: of each table, and each watched source, only the first thing seen, since the next builds on
        it; and the oldest ends."""
        items: list[Item] = []
        tables: set[str] = set()
        watches: set[str] = set()
        ends = 0
        for item in self._inbox:
            if isinstance(item, Ended):
                ends += 1
                if ends <= MOST_ENDS:
                    items.append(item)
            elif isinstance(item, Answered):
                items.append(item)
            elif isinstance(item, Looked):
                if item.name not in watches:
                    watches.add(item.name)
                    items.append(item)
            elif item.keeper.name not in tables:
                tables.add(item.keeper.name)
                items.append(item)
        return items

    def _told(self, exc: LedgerUnwritable, now: datetime) -> datetime:
        """Say it once, not at every try. Answers since when it is so."""
        if self.memory.unwritten_since is None:
            self.memory.unwritten_since = now
            self._emit(LedgerRefused(at=now, message=str(exc)))
        return self.memory.unwritten_since

    def _written(self, now: datetime) -> None:
        if (since := self.memory.unwritten_since) is not None:
            self._emit(LedgerRecovered(at=now, seconds=round((now - since).total_seconds(), 3)))
            self.memory.unwritten_since = None

    def _now(self) -> datetime:
        """The instant to go by in this turn. Where the clock was set back, what lies ahead of it now is taken back."""
        now = self.clock.now()
        for jump in self.clock.jumps():
            self._emit(ClockJumped(at=now, seconds=round(jump.total_seconds(), 3)))
        if self._before is None or now < self._before - SET_BACK:
            self._inbox += [Seen(k, k.set_back) for k in self.memory.keepers.values() if k.set_back(now).states]
            self.memory.set_back(now)
        self._before = now
        return now


def _begun(table: str, since: datetime, ledger: Ledger) -> list[datetime]:
    return ledger.begun(table, since)


def _rounds(table: str, ledger: Ledger) -> list[WorkflowRound]:
    return ledger.newest_rounds(table)


def _announced(ledger: Ledger) -> list[Announced]:
    return ledger.announced()


def _starts_otherwise(_now: datetime) -> Findings:
    """Nothing was seen, but what may start is another matter now."""
    return Findings(look_again=True)


def _counts_otherwise(_now: datetime) -> Findings:
    """Nothing was seen, but the table's mark is to be written."""
    return Findings(news=True)


async def when_set(event: asyncio.Event) -> None:
    """Return once the event is set."""
    await event.wait()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them all, and return once they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

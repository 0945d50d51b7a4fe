"""Turns: everything that changes what the daemon knows, one after the other.

What came in is dealt with in two steps: first the facts (rows read, attempts ended, wishes) are made durable, then the plan is
decided and made durable, and only then does anything start. Memory follows the ledger, never the other way round, so that a failed
commit leaves nothing to undo.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from actions.api import Action, Adoptable, Outcome
from engine import telling
from engine.agenda import Agenda, Place
from engine.blackout import Blackout
from engine.breaker import BreakerRules, Breakers
from engine.clock import LONGEST_NAP, Clock
from engine.committer import Commits
from engine.crash import Crash
from engine.decide import back_off, decide
from engine.events import ClockJumped, Event, Listener, Trouble
from engine.facts import End, Facts, Moves, Tallies, stopped
from engine.keeper import Findings, Keeper, TableRules
from engine.ledger import LedgerUnwritable, new_run_id
from engine.merge import active, completed
from engine.model import Cause, Occurrence, Request, Stage, Task
from engine.plan import Answer, House, Plan, Standing, Stop
from engine.runner import Ended, Runner
from engine.tender import Tender
from engine.trust import Trust
from engine.underway import UnderWay

RETRY_LEDGER = timedelta(seconds=2)
"""How long to wait before a turn whose commit failed (disk full, say) is tried again."""

TELL_AGE = timedelta(seconds=20)
"""How old the ledger's note of a table's last read may grow while nothing else is to be written."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a daemon is made of, beside its tables.

    limits: action → how many attempts at once.   runs: folder of all attempts' folders.   draw: n random bytes.
    """

    actions: Mapping[str, Action]
    secrets: Mapping[str, Mapping[str, str]]
    limits: Mapping[str, int]
    max_parallel: int
    stop_within: timedelta
    blackouts: tuple[Blackout, ...]
    breaker: BreakerRules
    runs: Path
    draw: Callable[[int], bytes]
    crash: Crash


@dataclass(slots=True)
class _Seen:
    """Something read from, or answered by, a table; `find` holds it against what is known at the time of the turn."""

    keeper: Keeper
    find: Callable[[datetime], Findings]
    done: asyncio.Future[None]
    found: Findings | None = None


class Turns:
    """What one daemon knows, and how that changes.

    stopping: nothing starts any more.   frozen: nothing that comes due after this instant is looked at; None for no such limit.
    """

    def __init__(self, parts: Parts, clock: Clock, committer: Commits, listener: Listener) -> None:
        self.parts = parts
        self.clock = clock
        self.keepers: dict[str, Keeper] = {}
        self.under_way = UnderWay()
        self.stopping = False
        self.frozen: datetime | None = None
        self.runner = Runner(parts.actions, parts.secrets, clock, committer, parts.runs, parts.crash, self._ended)
        self._committer = committer
        self._emit: Callable[[Event], None] = listener
        self._tenders: dict[str, Tender] = {}
        self._inbox: list[Ended | _Seen] = []
        self._mail = asyncio.Event()
        self._poked = True
        self._again = False  # the last turn could not be written
        self._agenda = Agenda()
        self._breakers = Breakers(parts.breaker, parts.limits, parts.max_parallel)
        self._marked: dict[str, datetime] = {}
        self._awake_since = clock.now()
        self._trust = Trust(clock.now(), clock.uptime())

    async def take_up(self, tenders: Iterable[Tender]) -> None:
        """Know these tables, and whatever an earlier daemon left under way."""
        unfinished = await self._committer.read(lambda ledger: ledger.unfinished_attempts())
        began = {one.occurrence.id: one.attempt.started_at for one in unfinished}
        for tender in tenders:
            keeper = tender.keeper
            self.keepers[keeper.name], self._tenders[keeper.name] = keeper, tender
            for occurrence in await self._committer.read(lambda ledger, name=keeper.name: ledger.active(name)):  # type: ignore[misc]
                # the ledger tells when the first attempt started; how long this one may still take counts from its own start
                self.under_way.put(occurrence._replace(started_at=began.get(occurrence.id, occurrence.started_at)))
            keeper.active = self.under_way.of
            keeper.shut = self._breakers.shut
            self._agenda.touch((keeper.name, key) for key in keeper.states)
        self._breakers.take_up(await self._committer.read(lambda ledger: {a: ledger.streak(a) for a in self.parts.actions}))

    def recover(self, tables: Collection[str]) -> None:
        """Attempts of these tables that were begun when the last daemon ended: wait for them, start them, or call them lost."""
        for occurrence in self.under_way:
            action: object = self.parts.actions.get(occurrence.action)
            if occurrence.stage is not Stage.RUNNING or occurrence.table not in tables:
                continue
            if occurrence.process is None and isinstance(action, Adoptable):  # never released, so it never ran
                self.runner.start(occurrence)
            else:
                self.runner.adopt(occurrence)

    def reconfigure(self, parts: Parts, rules: Mapping[str, TableRules]) -> None:
        """Go on with other definitions and rules; what runs is not touched. A table without rules starts nothing any more."""
        self.parts = replace(parts, runs=self.parts.runs, crash=self.parts.crash)
        self._breakers.rules, self._breakers.limits, self._breakers.usual = parts.breaker, parts.limits, parts.max_parallel
        self.runner.replace(parts.actions, parts.secrets)
        for name, keeper in self.keepers.items():
            its = rules.get(name)
            seen = _Seen(keeper, partial(keeper.reconfigure, its), asyncio.get_running_loop().create_future())
            self._inbox.append(seen)
        self._mail.set()

    def idle(self) -> bool:
        """Whether nothing runs, waits to start or waits to be looked at."""
        pending = self.runner.under_way > 0 or any(o.stage is Stage.RUNNING for o in self.under_way)
        return not (pending or self._inbox or self._poked or self._agenda.pressing(self.frozen or self.clock.now()))

    @property
    def mail(self) -> bool:
        """Whether something came in that no turn has looked at yet."""
        return bool(self._inbox)

    # --- what comes in

    def poke(self) -> None:
        """Someone may have asked for something: look into the ledger."""
        self._poked = True
        self._mail.set()

    def _ended(self, ended: Ended) -> None:
        self._inbox.append(ended)
        self._mail.set()

    async def deliver(self, keeper: Keeper, find: Callable[[datetime], Findings]) -> None:
        """Hand in what was read or written, and return once it is durable."""
        seen = _Seen(keeper, find, asyncio.get_running_loop().create_future())
        self._inbox.append(seen)
        self._mail.set()
        await seen.done

    async def rest(self, *ends: asyncio.Task[object]) -> None:
        """Sleep until something comes in, something comes due, or one of `ends` is done."""
        if self._inbox or self._poked or self._again:
            return
        self._mail.clear()
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(when_set(self._mail))]
        if not self._trust.given:
            tasks.append(asyncio.create_task(self.clock.sleep(LONGEST_NAP)))
        elif not self.stopping and (wake := self._wake()) is not None:
            tasks.append(asyncio.create_task(self.clock.sleep_until(wake)))
        try:
            await asyncio.wait({*tasks, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(*tasks)

    def _wake(self) -> datetime | None:
        """When time alone gives us something to do."""
        times = [k.changes_at() for k in self.keepers.values()]
        ahead = self._agenda.next_wake()
        if self.frozen is None or (ahead is not None and ahead <= self.frozen):
            times.append(ahead)
        times += self._breakers.shut(self.clock.now()).values()
        return min((at for at in times if at is not None), default=None)

    # --- a turn

    async def turn(self) -> None:
        now, self._again = self.clock.now(), False
        try:
            await self._learn(now)
            if not self.stopping and self._trusted(now):
                await self._act(min(now, self.frozen) if self.frozen else now)
        except LedgerUnwritable as exc:
            self._emit(Trouble(at=now, where="ledger", message=str(exc)))
            self._again = True
            await self.clock.sleep(RETRY_LEDGER)
        for tender in self._tenders.values():
            if tender.keeper.unsent:
                tender.stir()

    async def _learn(self, now: datetime) -> None:
        """Make durable what came in, then remember it."""
        items, poked = self._items(), self._poked
        facts = self._facts(items, now)
        if not facts.empty or poked:
            requests, tallies = await self._committer.do(lambda ledger: facts.write(ledger, now), point=facts.point)
            self._poked = False
            self._remember(facts, tallies, now)
            self._take(requests)
        dealt_with = {id(item) for item in items}
        self._inbox = [item for item in self._inbox if id(item) not in dealt_with]
        for item in items:
            if isinstance(item, _Seen):
                self._tenders[item.keeper.name].looked.set()
                if not item.done.done():
                    item.done.set_result(None)
        for keeper in self.keepers.values():
            if keeper.lapsed(now):
                self._look_again(keeper)

    def _items(self) -> list[Ended | _Seen]:
        """What this turn deals with: all that came in, but of each table only the first thing seen; the next builds on it."""
        items: list[Ended | _Seen] = []
        tables: set[str] = set()
        for item in self._inbox:
            if isinstance(item, Ended):
                items.append(item)
            elif item.keeper.name not in tables:
                tables.add(item.keeper.name)
                items.append(item)
        return items

    def _facts(self, items: Iterable[Ended | _Seen], now: datetime) -> Facts:
        facts = Facts()
        for item in items:
            if isinstance(item, _Seen):
                if (found := self._found(item, now)) is not None:
                    facts.found[item.keeper.name] = found
            elif (occurrence := self.under_way.get(item.run)) is not None:
                facts.ends.append(End(occurrence, item, self._retry_at(occurrence, item, now)))
        for end in facts.ends:
            occurrence = end.occurrence
            keeper = self.keepers[occurrence.table]
            if end.retry_at is None and self._was_one_off(keeper, occurrence):
                state = facts.found.get(keeper.name, Findings()).states.get(occurrence.key) or keeper.states[occurrence.key]
                if occurrence.due > state.since and active(state):  # else a person has changed it while it ran
                    facts.states[(keeper.name, occurrence.key)] = completed(state)
        facts.marks = [self.keepers[t].mark(now) for t, found in facts.found.items() if self._worth_a_mark(t, found, now)]
        return facts

    @staticmethod
    def _found(item: _Seen, now: datetime) -> Findings | None:
        """What it comes to, found out once: a commit that failed is tried again with the same. None: its sender is told why."""
        try:
            item.found = item.found or item.find(now)
        except Exception as exc:  # a table that answers in a way we never thought of is its tender's trouble
            if not item.done.done():
                item.done.set_exception(exc)
        return item.found

    @staticmethod
    def _retry_at(occurrence: Occurrence, ended: Ended, now: datetime) -> datetime | None:
        outcome = ended.result.outcome
        repeats = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) or (outcome is Outcome.LOST and occurrence.repeatable)
        return now + back_off(occurrence, ended.attempt) if repeats and ended.attempt < occurrence.attempts else None

    @staticmethod
    def _was_one_off(keeper: Keeper, occurrence: Occurrence) -> bool:
        task = keeper.understood.get(occurrence.key)
        if not isinstance(task, Task) or task.schedule is None:
            return False
        return task.schedule.one_off and occurrence.cause is Cause.SCHEDULE

    def _worth_a_mark(self, table: str, found: Findings, now: datetime) -> bool:
        marked = self._marked.get(table)
        return bool(found.states) or found.look_again or marked is None or now - marked >= TELL_AGE

    def _remember(self, facts: Facts, tallies: Tallies, now: datetime) -> None:
        self._marked.update((mark.table, now) for mark in facts.marks)
        for table, found in facts.found.items():
            keeper = self.keepers[table]
            keeper.apply(found.states)
            self._agenda.touch((table, key) for key in found.states)
            if found.look_again:
                self._look_again(keeper)
            self._tell(telling.of_findings(keeper, found, now))
        for (table, key), state in facts.states.items():
            self.keepers[table].apply({key: state})
        for end in facts.ends:
            self._forget(end, now)
        self._recount(tallies)

    def _forget(self, end: End, now: datetime) -> None:
        """An attempt has ended: the occurrence waits for another one, or is over."""
        occurrence, result = end.occurrence, end.ended.result
        if end.retry_at is not None:
            waits = occurrence._replace(stage=Stage.WAITING, retry_at=end.retry_at, reason=result.summary, process=None)
            self.under_way.put(waits)
        else:
            self.under_way.drop(occurrence)
        self._changed(occurrence)
        self.keepers[occurrence.table].note_is_over(occurrence.key)
        before, after = self._breakers.note(occurrence.action, result.outcome, now)
        self._emit(telling.of_end(end, now))
        self._tell(telling.of_breaker(occurrence.action, before, after, self.parts.breaker, now))

    def _take(self, requests: Iterable[Request]) -> None:
        asked: dict[Place, tuple[Request, ...]] = {}
        for request in requests:
            place = (request.table, request.key)
            asked[place] = (*asked.get(place, ()), request)
        for keeper in self.keepers.values():
            keeper.requests = {key: those for (table, key), those in asked.items() if table == keeper.name}
        self._agenda.touch(place for place in asked if place[0] in self.keepers)

    async def _act(self, now: datetime) -> None:
        """Decide, make the plan durable, then start."""
        places = self._places(now)
        if not places:
            return
        standings, no_tasks = self._standings(places, now)
        plan = decide(standings, now, self._house(now))
        plan = replace(plan, answers=(*plan.answers, *no_tasks[0]), stops=(*plan.stops, *no_tasks[1]))
        claims, records = self._numbered(plan.claims, now), self._numbered(plan.records, now)
        plan = replace(plan, records=tuple(records))
        begun = self._begun(plan, claims)
        quiet = [stop for stop in plan.stops if not self._runs(stop.run)]
        moves = Moves(plan, claims, begun, quiet, {o.id: str(self.runner.folder(o.id, o.attempt)) for o in begun})
        if not moves.empty:
            try:
                ours, tallies = await self._committer.do(lambda ledger: moves.write(ledger, now), point=moves.point)
            except LedgerUnwritable:
                self._agenda.touch(places)
                raise
            self._carry_out(moves, ours, tallies, now)
        self._agenda.set_wakes(places, plan.wakes)
        for occurrence in plan.left:
            self._agenda.queue(occurrence)

    def _numbered(self, occurrences: Iterable[Occurrence], now: datetime) -> list[Occurrence]:
        return [o._replace(id=new_run_id(now, self.parts.draw)) for o in occurrences]

    def _places(self, now: datetime) -> set[Place]:
        """Which tasks to decide on; a table that was not looked at yet since the start has to wait."""
        places = self._agenda.take(now, self._free, self._waiting_action, lambda action: self._room(action, now))
        early = {p for p in places if not self._tenders[p[0]].looked.is_set()}
        self._agenda.touch(early)
        return places - early

    def _waiting_action(self, place: Place) -> str | None:
        waiting = (o.action for o in self.under_way.of(*place) if o.stage in (Stage.CLAIMED, Stage.WAITING))
        return next(waiting, None)

    def _runs(self, run: str) -> bool:
        occurrence = self.under_way.get(run)
        return occurrence is not None and occurrence.stage is Stage.RUNNING

    def _standings(self, places: Iterable[Place], now: datetime) -> tuple[list[Standing], tuple[list[Answer], list[Stop]]]:
        """Where these tasks stand; and what becomes of wishes and waiting occurrences of rows that are no tasks (any more)."""
        standings: list[Standing] = []
        refused: list[Answer] = []
        ended: list[Stop] = []
        for table, key in places:
            keeper = self.keepers[table]
            standing = keeper.standing(key, now)
            if standing is not None:
                standings.append(standing)
                continue
            why = keeper.no_task(key)
            refused += [Answer(request, False, why) for request in keeper.requests.get(key, ())]
            ended += [Stop(o.id, why, "") for o in self.under_way.of(table, key) if o.stage is not Stage.RUNNING]
        return standings, (refused, ended)

    @property
    def _free(self) -> int:
        return max(0, self.parts.max_parallel - self.runner.under_way)

    def _room(self, action: str, now: datetime) -> bool:
        return self.under_way.running.get(action, 0) < self._breakers.limit(action, now)

    def _house(self, now: datetime) -> House:
        return House(
            awake_since=self._awake_since,
            free=self._free,
            running=dict(self.under_way.running),
            limits=self._breakers.limited(now),
            shut=self._breakers.shut(now),
            blackouts=self.parts.blackouts,
        )

    def _begun(self, plan: Plan, claims: Iterable[Occurrence]) -> list[Occurrence]:
        """The occurrences that start, as they stand once their next attempt has begun."""
        claimed = {(c.table, c.key, c.trigger): c for c in claims}
        begun = []
        for table, key, trigger in plan.starts:
            occurrence = claimed.get((table, key, trigger))
            if occurrence is None:
                occurrence = next(o for o in self.under_way.of(table, key) if o.trigger == trigger)
            begun.append(
                occurrence._replace(
                    stage=Stage.RUNNING,
                    attempt=occurrence.attempt + 1,
                    started_at=self.clock.now(),
                    retry_at=None,
                    process=None,
                )
            )
        return begun

    def _carry_out(self, moves: Moves, ours: set[str], tallies: Tallies, now: datetime) -> None:
        """The plan is durable: remember it, tell it, and start."""
        for state in moves.plan.states:
            keeper = self.keepers[state.table]
            keeper.states[state.key] = state
            keeper.unsent.add(state.key)
        for claim in moves.claims:
            if claim.id in ours:
                self.under_way.put(claim)
                self._changed(claim)
        self._recount(tallies)
        for answer in moves.plan.answers:
            keeper = self.keepers[answer.request.table]
            keeper.answered(answer)
            self._emit(telling.of_answer(keeper, answer, now))
        for stop in moves.plan.stops:
            self._stop(stop)
        for occurrence in moves.begun:
            if occurrence.id in self.under_way:  # a claim that somebody else had is not ours to start
                self.under_way.put(occurrence)
                self.keepers[occurrence.table].note_is_over(occurrence.key)
                self._changed(occurrence)
                self._emit(telling.of_start(occurrence, now))
                self.runner.start(occurrence)
        self._tell(telling.of_record(record, now) for record in moves.plan.records)

    def _stop(self, stop: Stop) -> None:
        occurrence = self.under_way.get(stop.run)
        if occurrence is None:
            return
        if occurrence.stage is Stage.RUNNING:  # its end may be in the inbox already
            self.runner.stop(stop.run, Outcome.CANCELLED, stopped(stop))
            return
        self.under_way.drop(occurrence)
        self._changed(occurrence)

    # --- remembering

    def _changed(self, occurrence: Occurrence) -> None:
        self.keepers[occurrence.table].unsent.add(occurrence.key)
        self._agenda.touch([(occurrence.table, occurrence.key)])

    def _look_again(self, keeper: Keeper) -> None:
        keeper.unsent.update(keeper.states)
        self._agenda.touch((keeper.name, key) for key in keeper.states)

    def _recount(self, tallies: Tallies) -> None:
        for table, changed in tallies.items():
            self.keepers[table].tallies.update(changed)
            self.keepers[table].unsent.update(changed)

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._emit(event)

    def _trusted(self, now: datetime) -> bool:
        """Whether the wall clock can be believed."""
        if (jump := self._trust.look(now, self.clock.uptime())) is not None:
            self._emit(ClockJumped(at=now, seconds=round(jump.total_seconds(), 3)))
        return self._trust.given


async def when_set(event: asyncio.Event) -> None:
    """Return once the event is set."""
    await event.wait()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them all, and return once they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""The second half of a turn: what to do is decided, made durable, and then done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from actions.api import Outcome
from engine import telling
from engine.access import UNSERVED
from engine.agenda import Place
from engine.clock import Clock
from engine.committer import Commits
from engine.decide import decide
from engine.events import Event
from engine.facts import Moves, Tallies, stopped
from engine.ledger.ids import new_run_ids, numbered
from engine.memory import Memory
from engine.model import Occurrence, Stage
from engine.plan import Answer, Plan, Standing, Stop
from engine.runner import Runner
from engine.wishes import without_task

TOGETHER = 500
"""So many tasks are decided on in one plan. While one plan is made durable, the next is decided."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A plan for these places, on its way: `durable` answers which claims are ours, and the tallies that changed."""

    places: Collection[Place]
    moves: Moves
    durable: asyncio.Task[tuple[set[str], Tallies]] | None


class Acting:
    """Plans, and what becomes of them."""

    def __init__(self, memory: Memory, runner: Runner, clock: Clock, committer: Commits, emit: Callable[[Event], None]) -> None:
        self._memory = memory
        self._runner = runner
        self._clock = clock
        self._committer = committer
        self._emit = emit

    async def act(self, now: datetime) -> None:
        """Deal with every task that changed or came due, best first. Raises LedgerUnwritable: the rest is kept for another turn."""
        places = sorted(self._places(now), key=lambda place: -self._memory.priority(place))
        untold: list[Event] = []
        dealt_with = 0
        step: _Step | None = None
        try:
            for first in range(0, len(places), TOGETHER):
                following = self._decided(places[first : first + TOGETHER], now, step)
                if step is not None:
                    untold += await self._done(step, now)
                    dealt_with = first
                step = await self._sent(following, now)
            if step is not None:
                untold += await self._done(step, now)
                dealt_with = len(places)
        finally:
            self._memory.agenda.touch(places[dealt_with:])
            for event in untold:  # what is told of them comes after all have begun
                self._emit(event)

    def _decided(self, places: Collection[Place], now: datetime, before: _Step | None) -> _Step:
        """What to do about these. It starts no more than what the step before leaves room for."""
        memory = self._memory
        standings, answered, ended = self._standings(places, now)
        taken = [occurrence.action for occurrence in before.moves.starting] if before is not None else []
        plan = decide(standings, now, memory.house(now, self._free, taken))
        records = tuple(numbered(plan.records, now, memory.parts.draw))
        plan = replace(plan, records=records, answers=(*plan.answers, *answered), stops=(*plan.stops, *ended))
        return _Step(places, self._moves(plan, now), None)

    async def _sent(self, step: _Step, now: datetime) -> _Step:
        """On its way into the ledger."""
        moves = step.moves
        if moves.empty:
            return step
        commit = self._committer.do(lambda ledger: moves.write(ledger, now), point=moves.point)
        durable = asyncio.create_task(commit)
        await asyncio.sleep(0)  # it is asked for now; and what was started before begins
        return replace(step, durable=durable)

    async def _done(self, step: _Step, now: datetime) -> Iterable[Event]:
        """Once it is durable: remember it, and start what it starts. Answers what is to be told of it."""
        memory, plan = self._memory, step.moves.plan
        started: list[Occurrence] = []
        if step.durable is not None:
            started = self._carry_out(step.moves, *await step.durable)
            if started:
                await asyncio.sleep(0)  # they begin now
        memory.agenda.set_wakes(step.places, plan.wakes)
        for occurrence in plan.left:
            memory.agenda.queue(occurrence)
        starts = (telling.of_start(occurrence, now) for occurrence in started)
        return chain(starts, (telling.of_record(record, now) for record in plan.records))

    def pressing(self, now: datetime) -> bool:
        """Whether `act` would decide on anything."""
        memory = self._memory
        return memory.agenda.pressing(now, self._free, memory.waits, lambda action: memory.room(action, now))

    def _places(self, now: datetime) -> list[Place]:
        """Which tasks to decide on; those of a table that was not looked at yet since the start come once it is."""
        memory = self._memory
        places = memory.agenda.take(now, self._free, memory.waits, lambda action: memory.room(action, now))
        return [place for place in places if (tender := memory.tenders.get(place[0])) is None or tender.looked.is_set()]

    @property
    def _free(self) -> int:
        return max(0, self._memory.parts.max_parallel - self._runner.under_way)

    def _standings(self, places: Iterable[Place], now: datetime) -> tuple[list[Standing], list[Answer], list[Stop]]:
        """Where these tasks stand; and what becomes of wishes and waiting occurrences of rows that are no tasks (any more)."""
        standings: list[Standing] = []
        answered: list[Answer] = []
        ended: list[Stop] = []
        for table, key in places:
            keeper, active = self._memory.keepers.get(table), self._memory.under_way.of(table, key)
            standing = keeper.standing(key, now) if keeper is not None else None
            if standing is not None:
                standings.append(standing)
                continue
            requests, why = (keeper.requests.get(key, ()), keeper.no_task(key)) if keeper is not None else ((), UNSERVED)
            answers, stops = without_task(requests, active, why)
            answered += answers
            ended += stops
        return standings, answered, ended

    def _moves(self, plan: Plan, now: datetime) -> Moves:
        """The plan with ids, and with the attempts that begin: those of new claims stand in the claims themselves."""
        starts = set(plan.starts)
        ids = new_run_ids(len(plan.claims), now, self._memory.parts.draw)
        claims = [
            claim._replace(id=id_, stage=Stage.RUNNING, attempt=1, started_at=now)
            if _trigger(claim) in starts
            else claim._replace(id=id_)
            for claim, id_ in zip(plan.claims, ids, strict=True)
        ]
        new = set(map(_trigger, claims))
        begun = [_begun(occurrence, now) for occurrence in self._waiting([t for t in plan.starts if t not in new])]
        folders = {o.id: self._runner.folder(o.id, o.attempt) for o in (*claims, *begun) if o.stage is Stage.RUNNING}
        kinds = {o.id: kind for o in (*claims, *begun) if o.id in folders and (kind := self._runner.kind(o.action)) is not None}
        quiet = [stop for stop in plan.stops if not self._memory.runs(stop.run)]
        return Moves(plan, claims, begun, quiet, folders, kinds)

    def _waiting(self, triggers: Collection[tuple[str, str, str]]) -> list[Occurrence]:
        """What was claimed before, and bears these triggers; in their order."""
        places = dict.fromkeys((table, key) for table, key, _ in triggers)
        waiting = {_trigger(o): o for place in places for o in self._memory.under_way.of(*place)}
        return [waiting[trigger] for trigger in triggers]

    def _carry_out(self, moves: Moves, ours: set[str], tallies: Tallies) -> list[Occurrence]:
        """The plan is durable: remember it, and start what it starts."""
        memory, now = self._memory, self._clock.now()
        for state in moves.plan.states:
            keeper = memory.keepers[state.table]
            keeper.states[state.key] = state
            keeper.unsent.add(state.key)
        for state in moves.plan.completed:
            memory.keepers[state.table].apply({state.key: state})
        claims = [claim for claim in moves.claims if claim.id in ours]  # another's claim is not ours to start
        for occurrence in (*claims, *moves.begun):
            memory.under_way.put(occurrence)
            memory.changed(occurrence)
        memory.recount(tallies)
        for answer in moves.plan.answers:
            keeper = memory.keepers[answer.request.table]
            keeper.answered(answer)
            self._emit(telling.of_answer(keeper, answer, now))
        for stop in moves.plan.stops:
            self._stop(stop)
        started = [o for o in moves.starting if o.id in memory.under_way]  # what is not ours was not put there
        for occurrence in started:
            memory.keepers[occurrence.table].note_is_over(occurrence.key)
            self._runner.start(occurrence)
        return started

    def _stop(self, stop: Stop) -> None:
        occurrence = self._memory.under_way.get(stop.run)
        if occurrence is None:
            return
        if occurrence.stage is Stage.RUNNING:  # its end may be in the inbox already
            self._memory.under_way.put(occurrence._replace(stopping=stopped(stop)))
            self._runner.stop(stop.run, Outcome.CANCELLED, stopped(stop))
            return
        self._memory.under_way.drop(occurrence)
        self._memory.changed(occurrence)


def _trigger(occurrence: Occurrence) -> tuple[str, str, str]:
    return occurrence.table, occurrence.key, occurrence.trigger


def _begun(occurrence: Occurrence, now: datetime) -> Occurrence:
    """As it stands once its next attempt has begun."""
    return occurrence._replace(stage=Stage.RUNNING, attempt=occurrence.attempt + 1, started_at=now, retry_at=None, process=None)

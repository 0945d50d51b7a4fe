"""The second half of a turn: what to do is decided, made durable, and then done."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from actions.api import Outcome, Uptime
from config.shortages import FULL, READ_ONLY, found
from engine import foresight, notes, telling
from engine.agenda import Place
from engine.asking import Asking
from engine.clock import Clock
from engine.committer import Commits
from engine.deciding import Deciding
from engine.events import Event, TableBraked
from engine.foresight import Foresight
from engine.ledger import Ledger, LedgerUnwritable
from engine.memory import Memory
from engine.model import Occurrence, Stage
from engine.news import Moves, Tallies, stopped
from engine.plan import Stop
from engine.reacting import REACTIONS
from engine.runner import Runner


class _Step(Struct, frozen=True):
    """A plan for these places, on its way: `durable` answers which claims are ours, and the tallies that changed."""

    places: Sequence[Place]
    moves: Moves
    durable: asyncio.Task[tuple[set[str], Tallies]] | None


AT_ONCE = 2
"""Plans under way: while one is made durable, the next is decided, and what the one before starts begins."""


class Acting:
    """Plans, and what becomes of them."""

    def __init__(
        self,
        memory: Memory,
        runner: Runner,
        asking: Asking,
        clock: Clock,
        committer: Commits,
        emit: Callable[[Event], None],
    ) -> None:
        self._memory = memory
        self._runner = runner
        self._asking = asking
        self._clock = clock
        self._committer = committer
        self._emit = emit
        self._deciding = Deciding(memory, runner)
        self._foresight = Foresight(memory, self._deciding)

    async def act(self, now: datetime, begins: datetime) -> None:
        """Deal with every task that changed or came due by `now`, best first.   begins: the instant; what begins bears it.

        Raises LedgerUnwritable: the rest is kept for another turn.
        """
        parts = deque(_parts(self._deciding.take(now)))
        steps: deque[_Step] = deque()
        others: list[
            Occurrence
        ] = []  # claimed by another daemon first: their workers go to what stands first in line, in the next turn
        again: list[Place] = []
        untold: list[Event] = []
        refused: LedgerUnwritable | None = None
        try:
            while steps or (parts and refused is None):
                if parts and refused is None and len(steps) < AT_ONCE:
                    under_way = chain(others, *(step.moves.starting for step in steps))
                    steps.append(await self._sent(parts.popleft(), under_way, now, begins))
                    continue
                try:
                    untold += await self._done(steps[0], now, begins)
                    others += [o for o in steps[0].moves.starting if o.id not in self._memory.under_way]
                except LedgerUnwritable as exc:
                    refused = exc
                    again += steps[0].places
                steps.popleft()
                if not any(step.moves.starting for step in steps):
                    self._tell(untold)
            if refused is not None:
                raise refused
            await self._close_rounds(now)
        finally:
            self._memory.agenda.touch(chain(again, *(step.places for step in steps), *parts))
            self._tell(untold)

    async def _close_rounds(self, now: datetime) -> None:
        """Put down which workflows have come to the end of a round, and tell it. Raises LedgerUnwritable."""
        rounds = self._memory.rounds(now)
        if not rounds:
            return

        def write(ledger: Ledger) -> None:
            for one in rounds:
                ledger.mark_round(one)

        await self._committer.do(write, point="record")
        for one in rounds:
            keeper = self._memory.keepers[one.table]
            keeper.meanings.workflows.take_up(one)
            if one.number:
                self._emit(telling.of_round(keeper, one, now))

    def _tell(self, untold: list[Event]) -> None:
        """Of many that come due together it is told once all have begun."""
        for event in untold:
            self._emit(event)
        untold.clear()

    async def _sent(self, places: Sequence[Place], before: Iterable[Occurrence], now: datetime, begins: datetime) -> _Step:
        """What to do about these, on its way into the ledger. It starts no more than those before leave room for."""
        moves = self._foresight.moves(places, now, list(before), begins)
        if moves.empty:
            await asyncio.sleep(0)  # what is wanted is asked for meanwhile, and nothing else is kept waiting
            return _Step(places, moves, None)
        since = self._clock.uptime()
        runs = self._memory.parts.runs if moves.starting else None
        commit = self._committer.do(lambda ledger: _written(moves, runs, begins, since, ledger), point=moves.point)
        durable = asyncio.create_task(commit)
        await asyncio.sleep(0)  # it is asked for now; and what was started before begins
        return _Step(places, moves, durable)

    async def _done(self, step: _Step, now: datetime, begins: datetime) -> Iterable[Event]:
        """Once it is durable: remember it, and start what it starts. Answers what is to be told of it."""
        memory, plan = self._memory, step.moves.plan
        started: list[Occurrence] = []
        if step.durable is not None:
            started = self._carry_out(step.moves, begins, *await step.durable)
            if started:
                await asyncio.sleep(0)  # they begin now
                memory.parts.crash.at("launch.after")
        memory.agenda.set_wakes(step.places, plan.wakes)
        memory.awaits(step.places, plan.wanted, now)
        for name in dict.fromkeys(plan.wanted.values()):
            self._asking.want(name)
        for occurrence in plan.left:
            memory.agenda.queue(occurrence)
        for table, until in memory.brakes.news({o.table for o in plan.left}, now).items():
            self._emit(TableBraked(at=now, table=table, an_hour=memory.brakes.rules[table].an_hour or 0, until=until))
        starts = (telling.of_start(occurrence, begins) for occurrence in started)
        records = (telling.of_record(record, now) for record in plan.records)
        return chain(starts, records, (telling.of_missed(missed, now) for missed in plan.missed))

    def pressing(self, now: datetime) -> bool:
        """Whether `act` would decide on anything."""
        return self._deciding.pressing(now)

    def look_ahead(self, now: datetime) -> None:
        """While there is nothing to do: decide on what comes due soon, as far as it may be decided before."""
        self._foresight.look_ahead(now)

    def looks_ahead_at(self) -> datetime | None:
        """When to look ahead again; None while there is nothing to see."""
        return self._foresight.begins_at()

    def _carry_out(self, moves: Moves, decided_at: datetime, ours: set[str], tallies: Tallies) -> list[Occurrence]:
        """The plan is durable: remember it, and start what it starts."""
        memory, now = self._memory, self._clock.now()
        for state in moves.plan.states:
            keeper = memory.keepers[state.table]
            keeper.states[state.key] = state
            keeper.unsent.add((state.key,))
        for state in moves.plan.completed:
            memory.keepers[state.table].apply({state.key: state}, now)
        for state in moves.parted:
            memory.keepers[state.table].states[state.key] = state
            memory.tenders[state.table].reread()
        for occurrence in moves.plan.revised:
            memory.under_way.put(occurrence)
            memory.keepers[occurrence.table].unsent.add((occurrence.key,))
            self._tell(list(telling.of_approval(occurrence, now)))
        claims = [claim for claim in moves.claims if claim.id in ours]  # another's claim is not ours to start
        for occurrence in (*claims, *moves.begun):
            memory.under_way.put(occurrence)
            memory.keepers[occurrence.table].unsent.add((occurrence.key,))
        self._tell([event for claim in claims for event in telling.of_approval(claim, now)])
        if len(claims) < len(moves.claims):  # what another has claimed is not what was decided on
            memory.agenda.touch((claim.table, claim.key) for claim in moves.claims if claim.id not in ours)
        memory.recount(tallies)
        started = [o for o in moves.starting if o.id in memory.under_way]  # what is not ours was not put there
        for occurrence in started:  # before the answers: what is refused beside it is told
            memory.keepers[occurrence.table].begins(occurrence.key, now)
            memory.brakes.begins(occurrence.table, decided_at)  # as the ledger has it, and what is decided on next counts
        self._renote(chain(moves.plan.revised, claims, map(memory.under_way.get, (stop.run for stop in moves.plan.stops))))
        for answer in sorted(moves.plan.answers, key=lambda answer: not answer.taken):  # a refusal beside them is noted
            keeper = memory.keepers[answer.request.table]
            keeper.answered(answer)
            if not answer.taken or answer.request.wish not in REACTIONS:  # else its run, or its record, tells
                self._emit(telling.of_answer(keeper, answer, now))
        for stop in moves.plan.stops:
            self._stop(stop)
        for occurrence in started:
            self._runner.start(occurrence)
        return started

    def _renote(self, moved: Iterable[Occurrence | None]) -> None:
        """What of these waited for an approval, or does from now on, stands otherwise."""
        for occurrence in moved:
            if occurrence is not None and occurrence.approval is not None:
                states = self._memory.keepers[occurrence.table].states
                if (state := states.get(occurrence.key)) is not None:
                    states[occurrence.key] = notes.of_approval(state)

    def _stop(self, stop: Stop) -> None:
        occurrence = self._memory.under_way.get(stop.run)
        if occurrence is None:
            return
        if occurrence.stage is Stage.RUNNING:  # its end may be in the inbox already
            self._memory.under_way.put(replace(occurrence, stopping=stopped(stop)))
            self._runner.stop(stop.run, Outcome.CANCELLED, stopped(stop))
            return
        self._memory.under_way.drop(occurrence)
        self._memory.changed(occurrence)
        if stop.outcome is Outcome.SKIPPED:
            self._emit(telling.of_record(replace(occurrence, outcome=stop.outcome, reason=stopped(stop)), self._clock.now()))


def _written(moves: Moves, runs: Path | None, begins: datetime, since: Uptime, ledger: Ledger) -> tuple[set[str], Tallies]:
    """What `moves.write` answers.   runs: where what starts is to leave its files; None where nothing starts.

    A ledger may have room on a disk that has none for anything else: what can't begin waits with it. Raises LedgerUnwritable.
    """
    if runs is not None and (denied := found(runs)) in (FULL, READ_ONLY):
        raise LedgerUnwritable(f"The folder {runs}, where runs leave what they print, can't be written: {denied}.")
    return moves.write(ledger, begins, since)


def _parts(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    for first in range(0, len(places), foresight.TOGETHER):
        yield places[first : first + foresight.TOGETHER]

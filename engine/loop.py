"""The daemon's life: tables taken up, turn after turn, work wound up in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from actions.api import Outcome
from config.fields import spelled
from connectors.api import Gate, Linked, Table
from connectors.errors import Taken
from engine.committer import Commits
from engine.events import DaemonStarted, DaemonStopped, DaemonStopping, Event, Listener, RowEvent, TableDropped, TableEvent
from engine.governor import Governor
from engine.keeper import Keeper
from engine.ledger import Ledger, WatchMark
from engine.marking import mark_of
from engine.model import SETTLE
from engine.overheard import overheard
from engine.parts import Parts
from engine.plan import bare
from engine.quota import Allowance
from engine.restored import settle
from engine.rules import TableRules
from engine.tender import FLUSH_WITHIN, Tender
from engine.trust import SteadyClock
from engine.turns import Turns, end, when_set
from engine.underway import UnderWay
from engine.watching import Aside, Watching, Ways, in_a_thread
from engine.windows import Windows
from watches.api import Box, Delivery, Overhearing

ASK_AGAIN = timedelta(seconds=29)
"""So often the ledger is looked into without a poke: one may get lost on its way, or come before anybody listens.

Out of step with the full minutes, at which most rows come due.
"""

LET_GO_WITHIN = timedelta(seconds=5)
"""So long a daemon that ends waits until its tables are let go of. What hangs there ends with the process."""

PASS_BEARS = timedelta(seconds=10)
"""For so long a single pass waits for a ledger that can't be written: whoever started it will want to know, and start it again."""


class Daemon:
    """One process's tables, tasks and runs.   governor: of the requests of all its tables."""

    def __init__(
        self,
        parts: Parts,
        clock: SteadyClock,
        committer: Commits,
        listener: Listener,
        windows: Windows | None = None,
        aside: Aside = in_a_thread,
    ) -> None:
        """windows: see `Governor`.   aside: where looks at watched sources block."""
        self.clock = clock
        self._committer = committer
        self.governor = Governor(clock, committer, listener, windows)
        self._turns = Turns(parts, clock, committer, listener)
        self._listener = listener
        self._tending: list[asyncio.Task[None]] = []
        self._watching = Watching(Ways(clock, aside, committer.read, self._turns.looked))
        self._turns.memory.recorded = self._watching.stir
        self.turns = 0  # that have ended
        self._turning: float | None = None  # since when, on the monotonic clock; None while it rests
        self._watches_on = False  # the sources are watched, since the tables were looked at
        self._overhearing = _overhearing(parts)

    @property
    def parts(self) -> Parts:
        """What it is made of now."""
        return self._turns.memory.parts

    @property
    def keepers(self) -> Mapping[str, Keeper]:
        """Its tables, by name."""
        return self._turns.memory.keepers

    @property
    def _tenders(self) -> list[Tender]:
        return list(self._turns.memory.tenders.values())

    @property
    def refused(self) -> bool:
        """Whether its ledger can't be written."""
        return self._turns.memory.unwritten_since is not None

    def hangs(self, span: timedelta) -> bool:
        """Whether one turn has taken longer than that, so that it seems that there will be no other."""
        return self._turning is not None and self.clock.monotonic() - self._turning > span.total_seconds()

    @property
    def under_way(self) -> UnderWay:
        """The occurrences that have not ended."""
        return self._turns.memory.under_way

    @property
    def unlooked(self) -> list[str]:
        """The tables that have not been looked at yet, by name."""
        return [tender.keeper.name for tender in self._tenders if not tender.looked.is_set()]

    @property
    def watches(self) -> Mapping[str, WatchMark]:
        """How its watched sources stand, by name; those that were looked at."""
        marks = self._turns.memory.watches
        return {name: marks[name] for name in self.parts.sources if name in marks}

    def allowances(self, table: str) -> list[Allowance]:
        """How all that a vendor counts of this table's requests stands, as far as this process knows."""
        return self._turns.memory.tenders[table].table.allowances

    @property
    def looked_at(self) -> Mapping[str, datetime]:
        """When each table was last asked whether it has changed, by name; those that have been."""
        return {tender.keeper.name: tender.looked_at for tender in self._tenders if tender.looked_at is not None}

    def link(self, table: str, key: str) -> str | None:
        """See `Linked.link`; None of a table that is not here, or has no such addresses."""
        tender = self._turns.memory.tenders.get(table)
        store = tender.table.table if tender is not None else None
        return store.link(key) if isinstance(store, Linked) else None

    def box(self, source: str) -> Box | None:
        """Where to put what is brought to this source; None where nothing can be taken: its ledger can't be written, it stops, or
        the tables have not been looked at yet."""
        return self._watching.box(source) if self._turns.memory.unwritten_since is None else None

    def overhear(self, event: Event) -> None:
        """Put what is told before those sources that heed it; none asks a row to react to what is told of that row itself."""
        table = event.table if isinstance(event, TableEvent) else ""
        for name, waiting in self._overhearing.items():
            if not waiting.heeds(event.name, table) or self._watched_by_its_row(name, event):
                continue
            box = self._watching.box(name) or waiting  # until it is watched it waits in the one that is going to be looked at
            box.put(Delivery("", overheard(event)))

    def _watched_by_its_row(self, source: str, event: Event) -> bool:
        if not isinstance(event, RowEvent) or event.table not in self.keepers:
            return False
        return event.key in self.keepers[event.table].watchers(source)

    async def open(self, tenders: Iterable[Tender], *, take_over: bool = False) -> None:
        """Take up the tables and whatever an earlier daemon left under way.

        take_over: see `Tender.own`.   Raises NeedsOwner where another daemon has a table: all are let go of then.
        """
        taken = list(tenders)
        owned = await asyncio.gather(*(tender.own(take_over=take_over) for tender in taken), return_exceptions=True)
        if refused := [one for one in owned if one is not None]:
            await self._leave_word(tender.keeper for tender, one in zip(taken, owned, strict=True) if isinstance(one, Taken))
            await asyncio.gather(*(tender.close() for tender in taken))
            raise refused[0]
        keepers = [tender.keeper for tender in taken]
        parts = self.parts
        restored = await settle(self._committer, keepers, parts.runs, self.clock.now(), parts.draw)
        left = [*await self._turns.take_up(taken), *await self._turns.take_up_rest()]
        self._turns.memory.watches = await self._committer.read(lambda ledger: ledger.watch_marks())
        self._turns.memory.recall(await self._committer.read(lambda ledger: ledger.facts()), self.clock.now())
        if restored is not None:
            self._listener(restored)
        self._listener(DaemonStarted(at=self.clock.now(), tables=tuple(self.keepers), pid=os.getpid()))
        self._turns.recover(left)

    async def _leave_word(self, keepers: Iterable[Keeper]) -> None:
        """Have the ledger know which tables another daemon has, though this one ends: whoever looks there is told which one."""
        marks = [mark_of(keeper, self.clock.now()) for keeper in keepers]

        def mark(ledger: Ledger) -> None:
            for one in marks:
                ledger.mark_table(one)

        if marks:
            await self._committer.do(mark, point="marks")

    async def close(self) -> None:
        """Let go of the tables, as far as they let go."""
        async with _beside(self._let_go()) as letting_go, _beside(self.clock.sleep(LET_GO_WITHIN)) as late:
            await asyncio.wait({letting_go, late}, return_when=asyncio.FIRST_COMPLETED)
            if letting_go.done():
                letting_go.result()

    async def _let_go(self) -> None:
        await asyncio.gather(*(tender.close() for tender in self._tenders))

    async def looked_everywhere(self) -> None:
        """Return once each table was looked at, whatever came of it."""
        for tender in self._tenders:
            await tender.looked.wait()

    async def run(self, stopping: asyncio.Event) -> None:
        """Turn until told to stop; then let running work end (at most `stop_within`) and tell the tables."""
        async with self._tended(stopping, watching=True) as stop:
            while not stop.done():
                self._turning = self.clock.monotonic()
                await self._turns.turn(stop)
                self._turning = None
                self.turns += 1
                await self._turns.rest(stop)
            await self._wind_up()

    async def run_once(self, stopping: asyncio.Event) -> None:
        """One pass: read every table, run what is due by then, tell the tables. Attempts to repeat are left for the next pass.

        It watches no table: what a person saves meanwhile is for the next pass, as long as nothing is written over it.
        Raises: LedgerUnwritable where it has been so for PASS_BEARS. What runs goes on, and the next pass takes it over.
        """
        self._turns.bears = PASS_BEARS
        async with self._tended(stopping, watching=False) as stop, _beside(self._look_at_sources()) as looked:
            while not looked.done() and not stop.done():
                await self._turns.turn()
                await self._turns.rest(looked, stop)
            self._turns.frozen = self.clock.now() + SETTLE
            async with _beside(self.clock.sleep_until(self._turns.frozen)) as settled:
                await self._turns.turn()
                while not stop.done() and not (settled.done() and self._turns.idle()):
                    await self._turns.rest(stop, *([] if settled.done() else [settled]))
                    await self._turns.turn()
            await self._wind_up()

    def reconfigure(self, parts: Parts, rules: Mapping[str, TableRules]) -> None:
        """Go on with other definitions and rules; what runs is not touched. A table without rules starts nothing any more, and once
        what runs of it has ended it is let go of."""
        self._turns.reconfigure(parts, rules)
        self._overhearing = _overhearing(parts)
        if self._watches_on:
            self._watching.go_by(parts.sources, self._states())

    def reopen(self, table: str, opened: Callable[[Gate], Table]) -> bool:
        """Go on with this table as it is opened now. False: it can't be while the daemon runs; it goes on as it was."""
        return self._turns.memory.tenders[table].reopen(opened)

    async def add(self, tender: Tender) -> None:
        """Take up one more table while running. Raises NeedsOwner where another daemon has it."""
        await tender.own()
        self._turns.recover(await self._turns.take_up([tender]))
        self._tending.append(asyncio.create_task(self._look_after(tender, watching=True)))

    async def _look_after(self, tender: Tender, *, watching: bool) -> None:
        """Until cancelled, or until the table is served no longer and has been let go of."""
        watches = [asyncio.create_task(tender.watch())] if watching else []
        try:
            await tender.tend(self._turns.deliver, self._turns.behind, self._turns.dues)
            while not await self._turns.let_go(tender):
                await tender.tend(self._turns.deliver, self._turns.behind, self._turns.dues)
        finally:
            await end(*watches)
        await tender.close()
        access = tender.keeper.access
        untold = access.trouble or access.unwritable
        message = f"its rows don't show how all ended: {bare(tender.keeper.name, str(untold.error))}" if untold is not None else ""
        self._listener(TableDropped(at=self.clock.now(), table=tender.keeper.name, message=message))

    async def listen(self, pokes: AsyncIterator[None]) -> None:
        """Each time `pokes` yields, someone may have asked for something: look into the ledger."""
        async for _ in pokes:
            self._poke()

    async def _watch_sources(self) -> None:
        """Once each table was looked at: what came about while nobody watched is for the rows as they are now."""
        await self.looked_everywhere()
        self._watches_on = True
        self._watching.go_by(self.parts.sources, self._states())

    async def _look_at_sources(self) -> None:
        """The same, for a single pass."""
        await self.looked_everywhere()
        await self._watching.look_once(self.parts.sources, self._states())

    def _states(self) -> dict[str, str | None]:
        """How the sources were last found, where that was under the same definition."""
        marks, sources = self._turns.memory.watches, self.parts.sources
        return {n: m.state for n, m in marks.items() if n in sources and sources[n].definition == m.definition}

    async def _ask_again(self) -> None:
        while True:
            await self.clock.sleep(ASK_AGAIN)
            self._poke()

    def _poke(self) -> None:
        """Commands may have left something in the ledger."""
        self._turns.poke()
        self._watching.stir()

    @contextlib.asynccontextmanager
    async def _tended(self, stopping: asyncio.Event, *, watching: bool) -> AsyncIterator[asyncio.Task[object]]:
        """The tables looked after, and a task that is done when the daemon is to stop; all end with the block."""
        stop: asyncio.Task[object] = asyncio.create_task(when_set(stopping))
        self._tending = [asyncio.create_task(self._look_after(tender, watching=watching)) for tender in self._tenders]
        asking = asyncio.create_task(self._ask_again())
        sources = asyncio.create_task(self._watch_sources() if watching else when_set(stopping))
        try:
            yield stop
        finally:
            await end(stop, asking, sources, *self._tending)
            await self._watching.end()
        self._listener(DaemonStopped(at=self.clock.now(), running=self._turns.runner.under_way))

    async def _wind_up(self) -> None:
        """Start nothing more; let what runs end, for a while; then tell the tables what is left to tell.

        A ledger that can't be written is waited for no longer than what runs is.
        """
        turns = self._turns
        turns.stopping = True
        self._watches_on = False
        await self._watching.end()
        await turns.asking.end()
        within = self.parts.stop_within.total_seconds()
        self._listener(DaemonStopping(at=self.clock.now(), running=turns.runner.under_way, within_s=within))
        waiting = asyncio.create_task(turns.runner.wait())
        limit = asyncio.create_task(self.clock.sleep(self.parts.stop_within))
        while not waiting.done():
            await turns.turn(waiting, *([] if limit.done() else [limit]))
            await turns.rest(waiting, *([] if limit.done() else [limit]))
            if limit.done():
                for occurrence in self.under_way:
                    why = f"rowd was stopped, and it had not ended {spelled(self.parts.stop_within)} later"
                    turns.runner.stop(occurrence.id, Outcome.CANCELLED, why)
        await turns.turn(limit)
        while turns.refused and not limit.done():  # the tables can be told only what the ledger has
            await turns.turn(limit)
        await end(*self._tending)
        flushing = asyncio.create_task(self._flush())
        late = asyncio.create_task(self.clock.sleep(2 * FLUSH_WITHIN))
        while (not flushing.done() or turns.mail) and not late.done():
            await turns.turn(limit, late)
            if turns.refused and limit.done():  # what is not in the ledger by now, the next daemon finds again or reads anew
                break
            await turns.rest(flushing, late)
        await end(limit, flushing, late)

    async def _flush(self) -> None:
        await asyncio.gather(*(tender.flush(self._turns.deliver) for tender in self._tenders))


def _overhearing(parts: Parts) -> dict[str, Overhearing]:
    return {name: source.watch for name, source in parts.sources.items() if isinstance(source.watch, Overhearing)}


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends with the block."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await end(task)

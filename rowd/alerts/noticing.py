"""Looks at how things stand, and puts down what has begun and what is over, for the channels to be told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from config.matters import Matter
from engine.committer import Commits
from engine.events import Event, QuotaEased, QuotaLow, RowEvent, TableEvent
from engine.keeper import Keeper
from engine.ledger import Ledger, Notice, Problem
from engine.loop import Daemon
from engine.notify import named
from engine.problems import how_over, of_quota, of_row, of_table
from rowd.alerts.channels import Channels, takers

Where = tuple[str, str]
"""Table and key; "" as the key for the table as a whole. Of a quota: "", and its scope."""

AT_ONCE = 2000
"""Rows that are looked at before others have their turn."""


class Ear:
    """Hears which rows and tables may stand otherwise now; remembers each once."""

    def __init__(self) -> None:
        self.stirred = asyncio.Event()
        self._where: set[Where] = set()

    def hear(self, event: Event) -> None:
        """A listener."""
        if isinstance(event, RowEvent):
            self._where.add((event.table, event.key))
        elif isinstance(event, TableEvent):
            self._where.add((event.table, ""))
        elif isinstance(event, QuotaLow | QuotaEased):
            self._where.add(("", event.scope))
        else:
            return
        self.stirred.set()

    def heard(self) -> set[Where]:
        """All since the last call."""
        self.stirred.clear()
        where, self._where = self._where, set()
        return where

    def again(self, where: Iterable[Where]) -> None:
        """What was heard could not be dealt with."""
        self._where.update(where)


class Change(Struct):
    """What one look has found."""

    begun: list[Problem]
    over: list[tuple[Problem, str]]

    def notices(self, channels: Channels, now: datetime) -> Iterator[Notice]:
        """For each channel what it is told."""
        for problem in self.begun:
            yield from (Notice(0, name, now, problem) for name in problem.channels)
        for problem, how in self.over:
            told = (name for name in problem.channels if name in channels and channels[name].tells_ends)
            yield from (Notice(0, name, now, problem, how) for name in told)

    def write(self, ledger: Ledger, channels: Channels, now: datetime) -> None:
        """In one commit, with what is to be told of it."""
        ledger.end_problems([problem.place for problem, _ in self.over])
        ledger.begin_problems(self.begun)
        ledger.put_notices(self.notices(channels, now))


class Noticing:
    """Holds how things stand against what is known to be wrong. In one commit stand what is wrong, and whom to tell."""

    def __init__(self, made: Daemon, committer: Commits, channels: Channels) -> None:
        self.channels = channels
        self._made, self._committer = made, committer
        self._known: defaultdict[Where, dict[Matter, Problem]] = defaultdict(dict)

    async def recall(self) -> None:
        """Take up what an earlier daemon knew."""
        for problem in await self._committer.read(lambda ledger: ledger.problems()):
            self._keep(problem)

    async def look_everywhere(self) -> None:
        """At each row and table, and at those that are gone. Raises LedgerUnwritable."""
        if not self.channels:
            return
        rows = {(name, key) for name, keeper in self._made.keepers.items() for key in keeper.states}
        ordered = sorted(rows | self.by_time() | self._known.keys())
        for first in range(0, len(ordered), AT_ONCE):
            await self.look(ordered[first : first + AT_ONCE])
            await asyncio.sleep(0)

    async def look(self, where: Collection[Where]) -> None:
        """At these, and put down what is otherwise. Raises LedgerUnwritable: then nothing is known of it, either."""
        if not self.channels:
            return
        now, change = self._made.clock.now(), Change([], [])
        dropped = {table for table, _ in where if table and table not in self._made.keepers}
        for place in sorted({*where, *(known for known in self._known if known[0] in dropped)}):
            self._compare(place, now, change)
        if not change.begun and not change.over:
            return
        channels = self.channels
        await self._committer.do(lambda ledger: change.write(ledger, channels, now), point="marks")
        for problem, _ in change.over:
            self._drop(problem)
        for problem in change.begun:
            self._keep(problem)

    def by_time(self) -> set[Where]:
        """What time alone may change."""
        return {(name, "") for name in self._made.keepers} | {("", scope) for scope in self._made.governor.low}

    def _compare(self, where: Where, now: datetime, change: Change) -> None:
        table, key = where
        known, keeper = self._known.get(where, {}), self._made.keepers.get(table)
        if not table:
            stands = of_quota(key, self._made.governor.low, known, now)
        elif keeper is None:
            stands = {}
        else:
            stands = of_row(keeper, key, known, now) if key else of_table(keeper, known, now)
        change.over += [(one, how_over(one, keeper)) for matter, one in known.items() if matter not in stands]
        change.begun += [self._addressed(one, keeper) for matter, one in stands.items() if matter not in known]

    def _addressed(self, problem: Problem, keeper: Keeper | None) -> Problem:
        """With the channels that are told of it, and without secrets."""
        state = keeper.states.get(problem.key) if keeper is not None else None
        whom = named(state.cells, self.channels) if state is not None else None
        return replace(problem, why=self._made.parts.mask.text(problem.why), channels=takers(problem, whom, self.channels))

    def _keep(self, problem: Problem) -> None:
        self._known[problem.table, problem.key][problem.matter] = problem

    def _drop(self, problem: Problem) -> None:
        where = (problem.table, problem.key)
        del self._known[where][problem.matter]
        if not self._known[where]:
            del self._known[where]

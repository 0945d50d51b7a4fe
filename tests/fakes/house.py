"""A whole daemon on virtual time: tables in memory, a ledger in memory or on disk, actions that do what a test tells them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from actions.api import Action, Context, Definition, Outcome, Request, Result
from engine.breaker import BreakerRules
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import Event
from engine.governor import Governor
from engine.keeper import Keeper
from engine.ledger import Ledger
from engine.ledger.ids import DRAWN
from engine.links import Openness
from engine.loop import Daemon
from engine.parse import Rules
from engine.parts import Parts
from engine.patience import PatientTable
from engine.recorder import recorder_of
from engine.rules import TableRules
from engine.tenancy import Holder
from engine.tender import Tender
from engine.trust import SteadyClock
from engine.windows import WindowFile
from rowd.overhearing import Overhearing
from tests.fakes.memory_table import InlineWorker
from tests.fakes.virtual import VirtualClock

Behaviour = Callable[[Request], Awaitable[Result] | Result]


T = TypeVar("T")


@dataclass
class Witness:
    """An action that writes down every attempt before it does what the test says."""

    behaviour: Behaviour = lambda _: Result(Outcome.SUCCEEDED, "done")
    seen: list[Request] = field(default_factory=list)

    async def run(self, request: Request, context: Context) -> Result:
        self.seen.append(request)
        result = self.behaviour(request)
        return result if isinstance(result, Result) else await result

    def times(self, task: str | None = None) -> list[datetime]:
        """The due instants of what ran, in order."""
        return [r.due for r in self.seen if task in (None, r.task)]


async def _at_once(call: Callable[[], T], /) -> T:
    """Where looks at watched sources run: on the loop itself, so that virtual time stands still meanwhile."""
    return call()


def slow(span: timedelta, outcome: Outcome = Outcome.SUCCEEDED) -> Behaviour:
    """Takes so long, then ends so."""

    async def behave(_: Request) -> Result:
        await asyncio.sleep(span.total_seconds())
        return Result(outcome, str(outcome))

    return behave


def rules(name: str = "ops", actions: Mapping[str, Definition] | None = None, repeatable: bool = False) -> TableRules:
    """What the operator says about a table in tests: UTC, polled every ten seconds."""
    known = actions or {"act": Definition(kind="witness"), "other": Definition(kind="witness")}
    return TableRules(
        rules=Rules(table=name, zone=UTC, daily_at=time(9), actions=known, repeatable=dict.fromkeys(known, repeatable)),
        renames={},
        poll=timedelta(seconds=10),
        offline_limit=timedelta(hours=24),
    )


def open_to_all(*names: str, actions: Mapping[str, Definition] | None = None, **closed: Openness) -> list[TableRules]:
    """Of tables whose rows may all speak of each other's.   closed: those that none may."""
    found = []
    for name in names:
        its, tables = rules(name, actions), {other: closed.get(other, Openness.OPEN) for other in names if other != name}
        found.append(replace(its, rules=replace(its.rules, tables=tables)))
    return found


class House:
    """A daemon, and what a test wants to look at. Lives inside `tests.fakes.virtual.run`."""

    def __init__(self, path: Path, clock: VirtualClock | None = None, **parts: Any) -> None:
        self.clock = clock or VirtualClock()
        self.events: list[Event] = []
        self.own = Overhearing(self.events.append)  # of the daemon that was opened last
        self.witness = Witness()
        self.path = path
        self.holder = Holder("test", "a test")
        self.windows: WindowFile | None = None
        self._parts = parts
        self._ids = itertools.count(1)
        self._bytes = itertools.count(1)

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [e for e in self.events if type(e) is kind]

    def parts(self) -> Parts:
        actions: dict[str, Action] = {"act": self.witness, "other": self.witness}
        made = Parts(
            actions=actions,
            secrets={},
            limits={},
            max_parallel=8,
            stop_within=timedelta(seconds=30),
            blackouts=(),
            breaker=BreakerRules(),
            runs=self.path / "runs",
            draw=lambda n: b"".join(next(self._bytes).to_bytes(DRAWN, "big") for _ in range(n // DRAWN)),
            crash=CrashPoints(None),
        )
        return replace(made, **self._parts)

    @asynccontextmanager
    async def open(self, *tables: Any, table_rules: TableRules | Sequence[TableRules] | None = None) -> Any:
        """A daemon that runs in the background until the block ends; then it is stopped in order."""
        daemon, committer = await self.daemon(*tables, table_rules=table_rules)
        stopping = asyncio.Event()
        running = asyncio.create_task(daemon.run(stopping))
        try:
            yield daemon
        finally:
            stopping.set()
            await running
            await daemon.close()
            await committer.close()

    async def daemon(
        self, *tables: Any, table_rules: TableRules | Sequence[TableRules] | None = None
    ) -> tuple[Daemon, InlineCommitter]:
        parts = self.parts()
        ledger = Ledger.open(self.path / "ledger.sqlite")
        committer = InlineCommitter(ledger, parts.crash)
        clock = SteadyClock(self.clock)
        self.own = Overhearing(self.events.append)
        daemon = Daemon(parts, clock, committer, self.own.hear, self.windows, _at_once)
        tenders = []
        for number, table in enumerate(tables):
            its = table_rules[number] if isinstance(table_rules, Sequence) else table_rules
            its = its or rules("ops" if number == 0 else f"ops{number}")
            tenders.append(await self.tender(table, its, daemon.governor, committer))
        await daemon.open(tenders)
        self.own.begin(daemon)
        return daemon, committer

    async def tender(self, table: Any, its: TableRules, governor: Governor, committer: InlineCommitter) -> Tender:
        """What looks after a table, with the ledger's copy of it."""
        name = its.rules.table
        keeper = await committer.read(
            lambda ledger: Keeper(its, ledger.rows(name, deleted=True), ledger.tallies(name), ledger.table_mark(name))
        )
        patient, clock = self.patient(table, its, governor), governor.clock
        recorder = await recorder_of(name, patient, clock, committer)
        draw = lambda: f"id{next(self._ids)}"  # noqa: E731 (a name would say no more)
        return Tender(keeper, patient, clock, self.own.hear, draw, self.holder, self.parts().crash, recorder)

    def patient(self, table: Any, its: TableRules, governor: Governor) -> PatientTable:
        """A table in memory counts nothing, so it needs no gate."""
        return PatientTable(table, governor.clock, InlineWorker())

    async def until(self, when: datetime) -> None:
        """Let virtual time pass."""
        await self.clock.sleep_until(when)

    async def after(self, **span: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(timedelta(**span).total_seconds())

"""A table that rows are moved into or out of: read whole, and written batch by batch, with the patience that long work wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from os import close, getpid
from pathlib import Path
from typing import TypeVar

from connectors.api import Cell, Editable, Effect, Patch, Typed, Written
from connectors.errors import NeedsOwner, TryLater
from connectors.holding import hold
from engine.clock import Clock
from engine.columns import Column
from engine.crash import Crash
from engine.layout import Layout
from engine.ledger import Ledger
from engine.pairing import Cells, Pair, Side
from engine.patience import PatientTable
from engine.trail import Deed
from rowd.allowances import commands_governor
from rowd.bound import Bound, Site
from rowd.lock import StateUnusable
from rowd.making import making
from rowd.preparing import PATIENCE, WAITS
from rowd.wiring import patient_table

T = TypeVar("T")

ROUNDS = 4
"""How often both tables are read anew where somebody else changes them meanwhile, or where it isn't known what a write has done."""

FRESH = timedelta(seconds=30)
"""What was read longer ago is read again before more is written by it."""

TOGETHER = 250
"""So many rows are made before they are read back, or as many as one write makes: what is edited in between can't be told from what
the store made of them.
"""

LOCK = "moving.lock"

WRITTEN = "moving.json"
"""Beside it: table → when a command last wrote into it, where the store shows that late."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much there is to do."""


class AlreadyMoving(TryLater):
    """Another command moves rows on this state folder."""


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Be the only command that moves rows here: two at once would make rows twice. Raises AlreadyMoving, StateUnusable."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = hold(state / LOCK, f"process {getpid()}")
    except OSError as exc:
        raise StateUnusable(state, exc) from exc
    if isinstance(held, str):
        raise AlreadyMoving(f"Another rowd copy or rowd sync is at work ({held}). Wait for its end, then repeat the command.")
    try:
        yield
    finally:
        close(held)


class Book:
    """What is remembered of the pairs of two tables, in the ledger."""

    def __init__(self, ledger: Ledger, one: str, other: str, crash: Crash) -> None:
        """ledger: may be written by others meanwhile."""
        self._ledger, self._names, self._crash = ledger, (one, other), crash

    @property
    def pairs(self) -> list[Pair]:
        return self._ledger.pairs(*self._names)

    def note(self, deed: Deed) -> None:
        """In the audit trail. Raises ledger errors."""
        with self._ledger.transaction():
            self._ledger.note([deed])

    def commit(self, pairs: Sequence[Pair], gone: Sequence[Pair] = ()) -> None:
        """Remember these, and forget those. Raises ledger errors."""
        if not pairs and not gone:
            return
        self._crash.at("pairs.before")
        with self._ledger.transaction():
            self._ledger.part(*self._names, gone)
            self._ledger.pair(*self._names, pairs)
        self._crash.at("pairs.after")


@contextmanager
def book(site: Site, one: str, other: str, *, beside: bool) -> Iterator[Book]:
    """The book of two tables. The ledger is made where there is none yet.

    beside: whether a daemon has it: then it is not brought up to date under it. Raises ledger errors.
    """
    ledger = Ledger.open(site.ledger, migrate=not beside)
    try:
        yield Book(ledger, one, other, site.parts.crash)
    finally:
        ledger.close()


class Moved:
    """One table, as it was read last. See `opened`.

    read_at: when that was.   drafted: how many rows were made as drafts, since that was in a run.
    """

    def __init__(self, bound: Bound, table: PatientTable, clock: Clock, crash: Crash) -> None:
        self.bound = bound
        self.name = bound.rules.rules.table
        self._table, self._clock, self._crash = table, clock, crash
        self._state = bound.ledger.parent
        self._side: Side | None = None
        self.read_at: datetime | None = None
        self.drafted = 0

    @property
    def side(self) -> Side:
        """As it was read last."""
        if self._side is None:
            raise RuntimeError(f"{self.name} has not been read")
        return self._side

    @property
    def batch(self) -> int:
        return self._table.traits.batch

    @property
    def together(self) -> int:
        """How many rows are made before they are read back."""
        return max(TOGETHER, self.batch)

    @property
    def exact(self) -> bool:
        """Whether the store itself tests what a patch expects."""
        return self._table.traits.atomic_expect

    @property
    def fresh(self) -> bool:
        """Whether it was read a moment ago."""
        return self.read_at is not None and self._clock.now() - self.read_at <= FRESH

    async def read(self) -> Side:
        """All of it. Raises TryLater, NeedsOwner (also where it has no headers, or not those of tasks), Bug."""
        found = await self._patiently(self._table.read)
        if found.headless is not None:
            raise NeedsOwner(found.headless)
        layout = Layout.of(found.columns, self.bound.rules.renames)
        if layout.trouble is not None:
            raise NeedsOwner(f"{self.name}: {layout.trouble}")
        keyed = found.id_column is not None
        id_header = layout.header(Column.ID)
        put = id_header is not None and not self._unfit({id_header: "1"})
        self._side = Side.of(self.name, layout, found.rows, ids=keyed or put, mints=keyed)
        self.read_at = self._clock.now()
        return self._side

    def unfit(self, cells: Cells) -> dict[str, str]:
        """Column → why it can't hold its cell, with the remedy. Only what shows without a request."""
        told = self._unfit(self.side.under_headers(cells))
        return {name: told[header] for name, header in self.side.headers.items() if header in told}

    def _unfit(self, cells: Mapping[str, Cell]) -> Mapping[str, str]:
        table = self._table.table
        return table.unfit(cells) if isinstance(table, Typed) else {}

    # --- writing

    @property
    def editable(self) -> Editable:
        """Raises NeedsOwner where rows can't be made and removed by a program."""
        table = self._table.table
        if isinstance(table, Editable):
            return table
        raise NeedsOwner(f"{self.name}: rows of this kind of table are made and removed by hand, in the table itself")

    async def create(self, rows: Sequence[Cells]) -> list[str]:
        """Append rows, at most `batch`, inside a run as drafts; their keys. Raises what `Editable.create` raises, and `making`."""
        editable = self.editable
        with making(self.bound, rows, columns=list(self.side.headers), keyed=self.side.mints, clock=self._clock) as their:
            cells = [self.side.under_headers(row) for row in their.rows]
            their.keys += await self._written(lambda: self._table.call(lambda: editable.create(cells)))
        self.drafted += len(their.keys) if their.made is not None else 0
        return their.keys

    async def add(self, rows: Sequence[tuple[str, Cells]], progress: Progress, done: int, total: int) -> list[tuple[str, str]]:
        """Make rows, at most `together`: (key of the row elsewhere, cells). They are read back: (that key, the key here).

        done: how many of the `total` were made before.   Raises what making rows, and reading, does.
        """
        made: list[tuple[str, str]] = []
        for at in range(0, len(rows), self.batch):
            progress(f"adding to {self.name}", done + at, total)
            some = rows[at : at + self.batch]
            keys = await self.create([cells for _, cells in some])
            made += [(known, key) for (known, _), key in zip(some, keys, strict=True)]
        there = (await self.read()).rows
        return [(known, key) for known, key in made if key in there]

    async def put(self, patches: Sequence[tuple[str, Cells, Cells]]) -> list[Written]:
        """Put cells into rows, at most `batch`: (key, cells, what is to stand there still). Raises what `Table.write` raises."""
        ready = [
            Patch(key, self.side.under_headers(cells), self.side.under_headers(expect) if self.exact else {})
            for key, cells, expect in patches
        ]
        return await self._written(lambda: self._table.write(ready))

    async def delete(self, keys: Sequence[str]) -> list[Effect]:
        """Remove rows, at most `batch`. Raises what `Editable.delete` raises."""
        editable = self.editable
        return await self._written(lambda: self._table.call(lambda: editable.delete(keys)))

    async def _written(self, call: Callable[[], Awaitable[T]]) -> T:
        self._crash.at("move.before-write")
        if self._table.traits.lag:
            _note(self._state, {**_noted(self._state), self.name: self._clock.now()})
        done = await self._patiently(call)
        self._crash.at("move.after-write")
        return done

    async def settled(self, progress: Progress) -> None:
        """Wait until its store shows what the last command wrote: what it shows before that would pass for edits and removals."""
        wrote, lag = _noted(self._state).get(self.name), self._table.traits.lag
        while wrote is not None and timedelta(0) < (left := wrote + lag - self._clock.now()) <= lag:
            progress(
                f"waiting until {self.name} shows what was written last",
                int((lag - left).total_seconds()),
                int(lag.total_seconds()),
            )
            await self._clock.sleep(min(left, timedelta(seconds=1)))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Where the store asks for a pause, once more after it. A long one isn't waited for."""
        for wait in WAITS:
            try:
                return await call()
            except TryLater as exc:
                if exc.after(wait) > PATIENCE:
                    raise
                await self._clock.sleep(exc.after(wait))
        return await call()


def _noted(state: Path) -> dict[str, datetime]:
    """Table → when a command last wrote into it."""
    try:
        said = json.loads((state / WRITTEN).read_text(encoding="utf-8"))
        return {str(name): datetime.fromisoformat(at) for name, at in said.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # none yet, or none that can be read
        return {}


def _note(state: Path, wrote: Mapping[str, datetime]) -> None:
    """Put it in the place of the last one, before the write is made. Raises StateUnusable."""
    draft = state / f".{WRITTEN}"
    try:
        draft.touch(mode=0o644)  # whoever the daemon runs as is to read what root has left
        draft.write_text(json.dumps({name: at.isoformat() for name, at in wrote.items()}), encoding="utf-8")
        draft.replace(state / WRITTEN)
    except OSError as exc:
        raise StateUnusable(state, exc) from exc


@asynccontextmanager
async def opened(site: Site, names: Sequence[str], clock: Clock, progress: Progress) -> AsyncIterator[list[Moved]]:
    """Open these tables, within what their vendors allow, once they show what was written last; they are closed at the end."""
    bounds = [site.tables[name] for name in names]
    with commands_governor(bounds, clock) as governor:
        tables = [patient_table(bound, governor, lambda b=bound: b.rules.quota_share) for bound in bounds]  # type: ignore[misc]  # mypy: lambda default
        try:
            moved = [Moved(bound, table, clock, site.parts.crash) for bound, table in zip(bounds, tables, strict=True)]
            for one in moved:
                await one.settled(progress)
            yield moved
        finally:
            await asyncio.gather(*(table.close() for table in tables))

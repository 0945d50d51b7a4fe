"""Looks after one table: reads it when it may have changed, has it told what it has yet to be told, bears with its troubles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from msgspec.structs import replace

from config.shortages import TOO_LITTLE_MEMORY
from connectors.api import Exclusive, Gate, Table, Watchable
from connectors.errors import Bug, NeedsOwner, TableError, Taken
from engine.clock import Clock
from engine.crash import Crash
from engine.events import (
    Listener,
    QuotaSpent,
    TableHeld,
    TableRead,
    TableRecovered,
    TableReleased,
    TableRezoned,
    TableUnreachable,
    Trouble,
)
from engine.findings import Findings, Reading
from engine.keeper import SECOND_LOOK, Keeper
from engine.looking import placed
from engine.outgoing import something_to_tell
from engine.patience import PatientTable
from engine.plan import bare
from engine.quota import Purpose
from engine.recorder import Recorder
from engine.schedule import zone_name
from engine.teller import AFTER_TROUBLE, Deliver, Teller, WorkWaits
from engine.tenancy import Holder, Tenancy

FLUSH_WITHIN = timedelta(seconds=10)
"""How long the last write of a daemon that stops may take."""

Dues = Callable[[str], Iterable[datetime]]
"""When something of a table comes due, as far as is known now."""


class Tender:
    """The only one that talks to its table while the daemon runs."""

    def __init__(
        self,
        keeper: Keeper,
        table: PatientTable,
        clock: Clock,
        listener: Listener,
        draw: Callable[[], str],
        holder: Holder,
        crash: Crash,
        recorder: Recorder | None = None,
    ) -> None:
        """draw: a new short id for a row.   holder: this daemon, for whoever else wants the table.
        recorder: of the history beside it; None where none is kept.
        """
        self.keeper = keeper
        self.table = table
        self.recorder = recorder or Recorder(keeper.name, table, clock)
        self.looked = asyncio.Event()  # the first read has been tried
        self.looked_at: datetime | None = None  # when the table was last asked whether it has changed, whatever came of it
        self._clock = clock
        self._listener = listener
        self._draw = draw
        self._holder = holder
        self._tenancy = Tenancy(keeper.name, table, holder, clock, self._apart, lambda: keeper.rules.rules.remit, self._whole)
        look = partial(self._read, purpose=Purpose.TELL)
        self._teller = Teller(keeper, table, clock, listener, crash, self.recorder, look, self.reread)
        self._stir = asyncio.Event()
        self._look = True
        self._marker: str | None = None
        self._taken: Reading | None = None  # how it read when it became ours, until that is taken up
        self._probed: str | None = None  # the marker of before that read
        self._unsettled = 0  # looks in a row that left something open
        self._stale = False  # what was read last is to be read again, though the marker be the same
        self._anew: Callable[[Gate], Table] | None = None  # how the table is to be opened before the next look

    async def own(self, *, take_over: bool = False) -> None:
        """Keep other daemons away from the table, or keep away from theirs. What is away is seen to once it can be read.

        take_over: also where another daemon is said to run it.   Raises Taken, naming that one; NeedsOwner.
        """
        try:
            await self._own(over=take_over)
        except Taken as exc:
            self.keeper.access.failed(exc, self._clock.now())
            raise

    async def _own(self, *, over: bool) -> None:
        table, who = self.table.table, self._holder.who
        if isinstance(table, Exclusive):
            await self.table.call(lambda: table.own(who))
            return
        try:
            self._taken = await self._tenancy.take(over=over)
        except Taken:
            raise
        except TableError:
            return  # the first look tells it

    async def close(self) -> None:
        """Let go of the table."""
        if self.keeper.access.trouble is None:
            await self._tenancy.release()
        await self.table.close()

    def _apart(self) -> timedelta:
        return self.keeper.rules.poll

    def stir(self) -> None:
        """The keeper has something to be told to the table."""
        self._stir.set()

    def reread(self) -> None:
        """Read the table again soon, though it says that nothing has changed."""
        self._look = self._stale = True
        self._stir.set()

    def reopen(self, opened: Callable[[Gate], Table]) -> bool:
        """Open the table anew, before it is looked at next. False: it is held or watched by what was opened, so it can't be."""
        if isinstance(self.table.table, Exclusive | Watchable):
            return False
        self._anew = opened
        self.reread()
        return True

    async def _open_anew(self, opened: Callable[[Gate], Table], _: Deliver) -> None:
        self._marker = self._taken = None
        await self.table.reopen(opened)

    async def tend(self, deliver: Deliver, work_waits: WorkWaits, dues: Dues) -> None:
        """Look after the table until cancelled, or until nothing of it is to be done any more and it was told so. Raises nothing
        but CancelledError."""
        poll_at = 0.0
        while not self.keeper.over:
            if self._anew is not None:
                opened, self._anew = self._anew, None
                await self._guarded(partial(self._open_anew, opened), deliver)
            if self._look or self._clock.monotonic() >= poll_at:
                self._look = False
                if not await self._guarded(self._read, deliver) and not self.looked.is_set():
                    await deliver(self.keeper, lambda _: Findings(look_again=True))
                poll_at = self._in(self._until_next_poll(self.table.done(Purpose.LOOK), dues))
            if (at := self._teller.write_at(work_waits)) is not None and at <= self._clock.monotonic():
                await self._guarded(self._teller.write, deliver)
                self._teller.pace.keep_away(self._in(self.table.done(Purpose.TELL)))
                at = self._teller.write_at(work_waits)
            if (record_at := self._teller.record_at()) is not None and record_at <= self._clock.monotonic():
                await self._guarded(self._teller.record, deliver)
                record_at = self._teller.record_at()
            if not self._look:
                await self._pause(min(one for one in (poll_at, at, record_at) if one is not None))
        await deliver(self.keeper, lambda _: Findings())  # what brought it to its end is remembered by then
        await self.flush(deliver)

    async def watch(self) -> None:
        """Let it be looked at as soon as its store tells that it may have changed, until cancelled. Where the store can't tell, or
        breaks its word in telling, there are the polls.
        """
        table = self.table.table
        if not isinstance(table, Watchable):
            return
        try:
            async for _ in table.watch():
                self._look = True
                self._stir.set()
        except Exception as exc:  # another package's store may not keep its contract
            self._trouble(exc)

    async def flush(self, deliver: Deliver) -> None:
        """Tell the table everything that is left, and once more what a person changed meanwhile; then what it owes the history. The
        rest waits in the ledger."""
        deadline = self._in(FLUSH_WITHIN)
        await self._flush_rows(deliver, deadline)
        if self.keeper.access.trouble is None and self.recorder.due() is not None and not self.recorder.waits():
            await self._guarded(self._teller.record, deliver)

    async def _flush_rows(self, deliver: Deliver, deadline: float) -> None:
        for _ in range(2 + len(self.keeper.unsent) // self.table.traits.batch):
            if self.keeper.access.trouble is not None or not self._something_left() or self._clock.monotonic() >= deadline:
                return
            if self._look or self.keeper.sight.layout is None:
                self._look = False
                await self._guarded(self._read, deliver)
            if (
                self.keeper.sight.layout is None
                or not await self._guarded(self._teller.write, deliver)
                or self.keeper.access.unwritable
            ):
                return

    def _something_left(self) -> bool:
        return something_to_tell(self.keeper) or (self.keeper.sight.layout is None and bool(self.keeper.unsent))

    # --- waiting

    def _in(self, span: timedelta) -> float:
        """The monotonic instant that is so far ahead."""
        return self._clock.monotonic() + span.total_seconds()

    async def _pause(self, until: float) -> None:
        """Until then on the monotonic clock, or until something stirs."""
        self._stir.clear()
        left = timedelta(microseconds=ceil((until - self._clock.monotonic()) * 1e6))
        timer = self._clock.call_after(max(left, timedelta(0)), self._stir.set)
        try:
            await self._stir.wait()
        finally:
            timer.cancel()

    def _until_next_poll(self, apart: timedelta, dues: Dues) -> timedelta:
        """apart: how long looks are to keep from each other. A second one, which settles what the first left open, needs not; what
        several leave open waits for a person, and each of them waits twice as long as the one before.
        """
        poll = self.keeper.rules.poll
        self._unsettled = self._unsettled + 1 if self.keeper.suspects() else 0
        if self.keeper.access.trouble is not None:
            needs_owner = isinstance(self.keeper.access.trouble.error, NeedsOwner)
            return max(poll if needs_owner else min(AFTER_TROUBLE, poll), apart)
        if self._unsettled and (soon := SECOND_LOOK * (1 << min(self._unsettled - 1, 30))) < max(poll, apart):
            return soon
        if isinstance(self.table.table, Watchable):  # it tells of changes by itself
            return max(poll, apart)
        return placed(self._clock.now(), max(poll, apart), dues(self.keeper.name), self.keeper.rules.max_stale)

    # --- reading

    async def _guarded(self, step: Callable[[Deliver], Awaitable[None]], deliver: Deliver) -> bool:
        """Run one step; whatever fails there is this table's trouble alone."""
        try:
            await step(deliver)
        except Exception as exc:  # a table that fails in a way we never thought of must not stop the others
            self._trouble(exc)
            self._teller.pace.not_before(self._in(AFTER_TROUBLE))
            return False
        return True

    def _trouble(self, exc: Exception) -> None:
        message = _said(exc)
        self._listener(Trouble(at=self._clock.now(), where=f"table {self.keeper.name}", message=message))

    async def _read(self, deliver: Deliver, purpose: Purpose = Purpose.LOOK) -> None:
        stale, self._stale = self._stale, False
        try:
            if not self._tenancy.ours:
                self._taken = await self._tenancy.take()
            reading, self._taken = self._taken, None
            # *before* the read, so that an edit made meanwhile is seen by the next one
            marker = await self.table.probe(purpose) if reading is None else self._probed
            if reading is None and marker is not None and marker == self._marker and not (stale or self._unsure()):
                self.keeper.access.known_at = self._clock.now()
                if self.keeper.drafts.lapsed(self.keeper.access.known_at):
                    await deliver(self.keeper, lambda _: Findings())  # the turn finds them
                return
            reading = reading or await self.table.read(purpose)
            if reading.headless is None:
                await self._tenancy.seen(reading.leases)
            if self.keeper.access.elsewhere is not None or not self.looked.is_set():  # since we, or an earlier one, had it
                reading = replace(reading, handed_over=True)
            await self._take_up(reading, deliver)
        except TableError as exc:
            await self._failed(exc, deliver)
        except Exception as exc:  # a way to fail that we never thought of is one more way to be away
            await self._failed(Bug(_said(exc)), deliver)
        else:
            self._marker = marker
        finally:
            self.looked_at = self._clock.now()

    async def _whole(self) -> Reading:
        """A complete read for the lease, which is the first look as well."""
        self._probed = await self.table.probe(Purpose.TELL)
        return await self.table.read(Purpose.TELL)

    def _unsure(self) -> bool:
        """Whether the last read left something open that another one may settle."""
        keeper = self.keeper
        return keeper.access.trouble is not None or keeper.suspects() or bool(keeper.sight.baffling)

    async def _take_up(self, reading: Reading, deliver: Deliver) -> None:
        keeper = self.keeper
        held, trouble, baffling, hints = keeper.access.held, keeper.access.trouble, keeper.sight.baffling, keeper.hints
        zone, known = keeper.rules.rules.zone, keeper.access.first_read is not None
        await deliver(keeper, lambda now: keeper.take(reading, now, self._draw))
        now = self._clock.now()
        if trouble is not None:
            seconds = round((now - trouble.since).total_seconds(), 3)
            self._listener(TableRecovered(at=now, table=keeper.name, seconds=seconds))
        for key, why in keeper.sight.baffling.items():
            if baffling.get(key) != why:
                self._listener(Trouble(at=now, where=f"table {keeper.name}, row {key}", message=why))
        tasks, defects, drafts = keeper.counts()
        self._listener(TableRead(at=now, table=keeper.name, rows=len(reading.rows), tasks=tasks, defects=defects, drafts=drafts))
        if known and keeper.rules.rules.zone != zone:
            old, new = zone_name(zone), zone_name(keeper.rules.rules.zone)
            self._listener(TableRezoned(at=now, table=keeper.name, old=old, new=new))
        self._teller.doubt(hints)
        if keeper.access.held is not None and held is None:
            self._listener(TableHeld(at=now, table=keeper.name, message=keeper.access.held))
        if keeper.access.held is None and held is not None:
            self._listener(TableReleased(at=now, table=keeper.name, message="starts go on"))

    async def _failed(self, exc: TableError, deliver: Deliver) -> None:
        keeper, now = self.keeper, self._clock.now()
        before = keeper.access.trouble
        if keeper.access.failed(exc, now):
            if not (exc.spent and before is not None and before.error.spent):  # only until when has changed
                kind = QuotaSpent if exc.spent else TableUnreachable
                message = bare(keeper.name, str(exc))
                self._listener(kind(at=now, table=keeper.name, message=message, needs_owner=isinstance(exc, NeedsOwner)))
            await deliver(keeper, lambda _: Findings(look_again=True))


def _said(exc: Exception) -> str:
    """What failed in a way that nobody has thought of."""
    return TOO_LITTLE_MEMORY if isinstance(exc, MemoryError) else f"{type(exc).__name__}: {exc}"

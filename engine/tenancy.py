"""Who runs the rows of a table that can't keep a second daemon away: leases beside it, one word of each daemon, held against ours.

A lease is a promise, no lock: no such store lets a write depend on what stands there. A daemon leaves its own, reads again, and
stays only where it sees no other's. Of two that do so at the same time at least one sees the other. Where the store shows writes
late, later looks tell, and one of the two goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Lease, Leased
from connectors.errors import TableError, Taken
from engine.clock import Clock
from engine.findings import Reading
from engine.patience import PatientTable
from engine.quota import Purpose
from engine.remit import EVERYTHING, Remit

TERM = timedelta(minutes=15)
"""For so long a lease holds, unless looks at the table are further apart."""

TERM_OF_MONTHS = timedelta(days=2)
"""The same where requests count by the month."""

LOOKS = 4
"""A lease outlives as many looks."""

RENEWED = 3
"""It is renewed when less than one in so many parts of it are left."""

ODD = timedelta(days=8)
"""A lease that reaches further is none of a daemon's: its clock is wrong, or somebody typed it."""

UNSETTLED = timedelta(seconds=30)
"""So long a lease may stand beside ours while its daemon finds out that it is not alone. Then it has been so for both all along."""

LONG_GONE = timedelta(hours=1)
"""So long after its lease has lapsed a daemon can't be meant to come back to it: it would leave another one."""

SHOWS_AFTER = timedelta(seconds=1)
"""A store may show a write a moment late."""


class Holder(Struct, frozen=True):
    """This daemon. id: the same after a restart, and on no other machine.   who: in one line, for people."""

    id: str
    who: str


class Tenancy:
    """One table's."""

    def __init__(
        self,
        name: str,
        table: PatientTable,
        holder: Holder,
        clock: Clock,
        apart: Callable[[], timedelta],
        remit: Callable[[], Remit] = lambda: EVERYTHING,
        read: Callable[[], Awaitable[Reading]] | None = None,
    ) -> None:
        """name: the table's.   apart: how far looks at it are apart, at most.   remit: which of its rows are ours.

        read: reads it completely.
        """
        self._name = name
        self._table = table
        self._holder = holder
        self._clock = clock
        self._apart = apart
        self._remit = remit
        self._read = read or partial(table.read, Purpose.TELL)
        self._until: datetime | None = None  # of our lease as it was left last; None where the table isn't ours
        self._beside: dict[str, datetime] = {}  # other holders, while the table is ours: since when they have been seen

    @property
    def ours(self) -> bool:
        """Whether nobody else is known to run it, by a look that tells; always, where a store can't tell."""
        return self._until is not None or not isinstance(self._table.table, Leased)

    async def take(self, *, over: bool = False) -> Reading | None:
        """Make the table ours. Answers how it reads then, which spares the first look a read; None where a store can't tell.

        over: from whomever it is said to belong to, too.

        A lease that can't be left (no room for a row, no right to write) keeps no table from running; each look tries again.
        Raises Taken, naming who runs it; and what a read of the table does: then it is as before.
        """
        table = self._table.table
        if not isinstance(table, Leased):
            return None
        reading, now = await self._read(), self._clock.now()
        if reading.headless is not None:  # nothing of it can be run either
            return reading
        reading = await self._cleared(table, reading, now, over=over)
        own, others = self._own(reading.leases, now), self._others(reading.leases, now)
        if others and not over and (own is None or any(map(self._goes_before, others))):
            await self._give_way(table, others[0])
        if own is not None:
            self._until = own.until
            return reading
        try:
            until = await self._leave(table)
        except TableError:
            self._until = now
            return replace(reading, handed_over=True)
        await self._clock.sleep(SHOWS_AFTER)
        reading = await self._read()
        for other in self._others(reading.leases, self._clock.now()):
            await self._give_way(table, other)
        self._until = until
        return replace(reading, handed_over=True)

    async def _cleared(self, table: Leased, reading: Reading, now: datetime, *, over: bool) -> Reading:
        """Take away the leases of daemons that have long been gone, and of those that it is taken from. Answers what is left."""
        gone = [one for one in reading.leases if one.holder != self._holder.id and one.until < now - LONG_GONE]
        for lease in gone:
            with suppress(TableError):  # they keep nobody away: what can't be written is told where rows are
                await self._release(table, lease)
        taken = self._others(reading.leases, now) if over else []
        for lease in taken:
            await self._release(table, lease)
        return replace(reading, leases=tuple(one for one in reading.leases if one not in (*gone, *taken)))

    async def _release(self, table: Leased, lease: Lease) -> None:
        await self._table.call(lambda: table.release(lease.holder))

    async def seen(self, leases: Collection[Lease]) -> None:
        """The table was read, and these were there. Ours is renewed in time. Raises Taken where another daemon has taken it."""
        table, now = self._table.table, self._clock.now()
        if self._until is None or not isinstance(table, Leased):
            return
        others = self._others(leases, now)
        self._beside = {one.holder: self._beside.get(one.holder, now) for one in others}
        settled = [one for one in others if now - self._beside[one.holder] >= UNSETTLED]
        if others and (self._own(leases, now) is None or any(map(self._goes_before, settled))):
            self._until = None
            await self._give_way(table, others[0])
        elif self._until - now < self._term() / RENEWED or not self._said(leases):
            with suppress(TableError):  # the next look comes here again; what keeps us from writing is told where rows are written
                self._until = await self._leave(table)

    async def release(self) -> None:
        """The table is ours no more. What can't be taken away lapses."""
        table = self._table.table
        if self._until is not None and isinstance(table, Leased):
            self._until = None
            with suppress(TableError):
                await self._table.call(lambda: table.release(self._holder.id))

    async def _leave(self, table: Leased) -> datetime:
        until = (self._clock.now() + self._term()).replace(microsecond=0)
        remit = self._remit()
        lease = Lease(self._holder.id, self._holder.who, until, tuple(sorted(remit.labels)), remit.primary)
        await self._table.call(lambda: table.lease(lease))
        return until

    def _term(self) -> timedelta:
        term = TERM_OF_MONTHS if self._table.traits.budgets else TERM
        return max(term, LOOKS * self._apart())

    def _said(self, leases: Collection[Lease]) -> bool:
        """Whether our lease says who we are and which rows are ours as of now; also where it isn't shown (yet).

        After a restart it names the process that was: whoever looks there would take ours for dead.
        """
        said = (self._holder.who, self._remit().labels, self._remit().primary)
        ours = [(one.who, frozenset(one.labels), one.primary) for one in leases if one.holder == self._holder.id]
        return not ours or said in ours

    def _own(self, leases: Collection[Lease], now: datetime) -> Lease | None:
        return next((one for one in leases if one.holder == self._holder.id and holds(one, now)), None)

    def _others(self, leases: Collection[Lease], now: datetime) -> list[Lease]:
        """Those of daemons that run rows of ours; who shares the table with us, each with labels of his own, is none of them."""
        meets = self._remit().meets
        return [one for one in leases if one.holder != self._holder.id and holds(one, now) and meets(one)]

    def _goes_before(self, other: Lease) -> bool:
        """Of two that know of each other, which stays: both must come to the same."""
        return other.holder < self._holder.id

    async def _give_way(self, table: Leased, other: Lease) -> NoReturn:
        """Leave it to another, without a lease of ours. Raises Taken."""
        with suppress(TableError):
            await self._table.call(lambda: table.release(self._holder.id))
        until = f"at least until {other.until:%Y-%m-%d %H:%M} UTC"
        both = sorted(self._remit().labels.intersection(other.labels))
        what = f"the rows of {', '.join(both)}" if both else "this table"
        share = "" if both else " To share it, say `labels` and `primary = false` in the rowd.toml of one."
        raise Taken(f"{self._name}: {other.who} runs {what}, {until}. Stop that one; if it is dead, `rowd run --take-over`.{share}")


def holds(lease: Lease, now: datetime) -> bool:
    """Whether it counts now."""
    return now < lease.until <= now + ODD

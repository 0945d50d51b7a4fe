"""What a command sees: every table as it stands now, held against the ledger, without changing either.

The daemon is never asked. What a command shows of a row is worked out by the very code that the daemon uses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from connectors.api import PROVISIONAL, Cell, Lease
from connectors.errors import TableError
from engine import ties
from engine.access import reach_of
from engine.asked import Request
from engine.cells import quoted
from engine.clock import Clock
from engine.columns import Column
from engine.display import display
from engine.drafts import newcomers, recognise
from engine.findings import Reading
from engine.keeper import Keeper
from engine.layout import Layout
from engine.ledger import DaemonMark, Ledger, Reach, TableMark
from engine.meanings import Meanings
from engine.merge import first_sight
from engine.metadata import setting
from engine.model import Defect, Occurrence, RowState, Stage, Status, Task
from engine.naming import Extent
from engine.plan import Hold, Standing
from engine.remit import runs
from engine.rounds import Prerequisite
from engine.tally import Tally
from engine.tenancy import holds
from rowd.allowances import commands_governor
from rowd.bound import Bound, Site
from rowd.known import Known, known
from rowd.service import alive
from rowd.wiring import new_id, patient_table

if TYPE_CHECKING:
    from engine.condition import Given, Reference

NOT_SERVED = Hold("not served (serve = false in rowd.toml)")
"""Why nothing of a table starts that only commands know."""


class RowView(Struct, frozen=True):
    """One row: what it says, what it means, and where its task stands.

    key: how the table finds the row; it begins with `~` while the row has no id of its own.
    state: as the daemon would hold it once it has read the row as it is now.   new: the daemon hasn't seen the row yet.
    zone: what its times are shown in: the task's, else the table's.   held: why nothing of it may start, None where it may.
    position: which of the table's rows it is, from 1, where it was read now.
    wanted: what the daemon's own code would write into it; None for a row that the daemon has yet to tell apart, or never reads.
    lease: of another daemon than this ledger's, which runs it; None where none is known to.   prerequisites: what it waits for.
    values: what its condition asks for, but for the instant.
    """

    table: str
    key: str
    understood: Task | Defect
    state: RowState
    tally: Tally
    zone: tzinfo
    active: tuple[Occurrence, ...] = ()
    requests: tuple[Request, ...] = ()
    held: Hold | None = None
    new: bool = False
    position: int | None = None
    wanted: Callable[[], Mapping[str, Cell] | None] | None = None
    lease: Lease | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    values: Mapping[Reference, Given] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the cell says it; where it is blank, the ID, or the place of what has none."""
        return self.understood.name.strip() or self.place

    @property
    def place(self) -> str:
        """How a person finds it in its table: its ID; where it has none of its own, `row 3`, counted below the headers."""
        return self.key if self.position is None or not self.key.startswith(PROVISIONAL) else f"row {self.position}"

    @property
    def task(self) -> Task | None:
        return self.understood if isinstance(self.understood, Task) else None

    @property
    def defect(self) -> Defect | None:
        return self.understood if isinstance(self.understood, Defect) else None

    @property
    def running(self) -> Occurrence | None:
        """Its attempt under way."""
        return next((o for o in self.active if o.stage is Stage.RUNNING), None)

    @property
    def cells(self) -> Mapping[str, Cell]:
        """What rowd would write into its own columns: Health, Understood As, Next Run …"""
        if self.wanted is not None and (cells := self.wanted()) is not None:
            return cells
        return display(self.understood, self.state, self.tally, self.zone, active=self.active, hold=self.held)

    @property
    def health(self) -> str:
        return str(self.cells[Column.HEALTH])

    @property
    def standing(self) -> Standing | None:
        """For `decide`; None where the row is no task."""
        if self.task is None:
            return None
        asked, last = self.requests, self.tally.last
        waits, newest = self.prerequisites, self.tally.record
        return Standing(self.task, self.state, self.held, self.active, asked, last, None, waits, self.values, newest=newest)


class TableView(Struct, frozen=True):
    """One table.

    rows: each line of the table once, in its order; where it couldn't be read, the ledger's copy, in the order of first sight.
    doubted: known rows whose line can't be told: several bear their id.
    hints: strangers among its columns that were probably meant to be known ones.   served: whether a daemon is to run it.
    trouble: why it couldn't be read now.   held: why nothing of it may start, for the table as a whole.
    mark: how it stood when the daemon last looked; None before that.   layout: None where no read of it was understood.
    leases: of other daemons than this ledger's that run rows of it, as far as its store tells.
    """

    name: str
    bound: Bound
    rows: tuple[RowView, ...]
    columns: tuple[str, ...]
    layout: Layout | None
    mark: TableMark | None
    trouble: TableError | None = None
    held: str | None = None
    doubted: tuple[RowView, ...] = ()
    hints: tuple[str, ...] = ()
    served: bool = True
    leases: tuple[Lease, ...] = ()

    @property
    def taken(self) -> Lease | None:
        """Of another daemon, beside which one of this site may not run it; None for nothing of the kind."""
        return next((lease for lease in self.leases if self.bound.taken_by(lease)), None)

    @property
    def lacking(self) -> bool:
        """Whether it is held for columns that it lacks and making it ready would make."""
        return self.layout is None and Layout.of(self.columns, self.bound.rules.renames).missing is not None

    @property
    def unread(self) -> bool:
        """Whether it can't be read now and never was, so that nothing at all is known of its rows."""
        return self.trouble is not None and (self.mark is None or self.mark.last_read is None)

    @property
    def tasks(self) -> list[RowView]:
        return [row for row in self.rows if row.task is not None]

    @property
    def defects(self) -> list[RowView]:
        return [row for row in self.rows if row.defect is not None and row.defect.wrong]

    @property
    def drafts(self) -> list[RowView]:
        return [row for row in self.rows if row.defect is not None and row.defect.draft]


def look(
    site: Site, ledger: Ledger | None, clock: Clock, names: Collection[str] | None = None, *, holder: str = ""
) -> list[TableView]:
    """Look at these tables, all of them for None, in the order of `rowd.toml`. A table that can't be read tells its trouble.

    ledger: None where there is none yet: every row is new then.   holder: whose leases are ours without a ledger.
    Raises: ledger errors, KeyError for a name that isn't there.
    """
    bounds = [site.tables[name] for name in (site.tables if names is None else names)]
    readings = asyncio.run(_read(bounds, clock, _held(bounds, ledger)))
    now = clock.now()  # a store may have kept us waiting: what has run meanwhile counts
    ours = known(site, bounds, ledger, now, holder)
    for bound in bounds:  # before any is shown: rows can speak of those of other tables
        take_up(ours[bound.rules.rules.table], readings[bound.rules.rules.table], now, bound)
    return [_seen(bound, ours[bound.rules.rules.table], readings[bound.rules.rules.table], now) for bound in bounds]


def remembered(site: Site, ledger: Ledger | None, now: datetime, names: Collection[str] | None = None) -> list[TableView]:
    """The same from the ledger's copy alone: no table is read. Rows stand in the order of first sight. Raises ledger errors."""
    bounds = [site.tables[name] for name in (site.tables if names is None else names)]
    ours = known(site, bounds, ledger, now)
    return [_seen(bound, ours[bound.rules.rules.table], None, now) for bound in bounds]


def living(ledger: Ledger | None) -> DaemonMark | None:
    """The daemon that runs on this ledger; None where none does. A mark left by one that was killed isn't believed."""
    mark = ledger.daemon() if ledger is not None else None
    return mark if mark is not None and alive(mark) else None


def usual(ledger: Ledger | None, tables: Iterable[TableView]) -> dict[tuple[str, str], timedelta]:
    """(table, key) → how long its runs usually take; absent where none ran."""
    if ledger is None:
        return {}
    return {(t.name, key): span for t in tables for key, span in ledger.durations(t.name).items()}


def _held(bounds: Sequence[Bound], ledger: Ledger | None) -> dict[str, str]:
    """Table → why the daemon holds it; absent where it doesn't."""
    marks = [] if ledger is None else [ledger.table_mark(bound.rules.rules.table) for bound in bounds]
    return {mark.table: mark.message for mark in marks if mark is not None and mark.state is Reach.HELD}


async def _read(bounds: Sequence[Bound], clock: Clock, held: Mapping[str, str]) -> dict[str, Reading | TableError]:
    """All tables at once, each in a thread of its own and with the patience that the daemon has; it shows none twice."""

    async def one(bound: Bound) -> Reading | TableError:
        table = patient_table(bound, governor, lambda: bound.rules.quota_share, held=held.get(bound.rules.rules.table))
        try:
            return await table.read()
        except TableError as exc:
            return exc
        finally:
            await table.close()

    with commands_governor(bounds, clock) as governor:
        readings = await asyncio.gather(*(one(bound) for bound in bounds))
    return {bound.rules.rules.table: reading for bound, reading in zip(bounds, readings, strict=True)}


def take_up(known: Known, reading: Reading | TableError, now: datetime, bound: Bound) -> None:
    """Hold what was read against what the ledger knows."""
    keeper = known.keeper
    if isinstance(reading, TableError):
        keeper.access.failed(reading, _since(known.mark, reading, now))
        return
    found = keeper.take(reading, now, new_id)
    recognise(found, newcomers(found, keeper.states), known.announced, now)
    keeper.apply(found.states, now)
    if any(bound.taken_by(lease) for lease in _leases(known, reading, now)):
        keeper.reach(Extent.ELSEWHERE)
    elif keeper.sight.mints:  # rows that the daemon has yet to give an id: others may speak of them, and it will know them then
        keeper.reach(Extent.UNREAD)


def _leases(known: Known, reading: Reading, now: datetime) -> tuple[Lease, ...]:
    """Of other daemons than this ledger's."""
    return tuple(lease for lease in reading.leases if lease.holder != known.holder and holds(lease, now))


def _seen(bound: Bound, known: Known, reading: Reading | TableError | None, now: datetime) -> TableView:
    """reading: None for the ledger's copy."""
    keeper, before = known.keeper, known.before
    trouble = reading if isinstance(reading, TableError) else None
    read = reading.rows if isinstance(reading, Reading) else ()
    positions = {row.key: number for number, row in enumerate(read, 1)}
    order = dict.fromkeys([*keeper.sight.order, *keeper.states])
    leases = _leases(known, reading, now) if isinstance(reading, Reading) else ()
    rows = [
        RowView(
            table=keeper.name,
            key=key,
            understood=understood,
            state=keeper.states[key],
            tally=keeper.tallies.get(key, Tally()),
            zone=understood.zone if isinstance(understood, Task) else keeper.rules.rules.zone,
            active=tuple(known.active.get(key, ())),
            requests=tuple(known.requests.get(key, ())),
            held=keeper.hold(key, now) if bound.served else NOT_SERVED,
            new=bound.served and key not in before,
            position=positions.get(key),
            wanted=partial(keeper.wanted, key, now) if bound.served else None,
            prerequisites=keeper.prerequisites(key),
            values=keeper.values(key),
        )
        for key in order
        if (understood := keeper.understood.get(key)) is not None
    ]
    doubted = tuple(row for row in rows if row.key in keeper.sight.doubtful)
    rows = [row for row in rows if row.key not in keeper.sight.doubtful]
    nameless = _nameless(keeper, now, new=known.mark is None)
    rows += [replace(row, position=positions.get(row.key)) for row in (nameless if bound.served else map(_mirrored, nameless))]
    rows = [replace(row, lease=_lease(leases, row.state)) for row in rows] if leases else rows
    return TableView(
        name=keeper.name,
        bound=bound,
        rows=tuple(rows),
        columns=keeper.sight.columns,
        layout=keeper.sight.layout,
        mark=known.mark,
        trouble=trouble,
        held=keeper.access.held,
        doubted=doubted,
        hints=(*Layout.of(keeper.sight.columns, bound.rules.renames).hints, *keeper.sight.missing(), *keeper.bylaws.zone_doubt),
        served=bound.served,
        leases=leases,
    )


def _lease(leases: Iterable[Lease], state: RowState) -> Lease | None:
    """Whose row it is, of these."""
    cell = setting(state.cells, Column.RUNS_ON)
    return next((lease for lease in leases if runs(lease, cell)), None)


def _mirrored(row: RowView) -> RowView:
    """A row of a table that is not served."""
    return replace(row, held=NOT_SERVED, new=False, wanted=None)


def _since(mark: TableMark | None, error: TableError, now: datetime) -> datetime:
    """Since when the table is in this trouble, as far as the daemon has noted it."""
    return mark.since if mark is not None and mark.state is reach_of(error) else now


def _nameless(keeper: Keeper, now: datetime, *, new: bool) -> list[RowView]:
    """Rows that have no id of their own: those that the daemon will give one, and those that nobody can tell apart.

    new: the daemon has never seen the table.
    """
    rules, layout = keeper.rules.rules, keeper.sight.layout
    if layout is None:
        return []

    def view(key: str, cells: Mapping[str, Cell], message: str | None) -> RowView:
        state = first_sight(keeper.name, key, cells, now, new_ledger=False, anchor=None).state
        understood = Defect(keeper.name, key, quoted(cells.get(Column.NAME))[1:-1], str(Column.ID), message or "")
        return RowView(keeper.name, key, understood, state, Tally(), rules.zone, new=new or message is None)

    def dark(row: RowView) -> RowView:
        waits = ties.prerequisites(row.understood, keeper.others, keeper.active)
        told = partial(
            display, row.understood, row.state, row.tally, row.zone, blackouts=keeper.rules.blackouts, prerequisites=waits
        )
        return replace(row, wanted=told, prerequisites=waits)

    fresh: list[RowView] = []
    for provisional, mint in keeper.sight.mints.items():
        if mint.id in keeper.states and keeper.states[mint.id].deleted_at is None:
            continue  # a known row that lost its id: it is listed as itself
        cells = layout.canonical(mint.row.cells)
        fresh.append(view(provisional, {**cells, Column.STATUS: str(Status.DRAFT)} if mint.draft else cells, None))
    meanings = Meanings(rules, keeper.meanings.neighbours.beside(keeper.name))
    if fresh:  # a row's meaning may hang on others'
        together = keeper.states | {row.key: row.state for row in fresh}
        meanings.read(together, together)
    fresh = [replace(row, understood=meanings.understood[row.key]) for row in fresh]
    return [dark(row) for row in fresh] + [
        view(provisional, cells, message) for provisional, (message, cells) in keeper.sight.unclear.items()
    ]

"""A table examined and made ready through its connector: its checks and its steps, in the pace that the vendor allows.

A daemon isn't asked, and goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol, TypeVar

from connectors.api import Cell, Editable, Examinable, Page, Preparable, Probeable, Table
from connectors.errors import NeedsOwner, NoHeader, NotThere, OutcomeUnknown, TableError, TryLater
from connectors.preparing import Check, Preparation, Shape, Step, Wanted
from engine.clock import Clock
from engine.columns import Column
from engine.gate import TableGate
from engine.layout import Layout
from engine.patience import ThreadWorker
from engine.quota import part_of
from engine.recent import lasted
from engine.shapes import USUAL, shapes
from rowd.allowances import commands_governor
from rowd.bound import Bound
from rowd.wiring import new_id

T = TypeVar("T")

ROUNDS = 3
"""How often a table is looked at anew that somebody else changes meanwhile."""

PATIENCE = timedelta(seconds=70)
"""A store that wants a longer pause is not waited for: a quota of a minute is."""

WAITS = (timedelta(seconds=1), timedelta(seconds=3))
"""Between tries where the store doesn't say how long."""

MONTH = timedelta(days=31)

MENDED = (NoHeader, NotThere)
"""Troubles that making the table ready may end."""


class Make(Protocol):
    """How a blocking call is made."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]: ...


class Pace:
    """Calls of one table, one after the other; where the store asks for a pause, once more after it."""

    def __init__(self, make: Make, clock: Clock) -> None:
        self._make = make
        self._clock = clock

    async def __call__(self, call: Callable[[], T]) -> T:
        """Raises what the call raises; TryLater only where waiting didn't help."""
        for wait in WAITS:
            try:
                return await self._make(call)
            except NoHeader:
                raise
            except TryLater as exc:
                if exc.after(wait) > PATIENCE:
                    raise
                await self._clock.sleep(exc.after(wait))
        return await self._make(call)


@asynccontextmanager
async def paced(bound: Bound, clock: Clock) -> AsyncIterator[tuple[Table, Pace]]:
    """Open a table, its requests within what its vendor allows; it is closed at the end."""
    rules = bound.rules
    with commands_governor([bound], clock) as governor:
        worker = ThreadWorker("table")
        gate = TableGate(rules.rules.table, governor, worker.wait, lambda: rules.quota_share)
        table = bound.open(gate.request)
        gate.serve(table)
        try:
            yield table, Pace(worker, clock)
        finally:
            table.close()
            worker.close()


async def examined(bound: Bound, table: Table, pace: Pace) -> AsyncIterator[Check]:
    """What a table needs, looked at piece by piece; at the end, whether its `poll` is within what the vendor allows."""
    checks = table.examine() if isinstance(table, Examinable) else _read(table)
    while (check := await pace(lambda: next(checks, None))) is not None:
        yield check
    yield polled(bound, table)


def _read(table: Table) -> Iterator[Check]:
    """Of a store that can't be examined."""
    try:
        table.read()
    except TableError as exc:
        yield Check.failed("connection", exc)
    else:
        yield Check("connection", "it can be read")


def polled(bound: Bound, table: Table) -> Check:
    """Whether the polls alone, reads or looks that may cost one, fit into rowd's share of what is counted.

    A month is made to last.
    """
    poll, share, windows = bound.rules.poll, bound.rules.quota_share, table.traits.windows
    of_it = "" if share == 1 else f", of which {share:.0%} are rowd's (quota_share)"
    counted = [w for w in windows if w.kind == "any" or (w.kind == "read" and not isinstance(table, Probeable))]
    for window in counted:
        polls, size = window.span // poll, part_of(window.size, share)
        if polls > size:
            least = window.span / size
            return Check.failed(
                "limits",
                NeedsOwner(
                    f"poll = {lasted(poll)} makes {polls:,} requests in {lasted(window.span)}, and the {window.scope} allows"
                    f" {window.size:,}{of_it}. Set poll to {lasted(max(least, timedelta(seconds=1)))} or more in rowd.toml"
                ),
            )
    if (budget := min(table.traits.budgets, key=lambda one: one.size, default=None)) is not None:
        polls, size = MONTH // poll, part_of(budget.size, share)
        if polls > size:
            says = (
                f"poll = {lasted(poll)} makes {polls:,} requests in a month, and the {budget.scope} allows {budget.size:,}{of_it}"
            )
            seldom = f"it is looked at as seldom as that takes, about every {lasted(MONTH / size)}"
            return Check("limits", f"{says}: {seldom}", open=True)
    if not windows:
        return Check("limits", "none")
    told = ", ".join(
        dict.fromkeys(f"{w.size:,} {'requests' if w.kind == 'any' else w.kind + 's'} in {lasted(w.span)}" for w in windows)
    )
    return Check("limits", f"{told}{of_it}; a poll each {lasted(poll)} is within them")


def chosen(columns: Collection[Column]) -> list[Column]:
    """The columns that a table is to have: the usual ones first, and these."""
    return [*USUAL, *(column for column in Column if column in columns and column not in USUAL)]


def wanting(bound: Bound, columns: Sequence[Column]) -> Wanted:
    """What the columns of this table are to be like, once it is known which there are.   columns: that it is to have."""
    rules = bound.rules

    def wanted(headers: Sequence[str]) -> list[Shape]:
        layout = Layout.of(headers, rules.renames)
        if headers and not layout.has(Column.NAME):
            raise NeedsOwner(f"{rules.rules.table}: {layout.missing}. rowd makes none beside columns that there are")
        if layout.doubled is not None:
            raise NeedsOwner(f"{rules.rules.table}: {layout.doubled}")
        keyless = headers and not layout.has(Column.ID)  # its rows are known by their names: with an ID they would all be new
        these = [column for column in columns if not (keyless and column is Column.ID)]
        return shapes(layout, these, rules.renames, rules.rules.actions)

    return wanted


def hints(bound: Bound, preparation: Preparation) -> list[str]:
    """Strangers among the headers that were probably meant to be columns: those are not added beside them."""
    found = Layout.of(preparation.headers, bound.rules.renames).hints
    return [f"{hint} Rename it, then repeat this." for hint in found]


def lacking(bound: Bound, headers: Sequence[str], columns: Sequence[Column]) -> tuple[Check, list[str]]:
    """Of a store in which no program can make columns: which it lacks, and what it needs of a person before any row can run.

    columns: that it is to have.
    """
    layout = Layout.of(headers, bound.rules.renames)
    names = [str(column) for column in columns if not layout.has(column) and column is not Column.ID]
    lacks = f"it has none for {', '.join(names)}: add by hand those that you want" if names else "it has all the usual ones"
    check = Check("columns", f"no program can make columns in this kind of table; {lacks}", open=bool(names))
    return check, [layout.trouble] if layout.trouble is not None else []


async def carried_out(table: Preparable, wanted: Wanted, preparation: Preparation, pace: Pace) -> AsyncIterator[Step | str]:
    """Make a table ready: each step once it is done; then, as text, what is left to a person ("" for nothing).

    preparation: as it was found. Looked at anew after that, until there is nothing left to do.
    Raises TryLater, NeedsOwner, Bug: what was done until then is done.
    """
    refused: dict[tuple[str, ...], Step] = {}
    for _ in range(ROUNDS):
        steps = [step for step in preparation.steps if step.says not in refused]
        if not steps:
            for text in (*(step.by_hand for step in refused.values()), *preparation.by_hand):
                yield text
            return
        for step in steps:
            try:
                done = await pace(step.take)
            except OutcomeUnknown:
                break  # the next look tells
            except NeedsOwner:
                for left in (*refused.values(), *steps[steps.index(step) :]):
                    yield left.by_hand
                raise
            if done:
                yield step
            else:
                refused[step.says] = step
        preparation = await pace(lambda: table.prepare(wanted))
    raise TryLater("the table was changed again and again meanwhile, or doesn't show what was changed. Repeat the command")


async def blank(table: Table, pace: Pace) -> Page | None:
    """A page of a table in which no row says anything; None where one does. Raises what `Table.read` raises."""
    cursor: str | None = None
    while True:
        here = cursor
        page = await pace(lambda here=here: table.read(here))  # type: ignore[misc]  # mypy: lambda default
        if any(cell is not None for row in page.rows for cell in row.cells.values()):
            return None
        if (cursor := page.next) is None:
            return page


async def filled(bound: Bound, table: Editable, page: Page, rows: Sequence[Mapping[str, Cell]], pace: Pace, *, batch: int) -> None:
    """Give an empty table its first rows, each with an id where it has a column for them.

    page: as `blank` answered it.   rows: canonical cells.   batch: `traits.batch`.   Raises what `Editable.create` raises.
    """
    headers = {key: header for header, key in Layout.of(page.columns, bound.rules.renames).keys}
    ids: list[dict[str, Cell]] = [{} if page.id_column is None else {page.id_column: new_id()} for _ in rows]
    cells = [{**id_, **{headers[c]: v for c, v in row.items() if c in headers}} for id_, row in zip(ids, rows, strict=True)]
    for at in range(0, len(cells), batch):
        await pace(lambda at=at: table.create(cells[at : at + batch]))  # type: ignore[misc]  # mypy: lambda default

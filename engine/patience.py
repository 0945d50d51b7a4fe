"""Where the blocking world ends: a table's calls as coroutines, inside its quota, tried again while that can help."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any, Protocol, TypeVar

from connectors.api import Metered, Patch, Probeable, Request, Row, Table, Traits, Written
from connectors.errors import Expired, NoHeader, OutcomeUnknown, TryLater
from connectors.rounds import Rounds
from engine.clock import Clock
from engine.findings import Reading
from engine.quota import Quota

T = TypeVar("T")

WAITS = (timedelta(milliseconds=200), timedelta(milliseconds=500), timedelta(seconds=1))
"""Between tries where the store doesn't say how long. After the last one the table counts as unreachable until the next poll."""

LONGEST_WAIT = timedelta(seconds=30)
"""A store that asks for more is not waited for here: the quota is locked, and the next poll comes after it."""


BEGINNINGS = 3
"""How often a read is begun whose cursor goes bad under way, before the store counts as unreachable until the next poll."""


class Worker(Protocol):
    """Where blocking calls run, one after the other."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]: ...

    def close(self) -> None: ...


class ThreadWorker:
    """One thread of its own."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, call: Callable[[], T]) -> T:
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class PatientTable:
    """A table behind its quota and a little patience. `OutcomeUnknown`, `NeedsOwner` and `Bug` pass: they are for the loop."""

    def __init__(self, table: Table, clock: Clock, worker: Worker) -> None:
        self.table = table
        self.quota = Quota(table.traits.windows)
        self._clock = clock
        self._worker = worker

    @property
    def traits(self) -> Traits:
        """Asked for each time: a table may learn what it can promise only when it is used."""
        return self.table.traits

    async def read(self) -> Reading:
        """A complete read. What has no headers after all patience is none that fails. Raises: TryLater, NeedsOwner, Bug."""
        for _ in range(BEGINNINGS - 1):
            with suppress(Expired):
                return await self._begun()
        return await self._begun()

    async def _begun(self) -> Reading:
        try:
            return await self._read()
        except NoHeader as exc:
            return Reading((), (), None, headless=str(exc))

    async def _read(self) -> Reading:
        rows: list[Row] = []
        cursor: str | None = None
        while True:
            here = cursor
            page = await self._patiently("read", lambda here=here: self.table.read(here))  # type: ignore[misc]  # mypy: lambda default
            rows += page.rows if _all_clean(page.rows) else map(_clean, page.rows)
            cursor = page.next
            if cursor is None:
                return Reading(tuple(rows), page.columns, page.id_column)

    async def write(self, patches: Sequence[Patch]) -> list[Written]:
        """One request, or as many as the store needs until no patch is left. Raises: TryLater (nothing written), OutcomeUnknown,
        NeedsOwner, Bug.
        """
        rounds: Rounds[Patch, Written] = Rounds(patches)
        rounds.took(await self._patiently("write", lambda: self.table.write(patches)))
        while rounds.left:
            try:
                rounds.took(await self._patiently("write", lambda: self.table.write(rounds.left)))
            except TryLater as exc:  # what came before may have written some
                raise OutcomeUnknown(str(exc)) from exc
        answers = rounds.answers()
        return [replace(answer, row=_clean(answer.row)) if answer.row is not None else answer for answer in answers]

    async def probe(self) -> str | None:
        """A marker as `Probeable.probe` has it; None where the table can't be asked. Counted as a read; nothing is tried again: the
        next poll does. Raises: TryLater, NeedsOwner, Bug.
        """
        table = self.table
        if not isinstance(table, Probeable):
            return None
        try:
            if isinstance(table, Metered):  # it tells what that took, and it may be nothing
                return await self._metered(table.probe, [])
            return await self._once("read", table.probe)
        except TryLater as exc:
            self._heed(exc)
            raise

    async def close(self) -> None:
        """Close the table and its thread."""
        await self._worker(self.table.close)
        self._worker.close()

    async def call(self, call: Callable[[], T]) -> T:
        """Run another blocking call of the table on its thread. It waits for no quota, but counts where the table is metered."""
        return await self._metered(call, [])

    async def _patiently(self, kind: Request, call: Callable[[], T]) -> T:
        for wait in WAITS:
            try:
                return await self._once(kind, call)
            except Expired:
                raise
            except TryLater as exc:
                self._heed(exc)
                if (exc.wait or wait) > LONGEST_WAIT:
                    raise
                await self._clock.sleep(exc.wait or wait)
        return await self._once(kind, call)

    def _heed(self, exc: TryLater) -> None:
        if exc.wait is not None:
            self.quota.lock(self._clock.now() + exc.wait)

    async def _once(self, kind: Request, call: Callable[[], T]) -> T:
        now = self._clock.now()
        if (wait := (free := self.quota.free_at(kind, now)) - now) > LONGEST_WAIT:
            until = f"{free:%Y-%m-%d %H:%M:%S} UTC"
            raise TryLater(f"what the store allows is spent until {until}; a longer `poll` makes it last", wait=wait)
        if free > now:
            await self._clock.sleep_until(free)
        self.quota.spend(kind, self._clock.now())
        return await self._metered(call, [kind])

    async def _metered(self, call: Callable[[], T], counted: list[Request]) -> T:
        """counted: what the quota has been told of it. What it takes beyond that is only known afterwards: then it is told too."""
        try:
            return await self._worker(call)
        finally:
            if isinstance(self.table, Metered):
                for kind in self.table.spent():
                    if kind in counted:
                        counted.remove(kind)
                    else:
                        self.quota.spend(kind, self._clock.now())


_HALVES = re.compile("[\ud800-\udfff]")


def _all_clean(rows: Sequence[Row]) -> bool:
    """Whether no row needs a closer look: quick for very many, and False where that isn't known (cells that are no text)."""
    cells: Iterator[Any] = chain.from_iterable(row.cells.values() for row in rows)
    headers = rows[0].cells if rows else ()
    try:
        "".join(chain(filter(None, cells), headers, (row.key for row in rows))).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _clean(row: Row) -> Row:
    """The row without halves of characters (lone surrogates), which a JSON store can give and no file or ledger can hold."""
    texts = "".join([row.key, *row.cells, *[v for v in row.cells.values() if isinstance(v, str)]])
    if texts.isascii() or not _HALVES.search(texts):
        return row
    return Row(_mended(row.key), {_mended(h): _mended(v) if isinstance(v, str) else v for h, v in row.cells.items()}, row.handle)


def _mended(text: str) -> str:
    return text.encode("utf-8", "replace").decode()

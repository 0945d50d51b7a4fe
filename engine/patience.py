"""Where the blocking world ends: a table's calls as coroutines, inside its quota, tried again while that can help."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError as BrokenOff
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from connectors.api import Entry, Gate, Journal, Lease, Patch, Probeable, Recorded, Row, Table, Traits, Written
from connectors.errors import Bug, Expired, NoHeader, TableError, TryLater
from engine.clock import Clock
from engine.findings import Reading
from engine.gate import TableGate
from engine.governor import LONGEST_WAIT, Governor
from engine.quota import Allowance, Purpose

T = TypeVar("T")

WAITS = (timedelta(milliseconds=200), timedelta(milliseconds=500), timedelta(seconds=1))
"""Between tries where the store doesn't say how long. After the last one the table counts as unreachable until the next poll."""

BEGINNINGS = 3
"""How often a read is begun whose cursor goes bad under way, before the store counts as unreachable until the next poll."""

CLOSED_WITHIN = timedelta(seconds=2)
"""So long a table that is closed is waited for: what still hangs in its thread ends by itself, or with the process."""

ABOUT_TO_END = "rowd is about to end, or lets go of the table"


class Worker(Protocol):
    """Where blocking calls run, one after the other."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]: ...

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        """From within such a call: stand still until the event loop has seen this through. Raises what it raises, and TryLater
        where it is broken off.
        """

    def close(self) -> None:
        """Nothing more will come. What has been asked for is still made, and nobody waits for that."""


class ThreadWorker:
    """One thread of its own. What hangs there keeps nobody: neither who closes it nor the process, which ends without it.

    A pool's threads are waited for by Python itself at the end, whatever they hang in.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=_work, args=(self._calls,), name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, call: Callable[[], T]) -> T:
        if self._closed:
            raise RuntimeError("the worker was closed")
        self._loop = asyncio.get_running_loop()
        future: Future[T] = Future()
        self._calls.put(lambda: _made(call, future))
        if self._thread.ident is None:
            self._thread.start()
        return await asyncio.wrap_future(future)

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        """See `Worker.wait`."""
        if self._loop is None:
            raise RuntimeError("only a call that this worker runs can wait")
        try:
            asyncio.run_coroutine_threadsafe(what, self._loop).result()
        except BrokenOff:
            raise TryLater(ABOUT_TO_END) from None
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            what.close()  # the loop has ended before this call, at Ctrl-C
            raise TryLater(ABOUT_TO_END) from None

    def close(self) -> None:
        self._closed = True
        self._calls.put(None)


def _work(calls: SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()


def _made(call: Callable[[], T], future: Future[T]) -> None:
    """Nothing, where nobody waits for it any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        answer = call()
    except BaseException as exc:  # whatever it is, it is for who waits
        future.set_exception(exc)
    else:
        future.set_result(answer)


class PatientTable:
    """A table behind its gate and a little patience. `OutcomeUnknown`, `NeedsOwner` and `Bug` pass: they are for the loop."""

    def __init__(
        self, table: Table, clock: Clock, worker: Worker, gate: TableGate | None = None, *, held: str | None = None
    ) -> None:
        """gate: the one that the table was opened with; None where it was opened with none.

        held: for what lack of headers another has waited in vain: for the same nobody waits again.
        """
        self.table = table
        self._clock = clock
        self._worker = worker
        self._gate = gate or TableGate("", Governor(clock), worker.wait)
        self._gate.serve(table)
        self._headless = False  # the last complete read found no headers, after all patience
        self._held = held

    @property
    def traits(self) -> Traits:
        """Asked for each time: a table may learn what it can promise only when it is used."""
        return self.table.traits

    @property
    def allowances(self) -> list[Allowance]:
        """See `TableGate.allowances`."""
        return self._gate.allowances()

    async def read(self, purpose: Purpose = Purpose.LOOK) -> Reading:
        """A complete read. What has no headers after all patience is none that fails. Raises: TryLater, NeedsOwner, Bug."""
        for _ in range(BEGINNINGS - 1):
            with suppress(Expired):
                return await self._begun(purpose)
        return await self._begun(purpose)

    async def _begun(self, purpose: Purpose) -> Reading:
        try:
            reading = await self._read(purpose)
        except NoHeader as exc:
            self._headless = True
            return Reading((), (), None, headless=str(exc))
        self._headless = False
        return reading

    async def _read(self, purpose: Purpose) -> Reading:
        rows: list[Row] = []
        leases: list[Lease] = []
        cursor: str | None = None
        while True:
            here = cursor
            page = await self._patiently(purpose, lambda here=here: self.table.read(here))  # type: ignore[misc]  # mypy: lambda default
            rows += page.rows if _all_clean(page.rows) else map(_clean, page.rows)
            leases += page.leases
            cursor = page.next
            if cursor is None:
                told, zone = tuple(leases), page.time_zone
                return Reading(tuple(rows), page.columns, page.id_column, leases=told, time_zone=zone)

    async def write(self, patches: Sequence[Patch]) -> list[Written]:
        """Raises: TryLater (nothing written), OutcomeUnknown, NeedsOwner, Bug."""
        return _answering(await self._patiently(Purpose.TELL, lambda: self.table.write(patches)), patches)

    async def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        """Patches with entries for the journal, or entries alone: these are not tried again, since they can wait.

        Raises as `write` does, where there are patches; else nothing that the store says.
        """
        table = self.table
        if not isinstance(table, Journal):
            raise Bug("this store keeps no journal")
        if not patches:
            try:
                return await self._once(Purpose.RECORD, lambda: table.record((), entries))
            except TableError as exc:
                return Recorded([], exc)
        found = await self._patiently(Purpose.TELL, lambda: table.record(patches, entries))
        return replace(found, written=_answering(found.written, patches))

    async def probe(self, purpose: Purpose = Purpose.LOOK) -> str | None:
        """A marker as `Probeable.probe` has it; None where the table can't be asked. Nothing is tried again: the next poll does.

        Raises: TryLater, NeedsOwner, Bug.
        """
        table = self.table
        return await self._once(purpose, table.probe) if isinstance(table, Probeable) else None

    def done(self, purpose: Purpose) -> timedelta:
        """A look, or a write, has ended: how long the next is to keep away, so that what the store allows in a month lasts."""
        return self._gate.done(purpose)

    async def close(self) -> None:
        """Close the table and its thread. A call that waits for its quota is broken off; one that hangs is left to end alone."""
        self._gate.shut()
        closing = asyncio.ensure_future(self._worker(self.table.close))
        late = asyncio.ensure_future(self._clock.sleep(CLOSED_WITHIN))
        try:
            await asyncio.wait({closing, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            late.cancel()
            self._worker.close()
        if closing.done():
            await closing

    async def reopen(self, opened: Callable[[Gate], Table]) -> None:
        """Go on with another in its place, behind the same gate. To be called between two calls."""
        before, self.table = self.table, opened(self._gate.request)
        self._gate.serve(self.table)
        await self._worker(before.close)

    async def call(self, call: Callable[[], T]) -> T:
        """Run another blocking call of the table on its thread."""
        return await self._once(Purpose.TELL, call)

    async def _patiently(self, purpose: Purpose, call: Callable[[], T]) -> T:
        for wait in WAITS:
            try:
                return await self._once(purpose, call)
            except Expired:
                raise
            except TryLater as exc:
                if isinstance(exc, NoHeader) and (self._headless or str(exc) == self._held):
                    # nobody is just saving it: it waits for a person
                    raise
                if exc.after(wait) > LONGEST_WAIT:
                    raise
                await self._clock.sleep(exc.after(wait))
        return await self._once(purpose, call)

    async def _once(self, purpose: Purpose, call: Callable[[], T]) -> T:
        await self._gate.opens()
        try:
            return await self._worker(lambda: self._gate.during(purpose, call))
        except TryLater as exc:
            self._gate.heed(exc)
            raise
        except asyncio.CancelledError:  # nobody waits for it any more: it is not to stand in the way of the next
            self._gate.break_off()
            raise


def _answering(answers: Sequence[Written], patches: Sequence[Patch]) -> list[Written]:
    """The answers, clean. Raises Bug where they are not one each."""
    if len(answers) != len(patches):
        raise Bug(f"the store answered {len(answers)} of {len(patches)} patches")
    return [replace(answer, row=_clean(answer.row)) if answer.row is not None else answer for answer in answers]


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

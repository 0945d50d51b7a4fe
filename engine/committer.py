"""The way of the asynchronous engine into the ledger: one thread owns it, and all that wait are committed together."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from engine.crash import KINDS, Crash
from engine.ledger import Ledger, LedgerUnwritable

T = TypeVar("T")

RETRY_LEDGER = timedelta(seconds=2)
"""How long to wait before what could not be committed (disk full, say) is tried again."""

LARGEST_GROUP = 1000
"""Works that share one commit, so that the first of very many doesn't wait for the last."""


class Commits(Protocol):
    """What the engine needs of either committer."""

    async def do(self, work: Callable[[Ledger], T], *, point: str) -> T:
        """Run `work` inside a transaction; return its result once that is durable. An exception undoes this work only.

        point: one of `engine.crash.KINDS`.
        Raises: what `work` raises; LedgerUnwritable (nothing was kept), also for works that were committed together with this.
        """

    async def read(self, work: Callable[[Ledger], T]) -> T:
        """Run a query: it sees every `do` that has returned. Raises: what `work` raises."""

    async def close(self) -> None:
        """Carry out what was asked before, then close the ledger."""


class _Job(Struct):
    """point None: a query."""

    work: Callable[[Ledger], Any]
    point: str | None
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Committer:
    """Group commit: while one group is being synced, the next one gathers. Takes over the ledger, with a thread of its own.

    A caller that is cancelled while it waits undoes nothing: its work may be committed all the same.
    """

    def __init__(self, ledger: Ledger, crash: Crash) -> None:
        self._ledger = ledger
        self._crash = crash
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Ledger], T], *, point: str) -> T:
        """See `Commits.do`."""
        if point not in KINDS:
            raise ValueError(f"{point!r} is no kind of commit; there are {', '.join(KINDS)}")
        result: T = await self._asked(work, point)
        return result

    async def read(self, work: Callable[[Ledger], T]) -> T:
        """See `Commits.read`."""
        result: T = await self._asked(work, None)
        return result

    async def close(self) -> None:
        """See `Commits.close`."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _asked(self, work: Callable[[Ledger], Any], point: str | None) -> asyncio.Future[Any]:
        if self._closing:
            raise RuntimeError("the ledger is closed")
        future = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, point, future))
        return future

    # --- the thread

    def _run(self) -> None:
        try:
            open_ = True
            while open_:
                jobs, open_ = self._gathered()
                try:
                    self._carry_out(jobs)
                except BaseException as exc:  # whatever it is, nobody must be left waiting
                    for job in jobs:
                        job.error = job.error or exc
                _resolve(jobs)
        finally:
            self._ledger.close()

    def _gathered(self) -> tuple[list[_Job], bool]:
        """All that waits, at least one; and whether more may come."""
        jobs: list[_Job] = []
        while len(jobs) < LARGEST_GROUP:
            try:
                job = self._queue.get(block=not jobs)
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True

    def _carry_out(self, jobs: Sequence[_Job]) -> None:
        self._commit([job for job in jobs if job.point is not None])
        for job in jobs:
            if job.point is None:
                _try(job, self._ledger)

    def _commit(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            with self._ledger.transaction():
                for job in jobs:
                    self._run_one(job)
                for job in jobs:
                    self._crash.at(f"{job.point}.before")
        except Exception as exc:
            for job in jobs:
                job.error = job.error or exc
            return
        for job in jobs:
            self._crash.at(f"{job.point}.after")

    def _run_one(self, job: _Job) -> None:
        """Raises only where the transaction as a whole is gone."""
        try:
            with self._ledger.savepoint():
                job.result = job.work(self._ledger)
        except BaseException as exc:
            job.error = exc
            if not self._ledger.in_transaction:
                raise LedgerUnwritable(f"another step of the same commit failed: {exc}") from exc


class InlineCommitter:
    """Runs everything at once in the caller's thread: for a simulation on a virtual clock."""

    def __init__(self, ledger: Ledger, crash: Crash) -> None:
        self._ledger = ledger
        self._crash = crash

    async def do(self, work: Callable[[Ledger], T], *, point: str) -> T:
        """See `Commits.do`."""
        if point not in KINDS:
            raise ValueError(f"{point!r} is no kind of commit; there are {', '.join(KINDS)}")
        with self._ledger.transaction():
            result = work(self._ledger)
            self._crash.at(f"{point}.before")
        self._crash.at(f"{point}.after")
        return result

    async def read(self, work: Callable[[Ledger], T]) -> T:
        """See `Commits.read`."""
        return work(self._ledger)

    async def close(self) -> None:
        """See `Commits.close`."""
        self._ledger.close()


def _try(job: _Job, ledger: Ledger) -> None:
    try:
        job.result = job.work(ledger)
    except BaseException as exc:
        job.error = exc


def _resolve(jobs: Sequence[_Job]) -> None:
    """Wake all callers of a group in one go. A loop that is closed has nobody left to tell."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, its in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, its)


def _tell(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled
            continue
        if job.error is None:
            job.future.set_result(job.result)
        elif isinstance(job.error, StopIteration):  # a future refuses to carry this one
            job.future.set_exception(RuntimeError(f"a step in the ledger raised {job.error!r}"))
        else:
            job.future.set_exception(job.error)

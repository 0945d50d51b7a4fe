"""Looks at watched sources when they stir, else in their own rhythm. What a look finds is durable before the next one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from engine.clock import Clock
from engine.happened import Looked
from engine.model import Type
from watches.api import LONGEST_STATE, About, Box, Door, Endable, Inward, Look, Record, Unseen, Watch

T = TypeVar("T")

LONGEST_REST = 10
"""What stirs again and again is looked at after so many times its debounce, at the latest."""


class Source(Struct, frozen=True):
    """A watched source, ready to be looked at.

    definition: a mark of what `rowd.toml` says of it.   every: between two looks where nothing tells of a change sooner.
    debounce: how long it must have been at rest.   commits: whether what happens to it are commits.
    says: the names of all values that its events have; None where they may be any.
    apart: each thing that happens to it is a run of its own.
    door: of one to which things are brought: decides what is let in; its watch is a `Box` then.
    about: the table of `rowd.toml` whose rows it tells of, where it does.
    made: a mark of all that its watch was made from, what doesn't say what is watched included.
    """

    name: str
    definition: str
    watch: Watch | Inward
    every: timedelta
    debounce: timedelta
    commits: bool = False
    says: frozenset[str] | None = None
    apart: bool = False
    door: Door | None = None
    made: str = ""
    about: About | None = None

    @property
    def makes(self) -> Type:
        """The Type of rows that nothing else makes run."""
        if self.door is not None:
            return Type.WEBHOOK
        return Type.ON_COMMIT if self.commits else Type.ON_CHANGE

    def like(self, other: Source) -> bool:
        """Whether it is looked at as that one is. What is let in is asked of the one that is declared now."""
        return replace(self, watch=other.watch, door=other.door) == other


class Aside(Protocol):
    """Where looks block without blocking the event loop; `in_a_thread`, but for tests."""

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]: ...


async def in_a_thread(call: Callable[[], T]) -> T:
    """In a thread of its own, so that looks that take long hold up none of others, nor the end of the daemon."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def told(found: T | None, failed: BaseException | None) -> None:
        if answer.done():
            return
        if failed is not None:
            answer.set_exception(failed)
        else:
            answer.set_result(found)  # type: ignore[arg-type]  # None only where that is what was found

    def work() -> None:
        found: T | None = None
        failed: BaseException | None = None
        try:
            found = call()
        except BaseException as exc:  # it is raised where it is awaited
            failed = exc
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(told, found, failed)

    threading.Thread(target=work, name="look", daemon=True).start()
    return await answer


class Consult(Protocol):
    """The way of looks into the ledger: `Commits.read`."""

    def __call__(self, look: Callable[[Record], Look], /) -> Awaitable[Look]: ...


Deliver = Callable[[Looked], Awaitable[None]]
"""Hands in what a look has found; returns once it is durable."""


class Ways(Struct, frozen=True):
    """What looks are made by.   aside: of sources of this machine.   consult: of those that are about rowd itself."""

    clock: Clock
    aside: Aside
    consult: Consult
    deliver: Deliver


def tried(source: Source, state: str | None) -> Look | str:
    """What one look finds as the machine is now, or why there is none. Blocks.   state: as it was last found."""
    if isinstance(source.watch, Inward):  # there is nothing in the way but what keeps the daemon itself from its ledger
        return Look(state or "")
    try:
        return source.watch.look(state)
    except Unseen as exc:
        return str(exc)
    except Exception as exc:  # see Watcher.look
        return _broken(exc)


def _broken(exc: Exception) -> str:
    return f"rowd fails on it ({type(exc).__name__}: {exc})"


class Watcher:
    """One source, looked at.   state: as its last look found it."""

    def __init__(self, source: Source, state: str | None, ways: Ways) -> None:
        """state: as the last look under this definition found it; None for none."""
        self.source = source
        self.state = state
        self._inward = isinstance(source.watch, Inward)  # found out once: a daemon stirs all its sources with each end
        self._ways = ways
        self._clock = ways.clock
        self._stirred = asyncio.Event()
        self._wait = timedelta(0)  # it is to be left alone for so long

    def stir(self) -> None:
        """There may be news in the ledger."""
        if self._inward:
            self._stirred.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        stirring = asyncio.create_task(self._stir())
        try:
            while True:
                self._stirred.clear()
                await self.look()
                await self._rest()
        finally:
            self.shut()
            stirring.cancel()
            with suppress(asyncio.CancelledError):
                await stirring

    async def look(self) -> None:
        """Look once."""
        look: Look | None = None
        trouble, self._wait = "", timedelta(0)
        try:
            look = await self._looked()
            if len(look.state) > LONGEST_STATE:
                look, trouble = None, "there is more of it than can be kept; let it be about less"
        except Unseen as exc:
            trouble, self._wait = str(exc), exc.wait
        except Exception as exc:  # another package's kind may fail in any way: its source is in trouble, and nothing else
            trouble = _broken(exc)
        if look is not None:
            self.state = look.state
            if look.happenings:
                self.stir()  # it may have left some for the next look
        await self._ways.deliver(Looked(self.source.name, self.source.definition, look, trouble, self.source.apart))
        if isinstance(self.source.watch, Box):
            self.source.watch.settled(durable=look is not None)

    async def _looked(self) -> Look:
        watch, before = self.source.watch, self.state
        if isinstance(watch, Inward):
            return await self._ways.consult(lambda record: watch.look_into(record, before))
        if isinstance(watch, Box):  # what was brought is at hand
            return watch.look(before)
        return await self._ways.aside(lambda: watch.look(before))

    def shut(self) -> None:
        """Nobody looks any more."""
        if isinstance(self.source.watch, Endable):
            self.source.watch.shut()

    async def _rest(self) -> None:
        """Until it is time to look again: it has stirred and come to rest, or its time is up."""
        if not await self._stirs_within(max(self.source.every, self._wait)):
            return
        until = self._clock.monotonic() + LONGEST_REST * self.source.debounce.total_seconds()
        while (left := timedelta(seconds=until - self._clock.monotonic())) > timedelta(0):
            self._stirred.clear()
            if not await self._stirs_within(min(left, self.source.debounce)):
                return

    async def _stirs_within(self, span: timedelta) -> bool:
        if self._stirred.is_set():
            return True
        timer = self._clock.call_after(span, self._stirred.set)
        until = self._clock.monotonic() + span.total_seconds()
        try:
            await self._stirred.wait()
        finally:
            timer.cancel()
        return self._clock.monotonic() < until

    async def _stir(self) -> None:
        if not isinstance(self.source.watch, Inward):
            async for _ in self.source.watch.stirs():
                self._stirred.set()


class Watching:
    """All sources of one daemon, each with a task of its own."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._tasks: dict[str, tuple[Watcher, asyncio.Task[None]]] = {}

    def go_by(self, sources: Mapping[str, Source], states: Mapping[str, str | None]) -> None:
        """Watch these, and no others; what is as before is watched on.   states: name → as last found under this definition."""
        known = dict(states)
        for name, (watcher, task) in list(self._tasks.items()):
            now, before = sources.get(name), watcher.source
            if now is None or not now.like(before):
                task.cancel()
                del self._tasks[name]
            if now is not None and now.definition == before.definition:
                known[name] = watcher.state  # what it has found may have yet to become durable
        for name, source in sources.items():
            if name not in self._tasks:
                fresh = Watcher(source, known.get(name), self._ways)
                self._tasks[name] = fresh, asyncio.create_task(fresh.run())

    def stir(self) -> None:
        """There may be news in the ledger: something was emitted, or has ended."""
        for watcher, _ in self._tasks.values():
            watcher.stir()

    def box(self, name: str) -> Box | None:
        """Where to put what is brought to this source; None where it isn't watched now, or nothing can be."""
        found = self._tasks.get(name)
        watch = found[0].source.watch if found is not None else None
        return watch if isinstance(watch, Box) else None

    async def look_once(self, sources: Mapping[str, Source], states: Mapping[str, str | None]) -> None:
        """Look at each once."""
        watchers = [Watcher(source, states.get(name), self._ways) for name, source in sources.items()]
        try:
            await asyncio.gather(*(watcher.look() for watcher in watchers))
        finally:
            for watcher in watchers:
                watcher.shut()

    async def end(self) -> None:
        """Look no more; a look under way counts for nothing."""
        tasks = [task for _, task in self._tasks.values()]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

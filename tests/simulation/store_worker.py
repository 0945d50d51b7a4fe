"""Where the calls of a vendor's real client run: in a thread, while virtual time stands still; it goes on while the call waits."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, TypeVar

from connectors.errors import TryLater
from tests.fakes.memory_table import SteppedWorker
from tests.simulation.machine import Killed, Life

T = TypeVar("T")


class StoreWorker(SteppedWorker):
    """One call after the other. As with a real thread, a call goes on when its caller is cancelled, and ends with the process."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life
        self._queue: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._waiting: asyncio.Task[None] | None = None

    async def __call__(self, call: Callable[[], T]) -> T:
        self._life.check()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((call, done))
        if not self._busy:
            self._next()
        return await done

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        """From within a call: see `engine.patience.Worker`. Raises Killed where the process has died meanwhile."""
        if not self._life.alive:
            what.close()
            raise Killed
        super().wait(what)

    def check(self) -> None:
        """From within a call: go no further where the process is dead."""
        self._life.check()

    def end(self) -> None:
        """The process is gone, and its threads with it. Nothing while it lives: a table is closed by such a call, too."""
        if self._thread is None or self._life.alive:
            return
        if self._busy:
            self._heard.put(Killed())
        self._calls.put(None)
        self._thread.join()
        self._thread = None

    def _next(self) -> None:
        call, done = self._queue.popleft()
        self._busy = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._calls.put(call)
        self._go_on(done)

    def _go_on(self, done: asyncio.Future[Any]) -> None:
        """The thread works, until it waits for something or has ended."""
        said = self._said.get()
        if not callable(said):
            self._waiting = asyncio.get_running_loop().create_task(said)
            self._waiting.add_done_callback(lambda task: self._resume(task, done))
            return
        self._busy = False
        try:
            result = said()
        except Exception as exc:  # whatever it is, whoever made the call is to hear it
            if not done.done():
                done.set_exception(exc)
        else:
            if not done.done():
                done.set_result(result)
        if self._queue:
            self._next()

    def _resume(self, task: asyncio.Task[None], done: asyncio.Future[Any]) -> None:
        if not self._life.alive:
            return
        broken_off = task.cancelled()
        self._heard.put(TryLater("rowd is about to end, or lets go of the table") if broken_off else task.exception())
        self._go_on(done)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._run(call)

"""Where a table asks for each request, from within its calls: the way from the blocking world to the governor."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from connectors.api import Request, Table
from connectors.errors import Limited, TryLater
from engine.governor import Governor
from engine.quota import Allowance, Asked, Purpose

T = TypeVar("T")

Wait = Callable[[Coroutine[Any, Any, None]], None]
"""Called from within a blocking call: it stands still until the event loop has seen this through. Raises what that raises."""


class TableGate:
    """One table's. It is made before the table, which gets its `request` as `Place.gate`; `serve` then tells what is counted."""

    def __init__(self, name: str, governor: Governor, wait: Wait, share: Callable[[], float] = lambda: 1.0) -> None:
        """name: the table's.   share: see `Asked`; asked for with each request, since the operator may change it."""
        self._share = share
        self._name = name
        self._governor = governor
        self._wait = wait
        self._table: Table | None = None
        self._purpose = Purpose.TELL
        self._made: Counter[Purpose] = Counter()  # requests, since the last look or write has ended
        self._waiting: set[asyncio.Task[Any]] = set()
        self._sent = 0.0  # when the last request was let out: seconds of uptime
        self._shut = False

    def serve(self, table: Table) -> None:
        """Ask this table what is counted, at each request: it may learn only when it is used whose quota it uses."""
        self._table = table

    def during(self, purpose: Purpose, call: Callable[[], T]) -> T:
        """Make a blocking call whose requests serve this purpose. A table's calls are made one after the other."""
        self._purpose = purpose
        return call()

    @contextmanager
    def request(self, kind: Request) -> Iterator[None]:
        """See `connectors.api.Place.gate`."""
        self._made[self._purpose] += 1
        asked = self._asked(kind, self._purpose)
        self._wait(self._admitted(asked))
        refused: TryLater | None = None
        try:
            yield
        except Limited as exc:
            refused = exc
            raise self._governor.dated(exc) from exc
        except TryLater as exc:
            refused = exc
            raise
        finally:
            self._wait(self._ended(asked, self._sent, refused))

    async def opens(self) -> None:
        """Wait out the pause that the store has asked this table for, if it has. Raises NotYet where that takes long."""
        await self._governor.admit(Asked(self._name, "read", Purpose.TELL, ()))

    def heed(self, exc: TryLater) -> None:
        """A call has ended so: of a store that counts nothing, its `wait` is heard of only here."""
        if not isinstance(exc, Limited):
            self._governor.refused(self._asked("read", Purpose.TELL), exc)

    def done(self, purpose: Purpose) -> timedelta:
        """A look at the table, or a write, has ended: how long the next is to keep away, so that the month lasts."""
        return self._governor.done(self._asked("read", purpose), self._made.pop(purpose, 0))

    def allowances(self) -> list[Allowance]:
        """How each window and month that counts this table's requests stands, as far as this process knows."""
        return self._governor.allowances(self._asked("read", Purpose.LOOK))

    def _asked(self, kind: Request, purpose: Purpose) -> Asked:
        if self._table is None:
            return Asked(self._name, kind, purpose, ())
        traits = self._table.traits
        return Asked(self._name, kind, purpose, traits.windows, self._share(), traits.budgets)

    @property
    def waited_for(self) -> bool:
        """Whether a call waits here."""
        return bool(self._waiting)

    def shut(self) -> None:
        """Let nobody wait here any more, and nothing out: the table is to be closed. Called on the event loop."""
        self._shut = True
        self.break_off()

    def break_off(self) -> None:
        """Whoever waits here waits no more, and gets nothing. Called on the event loop."""
        for task in self._waiting:
            task.cancel()

    async def _admitted(self, asked: Asked) -> None:
        if self._shut:
            raise TryLater("the table is being closed")
        task = asyncio.current_task()
        if task is not None:
            self._waiting.add(task)
        try:
            self._sent = await self._governor.admit(asked)
        finally:
            if task is not None:
                self._waiting.discard(task)

    async def _ended(self, asked: Asked, sent: float, refused: TryLater | None) -> None:
        if refused is not None:  # before it has ended: with that, other processes hear of both
            self._governor.refused(asked, refused)
        await self._governor.ended(asked, sent)

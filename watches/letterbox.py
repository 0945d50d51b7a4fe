"""Where what is brought waits until a look finds it, and what is remembered of that which was taken."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterator

from msgspec import Struct

from watches.api import Delivery, Look

KEPT = 1_000
"""Ids that are remembered, the newest ones."""

MOST_WAITING = 1_000
"""Deliveries that wait for a look; more are to be sent again."""

_VERSION = "1"


class _Waiting(Struct):
    delivery: Delivery
    told: asyncio.Future[bool]


class Letterbox:
    """See `Box`. All of it on the event loop."""

    def __init__(self) -> None:
        self._come: deque[_Waiting] = deque()
        self._looked_at: deque[_Waiting] = deque()
        self._stirred = asyncio.Event()
        self._shut = False

    def put(self, delivery: Delivery) -> Awaitable[bool]:
        """See `Box`."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self._shut or len(self._come) >= MOST_WAITING:
            told.set_result(False)
            return told
        self._come.append(_Waiting(delivery, told))
        self._stirred.set()
        return told

    def look(self, before: str | None) -> Look:
        """All that has come, each id once. The state is the marks of the last ids, newest last."""
        known = dict.fromkeys(_marks(before))
        happened = []
        for waiting in _taken(self._come):
            self._looked_at.append(waiting)
            if waiting.delivery.id:
                mark = hashlib.blake2b(waiting.delivery.id.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
                if mark in known:
                    continue
                known[mark] = None
            happened.append(waiting.delivery.happening)
        return Look("\n".join([_VERSION, *list(known)[-KEPT:]]), tuple(happened))

    def settled(self, *, durable: bool) -> None:
        """See `Box`."""
        _tell(self._looked_at, durable=durable)

    def shut(self) -> None:
        """See `Box`."""
        self._shut = True
        _tell(self._looked_at, durable=False)
        _tell(self._come, durable=False)

    async def stirs(self) -> AsyncIterator[None]:
        """Yields each time that something has come."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            yield


def _marks(state: str | None) -> list[str]:
    version, *marks = (state or _VERSION).split("\n")
    return marks if version == _VERSION else []


def _tell(those: deque[_Waiting], *, durable: bool) -> None:
    for waiting in _taken(those):
        if not waiting.told.done():
            waiting.told.set_result(durable)


def _taken(those: deque[_Waiting]) -> Iterator[_Waiting]:
    """As many as there are now, taken out."""
    for _ in range(len(those)):
        yield those.popleft()

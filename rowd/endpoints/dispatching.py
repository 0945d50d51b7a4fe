"""Sends to one endpoint what it has yet to be told: at least once, under one id, whatever is killed; in no certain order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from engine.committer import RETRY_LEDGER, Commits
from engine.events import DispatchesFailed, EndpointFailed, EndpointGone, EndpointRecovered, Event, Listener
from engine.ledger import Dispatch, EndpointMark, Ledger, LedgerUnwritable
from engine.loop import Daemon
from rowd.endpoints.endpoint import Endpoint
from rowd.endpoints.pace import again, left, opens, rest
from rowd.endpoints.sending import Answer, Send
from rowd.waiting import seen_through, until_stirred

TOLD_AFTER = 3
"""Failures in a row after which an endpoint is said to fail: one that is only being restarted is not worth a word."""

LOT_BYTES = 5


class _Outcome(Struct):
    """What came of an attempt.   write: answers how much was given up.   news: to be told once the ledger has it."""

    write: Callable[[Ledger], int]
    at: datetime
    why: str
    news: list[Event]


class Dispatching:
    """Of one endpoint: one attempt after the other, so that a receiver that is slow is not asked for more.

    What came of an attempt and could not be put down is remembered, and nothing more is sent before it is: so a ledger that can't
    be written leads to no second attempt.
    """

    def __init__(
        self, endpoint: Endpoint, mark: EndpointMark | None, made: Daemon, committer: Commits, listener: Listener, send: Send
    ) -> None:
        """mark: how the ledger says that it stands."""
        self.endpoint = endpoint
        self._made, self._clock = made, made.clock
        self._committer, self._listener, self._send = committer, listener, send
        self._failing = mark.since if mark is not None and mark.trouble else None  # since when it is said to fail
        self._failures = 0
        self._rests_until = 0.0  # on the monotonic clock
        self._sent: deque[float] = deque(maxlen=endpoint.settings.max_per_minute)
        self._owed: _Outcome | None = None
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """There may be something to send."""
        self._stirred.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._stirred.clear()
            try:
                await self._step()
            except LedgerUnwritable:  # the daemon says so; nothing is lost
                await self._clock.sleep(RETRY_LEDGER)

    async def once(self) -> None:
        """For a single pass: send what may be sent now, until something is not taken. Raises LedgerUnwritable."""
        while (one := await self._next()) is not None and self._left(one) <= timedelta(0):
            await self._attempt(one)

    async def _step(self) -> None:
        await self._settle()
        if (one := await self._next()) is None:
            await self._stirred.wait()
        elif (wait := self._left(one)) > timedelta(0):
            await until_stirred(self._stirred, self._clock, wait)
        else:
            await seen_through(self._attempt(one))

    async def _next(self) -> Dispatch | None:
        name = self.endpoint.name
        return await self._committer.read(lambda ledger: ledger.next_dispatch(name))

    def _left(self, one: Dispatch) -> timedelta:
        """How long it has to wait."""
        until = max(self._rests_until, opens(self._sent, self.endpoint.settings.max_per_minute))
        return max(left(one.due_at, self._clock.now()), timedelta(seconds=until - self._clock.monotonic()))

    async def _attempt(self, one: Dispatch) -> None:
        self._sent.append(self._clock.monotonic())
        answer = await self._send(self.endpoint, one.id, one.body.encode(), self._clock.now())
        now = self._clock.now()
        if not answer.why:
            self._owed = self._taken(one, now)
        else:
            self._owed = self._refused(one, replace(answer, why=self._made.parts.mask.text(answer.why)), now)
        await self._settle()

    def _taken(self, one: Dispatch, now: datetime) -> _Outcome:
        failing, self._failing, self._failures, self._rests_until = self._failing, None, 0, 0.0
        news: list[Event] = []
        if failing is not None:
            seconds = round((now - failing).total_seconds(), 3)
            news.append(EndpointRecovered(at=now, endpoint=one.endpoint, seconds=seconds))

        def write(ledger: Ledger) -> int:
            ledger.take_dispatch(one, now)
            return 0

        return _Outcome(write, now, "", news)

    def _refused(self, one: Dispatch, answer: Answer, now: datetime) -> _Outcome:
        name, why, self._failures = one.endpoint, answer.why, self._failures + 1
        self._rests_until = self._clock.monotonic() + max(answer.wait, rest(self._failures)).total_seconds()
        lot = int.from_bytes(self._made.parts.draw(LOT_BYTES), "big") / (1 << 8 * LOT_BYTES)
        attempts = one.attempts + 1
        later = replace(one, attempts=attempts, due_at=again(attempts, one.expires_at, now, lot), why=why)
        fails = answer.gone or self._failing is not None or self._failures >= TOLD_AFTER
        news: list[Event] = []
        if answer.gone:
            news.append(EndpointGone(at=now, endpoint=name, message=why))
        elif fails and self._failing is None:
            news.append(EndpointFailed(at=now, endpoint=name, message=why))
        self._failing = (self._failing or now) if fails else None

        def write(ledger: Ledger) -> int:
            ledger.put_off(later)
            if fails:
                ledger.trouble_endpoint(name, why, now, gone=answer.gone)
            return ledger.bury(name, why, now, everything=answer.gone)

        return _Outcome(write, now, why, news)

    async def _settle(self) -> None:
        """Have the ledger know what came of the last attempt; then say so."""
        if (owed := self._owed) is None:
            return
        buried = await self._committer.do(owed.write, point="marks")
        self._owed = None
        for event in owed.news:
            self._listener(event)
        if buried:
            self._listener(DispatchesFailed(at=owed.at, endpoint=self.endpoint.name, dispatches=buried, message=owed.why))

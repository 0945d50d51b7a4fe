"""All of it together, beside the loop: what happens is put down for the endpoints that `rowd.toml` has now, and sent to each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from engine.committer import RETRY_LEDGER, Commits
from engine.events import Listener, Trouble
from engine.ledger import EndpointMark, LedgerUnwritable
from engine.loop import Daemon
from rowd.endpoints.dispatching import Dispatching
from rowd.endpoints.endpoint import Endpoint, Endpoints
from rowd.endpoints.gathering import Gathering, Hearing
from rowd.endpoints.sending import Send
from rowd.waiting import until_stirred

GATHER = timedelta(milliseconds=200)
"""So long the first thing that is heard waits for others, which are put down with it."""

LOOK = timedelta(seconds=30)
"""So often it is looked whether there is something to be told though nothing was heard, as where a command has revived it."""

AFTER_TROUBLE = timedelta(minutes=1)


class Relay:
    """Of one daemon."""

    def __init__(
        self, made: Daemon, committer: Commits, listener: Listener, hearing: Hearing, endpoints: Endpoints, send: Send
    ) -> None:
        """hearing: hears all that the daemon tells, from before it begins."""
        self._made, self._committer, self._listener, self._hearing, self._send = made, committer, listener, hearing, send
        self._gathering = Gathering(made, committer, listener, hearing)
        self._wanted: Endpoints | None = endpoints
        self._sending: dict[str, tuple[Dispatching, asyncio.Task[None]]] = {}

    def go_by(self, endpoints: Endpoints) -> None:
        """Tell these from now on."""
        self._wanted = endpoints
        self._hearing.heed(endpoints)
        self.look()

    def look(self) -> None:
        """Somebody may have revived a dead letter."""
        self._hearing.stirred.set()

    async def begin(self) -> None:
        """Before anything starts: so it is known from where on they are told."""
        try:
            await self._take_up()
        except Exception as exc:  # whatever it is, it must not keep the daemon from its work: it is tried again
            self._trouble("what endpoints are told", exc)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._take_up()
                    await self._gathering.gather()
                    await self._start()
                except LedgerUnwritable:  # the daemon says so; nothing is lost
                    await self._made.clock.sleep(RETRY_LEDGER)
                except Exception as exc:  # a mistake of ours: it is tried again, later
                    self._trouble("what endpoints are told", exc)
                    await self._made.clock.sleep(AFTER_TROUBLE)
                else:
                    for dispatching, _ in self._sending.values():
                        dispatching.stir()
                    await self._pause()
        finally:
            await self._end(self._sending)

    async def once(self) -> None:
        """For a single pass: tell what there is after it. Raises LedgerUnwritable."""
        await self._gathering.gather()
        marks = await self._committer.read(lambda ledger: ledger.endpoint_marks())
        sending = [self._dispatching(one, marks.get(name)) for name, one in self._gathering.endpoints.items()]
        await asyncio.gather(*(one.once() for one in sending))

    async def _take_up(self) -> None:
        if (wanted := self._wanted) is not None:
            await self._gathering.take_up(wanted)
            self._wanted = None if self._wanted is wanted else self._wanted

    async def _start(self) -> None:
        """One sender for each endpoint; those that stay as they are go on."""
        endpoints = self._gathering.endpoints
        left = {name: one for name, one in self._sending.items() if one[0].endpoint != endpoints.get(name)}
        await self._end(left)
        for name in left:
            del self._sending[name]
        fresh = [one for name, one in endpoints.items() if name not in self._sending]
        marks = await self._committer.read(lambda ledger: ledger.endpoint_marks()) if fresh else {}
        for one in fresh:
            its = self._dispatching(one, marks.get(one.name))
            self._sending[one.name] = its, asyncio.create_task(self._contained(its))

    def _dispatching(self, endpoint: Endpoint, mark: EndpointMark | None) -> Dispatching:
        return Dispatching(endpoint, mark, self._made, self._committer, self._listener, self._send)

    async def _contained(self, dispatching: Dispatching) -> None:
        """Whatever fails there is said, and keeps no other endpoint from being told."""
        while True:
            try:
                await dispatching.run()
            except Exception as exc:  # a mistake of ours: it is tried again, later
                self._trouble(f"endpoint {dispatching.endpoint.name}", exc)
            await self._made.clock.sleep(AFTER_TROUBLE)

    async def _pause(self) -> None:
        """Until something is heard, and a little longer; or until it is time to look."""
        await until_stirred(self._hearing.stirred, self._made.clock, LOOK)
        await self._made.clock.sleep(GATHER)

    async def _end(self, sending: Mapping[str, tuple[Dispatching, asyncio.Task[None]]]) -> None:
        for _, task in sending.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in sending.values()), return_exceptions=True)

    def _trouble(self, where: str, exc: Exception) -> None:
        self._listener(Trouble(at=self._made.clock.now(), where=where, message=f"{type(exc).__name__}: {exc}"))

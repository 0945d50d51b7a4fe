"""A whole daemon on virtual time, with endpoints that a test answers for; and one as `rowd.toml` has it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from actions.http.addresses import Allowed
from config import endpoints
from engine.committer import InlineCommitter
from engine.events import Event
from engine.ledger import Dispatch, EndpointMark, Ledger
from engine.loop import Daemon
from rowd.endpoints.endpoint import Endpoint
from rowd.endpoints.facts import Wanted
from rowd.endpoints.gathering import Hearing
from rowd.endpoints.relay import Relay
from rowd.endpoints.sending import Answer
from tests.fakes.house import House

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def endpoint(name: str = "ops", *events: str, url: str = "https://receiver.example/", **said: Any) -> Endpoint:
    """Of `rowd.toml`."""
    its = endpoints.Endpoint.model_validate({"url": url, "secret": "HOOK", "events": events or ("run.ended",), **said})
    wanted = Wanted(its.events, frozenset(its.outcomes), frozenset(its.tables))
    return Endpoint(name, url, (SecretStr(SECRET),), Allowed(everything=True), wanted, its)


class Post(House):
    """tries: (endpoint, id, body as JSON, when), as they were made.   answers: name → what is answered there; else all is taken.
    urls: where they went.   takes: seconds that an answer takes.
    """

    def __init__(self, path: Path, *those: Endpoint, **parts: Any) -> None:
        super().__init__(path, **parts)
        self.endpoints = {one.name: one for one in those}
        self.tries: list[tuple[str, str, dict[str, Any], datetime]] = []
        self.urls: list[str] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Answer] | Answer] = {}
        self.takes: dict[str, float] = {}
        self.made: tuple[Daemon, InlineCommitter] | None = None
        self.hearing = Hearing(self.endpoints)
        self.relay: Relay | None = None

    async def send(self, its: Endpoint, id_: str, body: bytes, now: datetime) -> Answer:
        """See `Send`."""
        said = json.loads(body)
        self.tries.append((its.name, id_, said, now))
        self.urls.append(its.url)
        await asyncio.sleep(self.takes.get(its.name, 0))
        answer = self.answers.get(its.name, Answer())
        return answer if isinstance(answer, Answer) else answer(said)

    def bodies(self, name: str = "ops") -> list[dict[str, Any]]:
        return [body for its, _, body, _ in self.tries if its == name]

    def ids(self, name: str = "ops") -> list[str]:
        return [id_ for its, id_, _, _ in self.tries if its == name]

    @asynccontextmanager
    async def opened(self, *tables: Any, commits: Callable[[Any], Any] = lambda do: do, **its: Any) -> AsyncIterator[Relay]:
        """A daemon as `House.open` has it, and what tells endpoints beside it; nothing of it runs.

        commits: comes between them and the ledger.
        """
        told = self.events.append
        self.hearing = Hearing(self.endpoints)

        class Heard(list[Event]):
            """The events, each heard as well."""

            def append(_, event: Event) -> None:  # noqa: N805 (`self` is the post)
                told(event)
                self.hearing.hear(event)

        events, self.events = self.events, Heard(self.events)
        daemon, committer = self.made = await self.daemon(*tables, **its)
        heard, self.events = self.events, events
        committer.do = commits(committer.do)  # type: ignore[method-assign]  # a test's own, on this object alone
        self.relay = Relay(daemon, committer, heard.append, self.hearing, self.endpoints, self.send)
        await self.relay.begin()
        try:
            yield self.relay
        finally:
            await daemon.close()
            await committer.close()

    @asynccontextmanager
    async def relayed(self, *tables: Any, commits: Callable[[Any], Any] = lambda do: do, **its: Any) -> AsyncIterator[Daemon]:
        """The same at work until the block ends; then it is stopped in order."""
        async with self.opened(*tables, commits=commits, **its) as relay:
            assert self.made is not None
            daemon, _ = self.made
            stopping = asyncio.Event()
            running, relaying = asyncio.create_task(daemon.run(stopping)), asyncio.create_task(relay.run())
            try:
                yield daemon
            finally:
                stopping.set()
                await running
                relaying.cancel()
                await asyncio.gather(relaying, return_exceptions=True)

    def kept(self, name: str = "ops") -> tuple[EndpointMark, list[Dispatch]]:
        """How the ledger says that it stands, and its dead letters."""
        ledger = Ledger.open(self.path / "ledger.sqlite")
        try:
            return ledger.endpoint_marks()[name], ledger.dead_letters(name)
        finally:
            ledger.close()

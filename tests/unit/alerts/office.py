"""A whole daemon on virtual time, with channels whose messages a test reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config import settings
from engine.events import Event
from rowd.alerts.alerting import Alerting
from rowd.alerts.channels import Channel
from rowd.alerts.noticing import Ear
from rowd.alerts.wording import Message
from tests.fakes.house import House


def channel(name: str = "ops-mail", **said: Any) -> Channel:
    """Of `rowd.toml`, with its address."""
    its = settings.Channel.model_validate({"secret": "ADDRESS", **said})
    return Channel(name, SecretStr(f"json://{name}"), its, its.time_zone or UTC)


class Office(House):
    """sent: (channel, message), in the order in which they were taken.   away: why nothing is taken; "" while it is."""

    def __init__(self, path: Path, *channels: Channel, **parts: Any) -> None:
        super().__init__(path, **parts)
        self.channels = {one.name: one for one in channels}
        self.sent: list[tuple[str, Message]] = []
        self.away = ""
        self.takes = 0.0
        self.tries = 0
        self.alerting: Alerting | None = None

    async def carry(self, address: SecretStr, message: Message | None) -> str:
        """See `Carrier`."""
        self.tries += 1
        await asyncio.sleep(self.takes)
        if not self.away:
            assert message is not None
            self.sent.append((address.get_secret_value().removeprefix("json://"), message))
        return self.away

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.sent]

    @property
    def bodies(self) -> list[str]:
        return [message.body for _, message in self.sent]

    @asynccontextmanager
    async def watched(self, *tables: Any, commits: Callable[[Any], Any] = lambda do: do, **its: Any) -> AsyncIterator[Any]:
        """A daemon as `House.open` has it, and what tells people beside it.   commits: comes between them and the ledger."""
        ear, told = Ear(), self.events.append

        class Heard(list[Event]):
            """The events, each heard as well."""

            def append(self, event: Event) -> None:
                told(event)
                ear.hear(event)

        events, self.events = self.events, Heard(self.events)
        daemon, committer = await self.daemon(*tables, **its)
        self.events = events
        committer.do = commits(committer.do)  # type: ignore[method-assign]  # a test's own, on this object alone
        self.alerting = Alerting(daemon, committer, told, ear, self.channels, self.carry)
        stopping = asyncio.Event()
        await self.alerting.begin()
        running, alerting = asyncio.create_task(daemon.run(stopping)), asyncio.create_task(self.alerting.run())
        try:
            yield daemon
        finally:
            stopping.set()
            await running
            alerting.cancel()
            await asyncio.gather(alerting, return_exceptions=True)
            await daemon.close()
            await committer.close()

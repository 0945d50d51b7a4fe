"""One attempt: a request to an endpoint, within the rules of every request of rowd's, and what its answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from actions.http.plan import Sent, usual
from actions.telling import cut, plain
from config.fields import spelled
from rowd.endpoints.endpoint import Endpoint
from rowd.endpoints.signing import signed
from watches.url.answers import retry_after

if TYPE_CHECKING:
    import ssl

READ = 1_000
"""Bytes of an answer, of which nothing but the status counts."""

GONE = 410
"""RFC 9110, 15.5.11. Standard Webhooks: such an endpoint is told nothing more."""

Send = Callable[[Endpoint, str, bytes, datetime], Awaitable["Answer"]]
"""Send this body under this id.   The instant: of this attempt."""


class Answer(Struct, frozen=True):
    """What came of it.   why: it was not taken, with a remedy; "" where it was.   gone: it is, for good.
    wait: so long the endpoint wants to be left alone.
    """

    why: str = ""
    wait: timedelta = timedelta(0)
    gone: bool = False


class Sending:
    """Sends, over a connection of its own for each attempt."""

    def __init__(self) -> None:
        self._trust: ssl.SSLContext | None = None

    async def send(self, endpoint: Endpoint, id_: str, body: bytes, now: datetime) -> Answer:
        """See `Send`. Raises nothing but what cancels it."""
        exchange = await asyncio.to_thread(import_module, "actions.http.exchange")  # httpx takes a while the first time
        headers = {**usual(), "Content-Type": "application/json", **signed(id_, body, endpoint.keys, now)}
        within = endpoint.settings.timeout
        try:
            async with asyncio.timeout(within.total_seconds()):
                if self._trust is None:
                    self._trust = await asyncio.to_thread(exchange.trust, True)
                asked = exchange.Exchange(self._trust, endpoint.allowed, READ, follow=False)
                answer = await asked.answer(Sent("POST", endpoint.url, headers, body))
        except TimeoutError:
            return Answer(f"it has not answered within {spelled(within)}; see how it gets on, or make `timeout` longer")
        except (exchange.Failed, ValueError, OSError) as exc:
            return Answer(cut(plain(str(exc))))
        if 200 <= answer.status < 300:
            return Answer()
        why = f"it answered {exchange.reason(answer.status)}"
        if answer.status == GONE:
            return Answer(f"{why}; give it another url, or take it out", gone=True)
        remedy = "its url leads elsewhere; write where to" if answer.status in exchange.REDIRECTS else "see what it says of that"
        return Answer(f"{why}; {remedy}", retry_after(answer.header("retry-after"), now))

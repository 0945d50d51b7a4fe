"""What is told over HTTP of how the daemon is: that it lives, that it is ready, and its numbers. Nothing can be done there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from ipaddress import ip_address

from engine.clock import Clock
from engine.events import Listener, Trouble
from rowd.vitals import Vitals
from rowd.wire import LATER, NOTHING
from watches.api import Reply
from watches.webhook.door import from_a_page

LIVES, READY, NUMBERS = "healthz", "readyz", "metrics"

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format (prometheus.io, Exposition formats, read 2026-11-29)."""

KEPT_S = 1.0
"""Seconds: who asks again so soon gets the same numbers, so that nobody makes the daemon count all the time."""

ANSWER_WITHIN_S = 8.0
"""Numbers that can't be had so soon are not waited for: others would have to wait behind them."""

_TARGET = re.compile(rf"/({LIVES}|{READY}|{NUMBERS})(?:\?.*)?")
_PORT = re.compile(r":\d*\Z", re.ASCII)

PAGE = Reply(403, "not for pages in a browser")
NAMED = Reply(403, "rowd was asked by a name that it doesn't know; ask by its address, or name it in health.hosts")


class HealthDesk:
    """Of one daemon.   hosts: names by which it may be asked, in small letters."""

    def __init__(
        self,
        vitals: Vitals,
        numbers: Callable[[], Awaitable[str]],
        hosts: Callable[[], Collection[str]],
        clock: Clock,
        listener: Listener,
    ) -> None:
        """numbers: as they are now, in Prometheus' text format."""
        self._vitals, self._numbers, self._hosts, self._clock, self._emit = vitals, numbers, hosts, clock, listener
        self._last: tuple[float, str] | None = None
        self._counting = asyncio.Lock()
        self._broken = ""

    def goal(self, method: str, target: str) -> tuple[str, int] | Reply:
        """No request has a body."""
        read = _TARGET.fullmatch(target)
        if read is None:
            return NOTHING
        return (read[1], 0) if method in ("GET", "HEAD") else Reply(405, "only GET and HEAD", allow="GET, HEAD")

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:  # noqa: ARG002 (a Desk's; there is no body)
        """A page in a browser of this machine reads none of it: see `from_a_page`; and one whose name was made to lead here asks by
        that name (DNS rebinding)."""
        if from_a_page(headers):
            return PAGE
        if not self._known(headers.get("host", "")):
            return NAMED
        if name == NUMBERS:
            return await self._told()
        why = self._vitals.hangs if name == LIVES else self._vitals.unready
        return Reply(503, why) if why else Reply(200, "lives" if name == LIVES else "ready")

    def failed(self, exc: Exception) -> None:
        """Something of ours broke while somebody was answered. Told once, until it breaks otherwise: numbers are asked all day."""
        broken = type(exc).__name__
        if broken != self._broken:
            self._broken = broken
            self._emit(Trouble(at=self._clock.now(), where="the listener of [health]", message=broken))

    def _known(self, host: str) -> bool:
        """Whether nobody but the operator can have given it this name. Old programs say none, browsers always do."""
        name = _PORT.sub("", host).strip("[]").rstrip(".").lower()
        if name in ("", "localhost") or name in self._hosts():
            return True
        try:
            return bool(ip_address(name))
        except ValueError:
            return False

    async def _told(self) -> Reply:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S), self._counting:
                now = self._clock.monotonic()
                if self._last is None or now - self._last[0] >= KEPT_S:
                    self._last = now, await self._numbers()
                return Reply(200, self._last[1].rstrip("\n"), media=MEDIA)
        except TimeoutError:  # the disk that the ledger is on doesn't answer, say
            return LATER

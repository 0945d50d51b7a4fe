"""One ping: sent to a service that speaks Healthchecks' protocol, and whether it was taken. Its address is a secret.

Source: healthchecks.io, Pinging API, read 2026-11-29.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from actions.http.addresses import Allowed
from actions.http.plan import Sent, usual
from actions.telling import Mask, cut, plain
from config.outside import HOST

if TYPE_CHECKING:
    import ssl

SUCCESS, START, FAIL = "", "start", "fail"
"""What is said, and what the address of it ends with."""

WITHIN_S = 10.0
"""A ping that takes longer was not taken."""

_READ = 1_000
"""Bytes of an answer; it is a word or two."""

_LONGEST, _PIECE = 2_000, 6
"""Characters of an address, at the most; and of a piece of it from which on that is hidden by itself."""

NOT_ONE = "holds no address of a web service, like https://hc-ping.com/…"


def address_of(text: str) -> str:
    """The address to ping, as somebody has put it into a variable. Raises ValueError, without a word of it."""
    address = text.strip()
    if not address.isascii() or not address.isprintable() or set(address) & set(' "<>\\^`{|}') or len(address) > _LONGEST:
        raise ValueError(NOT_ONE)
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(NOT_ONE) from None
    if (
        parts.scheme not in ("http", "https")
        or "@" in parts.netloc
        or parts.fragment
        or not (HOST.fullmatch(host) or _literal(host))
    ):
        raise ValueError(NOT_ONE)
    return address


def _literal(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


class Receiver:
    """The service at one address."""

    def __init__(self, address: str) -> None:
        """address: as `address_of` has it."""
        self._parts = urlsplit(address)
        self.host = self._parts.hostname or ""
        pieces = [*self._parts.path.split("/"), *self._parts.query.replace("=", "&").split("&")]
        self._mask = Mask([address, *(piece for piece in pieces if len(piece) >= _PIECE)])
        self._trust: ssl.SSLContext | None = None

    async def send(self, signal: str, says: str) -> str:
        """Say it.   says: why, for FAIL.   Answers why it was not taken, in one sentence with a remedy; "" where it was."""
        exchange = await asyncio.to_thread(import_module, "actions.http.exchange")  # httpx takes a while the first time
        try:
            async with asyncio.timeout(WITHIN_S):
                if self._trust is None:
                    self._trust = await asyncio.to_thread(exchange.trust, True)
                made = exchange.Exchange(self._trust, Allowed(everything=True), _READ, follow=False)
                answer = await made.answer(Sent("POST", self._at(signal), usual(), says.encode()))
        except TimeoutError:
            return f"{self.host} has not answered within {WITHIN_S:g} s; see whether it can be reached from here"
        except (exchange.Failed, ValueError, OSError) as exc:
            return self._told(str(exc))
        said = answer.content.decode("utf-8", "replace")
        if not 200 <= answer.status < 300:
            return f"{self.host} answered {exchange.reason(answer.status)}; see whether the check is still there"
        if said.lower().startswith("ok ("):  # with 200: "OK (not found)", "OK (rate limited)"
            return self._told(f"{self.host} answered {said}; see whether the check is still there, or make `every` longer")
        return ""

    def _at(self, signal: str) -> str:
        path = self._parts.path.rstrip("/")
        return urlunsplit(self._parts._replace(path=f"{path}/{signal}" if signal else self._parts.path or "/"))

    def _told(self, text: str) -> str:
        """For people. Whatever it holds, none of it is the address."""
        return cut(plain(self._mask.text(text)))

"""Where the daemon is heard of, and hears, outside: its listeners, each with who answers there, and its pings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from actions.telling import cut, plain
from engine.events import Listener
from engine.ledger import LedgerError, bytes_of
from rowd.bound import Site
from rowd.health import HealthDesk
from rowd.hooks import Hooks
from rowd.listening import Listening
from rowd.measuring import Sample, Watched, measured, sized
from rowd.outward import rhythm_of
from rowd.pinging import Pinging
from rowd.signals import Receiver


class Outlets:
    """Of one daemon."""

    def __init__(self, of: Watched, hooks: Hooks, site: Site, listener: Listener) -> None:
        self._of, self._site = of, site
        self._note: Callable[..., None] = _unnoted
        clock = of.made.clock
        desk = HealthDesk(of.vitals, self._numbers, self._hosts, clock, listener)
        self._deliveries = Listening("listen", hooks, clock, listener, lambda on, why: self._note(listens=on, deaf=why))
        self._health = Listening("health", desk, clock, listener, lambda on, why: self._note(shows=on, unshown=why))
        self._pings = Pinging(of.vitals, clock, listener, lambda on, why: self._note(pinged=on, unpinged=why), Receiver)
        self.heed(site)

    def heed(self, site: Site) -> None:
        """Go by what rowd.toml says now."""
        self._site = site
        self._deliveries.go_by(site.config.settings.listen)
        self._health.go_by(site.config.settings.health)
        self._pings.go_by(rhythm_of(site.config))

    def work(self, note: Callable[..., None]) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What is to go on as long as the daemon lives, each with what it is called.   note: see `Reloading.notes`."""
        self._note = note
        yield "the listener", self._deliveries.run()
        yield "the listener of [health]", self._health.run()
        yield "the pings", self._pings.run()

    async def failed(self, exc: Exception) -> None:
        """The daemon ends by this. What an exception of unknown kind says may hold anything, so that isn't told."""
        says = str(exc) if isinstance(exc, LedgerError) else type(exc).__name__
        await self._pings.failed(cut(plain(f"rowd ends: {self._of.made.parts.mask.text(says)}")))

    def _hosts(self) -> Collection[str]:
        health = self._site.config.settings.health
        return health.hosts if health is not None else ()

    async def _numbers(self) -> str:
        return await asyncio.to_thread(_told, measured(self._of), self._site.ledger)


def _told(samples: list[Sample], ledger: Path) -> str:
    """In a thread: a disk, and an import, may take their time."""
    return str(import_module("rowd.exposition").text([*samples, sized(bytes_of(ledger))]))


def _unnoted(**_: str) -> None:
    """Nobody listens yet."""

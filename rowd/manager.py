"""The service manager that started this daemon, as far as it wants to be told how it gets on: sd_notify(3), sd_watchdog_enabled(3).

Nothing is told where nobody asks: `rowd run` in a terminal is the same program.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from datetime import timedelta

from msgspec import Struct

from engine.keeper import Keeper
from engine.loop import Daemon
from rowd.saying import plural
from rowd.vitals import UNWRITABLE, Vitals

BEAT = timedelta(seconds=10)
"""So often it is told how things stand, where no watchdog wants to hear of it sooner."""

MARGIN = timedelta(seconds=30)
"""What the manager is asked to wait beyond what is meant to take so long."""

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
LONGEST = 1000
"""Characters of a sentence."""


class Manager(Struct, frozen=True):
    """address: of its socket; "" where there is none.   watchdog: within which it wants a sign of life; None for no such wish."""

    address: str = ""
    watchdog: timedelta | None = None

    @property
    def beat(self) -> timedelta:
        """How often it is told. A third of what a watchdog waits: a sign that comes late, or is lost, is none too many."""
        return BEAT if self.watchdog is None else min(BEAT, self.watchdog / 3)

    def tell(self, *lines: str) -> None:
        """One datagram. Whoever doesn't take it is told nothing: nothing here waits for that."""
        if not self.address:
            return
        place = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            line.sendto("\n".join(lines).encode("utf-8", "replace"), place)


NOBODY = Manager()
"""None that wants to be told anything."""


def manager_of(environment: MutableMapping[str, str], pid: int) -> Manager:
    """The one that the environment of this process names. The variables are taken out: no program that we start is meant."""
    address, span, meant = (environment.pop(name, "") for name in _VARIABLES)
    if not address.startswith(("/", "@")):
        return NOBODY
    ours = not meant or meant == str(pid)
    watchdog = timedelta(microseconds=int(span)) if ours and span.isdecimal() and int(span) > 0 else None
    return Manager(address, watchdog)


class Attendance:
    """How one daemon gets on, told to its manager."""

    def __init__(self, manager: Manager, made: Daemon, vitals: Vitals) -> None:
        self._manager, self._made, self._vitals = manager, made, vitals
        self._ready = self._stopping = False

    async def attend(self, stopping: asyncio.Event) -> None:
        """Say how it gets on, until cancelled: that it is ready, once each table was looked at, whatever came of it; how it stands,
        and that it lives, unless it hangs; that it stops.
        """
        if not self._manager.address:
            return
        beat = self._manager.beat.total_seconds()
        looked, stops = asyncio.ensure_future(self._made.looked_everywhere()), asyncio.ensure_future(stopping.wait())
        try:
            while True:
                if stops.done() and not self._stopping:
                    self._stopping = True
                    self._manager.tell("STOPPING=1")
                elif self._vitals.looked and not self._ready and not self._stopping:
                    self._ready = True
                    self._manager.tell("READY=1")
                self._beat()
                if awaited := [one for one in (looked, stops) if not one.done()]:
                    await asyncio.wait(awaited, timeout=beat, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await self._made.clock.sleep(self._manager.beat)
        finally:
            looked.cancel()
            stops.cancel()

    @contextmanager
    def reading_anew(self) -> Iterator[None]:
        """`rowd.toml` is read anew meanwhile."""
        if self._ready and not self._stopping:
            self._manager.tell("RELOADING=1", f"MONOTONIC_USEC={int(self._made.clock.monotonic() * 1e6)}")
        try:
            yield
        finally:
            if self._ready and not self._stopping:
                self._manager.tell("READY=1")

    def _beat(self) -> None:
        lines = [f"STATUS={self._sentence()}"]
        if self._manager.watchdog is not None and not self._vitals.hangs:
            lines.append("WATCHDOG=1")
        if self._stopping:
            lines.append(_extended(self._made.parts.stop_within + MARGIN))
        elif not self._ready:
            lines.append(_extended(self._manager.beat + MARGIN))
        self._manager.tell(*lines)

    def _sentence(self) -> str:
        runs = self._made.under_way.attempts
        if self._stopping:
            return f"stops; {plural(runs, 'run')} may end yet" if runs else "stops"
        keepers = list(self._made.keepers.values())
        if not self._ready:
            return f"starts: looks at {plural(len(keepers), 'table')}"
        counts = [keeper.counts() for keeper in keepers]
        parts = [f"{plural(len(keepers), 'table')}, {plural(sum(tasks for tasks, _, _ in counts), 'task')}, {runs} running"]
        if defects := sum(defects for _, defects, _ in counts):
            parts.append(f"{plural(defects, 'row')} can't be understood")
        if self._made.refused:
            parts.append(UNWRITABLE)
        parts += [f"{keeper.name} {amiss}" for keeper in keepers if (amiss := _amiss(keeper))]
        return "; ".join(parts)[:LONGEST]


def _amiss(keeper: Keeper) -> str:
    """What keeps a table from being run, or told."""
    access = keeper.access
    if access.elsewhere is not None:
        return "is run by another daemon"
    if access.trouble is not None:
        return "can't be read"
    return "is held" if access.held is not None else "can't be written" if access.unwritable is not None else ""


def _extended(span: timedelta) -> str:
    """The manager is to wait so long from now on, where it would have lost patience before."""
    return f"EXTEND_TIMEOUT_USEC={span // timedelta(microseconds=1)}"

"""A daemon that hears what it tells: its sources of the kind rowd are told of it, wherever in the process it comes from."""

from __future__ import annotations

from engine.events import Event, Listener
from engine.loop import Daemon


class Overhearing:
    """A listener that passes everything on. What is told before there is a daemon, such as that it has started, is kept for it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._early: list[Event] = []
        self._made: Daemon | None = None

    def hear(self, event: Event) -> None:
        """On the event loop."""
        self._listener(event)
        if self._made is not None:
            self._made.overhear(event)
        else:
            self._early.append(event)

    def begin(self, made: Daemon) -> None:
        """From now on this daemon is told."""
        self._made = made
        early, self._early = self._early, []
        for event in early:
            made.overhear(event)

"""What really ran, written down by the actions themselves. rowd doesn't know of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from actions.api import Outcome, Request
from tests.simulation.machine import Life, Machine


@dataclass
class Seen:
    """One attempt that really ran.

    life: number of the daemon that made it.   began, ended: moments; `ended` None while it runs.
    came_to: how it ended by itself; None where it was stopped or died.   process: it outlives its daemon.
    version: how its action was defined, where that is to be approved.
    """

    request: Request
    life: int
    began: int
    wall: datetime
    process: bool
    ended: int | None = None
    came_to: Outcome | None = None
    version: str = ""

    @property
    def place(self) -> tuple[str, int]:
        return self.request.run, self.request.attempt


class Witness:
    """Every attempt, in the order in which they began."""

    def __init__(self, machine: Machine, broken: Callable[[str, str], None]) -> None:
        self.seen: list[Seen] = []
        self.by_place: dict[tuple[str, int], Seen] = {}
        self.of_run: defaultdict[str, list[Seen]] = defaultdict(list)
        self._machine, self._broken = machine, broken
        self._running: dict[tuple[str, int], Seen] = {}

    def began(self, life: Life, request: Request, version: str, *, process: bool = False) -> Seen:
        """An attempt's first act."""
        one = Seen(request, life.number, self._machine.moment, self._machine.wall(), process, version=version)
        if one.place in self.by_place:
            first = self.by_place[one.place]
            self._broken("twice", f"{one.place} of {request.task} began at {first.wall} and again at {one.wall}")
        self.seen.append(one)
        self.of_run[request.run].append(one)
        self.by_place[one.place] = self._running[one.place] = one
        return one

    def ended(self, one: Seen, came_to: Outcome | None) -> None:
        """It came to its end, by itself or not."""
        if one.ended is None:
            one.ended, one.came_to = self._machine.moment, came_to
            self._running.pop(one.place, None)

    def died(self, *, processes: bool) -> None:
        """The daemon is gone, and all that ran inside it; and, where the machine went down, every process too."""
        for one in list(self._running.values()):
            if processes or not one.process:
                self.ended(one, None)

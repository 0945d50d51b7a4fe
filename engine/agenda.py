"""Which tasks to decide on next, and when: those that changed, those that come due, those that wait for a worker."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from engine.model import Occurrence

Place = tuple[str, str]
"""(table, key)"""

Waits = Callable[[Place, str], bool]
"""Does anything of this task still wait to start, and is it this action?"""

Room = Callable[[str], bool]
"""May one more attempt of this action start?"""


class Agenda:
    """Heaps and sets; every question costs by what it answers, not by how many tasks there are."""

    def __init__(self) -> None:
        self._fresh: dict[Place, None] = {}  # in the order in which they changed
        self._wakes: dict[Place, datetime] = {}
        self._due: dict[datetime, dict[Place, None]] = {}  # the wakes by their instant, in the order in which they were set
        self._times: list[datetime] = []  # those instants, and some that nobody waits for any more
        self._queues: dict[str, list[tuple[int, datetime, Place]]] = {}  # by action: an action at its limit is passed as a whole
        self._queued: set[tuple[str, Place]] = set()

    def touch(self, places: Iterable[Place]) -> None:
        """Something about these has changed: decide on them in the next turn."""
        self._fresh.update(dict.fromkeys(places))

    def set_wakes(self, places: Iterable[Place], wakes: Mapping[Place, datetime]) -> None:
        """These were decided on; time alone changes their plan at `wakes`, or never."""
        for place in places:
            at, before = wakes.get(place), self._wakes.get(place)
            if at == before:
                continue
            if before is not None:
                self._forget(place, before)
            if at is not None:
                self._wakes[place] = at
                if at not in self._due:
                    self._due[at] = {}
                    heapq.heappush(self._times, at)
                self._due[at][place] = None

    def _forget(self, place: Place, at: datetime) -> None:
        del self._wakes[place]
        del self._due[at][place]
        if not self._due[at]:
            del self._due[at]

    def queue(self, occurrence: Occurrence) -> None:
        """This one was claimed; when it doesn't start at once, it waits for a worker."""
        action, place = occurrence.action, (occurrence.table, occurrence.key)
        if (action, place) not in self._queued:
            self._queued.add((action, place))
            heapq.heappush(self._queues.setdefault(action, []), (-occurrence.priority, occurrence.due, place))

    def next_wake(self) -> datetime | None:
        """When the next task comes due; None while none will."""
        while self._times and self._times[0] not in self._due:
            heapq.heappop(self._times)
        return self._times[0] if self._times else None

    def coming(self, at: datetime) -> Collection[Place]:
        """The tasks that come due at this very instant, as far as is known now; in the order in which `take` answers them."""
        return self._due.get(at, {}).keys()

    def pressing(self, now: datetime, free: int, waits: Waits, room: Room) -> bool:
        """Whether `take` would answer any task."""
        ahead = self.next_wake()
        return bool(self._fresh) or (ahead is not None and ahead <= now) or (free > 0 and self._best(waits, room) is not None)

    def take(self, now: datetime, free: int, waits: Waits, room: Room) -> list[Place]:
        """The tasks to decide on now: what changed, what came due (by time), and of what waits for a worker the best `free`.

        Not all of those need start: a row may be held. As long as there are workers to spare, `pressing` asks for the next ones.
        """
        places, self._fresh = self._fresh, {}
        while (at := self.next_wake()) is not None and at <= now:
            due = self._due.pop(at)
            for place in due:
                del self._wakes[place]
            places.update(due)
        while free > 0 and (action := self._best(waits, room)) is not None:
            places[self._pop(action)] = None  # `decide` puts it back where it still waits
            free -= 1
        return list(places)

    def _best(self, waits: Waits, room: Room) -> str | None:
        """Of the actions that have room, the one whose first task comes before all others'. Forgets what waits no more."""
        first = []
        for action, queue in list(self._queues.items()):
            while queue and not waits(queue[0][2], action):
                self._pop(action)
            if not queue:
                del self._queues[action]
            elif room(action):
                first.append((queue[0], action))
        return min(first)[1] if first else None

    def _pop(self, action: str) -> Place:
        _, _, place = heapq.heappop(self._queues[action])
        self._queued.discard((action, place))
        return place

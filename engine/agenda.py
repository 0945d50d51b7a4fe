"""Which tasks to decide on next, and when: those that changed, those that come due, those that wait for a worker."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from engine.model import Occurrence

Place = tuple[str, str]
"""(table, key)"""


class Agenda:
    """Two heaps and a set; every question costs by what it answers, not by how many tasks there are."""

    def __init__(self) -> None:
        self._fresh: set[Place] = set()
        self._wakes: dict[Place, datetime] = {}
        self._times: list[tuple[datetime, Place]] = []
        self._queue: list[tuple[int, datetime, Place]] = []
        self._queued: set[Place] = set()

    def touch(self, places: Iterable[Place]) -> None:
        """Something about these has changed: decide on them in the next turn."""
        self._fresh.update(places)

    def set_wakes(self, places: Iterable[Place], wakes: Mapping[Place, datetime]) -> None:
        """These were decided on; time alone changes their plan at `wakes`, or never."""
        for place in places:
            at = wakes.get(place)
            if at is None:
                self._wakes.pop(place, None)
            elif self._wakes.get(place) != at:
                self._wakes[place] = at
                heapq.heappush(self._times, (at, place))

    def queue(self, occurrence: Occurrence) -> None:
        """This one was claimed; when it doesn't start at once, it waits for a worker."""
        place = (occurrence.table, occurrence.key)
        if place not in self._queued:
            self._queued.add(place)
            heapq.heappush(self._queue, (-occurrence.priority, occurrence.due, place))

    def next_wake(self) -> datetime | None:
        """When the next task comes due; None while none will."""
        while self._times and self._wakes.get(self._times[0][1]) != self._times[0][0]:
            heapq.heappop(self._times)
        return self._times[0][0] if self._times else None

    def pressing(self, now: datetime) -> bool:
        """Whether anything changed or came due by then that was not decided on yet."""
        ahead = self.next_wake()
        return bool(self._fresh) or (ahead is not None and ahead <= now)

    def take(self, now: datetime, free: int, action_of: Callable[[Place], str | None], room: Callable[[str], bool]) -> set[Place]:
        """The tasks to decide on now: all that changed or came due, and of those that wait for a worker the best `free`.

        action_of: what a waiting task is about to run; None where nothing of it waits any more.   room: may one more of it start?
        """
        places, self._fresh = self._fresh, set()
        while (at := self.next_wake()) is not None and at <= now:
            _, place = heapq.heappop(self._times)
            del self._wakes[place]
            places.add(place)
        passed = []
        while self._queue and free > 0:
            entry = heapq.heappop(self._queue)
            action = action_of(entry[2])
            if action is None:
                self._queued.discard(entry[2])
            elif room(action):
                self._queued.discard(entry[2])  # `decide` puts it back where it still waits
                places.add(entry[2])
                free -= 1
            else:
                passed.append(entry)
        for entry in passed:
            heapq.heappush(self._queue, entry)
        return places

"""Which tasks to decide on next, and when: those that changed, those that come due, those that wait for a worker."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from engine.model import Occurrence

Place = tuple[str, str]
"""(table, key)"""

Rank = tuple[int, datetime]
"""Whose turn is first: the highest priority (negated), then what has been due longest."""

Waits = Callable[[Place, str], Rank | None]
"""Of what waits of this task to start, and is this action, the first in turn; None where nothing does."""

Queue = tuple[str, str]
"""(action, table)"""

Room = Callable[[Queue], bool]
"""May one more attempt of this action start, in this table?"""


class Agenda:
    """Heaps and sets; every question costs by what it answers, not by how many tasks there are."""

    def __init__(self) -> None:
        self._fresh: dict[Place, None] = {}  # in the order in which they changed
        self._wakes: dict[Place, datetime] = {}
        self._due: dict[datetime, dict[Place, None]] = {}  # the wakes by their instant, in the order in which they were set
        self._times: list[datetime] = []  # those instants, and some that nobody waits for any more
        self._queues: dict[Queue, list[tuple[Rank, Place]]] = {}  # what is at its limit is passed as a whole
        self._queued: dict[tuple[str, Place], Rank] = {}  # the entries that count; others of the same task are passed over

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
        rank, before = ranked(occurrence), self._queued.get((action, place))
        if before is None or rank < before:
            self._put(action, place, rank)

    @property
    def lined_up(self) -> bool:
        """Whether something waits for a worker; also while what did may have ended since, and nobody looked."""
        return bool(self._queues)

    def next_wake(self) -> datetime | None:
        """When the next task comes due; None while none will."""
        while self._times and self._times[0] not in self._due:
            heapq.heappop(self._times)
        return self._times[0] if self._times else None

    def wakes_of(self, table: str) -> list[datetime]:
        """When tasks of one table come due, as far as is known now; any order."""
        return [at for (its, _), at in self._wakes.items() if its == table]

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
        What is looked at in any case is none of the `free`: where it is held, others that changed would go before the next best.
        """
        places, self._fresh = self._fresh, {}
        while (at := self.next_wake()) is not None and at <= now:
            due = self._due.pop(at)
            for place in due:
                del self._wakes[place]
            places.update(due)
        while free > 0 and (queue := self._best(waits, room)) is not None:
            place = self._pop(queue)  # `decide` puts it back where it still waits
            free -= place not in places
            places[place] = None
        return list(places)

    def _best(self, waits: Waits, room: Room) -> Queue | None:
        """Of the queues that have room, the one whose first task comes before all others'. Forgets what waits no more."""
        first = []
        for queue in list(self._queues):
            if not self._settled(queue, waits):
                del self._queues[queue]
            elif room(queue):
                first.append((self._queues[queue][0], queue))
        return min(first)[1] if first else None

    def _settled(self, queue: Queue, waits: Waits) -> bool:
        """See to it that the first entry is true, as what waited may have ended since; False where none is left."""
        (action, _), entries = queue, self._queues[queue]
        while entries:
            rank, place = entries[0]
            true = waits(place, action) if self._queued.get((action, place)) == rank else None
            if true == rank:
                return True
            heapq.heappop(entries)
            if self._queued.get((action, place)) == rank:
                del self._queued[action, place]
            if true is not None:
                self._put(action, place, true)
        return False

    def _put(self, action: str, place: Place, rank: Rank) -> None:
        self._queued[action, place] = rank
        heapq.heappush(self._queues.setdefault((action, place[0]), []), (rank, place))

    def _pop(self, queue: Queue) -> Place:
        _, place = heapq.heappop(self._queues[queue])
        del self._queued[queue[0], place]
        return place


def ranked(occurrence: Occurrence) -> Rank:
    """Its place among all that wait."""
    return -occurrence.priority, occurrence.due

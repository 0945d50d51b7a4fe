"""What happened, and what the ledger says that was made of it: requests of rows, and the runs and records that stand for these."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate

from tests.simulation.book import Asked, Book, Record
from tests.simulation.outside import ALTERATIONS, OUTCOMES, Happened
from tests.simulation.world import World
from watches.table.settings import plain

TOGETHER, APART, TICK = "react", "react apart", "tick"

Place = tuple[str, str]


@dataclass(frozen=True)
class Batch:
    """A run, or a record of one that there wasn't, and the requests that it stands for."""

    record: Record
    requests: Sequence[Asked]


@dataclass
class Asking:
    """What a source asked of one row.

    reacts: by the name of what happened.   ticks: the first and the last that each counts.   torn: ticks of a number that no
    happenings come to.
    """

    reacts: defaultdict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    ticks: list[tuple[int, int, Asked]] = field(default_factory=list)
    torn: list[Asked] = field(default_factory=list)


class Told:
    """All of one seed."""

    def __init__(self, world: World, book: Book) -> None:
        self._world, self._book = world, book
        self.of_source: defaultdict[str, list[Happened]] = defaultdict(list)
        for one in (*world.outside.all, *self._ended(), *self._altered()):
            self.of_source[one.source].append(one)
        self.sums = {source: [0, *accumulate(one.number for one in those)] for source, those in self.of_source.items()}
        self.at = {
            source: {one.name: n for n, one in enumerate(those)} for source, those in self.of_source.items()
        }  # where it stands among those of its source
        self.asked_at: defaultdict[str, dict[str, int]] = defaultdict(dict)  # source → what happened → when rows were asked
        self.asking: dict[tuple[Place, str], Asking] = {}
        self._notes = {one.n: one for one in book.altered}
        # row, source, wish → how many of what it tells the row was asked for
        self._gone_by: dict[tuple[str, str, str, str], int] = {}
        self.strange: list[Asked] = []
        for asked in book.asked:
            if asked.by.startswith("watch:"):
                self._take(asked, asked.by.removeprefix("watch:"), json.loads(asked.event))

    def _ended(self) -> Iterator[Happened]:
        """What sources of outcomes have to tell of, if they may."""
        start = self._world.machine.origin
        for source, (outcomes, ends) in OUTCOMES.items():
            those = (r for r in self._book.records if r.outcome in outcomes and r.task.endswith(ends) and r.ended_at is not None)
            for record in sorted(those, key=lambda r: r.ended_at or 0):
                yield Happened(source, record.id, record.count, (record.ended_at or 0) - start, origin=record.id)

    def _altered(self) -> Iterator[Happened]:
        """What sources of a table have to tell of: each some time after the edits before it were seen."""
        start, seen = self._world.machine.origin, list(self._book.edits)
        for source, its in ALTERATIONS.items():
            at, left = 0, deque(seen)
            for one in self._book.altered:
                while one.change == "edited" and left:
                    edit = left.popleft()
                    at = edit.at
                    if (edit.table, edit.key, edit.column, edit.new or "") == (one.table, one.id, one.column, one.new):
                        break
                if (
                    one.table == its.table
                    and one.change in its.changes
                    and (not its.columns or plain(one.column) in map(plain, its.columns))
                ):
                    yield Happened(source, str(one.n), 1, at - start)

    def _name(self, asked: Asked, source: str, event: Mapping[str, object]) -> str:
        """Of what it was asked for. What is done to a row may be done once more: then it is the next one."""
        if source not in ALTERATIONS:
            return str(event["run"] if source in OUTCOMES else event["paths"])
        place = asked.table, asked.key, source, asked.wish
        amount = round(asked.amount) if asked.wish == TICK else 0
        said = tuple(str(event[name]) for name in ("id", "change", "column", "old", "new"))
        for n in range(self._gone_by.get(place, 0) + max(0, amount - 1), len(self.of_source[source])):
            one = self._notes[int(self.of_source[source][n].name)]
            if (one.id, one.change, one.column, one.old, one.new) == said:
                self._gone_by[place] = n + 1
                return str(one.n)
        return ""

    def _take(self, asked: Asked, source: str, event: Mapping[str, object]) -> None:
        name = self._name(asked, source, event)
        if name not in self.at.get(source, {}):
            self.strange.append(asked)
            return
        asking = self.asking.setdefault(((asked.table, asked.key), source), Asking())
        first = last = self.at[source][name]
        if asked.wish != TICK:
            asking.reacts[name].append(asked)
        else:
            sums = self.sums[source]
            first = bisect_left(sums, sums[last + 1] - round(asked.amount))
            if first > last or sums[last + 1] - sums[first] != asked.amount:
                asking.torn.append(asked)
                return
            asking.ticks.append((first, last, asked))
        for one in self.of_source[source][first : last + 1]:
            self.asked_at[source].setdefault(one.name, asked.asked_at)

    def all_along(self, one: Happened) -> tuple[int, int]:
        """From when to when it must have been asked of rows, where nobody was asked (microseconds since 1970)."""
        start = self._world.machine.origin
        ordered = one.source not in OUTCOMES and one.source != "hook"  # a service that wasn't let in calls again, later than others
        later = self.of_source[one.source][self.at[one.source][one.name] + 1 :] if ordered else []
        next_ = next((at for other in later if (at := self.asked_at[one.source].get(other.name)) is not None), None)
        until = self._world.settled if one.until is None else one.until
        return start + one.since, min(start + until, next_ or 1 << 62)

    # --- what it came to

    @cached_property
    def batches(self) -> dict[str, Batch]:
        """By the run's id, of all that something happened to."""
        found: dict[str, Batch] = {}
        for place, records in self._book.by_row.items():
            those = sorted((_request(r), r) for r in records if r.cause == "event")
            left = [a for a in self._book.asked_of[place] if a.wish in (TOGETHER, APART) and a.taken == 1]
            for number, record in those:
                newest = next((a for a in left if a.id == number), None)
                if newest is None:
                    found[record.id] = Batch(record, ())
                    continue
                alone = newest.wish == APART and record.count == 1
                batch = [newest] if alone else [a for a in left if a.id <= number and (a.wish == newest.wish)]
                left = [a for a in left if a not in batch]
                found[record.id] = Batch(record, batch)
        return found

    @cached_property
    def unanswered(self) -> list[Asked]:
        """Taken, and nothing stands for them."""
        covered = {asked.id for batch in self.batches.values() for asked in batch.requests}
        return [a for a in self._book.asked if a.wish in (TOGETHER, APART) and a.taken == 1 and a.id not in covered]

    def through(self, run: str, seen: frozenset[str] = frozenset()) -> tuple[frozenset[str], bool]:
        """By which sources of outcomes a run came about, as far as what happened tells; and whether that is all."""
        record = self._book.by_id.get(run)
        if record is None or run in seen:
            return frozenset(), False
        if record.cause in ("schedule", "manual"):
            return frozenset(), True
        if record.cause != "event" or record.count > 1:  # it may have been brought about by ticks, or by what it tries again
            return frozenset(), False
        led, whole = frozenset[str](), bool(self.batches[run].requests)
        for asked in self.batches[run].requests:
            source, event = asked.by.removeprefix("watch:"), json.loads(asked.event)
            origin = ""
            if source in OUTCOMES:
                led, origin = led | {source}, event["run"]
            elif source in self.at and source not in ALTERATIONS and event["paths"] in self.at[source]:
                origin = self.of_source[source][self.at[source][event["paths"]]].origin
            if origin:
                before, known = self.through(origin, seen | {run})
                led, whole = led | before, whole and known
        return led, whole


def _request(record: Record) -> int:
    return int(record.trigger.removeprefix("request:"))


@lru_cache(2)
def told(world: World, book: Book) -> Told:
    return Told(world, book)

"""What one table may start, however many rows it has, and whoever writes them: more than that waits. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from engine.model import Occurrence

Lane = tuple[str, str]
"""What an attempt takes a place of while it is under way: (ACTION, its name), (TABLE, its name)."""

ACTION, TABLE = "action", "table"

HOUR = timedelta(hours=1)


class Brake(Struct, frozen=True):
    """Of one table.   at_once: attempts under way.   an_hour: attempts that begin within any hour.   None: no limit of its own."""

    at_once: int | None = None
    an_hour: int | None = None


def lane_of_action(action: str) -> Lane:
    return ACTION, action


def lane_of_table(table: str) -> Lane:
    return TABLE, table


def lanes(occurrence: Occurrence) -> tuple[Lane, Lane]:
    """Of each of its attempts."""
    return (ACTION, occurrence.action), (TABLE, occurrence.table)


class Brakes:
    """The tables' own, with what has begun in those that have one for the hour."""

    def __init__(self, rules: Mapping[str, Brake]) -> None:
        """rules: table → its brake."""
        self.rules = rules
        self._begun: dict[str, list[datetime]] = {}  # the oldest first
        self._told: dict[str, datetime] = {}

    def take_up(self, table: str, begun: Iterable[datetime]) -> None:
        """What the ledger knows to have begun in this table within the last hour."""
        self._begun[table] = sorted(begun)

    def begins(self, table: str, at: datetime) -> None:
        """An attempt begins."""
        if (brake := self.rules.get(table)) is not None and brake.an_hour is not None:
            self._begun[table] = [*self._within(table, at), at]

    def limits(self, running: Mapping[Lane, int], now: datetime, starting: Mapping[str, int]) -> dict[Lane, int]:
        """Lane → how many attempts may be under way in it now, of the tables that have a limit.

        running: attempts under way; those that are about to begin are among them, and in `starting` by table.
        """
        found: dict[Lane, int] = {}
        for table, brake in self.rules.items():
            lane = lane_of_table(table)
            if (left := self._left(table, brake, now)) is not None:
                found[lane] = running.get(lane, 0) + max(0, left - starting.get(table, 0))
            if brake.at_once is not None:
                found[lane] = min(brake.at_once, found.get(lane, brake.at_once))
        return found

    def full(self, now: datetime) -> dict[str, datetime]:
        """Table → when the next may begin, of those in which as many have begun within an hour as may."""
        return {
            table: self._within(table, now)[-brake.an_hour] + HOUR
            for table, brake in self.rules.items()
            if brake.an_hour is not None and self._left(table, brake, now) == 0
        }

    def news(self, waiting: Collection[str], now: datetime) -> dict[str, datetime]:
        """Of the tables of which something waits, those that are full, as `full` has them; each once an hour.

        waiting: their names.
        """
        full = self.full(now) if waiting else {}
        told = {table for table, at in self._told.items() if now - HOUR < at <= now}
        found = {table: until for table, until in full.items() if table in waiting and table not in told}
        self._told.update(dict.fromkeys(found, now))
        return found

    def opens(self, now: datetime) -> Iterator[datetime]:
        """When time alone gives room again."""
        yield from self.full(now).values()

    def _left(self, table: str, brake: Brake, now: datetime) -> int | None:
        """How many more may begin now; None for any number."""
        return None if brake.an_hour is None else max(0, brake.an_hour - len(self._within(table, now)))

    def _within(self, table: str, now: datetime) -> Sequence[datetime]:
        """When attempts began within the last hour, the oldest first. What lies ahead was noted before the clock was set back."""
        begun = self._begun.get(table, [])
        return begun[bisect_right(begun, now - HOUR) : bisect_right(begun, now)]


def counted(occurrences: Iterable[Occurrence]) -> Counter[Lane]:
    """How many attempts take a place of each lane."""
    return Counter(lane for occurrence in occurrences for lane in lanes(occurrence))

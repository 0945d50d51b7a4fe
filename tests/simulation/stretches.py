"""From when to when something was so: of one row, or of a whole table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from enum import StrEnum

from tests.simulation.machine import Machine


class Kept(StrEnum):
    """Why rowd may start nothing, as far as is surely known to it."""

    MISSING = "its row is missing from the table"
    UNCLEAR = "its row can't be told from another"
    HELD = "the whole table is held"
    LOCKED = "its owner must let rowd in"


class Stretches:
    """Of one table. The key "" stands for all of its rows."""

    def __init__(self, machine: Machine) -> None:
        self.over: defaultdict[tuple[Kept, str], list[tuple[int, int]]] = defaultdict(list)  # moments: from, until
        self._machine = machine
        self._since: dict[tuple[Kept, str], int] = {}

    def begin(self, why: Kept, key: str = "") -> None:
        """It is so from now on, if it wasn't before."""
        self._since.setdefault((why, key), self._machine.moment)

    def end(self, why: Kept, but: Collection[str] = (), at: int | None = None) -> None:
        """It is so no more, of any key but these.   at: since that moment; None for now."""
        for place in [p for p in self._since if p[0] is why and p[1] not in but]:
            self.over[place].append((self._since.pop(place), self._machine.moment if at is None else at))

    def close(self) -> None:
        """The daemon that knew of it is gone."""
        for why in Kept:
            self.end(why)

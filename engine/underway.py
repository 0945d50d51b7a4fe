"""The occurrences that have not ended: claimed, running, or waiting for another attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.brakes import Lane, lanes
from engine.model import Occurrence, Stage


class UnderWay:
    """By run id, and by row. A mirror of the ledger's own list."""

    def __init__(self) -> None:
        self._by_id: dict[str, Occurrence] = {}
        self._by_row: dict[tuple[str, str], dict[str, Occurrence]] = {}
        self._running: Counter[Lane] = Counter()
        self._stages: Counter[tuple[str, Stage]] = Counter()
        self._attempts = 0

    def __contains__(self, run: str) -> bool:
        return run in self._by_id

    def __iter__(self) -> Iterator[Occurrence]:
        return iter(list(self._by_id.values()))

    def get(self, run: str) -> Occurrence | None:
        return self._by_id.get(run)

    def of(self, table: str, key: str) -> tuple[Occurrence, ...]:
        """A row's, oldest claim first."""
        return tuple(self._by_row.get((table, key), {}).values())

    @property
    def running(self) -> Counter[Lane]:
        """Lane → attempts under way."""
        return self._running

    @property
    def attempts(self) -> int:
        """Under way, of whatever action and table."""
        return self._attempts

    def at(self, table: str, *stages: Stage) -> int:
        """How many occurrences of a table are so far."""
        return sum(self._stages[table, stage] for stage in stages)

    def put(self, occurrence: Occurrence) -> None:
        """Remember it as it stands now."""
        before = self._by_id.get(occurrence.id)
        self._count(before, -1)
        self._count(occurrence, 1)
        self._by_id[occurrence.id] = occurrence
        self._by_row.setdefault((occurrence.table, occurrence.key), {})[occurrence.id] = occurrence

    def drop(self, occurrence: Occurrence) -> None:
        """It has ended."""
        self._count(self._by_id.pop(occurrence.id), -1)
        row = self._by_row[(occurrence.table, occurrence.key)]
        del row[occurrence.id]
        if not row:
            del self._by_row[(occurrence.table, occurrence.key)]

    def _count(self, occurrence: Occurrence | None, by: int) -> None:
        if occurrence is None:
            return
        self._stages[occurrence.table, occurrence.stage] += by
        if occurrence.stage is Stage.RUNNING:
            self._attempts += by
            for lane in lanes(occurrence):
                self._running[lane] += by

"""What was asked, and how it was answered: tests count in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from tests.emulators.core.exchange import Answer, Request


class Entry(NamedTuple):
    """operation: "" where nothing serves it.   faulty: whether a fault had its hand in the answer."""

    at: datetime
    operation: str
    request: Request
    answer: Answer
    faulty: bool


class Journal:
    """Newest last."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def counts(self) -> Counter[str]:
        """Operation → how often."""
        return Counter(entry.operation for entry in self)

"""Rows of one table that have yet to be told, in the order in which they get their turn. Where they differ: `engine.outgoing`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Unsent:
    """Keys of rows whose display may differ from what stands in the table, each with the number of its last news."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, keys: Iterable[str]) -> None:
        """What these rows show may be another matter now. A row that waits already keeps its place."""
        self._number += 1
        self._rows.update(dict.fromkeys(keys, self._number))

    def news(self, key: str) -> int | None:
        """The number of the last news of this row; None where it doesn't wait."""
        return self._rows.get(key)

    def drop(self, key: str) -> None:
        """This row shows what it is to show."""
        self._rows.pop(key, None)

    def goes_out(self, news: Mapping[str, int | None]) -> None:
        """These rows are being told, each as it stood at this news of it; what has had newer news since waits on. Should it come to
        nothing, they are to be added again, behind all others.
        """
        for key, number in news.items():
            if self._rows.get(key) == number:
                self.drop(key)

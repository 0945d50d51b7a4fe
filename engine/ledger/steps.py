"""Many rows in few steps of SQLite, by one `VALUES` of many rows.

Python's lock is let go of for each step, and to get it back from a thread that computes takes five milliseconds: two thousand
rows, one by one, take eleven seconds beside a busy thread, in steps of 256 they take 0.08 (measured, docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

Many = Sequence[Mapping[str, Any]]

LARGEST_STEP = 256
"""Rows. SQLite takes at most 32,766 values in one statement; our widest table has 31 columns. A power of two: see `_sizes`."""

_ROW = re.compile(r"VALUES (\(:\w+(?:,\s+:\w+)*\))")
_NAME = re.compile(r":(\w+)")


class Steps:
    """A statement that has a row of `VALUES`, with all its values in there."""

    def __init__(self, before: str, row: str, after: str) -> None:
        names = _NAME.findall(row)
        self._before, self._after = before, after
        self._row = f"({', '.join('?' * len(names))})"
        self._values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
        self._values = itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)
        self._texts: dict[int, str] = {}

    def of(self, values: Many) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """SQL for many rows at once, and its values. Raises KeyError for a value that is missing."""
        rows = [self._values(each) for each in values]
        for first, number in _sizes(len(rows)):
            yield self._text(number), tuple(chain.from_iterable(rows[first : first + number]))

    def _text(self, number: int) -> str:
        """The same string each time: SQLite's own module finds by it what it has prepared."""
        text = self._texts.get(number)
        if text is None:
            text = self._texts[number] = self._before + ", ".join([self._row] * number) + self._after
        return text


@cache
def steps(sql: str) -> Steps | None:
    """How this statement takes many rows; None where it takes them one by one."""
    found = _ROW.search(sql)
    if found is None:
        return None
    before, row, after = sql[: found.start(1)], found.group(1), sql[found.end(1) :]
    return None if _NAME.search(before + after) else Steps(before, row, after)


def _sizes(number: int) -> Iterator[tuple[int, int]]:
    """(first, how many) of the steps for so many rows: powers of two, so that few statements are ever prepared."""
    first = 0
    while left := number - first:
        size = min(LARGEST_STEP, 1 << (left.bit_length() - 1))
        yield first, size
        first += size

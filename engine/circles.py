"""Rows that wait for each other in a circle. Pure.

A graph: row → the rows that it waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import inf
from typing import TypeVar

Row = TypeVar("Row", bound=Hashable)


def circles(graph: Mapping[Row, Sequence[Row]]) -> Iterator[list[Row]]:
    """The rows that wait for each other, straight or around others, together; in the order of the graph. Takes time by its size.

    Tarjan's strongly connected components, without recursion.
    """
    place = {key: n for n, key in enumerate(graph)}
    numbers: dict[Row, float] = {}  # in the order of the walk; infinite once it is known with which others a row is together
    lowest: dict[Row, float] = {}
    stack: list[Row] = []
    for root in graph:
        walk = [(root, iter(graph[root]))] if root not in numbers else []
        while walk:
            key, ahead = walk[-1]
            if key not in numbers:
                numbers[key] = lowest[key] = len(numbers)
                stack.append(key)
            for after in ahead:
                if after in graph and after not in numbers:
                    walk.append((after, iter(graph[after])))
                    break
                lowest[key] = min(lowest[key], numbers.get(after, inf))
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[key])
                if lowest[key] == numbers[key]:
                    together = _popped(stack, key)
                    numbers.update(dict.fromkeys(together, inf))
                    if len(together) > 1 or key in graph[key]:
                        yield sorted(together, key=place.__getitem__)


def _popped(stack: list[Row], until: Row) -> list[Row]:
    popped = [stack.pop()]
    while popped[-1] != until:
        popped.append(stack.pop())
    return popped


def path(graph: Mapping[Row, Sequence[Row]], circle: Sequence[Row]) -> list[Row]:
    """A shortest way from the first of these rows that wait for each other back to it: the first and the last are the same."""
    within, start = set(circle), circle[0]
    came: dict[Row, Row] = {}
    ahead = deque([start])
    while ahead:
        key = ahead.popleft()
        for after in graph[key]:
            if after == start:
                way = [start]
                while key != start:
                    way.append(key)
                    key = came[key]
                return [start, *reversed(way)]
            if after in within and after not in came:
                came[after] = key
                ahead.append(after)
    raise ValueError(f"{start} does not wait for itself")

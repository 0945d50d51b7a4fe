"""Calling a table again with what it left, until every item has its answer: for `Effect.AGAIN`.

Each round is one call, so one request: whoever makes the calls counts and paces them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from connectors.api import Effect, Written
from connectors.errors import Bug

MOST = 8
"""Rounds in which nothing is settled: a store that needs more will not come to an end."""

I = TypeVar("I")  # noqa: E741 (an item: a patch, or a key)
A = TypeVar("A", Written, Effect)


class Rounds(Generic[I, A]):
    """left: the items that have no answer yet, in their order; empty when all have.   begun: whether one has been answered."""

    def __init__(self, items: Sequence[I]) -> None:
        self._items = list(items)
        self._answers: dict[int, A] = {}
        self._open = list(range(len(self._items)))
        self._idle = 0

    @property
    def left(self) -> list[I]:
        return [self._items[at] for at in self._open]

    def took(self, answers: Sequence[A]) -> None:
        """Take in the answers to a call with what was `left`. Raises Bug where they are too few, or come to nothing too often."""
        if len(answers) != len(self._open):
            raise Bug(f"the store answered {len(answers)} of {len(self._open)} patches")
        still = []
        for at, answer in zip(self._open, answers, strict=True):
            if effect_of(answer) is Effect.AGAIN:
                still.append(at)
            else:
                self._answers[at] = answer
        self._idle = self._idle + 1 if len(still) == len(self._open) else 0
        self._open = still
        if still and self._idle >= MOST:
            raise Bug(f"the store has left {len(still)} patches {MOST} times")

    def answers(self) -> list[A]:
        """One for each item, in their order, once nothing is left."""
        return [self._answers[at] for at in range(len(self._items))]


def effect_of(answer: Written | Effect) -> Effect:
    return answer.effect if isinstance(answer, Written) else answer


def settled(call: Callable[[Sequence[I]], list[A]], items: Sequence[I]) -> list[A]:
    """Call, and call again with what is left. Raises what the call raises, and Bug."""
    rounds: Rounds[I, A] = Rounds(items)
    rounds.took(call(rounds.left))
    while rounds.left:
        rounds.took(call(rounds.left))
    return rounds.answers()

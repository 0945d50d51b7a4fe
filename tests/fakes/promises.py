"""Deadlines by brute force: nothing of `engine.judging` is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

T = TypeVar("T", datetime, int)


def broken(dues: Iterable[T], by: Callable[[T], T | None], successes: Iterable[tuple[T, T]], until: T) -> dict[T, T]:
    """The deadlines up to `until` that were missed → the oldest due that each was for.

    by: the deadline of what comes due then; None for none.   successes: (when it came due, when it ended) of what succeeded.
    """
    came: dict[T, T] = {}
    for due in sorted(dues):
        if (at := by(due)) is not None and at <= until:
            came.setdefault(at, due)
    kept = list(successes)
    return {at: due for at, due in came.items() if not any(run >= due and ended <= at for run, ended in kept)}

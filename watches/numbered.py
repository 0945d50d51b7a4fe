"""What stands in the ledger under numbers that rise: a look goes by what is beyond that of the look before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from watches.api import Happening, Look

MOST = 500
"""So many are told in one look; the next one, which follows at once, goes on."""

PASSED_OVER = 200
"""So many that aren't to be told are gone by again, rather than written down after each look."""


class Numbered(Protocol):
    """Something durable."""

    @property
    def n(self) -> int: ...


N = TypeVar("N", bound=Numbered)


def gone_by(before: str, beyond: Iterable[N], tell: Callable[[N], Happening | str | None], untold: Iterable[str] = ()) -> Look:
    """One look.

    before: the number that the last look had come to.   beyond: what has higher ones, oldest first.
    tell: what is to be told of one; a line for the log where it isn't, though it counts; None where it doesn't.
    untold: what else isn't told; a line each.
    """
    told: list[Happening] = []
    kept_back = list(untold)
    passed, last = 0, int(before)
    for one in beyond:
        passed, last = passed + 1, one.n
        match tell(one):
            case Happening() as happening:
                told.append(happening)
            case str(line):
                kept_back.append(line)
        if len(told) + len(kept_back) >= MOST:
            break
    if not (told or kept_back) and passed < PASSED_OVER:
        return Look(before)
    return Look(str(last), tuple(told), untold=tuple(kept_back))

"""What goes wrong on purpose: by rule or by chance, but the same each time with the same seed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from tests.emulators.core.exchange import Answer


@dataclass
class Fault:
    """One thing that can go wrong.

    operations: which are hit, as a pattern.   chance: how likely each of them is, 0 to 1.   times: how often at most; None: always.
    answer: comes instead of the real one; None: the real one comes, but as `delay`, `drip`, `cut` and `reset` say (see Answer).
    committed: whether what was asked for is done all the same. Only meant together with `answer` or `reset`.
    """

    operations: str = ".*"
    chance: float = 1.0
    times: int | None = None
    answer: Answer | None = None
    committed: bool = False
    delay: float = 0.0
    drip: float = 0.0
    cut: int | None = None
    reset: bool = False
    hits: int = field(default=0, init=False)

    @property
    def refuses(self) -> bool:
        """Whether the request never reaches its handler."""
        return (self.answer is not None or self.reset) and not self.committed

    def upon(self, real: Answer) -> Answer:
        """What goes out in the place of the real answer."""
        answer = self.answer or real
        return answer.but(delay=answer.delay + self.delay, drip=self.drip, cut=self.cut, reset=self.reset)


class Faults:
    """All that may go wrong with one emulator."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 (a story that can be told again, no secret)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def draw(self, operation: str) -> Fault | None:
        """What hits this request: the first fault that does."""
        for fault in self._faults:
            spent = fault.times is not None and fault.hits >= fault.times
            if spent or not re.fullmatch(fault.operations, operation) or self._random.random() >= fault.chance:
                continue
            fault.hits += 1
            return fault
        return None

"""Facts of the simulated world: what is answered, how late, whether at all; and the conditions that people hang on them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from engine.asking import Question
from facts.api import Tree, Unhad
from tests.simulation.machine import Life, Machine

MAX_AGE = {"load": 10, "mood": 0}
"""Fact → seconds for which an answer holds."""

TIMEOUT = 5
"""Seconds that rows wait for each."""

MOODS = ("good", "bad", "odd")

Part = tuple[str, Callable[[Tree], bool]]


def _calm(load: Tree) -> bool:
    return int(str(load)) < 60


def _well(mood: Tree) -> bool:
    return mood == "good"


CONDITIONS: Mapping[str, Sequence[Part]] = {
    "fact.load < 60": (("load", _calm),),
    'fact.mood == "good"': (("mood", _well),),
    'fact.load < 60 and fact.mood == "good"': (("load", _calm), ("mood", _well)),
}
"""What people write under Condition → the facts that it asks for, one after the other, and what each has to be."""


@dataclass(frozen=True)
class Answer:
    """What a question came to.   asked, told: moments.   value: None where there was none."""

    asked: int
    told: int
    value: Tree


class Facts:
    """What was asked and answered in all lives.   calm: every answer comes at once, and is one."""

    def __init__(self, machine: Machine, chance: Random) -> None:
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.calm = False
        self._machine, self._chance = machine, chance

    def questions(self, life: Life) -> dict[str, Question]:
        """As a daemon of this life asks them."""
        return {
            name: Question(name, "a", _Fact(name, self, life), timedelta(seconds=TIMEOUT), timedelta(seconds=age))
            for name, age in MAX_AGE.items()
        }

    async def ask(self, name: str, life: Life) -> Tree:
        """Now, much later, never; or a failure."""
        life.check()
        chance, asked = self._chance, self._machine.moment
        value: Tree = None
        try:
            if not self.calm and chance.random() < 0.3:
                await asyncio.sleep(chance.choice((0.05, 0.8, 4, 4.9, 5.1, 60)) * chance.random())
            drawn = 1 if self.calm else chance.random()
            if drawn < 0.08:
                raise Unhad("no route")
            if drawn < 0.1:
                raise ZeroDivisionError("a fact that fell over")
            value = chance.randint(0, 99) if name == "load" else chance.choice(MOODS)
            return value
        except asyncio.CancelledError:
            if chance.random() < 0.2:  # it takes its time to end
                await asyncio.sleep(chance.random() * 3)
            raise
        finally:
            if life.alive:
                self.answers[name].append(Answer(asked, self._machine.moment, value))


class _Fact:
    def __init__(self, name: str, facts: Facts, life: Life) -> None:
        self._name, self._facts, self._life = name, facts, life

    async def ask(self) -> Tree:
        return await self._facts.ask(self._name, self._life)

"""What a measurement comes to: sides with their rounds, medians, ratios, and the limits that ours is held against."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ROUNDS = 7
OURS = "rowd"


@dataclass(frozen=True, slots=True)
class Goal:
    """Ours is to be this good `at_least`, and aims at `aim`, in the comparison's unit.

    beside: both are multiples of what that side reached in the same run, instead.
    """

    at_least: float
    aim: float
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of all sides, ours among them.

    sides: name → one value for each round, in `unit`.   more: more is better.
    missing: sides that could not be run, or did not get through, with the reason.
    """

    title: str
    unit: str
    sides: Mapping[str, Sequence[float]]
    goal: Goal | None = None
    more: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)

    def median(self, side: str) -> float:
        return statistics.median(self.sides[side])

    def verdict(self) -> dict[str, str]:
        """`at least` and `aim` → `met` or `missed`; empty where there is nothing to hold ours against."""
        if self.goal is None or OURS not in self.sides or (self.goal.beside is not None and self.goal.beside not in self.sides):
            return {}
        ours = self.median(OURS) / (self.median(self.goal.beside) if self.goal.beside else 1)
        held = {"at least": self.goal.at_least, "aim": self.goal.aim}
        return {word: "met" if (ours >= limit if self.more else ours <= limit) else "missed" for word, limit in held.items()}

    def told(self) -> str:
        """For people: ours first, then the others, with how many times ours each of them is."""
        lines = [f"{self.title} ({self.unit}, {'more' if self.more else 'less'} is better)"]
        ours = self.median(OURS) if OURS in self.sides else None
        for side in sorted(self.sides, key=lambda name: name != OURS):
            rounds = self.sides[side]
            ratio = f"{self.median(side) / ours:10.2f} x" if ours and side != OURS else " " * 12
            span = f"{_figure(min(rounds))} … {_figure(max(rounds))}, {len(rounds)} rounds" if len(rounds) > 1 else ""
            lines.append(f"  {side:44} {_figure(self.median(side)):>10} {ratio}   {span}".rstrip())
        lines += [f"  {side:44} {'–':>10}   {why}" for side, why in self.missing.items()]
        if self.goal is not None:
            sign, of = "≥" if self.more else "≤", f" of {self.goal.beside}" if self.goal.beside else ""
            words = {"at least": self.goal.at_least, "aim": self.goal.aim}
            verdict = self.verdict()
            lines.append(
                "  " + " · ".join(f"{w} {sign} {limit:g}{of}: {verdict.get(w, 'not measured')}" for w, limit in words.items())
            )
        return "\n".join(lines)

    def plain(self) -> dict[str, object]:
        """For machines."""
        goal = self.goal and {"at_least": self.goal.at_least, "aim": self.goal.aim, "beside": self.goal.beside}
        return {
            "title": self.title,
            "unit": self.unit,
            "more_is_better": self.more,
            "sides": {name: {"median": self.median(name), "rounds": list(rounds)} for name, rounds in self.sides.items()},
            "missing": dict(self.missing),
            "goal": goal,
            "verdict": self.verdict(),
        }


def rounds_of(
    sides: Mapping[str, Callable[[], int]], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds per operation, round by round, of each side in turn. A side works once per call and answers how many operations.

    clock: `time.process_time` where nothing is waited for, so that other processes of the machine don't count.
    """
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for work in sides.values():
        work()  # warm
    for _ in range(rounds):
        for name, work in sides.items():
            began = clock()
            number = work()
            spent[name].append((clock() - began) / number)
    return spent


def first_line(error: Exception) -> str:
    """What to say of a side that did not get through."""
    return str(error).partition("\n")[0]


def scaled(found: Mapping[str, Sequence[float]], by: float) -> dict[str, list[float]]:
    """The same in another unit."""
    return {name: [value * by for value in values] for name, values in found.items()}


def per_second(found: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Operations per second from seconds per operation."""
    return {name: [1 / value for value in values] for name, values in found.items()}


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"

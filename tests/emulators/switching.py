"""How tests throw switches: each vendor's test_switches.py has a test of every switch, under each of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.emulators.core.switches import Switch


class Switched:
    """`switched(name, …)`: under each answer of the switch, in their order, another thing is expected.

    The test takes it as `expected`, and the emulator from fixtures that ask for `switches`.
    """

    def __init__(self, known: Sequence[Switch]) -> None:
        self._known = {switch.name: switch for switch in known}

    def __call__(self, name: str, *expected: Any, **others: str) -> pytest.MarkDecorator:
        """others: switches that stand one way throughout."""
        answers = self._known[name].answers
        cases = [({**others, name: answer}, each) for answer, each in zip(answers, expected, strict=True)]
        return pytest.mark.parametrize(("switches", "expected"), cases, ids=answers)

    def without_a_test(self, names: Iterable[str]) -> set[str]:
        """Switches that none of these is the test of: `test_` and the switch's name."""
        return {f"test_{name}" for name in self._known} - set(names)

"""The simulated action does what it is told, and its waiting follows the loop's own time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import actions
from actions.api import Outcome, Result
from tests.fakes import virtual
from tests.unit.actions.attempts import Lent, action, ran, request


def test_it_waits_on_virtual_time_and_puts_out_what_it_is_told(folder: Path) -> None:
    made = action(folder, "simulate", sleep="3h", outputs={"coverage": 78.5})

    async def main() -> tuple[Result, float]:
        began = asyncio.get_running_loop().time()
        return await made.run(request(), Lent(folder)), asyncio.get_running_loop().time() - began

    result, took = virtual.run(main())
    assert result == Result(Outcome.SUCCEEDED, "waited 3h, coverage = 78.5", {"coverage": 78.5})
    assert took == 3 * 3600


def test_the_first_attempts_fail_as_told(folder: Path) -> None:
    made = action(folder, "simulate", fail=2)
    outcomes = [asyncio.run(made.run(request(attempt), Lent(folder))).outcome for attempt in (1, 2, 3)]
    assert outcomes == [Outcome.FAILED, Outcome.FAILED, Outcome.SUCCEEDED]
    assert ran(folder, "simulate", fail=True).summary == "failed, as told"
    assert ran(folder, "simulate").summary == "done"
    assert ran(folder, "simulate", fail=0).outcome is Outcome.SUCCEEDED


def test_a_row_may_say_it_instead_where_the_operator_declared_so(folder: Path) -> None:
    made = action(folder, "simulate", fail=True, parameters={"fail": {"type": "boolean"}, "sleep": {"type": "span"}, "city": {}})
    result = virtual.run(made.run(request(fail=False, sleep=60, city="Ulm"), Lent(folder)))
    assert result == Result(Outcome.SUCCEEDED, "waited 1m, city = Ulm", {"city": "Ulm"})


@pytest.mark.parametrize("settings", [{"parameters": {"sleep": {}}}, {"parameters": {"fail": {"type": "number"}}}])
def test_a_parameter_of_the_wrong_type_for_its_setting_is_refused(folder: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="type"):
        action(folder, "simulate", **settings)


def test_a_definition_that_makes_no_sense_is_refused(folder: Path) -> None:
    for settings in ({"fail": -1}, {"sleep": 5}, {"outputs": {"a b": 1}}, {"outputs": {"a": [1]}}):
        with pytest.raises(ValidationError):
            action(folder, "simulate", **settings)
    assert actions.load("simulate").repeatable(None) is True

"""What every seed relies on: it takes the same course each time, and nothing of a dead process runs on."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.machine import Killed, Life, Machine, SimLoop
from tests.simulation.starts import STARTS
from tests.simulation.story import play


def test_a_seed_gives_the_same_story_each_time() -> None:
    first: list[str] = []
    second: list[str] = []
    play(2, first.append)
    play(2, second.append)
    assert len(first) > 100
    assert first == second


def test_nothing_of_a_dead_process_runs_on() -> None:
    machine = Machine(STARTS[0][0])
    life = Life(0, machine, die_at=20)
    loop, told = SimLoop(life), []

    async def talk() -> None:
        try:
            while True:
                told.append(life.steps)
                await asyncio.sleep(1)
        finally:
            life.check()
            told.append(-1)

    with pytest.raises(Killed):
        loop.run_until_complete(talk())
    number = len(told)
    loop.bury()
    assert len(told) == number > 3
    assert machine.moment >= 3_000_000

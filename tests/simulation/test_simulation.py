"""The laws hold in many seeds; `python -m tests.simulation` plays more of them."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.simulation.machine import Killed, Life, Machine, SimLoop
from tests.simulation.many import many
from tests.simulation.seeds import FOUND
from tests.simulation.starts import STARTS
from tests.simulation.story import play

SEEDS = int(os.environ.get("ROWD_SEEDS", "40"))
"""How many are played; 40 are what `make test` has time for."""


@pytest.mark.timeout(900)
def test_the_promises_hold_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    report = many(sorted({*range(1, SEEDS + 1), *FOUND}), os.cpu_count() or 1, said.append)
    with capsys.disabled():
        print(f"\nsimulated {report}")
    assert not said, "\n".join(said)
    assert report.numbers["edits"] >= 200 * SEEDS
    assert report.numbers["kills"] >= SEEDS
    assert SEEDS < 40 or report.numbers["occurrences"] >= 400_000


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

"""One holder at a time, known by name to all who come second."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from connectors.holding import hold


def test_the_second_is_told_of_the_first_until_it_lets_go(tmp_path: Path) -> None:
    first = hold(tmp_path / "lock", "rowd,  process 1\non here")
    assert isinstance(first, int)
    assert hold(tmp_path / "lock", "rowd, process 2") == "rowd, process 1 on here"
    os.close(first)
    second = hold(tmp_path / "lock", "short")
    assert isinstance(second, int)
    assert hold(tmp_path / "lock", "rowd, process 3") == "short"
    os.close(second)


def test_of_many_in_the_same_instant_one_holds_and_the_others_read_its_name_never_a_dead_ones(tmp_path: Path) -> None:
    def race(number: int) -> None:
        lock, begin = tmp_path / f"lock{number}", Barrier(8)
        lock.write_text("one who was killed")

        def attempt(who: str) -> tuple[str, int | str]:
            begin.wait()
            return who, hold(lock, who)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(attempt, [f"{number}-{which}" for which in range(8)]))
        ((winner, descriptor),) = [(who, held) for who, held in found if isinstance(held, int)]
        assert {held for _, held in found if isinstance(held, str)} == {winner}
        os.close(descriptor)

    with ThreadPoolExecutor(5) as races:  # beside each other, for whoever loses asks again for a second
        list(races.map(race, range(20)))

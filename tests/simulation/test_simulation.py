"""The laws hold in many seeds; `python -m tests.simulation` plays more of them."""

from __future__ import annotations

import os

import pytest

from tests.simulation.many import many

SEEDS = int(os.environ.get("ROWD_SEEDS", "40"))


@pytest.mark.timeout(600)
def test_the_promises_hold_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    report = many(range(1, SEEDS + 1), os.cpu_count() or 1, said.append)
    with capsys.disabled():
        print(f"\nsimulated {report}")
    assert not said, "\n".join(said)

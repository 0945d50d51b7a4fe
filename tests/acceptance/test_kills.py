"""Forty times kill -9 at moments by lot, under load, while a person edits, counters tick and runs are asked for; then the laws.

Seeded: ROWD_KILLS_SEED=N repeats the lots of a run, though not its luck. ROWD_KILLS=N kills more often.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import pytest

from tests.prove.check import broken
from tests.prove.commands import Forked, Installed, Running
from tests.prove.course import Course, Death
from tests.prove.evidence import Evidence
from tests.prove.lots import fresh, seeded
from tests.prove.rows import generated
from tests.prove.scene import Scene

SEED = int(os.environ.get("ROWD_KILLS_SEED") or fresh())
KILLS = int(os.environ.get("ROWD_KILLS") or 40)
ROWS = 300


class Mixed:
    """Each fourth daemon is the installed command; the others are forked, because importing all of rowd takes most of a second."""

    def __init__(self, forked: Forked) -> None:
        self.run = forked.run
        self._starts = cycle([Installed().start, forked.start, forked.start, forked.start])

    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        return next(self._starts)(folder, argv, log, die_at)


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_forty_kills_under_load_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    print(f"ROWD_KILLS_SEED={SEED}; evidence in {tmp_path}")  # shown where it fails
    rng = seeded(SEED)
    forked = Forked(tmp_path)
    scene = Scene(tmp_path / "kills", generated(rng, ROWS), SEED, parallel=16)
    deaths = [
        Death(
            after=rng.uniform(0.0, 1.0),
            early=rng.random() < 0.15,
            pause=rng.choice([0, 0, 0, 0, 1.5]),
            take=rng.random() < 0.3,
        )
        for _ in range(KILLS)
    ]
    try:
        Course(scene, Mixed(forked), rng, pace=(0.1, 0.8), ticks=(0.3, 1.0)).run(deaths)
    finally:
        scene.close()
        forked.close()
    evidence = Evidence(tmp_path / "kills")
    found = {law: wrong for law, wrong in broken(evidence).items() if wrong}
    assert not found, f"ROWD_KILLS_SEED={SEED}: {found}"
    # that there was something to break:
    outcomes = Counter(record.outcome for record in evidence.records)
    assert sum(life.status == -9 for life in evidence.lives) == KILLS
    assert {"succeeded", "failed", "timed out", "lost", "skipped", "missed"} <= outcomes.keys()
    assert outcomes["succeeded"] >= 5 * KILLS
    assert len(evidence.saves) >= KILLS
    assert sum(asked["request"] is not None for asked in evidence.asked) >= KILLS / 4

"""Forty times kill -9 at moments by lot, under load, while a person edits, counters tick and runs are asked for; then the laws.

Seeded: ROWD_KILLS_SEED=N repeats the lots of a run, though not its luck. ROWD_KILLS=N kills more often, ROWD_KILLS_ROWS=N makes a
longer table.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import pytest

from tests.prove.check import broken
from tests.prove.commands import Forked, Installed, Running
from tests.prove.course import ROOT, Course, Death
from tests.prove.evidence import Evidence
from tests.prove.lots import fresh, seeded
from tests.prove.plant import FAULTS, unnoticed
from tests.prove.rows import generated
from tests.prove.scene import Scene

SEED = int(os.environ.get("ROWD_KILLS_SEED") or fresh())
KILLS = int(os.environ.get("ROWD_KILLS") or 40)
ROWS = int(os.environ.get("ROWD_KILLS_ROWS") or 150)


class Mixed:
    """Each fourth daemon is the installed command; the others are forked, because importing all of rowd takes most of a second."""

    def __init__(self, forked: Forked) -> None:
        self.run = forked.run
        self._starts = cycle([Installed().start, forked.start, forked.start, forked.start])

    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        return next(self._starts)(folder, argv, log, die_at)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of one course."""
    scratch = tmp_path_factory.mktemp("kills")
    print(f"ROWD_KILLS_SEED={SEED}; evidence in {scratch}")  # shown where it fails
    rng = seeded(SEED)
    forked = Forked(scratch)
    scene = Scene(scratch / "scene", generated(rng, ROWS), SEED, parallel=16)
    deaths = [
        Death(
            after=rng.uniform(0.0, 1.0),
            early=rng.random() < 0.15,
            pause=rng.choice([0, 0, 0, 0, 1.5]) if number != KILLS // 2 else 6.0,  # once so long that something is surely missed
            take=rng.random() < 0.3,
        )
        for number in range(KILLS)
    ]
    try:
        Course(scene, Mixed(forked), rng, pace=(0.1, 0.8), ticks=(0.3, 1.0)).run(deaths)
    finally:
        scene.close()
        forked.close()
    return scene.folder


@pytest.mark.timeout(100 + 10 * KILLS)
def test_forty_kills_under_load_lose_nothing_and_double_nothing(folder: Path) -> None:
    evidence = Evidence(folder)
    found = {law: wrong for law, wrong in broken(evidence).items() if wrong}
    assert not found, f"ROWD_KILLS_SEED={SEED}: {found}"
    # that there was something to break:
    outcomes = Counter(record.outcome for record in evidence.records)
    assert sum(life.status == -signal.SIGKILL for life in evidence.lives) == KILLS
    assert {"succeeded", "failed", "timed out", "lost", "skipped", "missed"} <= outcomes.keys()
    assert outcomes["succeeded"] >= 5 * KILLS
    assert len(evidence.saves) >= KILLS
    assert sum(asked["request"] is not None for asked in evidence.asked) >= KILLS / 4


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_is_planted_in_the_evidence_is_noticed(folder: Path, kind: str) -> None:
    planted, missed = unnoticed(Evidence(folder), kind, seeded(SEED), most=8)
    assert planted
    assert not missed, f"ROWD_KILLS_SEED={SEED}"


def test_whoever_judges_the_folder_again_sees_what_was_taken_out_of_it(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert _judged_again(copy) == 0
    history = json.loads((copy / "history.json").read_text())
    due = [run for run in history["runs"] if run["outcome"] == "succeeded"]
    history["runs"].remove(due[len(due) // 2])
    (copy / "history.json").write_text(json.dumps(history))
    assert _judged_again(copy) == 1


def _judged_again(folder: Path) -> int:
    return subprocess.run([sys.executable, "-m", "tests.prove.check", folder], cwd=ROOT, check=False).returncode

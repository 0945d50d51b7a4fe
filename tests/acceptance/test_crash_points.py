"""Every named crash point, twenty deaths at each, while a person edits, counters tick and runs are asked for. Then the laws.

Some scenes side by side, for most of the time a daemon waits for something to come due; each scene has a few points, in an order by
lot. ROWD_CRASHES_SEED=N repeats the lots of a run; ROWD_CRASHES=N dies more often.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.crash import POINTS
from tests.prove.check import broken
from tests.prove.commands import Forked
from tests.prove.course import Course, Death
from tests.prove.evidence import Evidence
from tests.prove.laws import OF_THE_WITNESS
from tests.prove.lots import fresh, seeded
from tests.prove.rows import few
from tests.prove.scene import Scene

TIMES = int(os.environ.get("ROWD_CRASHES") or 20)
SEED = int(os.environ.get("ROWD_CRASHES_SEED") or fresh())
SCENES = 7

PRUNED = tuple(point for point in POINTS if point.startswith("prune."))
"""Points of a scene that forgets most of its history."""

OTHERS = tuple(point for point in POINTS if point not in PRUNED)
GROUPS = (PRUNED, *(OTHERS[which::SCENES] for which in range(SCENES)))

ASKED_FOR = ("requests.", "events.")
"""How points begin to which a daemon comes because of a command at the shell."""

LIVES = 4
"""So many daemons at the most for each death that is wanted."""

LATER = {"marks": [1, 1, 1, 2], "prune": [1]}
"""At which time a daemon dies, where it comes there seldom."""

USUAL = [1, 1, 1, 1, 1, 1, 1, 1, 2, 3]
WAITED_FOR = 12.0
"""Seconds within which a daemon comes to its crash point, on a machine with much else to do."""

Judged = tuple[Counter[str], dict[str, list[str]]]
"""Point → how many daemons died there; and the laws that were broken."""


def deaths(points: tuple[str, ...], course: Course, rng: random.Random) -> Iterator[Death]:
    """At these points, until each had enough: the first time or a later one; now and then a daemon ends in order instead."""
    for _ in range(LIVES * TIMES * len(points)):
        wanted = [point for point in points if course.reached[point] < TIMES]
        if not wanted:
            return
        point = rng.choice(wanted)
        hit = rng.choice(LATER.get(point.partition(".")[0], USUAL))
        stopped = point.startswith("marks.") or rng.random() < 0.1  # it dies while it winds up, or not at all
        yield Death(
            after=rng.uniform(0.1, 0.6) if stopped else WAITED_FOR, point=f"{point}:{hit}", pause=rng.choice([0] * 9 + [0.5])
        )


def judged(points: tuple[str, ...], folder: Path, forked: Forked) -> Judged:
    rng = seeded(f"{SEED} {points}")
    scene = Scene(folder, few(rng), SEED, parallel=2, keep_runs=2 if points == PRUNED else 100_000)
    asked = any(point.startswith(ASKED_FOR) for point in points)
    commits = 0.8 if any(point.startswith("events.") for point in points) else 0.3
    course = Course(scene, forked, rng, pace=(0.3, 1.2), ticks=(0.5, 1.5) if asked else (1, 3), looks=0.1, commits=commits)
    try:
        course.run(deaths(points, course, rng))
    finally:
        scene.close()
    evidence = Evidence(scene.folder)
    found = {law: wrong for law, wrong in broken(evidence, OF_THE_WITNESS if points == PRUNED else None).items() if wrong}
    if points == PRUNED and (wrong := miscounted(evidence)):
        found["pruning changes no count"] = wrong
    return course.reached, found


def miscounted(evidence: Evidence) -> list[str]:
    """Rows whose Runs says another number than the witness, although most of their history is forgotten."""
    runs: dict[str, set[str]] = defaultdict(set)
    going_on = {record.run for record in evidence.records if record.outcome is None}
    for start in evidence.starts:
        if start.run not in going_on:
            runs[start.task].add(start.run)
    rows = [(name, row["Runs"]) for name, row in evidence.table.items() if evidence.rows.get(name, {"command": True})["command"]]
    return [f"{name}: Runs says {said}, the witness {len(runs[name])}" for name, said in rows if int(said or 0) != len(runs[name])]


@pytest.fixture(scope="module")
def courses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, ...], Future[Judged]]]:
    """One course for each group of points, side by side."""
    folder = tmp_path_factory.mktemp("points")
    forked = Forked(folder)
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        yield {points: pool.submit(judged, points, folder / points[0], forked) for points in GROUPS}
    forked.close()


@pytest.mark.timeout(100 + 20 * TIMES)
@pytest.mark.parametrize("points", GROUPS, ids=" ".join)
def test_dying_at_any_point_twenty_times_breaks_no_law(
    courses: dict[tuple[str, ...], Future[Judged]], points: tuple[str, ...]
) -> None:
    reached, found = courses[points].result()
    assert not found, f"ROWD_CRASHES_SEED={SEED}: {found}"
    assert {point: number for point, number in reached.items() if number >= TIMES}.keys() == set(points), reached

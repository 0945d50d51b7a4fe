"""Every row of the crash table, on the installed command as a process, and every named crash point, twenty times each."""

from __future__ import annotations

import os
import random
import select
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.crash import POINTS
from tests.acceptance.site import Site
from tests.prove.check import broken
from tests.prove.commands import Forked, Installed, Running
from tests.prove.course import Course, Death
from tests.prove.evidence import Evidence
from tests.prove.laws import OF_THE_WITNESS
from tests.prove.lots import fresh, seeded
from tests.prove.rows import few
from tests.prove.scene import Scene

Make = Callable[..., Site]
ONCE = "a,once,work,now,active,,,,,,,"
GATED = "a,once,gated,now,active,,,,,,,"

REACHED = [p for p in POINTS if not p.startswith(("prune.", "record."))]
"""Points that two rows reach in a moment; the others need hours or a lack of room."""

TIMES = 20
SEED = int(os.environ.get("ROWD_CRASHES_SEED") or fresh())
"""ROWD_CRASHES_SEED=N repeats the lots of a run."""

AT_ONCE = 8
"""So many courses side by side: most of the time each waits for something to come due."""


class FirstInstalled:
    """The first daemon is the installed command; the others are forked, because importing all of rowd takes most of a second."""

    def __init__(self, forked: Forked) -> None:
        self.run = forked.run
        self._starts = iter([Installed().start])
        self._then = forked.start

    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        return next(self._starts, self._then)(folder, argv, log, die_at)


def deaths(point: str, course: Course, rng: random.Random) -> Iterator[Death]:
    """At this point until that was enough: the first time or a later one, with a daemon that ends in order now and then between."""
    hits = {"marks": [1, 2], "prune": [1]}.get(point.partition(".")[0], [1, 1, 1, 1, 2, 2, 3])
    for number in range(3 * TIMES):
        if course.reached >= TIMES:
            return
        if number and rng.random() < 0.05:
            yield Death(after=rng.uniform(0, 0.5), in_order=True)
        yield Death(after=rng.uniform(0.3, 1.2), point=f"{point}:{rng.choice(hits)}", pause=rng.choice([0, 0, 0, 0, 0.5]))


def died_at(point: str, folder: Path, forked: Forked) -> tuple[int, dict[str, list[str]]]:
    """How often a daemon died there, and the laws that were broken."""
    rng = seeded(f"{SEED} {point}")
    starter = FirstInstalled(forked)
    pruned = point.startswith("prune.")
    scene = Scene(folder / "scene", few(rng), SEED, parallel=2, keep_runs=2 if pruned else 100_000)
    course = Course(scene, starter, rng, pace=(0.3, 1.2), ticks=(1.5, 4), looks=0.1)
    try:
        course.run(deaths(point, course, rng))
    finally:
        scene.close()
    evidence = Evidence(scene.folder)
    found = {law: wrong for law, wrong in broken(evidence, OF_THE_WITNESS if pruned else None).items() if wrong}
    if pruned and (wrong := miscounted(evidence)):
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
def courses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[tuple[int, dict[str, list[str]]]]]]:
    """One course for each point, side by side."""
    folder = tmp_path_factory.mktemp("crashes")
    forked = Forked(folder)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {point: pool.submit(died_at, point, folder / point, forked) for point in POINTS}
    forked.close()


@pytest.mark.parametrize("point", REACHED)
def test_dying_at_any_point_neither_loses_nor_doubles_a_run(site: Make, point: str) -> None:
    here = site(ONCE, "b,twice,work,now,active,,,,,,,", parallel=1)  # the second waits for the first, so its start is a commit too
    assert here.start(die_at=point).ended() == -signal.SIGKILL, f"{point} was not reached"
    again = here.start()
    again.until("table.read")
    known = {record["task"] for record in here.history() if record["outcome"]}
    for name in {"once", "twice"} - known:
        again.until("run.ended", lambda event, name=name: event["task"] == name)
    assert again.stop() == 0
    here.laws()
    assert len(here.witnessed()) == 2
    for row in here.rows().values():
        assert (row["Status"], row["Last Status"], row["Last Result"], row["Runs"]) == ("completed", "succeeded", "done", "1")


@pytest.mark.soak
@pytest.mark.timeout(400)
@pytest.mark.parametrize("point", POINTS)
def test_dying_at_any_point_twenty_times_breaks_no_law(
    courses: dict[str, Future[tuple[int, dict[str, list[str]]]]], point: str
) -> None:
    reached, found = courses[point].result()
    assert not found, f"ROWD_CRASHES_SEED={SEED}: {found}"
    assert reached >= TIMES


def ran_once(site: Site) -> None:
    site.laws()
    assert len(site.witnessed()) == 1
    (record,) = site.history()
    assert (record["outcome"], record["reason"]) == ("succeeded", "done")
    row = site.rows()["once"]
    assert (row["Status"], row["Last Status"], row["Last Result"], row["Runs"]) == ("completed", "succeeded", "done", "1")


def test_a_command_that_outlives_the_daemon_is_waited_for(site: Make) -> None:
    here = site(GATED)
    first = here.start()
    first.until("run.started")
    here.at_the_gate()
    first.kill()
    second = here.start()
    second.until("table.read")
    here.open_gate()
    assert second.until("run.ended")["outcome"] == "succeeded"
    assert second.stop() == 0
    ran_once(here)


def test_a_command_that_ended_while_nobody_was_there_is_known_by_its_exit_file(site: Make) -> None:
    here = site(GATED)
    first = here.start()
    first.until("run.started")
    pid = here.at_the_gate()
    first.kill()
    ended = os.pidfd_open(pid)
    here.open_gate()
    _gone(ended)
    second = here.start()
    assert second.until("run.ended")["outcome"] == "succeeded"
    assert second.stop() == 0
    ran_once(here)


def test_a_command_that_was_killed_with_its_launcher_is_lost_and_not_run_again(site: Make) -> None:
    here = site(GATED)
    first = here.start()
    first.until("run.started")
    pid = here.at_the_gate()
    first.kill()
    ended = os.pidfd_open(pid)
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    _gone(ended)
    second = here.start()
    lost = second.until("run.ended")
    assert lost["outcome"] == "lost"
    assert second.stop() == 0
    here.laws()
    assert len(here.witnessed()) == 1
    assert here.rows()["once"]["Health"].startswith("LOST")
    assert here.rows()["once"]["Status"] == "completed"
    assert here.rows()["once"]["Last Status"] == "lost"


@pytest.mark.parametrize(("action", "again"), [("risky", False), ("repeated", True)])
def test_work_inside_the_daemon_is_lost_or_repeated_where_that_is_declared(site: Make, action: str, again: bool) -> None:
    here = site(f"a,once,{action},now,active,,,,,,,")
    first = here.start()
    run = first.until("run.started")["run"]
    first.kill()
    second = here.start()
    lost = second.until("run.ended")
    assert (lost["run"], lost["outcome"]) == (run, "lost")
    assert (lost["retry_at"] is not None) is again


def test_a_write_that_was_cut_short_leaves_a_whole_file_and_is_made_up_for(site: Make) -> None:
    here = site(ONCE)
    dying = here.start(die_at="table.after-write:2")
    assert dying.ended() == -signal.SIGKILL
    assert here.rows()["once"]["Name"] == "once"
    again = here.start()
    again.until("table.read")
    assert again.stop() == 0
    ran_once(here)


def _gone(pidfd: int) -> None:
    """Return once that process has ended."""
    assert select.select([pidfd], [], [], 30)[0]
    os.close(pidfd)

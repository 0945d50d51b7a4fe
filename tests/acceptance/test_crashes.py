"""Every row of the crash table, and each crash point, once."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.crash import POINTS
from tests.acceptance.site import Site
from tests.prove.commands import Forked

Make = Callable[..., Site]
ONCE = "a,once,work,now,active,,,,,,,"
GATED = "a,once,gated,now,active,,,,,,,"

REACHED = [p for p in POINTS if not p.startswith(("prune.", "record."))]
"""Points that two rows reach in a moment; the others need hours or a lack of room."""


SIDE_BY_SIDE = 4
"""So many deaths at a time: for most of it a row settles."""


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory, forked: Forked) -> Iterator[dict[str, Future[None]]]:
    """A death at each point, and what the next daemon makes of it."""
    folder = tmp_path_factory.mktemp("deaths")
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {point: pool.submit(_dies, point, folder / point, forked) for point in REACHED}


def _dies(point: str, folder: Path, forked: Forked) -> None:
    folder.mkdir()
    # the second waits for the first, so its start is a commit too
    here = Site(folder, [ONCE, "b,twice,work,now,active,,,,,,,"], forked, parallel=1)
    with (folder / "rowd.toml").open("a") as definitions:
        definitions.write('[watch.definitions]\nkind = "file"\npath = "rowd.toml"\n')  # its first sight is a commit, too
    try:
        here.die_at(point)
        again = here.start()
        again.until("table.read")
        known = {record["task"] for record in here.history() if record["outcome"]}
        for name in {"once", "twice"} - known:
            again.until("run.ended", lambda event, name=name: event["task"] == name)  # type: ignore[misc]  # mypy: lambda default
        assert again.stop() == 0
        here.laws()
        assert len(here.witnessed()) == 2
        for row in here.rows().values():
            assert (row["Status"], row["Last Status"], row["Last Result"], row["Runs"]) == ("completed", "succeeded", "done", "1")
    finally:
        here.close()


@pytest.mark.parametrize("point", REACHED)
def test_dying_at_any_point_neither_loses_nor_doubles_a_run(deaths: dict[str, Future[None]], point: str) -> None:
    deaths[point].result()


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


def test_a_command_whose_warden_was_killed_too_is_lost_ended_and_not_run_again(site: Make) -> None:
    here = site(GATED)
    first = here.start()
    first.until("run.started")
    pid = here.at_the_gate()
    first.kill()
    ended = os.pidfd_open(pid)
    os.kill(_parent(pid), signal.SIGKILL)
    second = here.start()
    _gone(ended)
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
    here.die_at("table.after-write:2")
    assert here.rows()["once"]["Name"] == "once"
    again = here.start()
    again.until("table.read")
    assert again.stop() == 0
    ran_once(here)


def test_a_command_that_was_killed_while_nobody_was_there_has_failed(site: Make) -> None:
    here = site(GATED)
    first = here.start()
    first.until("run.started")
    pid = here.at_the_gate()
    first.kill()
    ended = os.pidfd_open(pid)
    os.killpg(pid, signal.SIGKILL)
    _gone(ended)
    second = here.start()
    assert second.until("run.ended")["outcome"] == "failed"
    assert second.stop() == 0
    here.laws()
    assert len(here.witnessed()) == 1


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _gone(pidfd: int) -> None:
    """Return once that process has ended."""
    assert select.select([pidfd], [], [], 30)[0]
    os.close(pidfd)

"""Two daemons on one table: the second is refused, whatever way it comes, and told of the first."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from connectors.holding import hold
from tests.acceptance.site import PATIENCE, Site
from tests.prove.commands import Forked, Running
from tests.prove.course import ROOT

Make = Callable[..., Site]
IDLE = "a,tick,work,daily 03:00,active,,,,,,,"

KILLED_WHILE_IT_STARTED_A_COMMAND = """
import os, signal, sys, time
from pathlib import Path
from connectors.holding import hold
assert isinstance(hold(Path(sys.argv[1]), f"rowd, process {os.getpid()}"), int)
if os.fork() == 0:
    time.sleep(0.5)  # a busy machine: it has not become another program yet
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def another(here: Site, path: Path, folder: Path) -> Path:
    """A rowd.toml with a ledger of its own, in `folder`, for the same table reached as `path`."""
    folder.mkdir()
    config = folder / "rowd.toml"
    config.write_text((here.folder / "rowd.toml").read_text().replace('path = "tasks.csv"', f'path = "{path}"'))
    return config


def refused(here: Site, config: Path | None, pid: int, status: int) -> None:
    answer = here.rowd("run", *(["--config", str(config)] if config else []))
    assert answer.returncode == status, answer.stderr
    assert f"process {pid}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_second_daemon_is_refused_on_the_same_ledger_and_on_the_same_table(site: Make, tmp_path: Path) -> None:
    here = site(IDLE)
    first = here.start()
    first.until("table.read")
    link = tmp_path / "link.csv"
    link.symlink_to(here.table)
    through = tmp_path / "through"
    through.symlink_to(here.folder)
    refused(here, None, first.process.pid, 5)
    refused(here, another(here, here.table, tmp_path / "other"), first.process.pid, 5)
    refused(here, another(here, link, tmp_path / "linked"), first.process.pid, 5)
    refused(here, another(here, through / "tasks.csv", tmp_path / "through-a-folder"), first.process.pid, 5)
    assert first.stop() == 0


def test_a_second_daemon_is_refused_through_another_mount(site: Make, tmp_path: Path) -> None:
    here = site(IDLE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    mounted = subprocess.run(["mount", "--bind", here.folder, elsewhere], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount")
    try:
        first = here.start()
        first.until("table.read")
        refused(here, another(here, elsewhere / "tasks.csv", tmp_path / "other"), first.process.pid, 5)
        assert first.stop() == 0
    finally:
        subprocess.run(["umount", elsewhere], check=True)


def test_a_daemon_that_died_while_it_started_a_command_is_no_second_one(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    dead = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_STARTED_A_COMMAND, lock], check=False, cwd=ROOT)
    assert dead.returncode == -signal.SIGKILL
    held = hold(lock, "the next one")
    assert isinstance(held, int), f"{held} is dead"
    os.close(held)


def _first_ended(both: Sequence[Running]) -> int:
    """Which of the two has ended first. Raises AssertionError where neither does."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for which, one in enumerate(both):
            if one.ended(0.02) is not None:
                return which
    raise AssertionError("neither has ended")


@pytest.mark.parametrize("ledgers", [1, 2])
def test_of_two_that_start_in_the_same_instant_exactly_one_wins_and_the_other_names_it(
    site: Make, forked: Forked, tmp_path: Path, ledgers: int
) -> None:
    here = site(IDLE)
    other = another(here, here.table, tmp_path / "other") if ledgers == 2 else here.folder / "rowd.toml"
    for number in range(10):
        logs = [tmp_path / f"{number}-{which}.log" for which in "ab"]
        configs = [here.folder / "rowd.toml", other]
        both = [
            forked.start(here.folder, ["run", "--log", "json", "--config", str(config)], log)
            for config, log in zip(configs, logs, strict=True)
        ]
        loser = _first_ended(both)
        winner = both[1 - loser]
        assert both[loser].ended(0) == 5, logs[loser].read_text()
        assert winner.ended(0) is None, logs[1 - loser].read_text()
        named = re.search(r"process (\d+)", logs[loser].read_text())
        assert named is not None
        assert int(named[1]) == winner.pid
        os.kill(winner.pid, signal.SIGKILL)
        assert winner.ended(30) == -signal.SIGKILL

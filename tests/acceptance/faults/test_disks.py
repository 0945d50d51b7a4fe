"""A disk that is full, or turns read-only, under the daemon: it says so, waits, goes on; nothing is lost, nothing runs twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.faults.machine import Disk, disk, needs_disks
from tests.acceptance.site import Site, eventually

Make = Callable[..., Site]
pytestmark = needs_disks

TICK = "1,tick,work,every 1 second,active,,,,,,,"
GATED = "2,held,gated,now,active,,,,,,,"
FULL, READ_ONLY = "the disk is full; make room", "its disk is read-only; mount it for writing"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "small") as one:
        yield one


def keeps(here: Site, state: Path) -> None:
    """Its ledger and the logs of its runs lie there; what the witness sees does not."""
    config = here.folder / "rowd.toml"
    text = config.read_text().replace('stop_within = "5s"\n', f'stop_within = "1s"\nstate_dir = "{state}"\n')
    config.write_text(text)
    here.state = state


def of(task: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["task"] == task


def test_a_full_disk_under_the_ledger_and_the_logs_is_told_and_waited_for(site: Make, small: Disk) -> None:
    here = site(TICK, GATED)
    keeps(here, small.place)
    daemon = here.start()
    here.at_the_gate()
    daemon.until("run.ended", of("tick"))
    small.fill()
    assert FULL in daemon.until("ledger.refused")["message"]
    started = len(here.witnessed())
    here.open_gate()  # it ends now: nobody can write that down

    told = here.rowd("status")
    assert (told.returncode, FULL in " ".join(told.stdout.split())) == (1, True)
    assert here.rowd("list").returncode == here.rowd("history").returncode == 0
    doctor = here.rowd("doctor")
    # whichever it came to first: its log may have had a little room in the ledger's file
    lacks = (f"the ledger {small.place}", f"the folder {small.place / 'runs'}")
    assert any(f"✗ daemon: the daemon starts nothing: {one}" in doctor.stdout for one in lacks), doctor.stdout
    assert f"✗ state folder: The state folder {small.place} can't be written: {FULL}" in doctor.stdout
    copy = here.rowd("backup")
    assert (copy.returncode, FULL in copy.stderr) == (4, True), copy.stdout + copy.stderr
    assert len(here.witnessed()) == started

    small.free()
    daemon.until("ledger.recovered")
    assert daemon.until("run.ended", of("held"))["outcome"] == "succeeded"
    daemon.until("occurrence.recorded", lambda event: "could not write its ledger" in event["reason"])
    eventually(lambda: len(here.witnessed()) > started + 1)
    assert daemon.stop() == 0
    here.laws()
    assert here.rows()["held"]["Last Status"] == "succeeded"


def test_on_a_full_disk_the_daemon_stops_in_time_and_none_starts_until_there_is_room(site: Make, small: Disk) -> None:
    here = site(TICK)
    keeps(here, small.place)
    daemon = here.start()
    daemon.until("run.ended")
    small.fill()
    daemon.until("ledger.refused")
    assert daemon.stop() == 4
    assert FULL in daemon.other[-1]

    small.fill()  # also what the daemon gave back
    refused = here.start()
    assert refused.ended() == 4
    assert FULL in refused.other[-1]
    small.free()
    again = here.start()
    again.until("run.ended")
    assert again.stop() == 0
    here.laws()


def test_killed_on_a_full_disk_nothing_runs_twice(site: Make, small: Disk) -> None:
    here = site(TICK, GATED)
    keeps(here, small.place)
    daemon = here.start()
    here.at_the_gate()
    daemon.until("run.ended", of("tick"))
    small.fill()
    daemon.until("ledger.refused")
    daemon.kill()
    here.open_gate()
    small.free()
    again = here.start()
    # its warden had room to note how it ended, or not
    assert again.until("run.ended", of("held"))["outcome"] in ("succeeded", "lost")
    again.until("run.ended", of("tick"))
    assert again.stop() == 0
    here.laws()


def test_a_disk_that_turns_read_only_is_told_and_after_its_repair_all_goes_on(site: Make, small: Disk) -> None:
    here = site(TICK, GATED)
    keeps(here, small.place)
    daemon = here.start()
    here.at_the_gate()
    daemon.until("run.ended", of("tick"))
    os.sync()  # what began in the last seconds would be gone, too: docs/why/exactly-once.md
    small.fail()
    assert READ_ONLY in daemon.until("ledger.refused")["message"]
    assert f"✗ state folder: The state folder {small.place} can't be written: {READ_ONLY}" in here.rowd("doctor").stdout
    assert here.rowd("list").returncode == 0
    asked = here.rowd("run-now", "tick")
    assert (asked.returncode, READ_ONLY in asked.stderr) == (4, True)
    eventually(lambda: READ_ONLY in " ".join(here.rowd("status").stdout.split()))
    here.open_gate()
    assert daemon.stop() == 4
    refused = here.start()
    assert refused.ended() == 4
    assert READ_ONLY in refused.other[-1]

    small.repair()
    again = here.start()
    again.until("run.ended", of("tick"))
    assert again.stop() == 0
    here.laws()


def test_a_full_disk_under_the_table_keeps_no_row_from_running(site: Make, small: Disk) -> None:
    here = site(TICK)
    config = here.folder / "rowd.toml"
    shutil.move(here.table, small.place)
    here.table = small.place / "tasks.csv"
    config.write_text(config.read_text().replace('"tasks.csv"', f'"{here.table}"'))
    daemon = here.start()
    daemon.until("run.ended")
    eventually(lambda: here.rows()["tick"]["Runs"] != "")
    small.fill()
    assert FULL in daemon.until("table.unwritable")["message"]
    started = len(here.witnessed())
    eventually(lambda: len(here.witnessed()) > started + 1)
    told = here.rowd("status")
    assert (told.returncode, "unwritable" in told.stdout) == (1, True)
    small.free()
    daemon.until("table.writable")
    assert daemon.stop() == 0
    here.laws()
    assert int(here.rows()["tick"]["Runs"]) == len(here.witnessed())


def test_with_no_room_for_the_logs_alone_nothing_begins_until_there_is(site: Make, small: Disk) -> None:
    here = site(TICK)
    (here.folder / ".rowd").mkdir(0o700)
    (here.folder / ".rowd" / "runs").symlink_to(small.place)
    daemon = here.start()
    daemon.until("run.ended")
    small.fill()
    refused = daemon.until("ledger.refused")["message"]
    assert (f"{here.folder}/.rowd/runs, where runs leave what they print" in refused, FULL in refused) == (True, True)
    started = len(here.witnessed())
    assert FULL in " ".join(here.rowd("status").stdout.split())
    assert len(here.witnessed()) == started
    small.free()
    daemon.until("ledger.recovered")
    eventually(lambda: len(here.witnessed()) > started + 1)
    assert daemon.stop() == 0
    here.laws()
    outcomes = {record["outcome"] for record in here.history()}
    assert outcomes - {"skipped"} == {"succeeded", "missed"}  # on a busy machine a run may outlast its second

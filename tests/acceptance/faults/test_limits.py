"""Too few open files, too little memory: contained to what wants them, told, and over once there is more."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.faults.machine import limited
from tests.acceptance.site import Site, eventually

Make = Callable[..., Site]

ROWS = [f"{n},r{n},work,every 1 second,active,,,,,,," for n in range(12)]
FILES = "rowd has as many files open as it may"
MEMORY = "rowd has too little memory for it"


def open_files(pid: int) -> int:
    return max(int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir()) + 1


def data_of(pid: int) -> int:
    """Bytes that RLIMIT_DATA counts."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:"))


def test_with_no_file_left_to_open_rows_run_on_and_end_as_they_end(site: Make) -> None:
    here = site(*ROWS, parallel=32)
    daemon = here.start()
    daemon.until("run.ended")
    with limited(daemon.process.pid, resource.RLIMIT_NOFILE, open_files(daemon.process.pid)):
        eventually(lambda: FILES in " ".join(here.rowd("status").stdout.split()))
        started = len(here.witnessed())
        eventually(lambda: len(here.witnessed()) > started + len(ROWS))
    eventually(lambda: here.rows()["r1"]["Runs"] not in ("", "1"))
    assert daemon.stop() == 0
    here.laws()
    assert {record["outcome"] for record in here.history()} <= {"succeeded", "missed", "skipped"}  # none failed for its log's sake


def test_many_at_once_with_hardly_any_files(site: Make) -> None:
    here = site(*ROWS, parallel=256)
    daemon = here.start()
    pid = daemon.process.pid
    with limited(pid, resource.RLIMIT_NOFILE, 24):
        daemon.until("table.read")
        eventually(lambda: len({run for run, _, _ in here.witnessed()}) >= 3 * len(ROWS))
        assert here.rowd("run-now", "r1").returncode == 0
    assert daemon.stop() == 0
    here.laws()
    assert not [event for event in daemon.events if event["event"] in ("ledger.refused", "trouble")]


def test_a_table_that_is_too_big_for_the_memory_is_told_and_the_others_run_on(site: Make) -> None:
    here = site(*ROWS)
    big, header = here.folder / "big.csv", "ID,Name,Action,Schedule,Status,Note\n"
    with (here.folder / "rowd.toml").open("a") as config:
        config.write('[tables.big]\nconnector = "local"\npath = "big.csv"\npoll = "1s"\n')
    big.write_text(f"{header}1,alone,work,daily 03:00,active,\n")
    daemon = here.start()
    daemon.until("run.ended")
    pid = daemon.process.pid
    with limited(pid, resource.RLIMIT_DATA, data_of(pid) + (16 << 20)):
        (here.folder / "saving").write_text(header + f"1,alone,work,daily 03:00,active,{'x' * 500}\n" * 60_000)
        (here.folder / "saving").replace(big)
        assert MEMORY in daemon.until("table.unreachable", lambda event: event["table"] == "big")["message"]
        started = len(here.witnessed())
        eventually(lambda: len(here.witnessed()) > started + len(ROWS))
        told = here.rowd("status")
        assert (told.returncode, MEMORY in " ".join(told.stdout.split())) == (1, True)
    big.write_text(f"{header}1,alone,work,daily 03:00,active,\n")
    daemon.until("table.recovered", lambda event: event["table"] == "big")
    assert daemon.stop() == 0
    here.laws()

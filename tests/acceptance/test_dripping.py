"""A store whose answers drip, a byte at a time: the daemon says so, goes on by itself, and ends when it is told to; so do commands.

As processes that were installed: what keeps one from ending is Python's own end, too.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.site import PATIENCE, ROWD, clean_environment, eventually
from tests.acceptance.test_airtable import Office, office
from tests.emulators.core.faults import Fault

__all__ = ["office"]

COPY = """
[tables.other]
connector = "local"
path = "other.csv"
serve = false
"""


def dripping(office: Office) -> Fault:
    """From now on every answer takes minutes, and is never silent for a second."""
    return office.airtable.faults.add(Fault(drip=0.2))


def quicker(folder: Path, timeout: str) -> None:
    config = folder / "rowd.toml"
    config.write_text(config.read_text().replace("[tables.tasks]", f'[tables.tasks]\ntimeout = "{timeout}"'))


def test_a_daemon_tells_of_a_store_that_drips_and_goes_on_once_it_does_not(office: Office) -> None:
    quicker(office.folder, "1s")
    daemon = office.start(installed=True)
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    dripping(office)
    office.person.type("guidelines_refresh", "Current", 5)
    told = daemon.until("table.unreachable")
    assert "127.0.0.1 was still at its answer after 4s, so rowd has given it up" in told["message"]
    assert not told["needs_owner"]
    office.airtable.faults.clear()
    daemon.until("table.recovered")
    office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 0 of 5")
    assert daemon.stop() == 0


def test_a_daemon_ends_though_its_table_drips(office: Office) -> None:
    """The limit is minutes away, and what was read was nothing that the table is to be told."""
    daemon = office.start(installed=True)
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    fault = dripping(office)
    eventually(lambda: fault.hits > 0)
    assert daemon.stop() == 0
    assert [event["event"] for event in daemon.events[-2:]] == ["daemon.stopping", "daemon.stopped"]


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["list"],
        ["setup", "tasks", "--dry-run"],
        ["copy", "tasks", "other"],
        ["edit", "vitest_rerun", "--set", "Current=3"],
    ],
    ids=lambda command: command[0],
)
def test_ctrl_c_ends_a_command_whose_store_drips(office: Office, command: list[str]) -> None:
    config = office.folder / "rowd.toml"
    config.write_text(config.read_text() + COPY)
    (office.folder / "other.csv").write_text("ID,Name,Action,Schedule\n")
    fault = dripping(office)
    with subprocess.Popen(
        [ROWD, *command], cwd=office.folder, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            eventually(lambda: fault.hits > 0)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=PATIENCE / 3)[1].decode()
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said

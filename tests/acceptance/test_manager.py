"""The installed daemon as a service manager sees it: over a real socket, in real time."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import PATIENCE, Daemon

TOML = """\
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[actions.show]
kind = "command"
argv = ["/usr/bin/env"]
"""


class Manager:
    """Hears what it is told."""

    def __init__(self, place: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE)
        self._socket.bind(str(place))
        self.heard: list[str] = []

    def until(self, line: str) -> list[str]:
        """All that it is told up to this line."""
        began = len(self.heard)
        while line not in self.heard[began:]:
            self.heard += self._socket.recv(10_000).decode().split("\n")
        return self.heard[began:]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(tmp_path / "notify")
    yield found
    found.close()


def daemon(folder: Path, watchdog: str) -> Daemon:
    (folder / "rowd.toml").write_text(TOML)
    (folder / "tasks.csv").write_text("ID,Name,Action,Schedule,Status\n1,show,show,now,active\n")
    more = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": watchdog}
    return Daemon(folder, ["run", "--log", "json"], more, installed=True)


def test_it_says_that_it_is_ready_that_it_lives_that_it_reads_anew_and_that_it_stops(tmp_path: Path, manager: Manager) -> None:
    made = daemon(tmp_path, "900000")
    try:
        before = manager.until("READY=1")
        assert before[0] == "STATUS=starts: looks at 1 table"
        made.until("table.read")
        manager.until("STATUS=1 table, 1 task, 0 running")
        manager.until("WATCHDOG=1")
        manager.until("WATCHDOG=1")
        ended = made.until("run.ended")
        os.kill(made.process.pid, signal.SIGHUP)
        assert "READY=1" not in manager.until("RELOADING=1")
        manager.until("READY=1")
        assert made.stop() == 0
        manager.until("STOPPING=1")
        (out,) = (tmp_path / ".rowd" / "runs" / ended["run"]).glob("*/stdout")
        assert "ROWD_RUN_ID=" in out.read_text()
        assert "NOTIFY_SOCKET" not in out.read_text()  # a command is no service, and speaks for none
        assert "WATCHDOG" not in out.read_text()
    finally:
        made.kill()


def test_one_that_hangs_gives_no_sign_and_ended_by_abort_says_where_it_was(tmp_path: Path, manager: Manager) -> None:
    made = daemon(tmp_path, "600000000")
    try:
        manager.until("READY=1")
        made.until("run.ended")
        os.kill(made.process.pid, signal.SIGABRT)
        assert made.ended() == -signal.SIGABRT
        assert any("Current thread" in line for line in made.other)
        assert any("engine/turns.py" in line or "asyncio" in line for line in made.other)
    finally:
        made.kill()

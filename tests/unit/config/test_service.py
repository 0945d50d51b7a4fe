"""The systemd unit."""

from __future__ import annotations

import shutil
import subprocess
from configparser import RawConfigParser
from datetime import timedelta
from pathlib import Path

import pytest

import config
from config.settings import Daemon

UNIT = Path(config.__file__).parent / "rowd.service"


def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's keys have capital letters
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_the_unit_starts_reloads_and_stops_rowd_as_rowd_expects_it() -> None:
    service = unit()["Service"]
    assert service["ExecStart"] == "rowd run --config /etc/rowd/rowd.toml"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"
    assert service["Restart"] == "on-failure"
    assert service["EnvironmentFile"] == "-/etc/rowd/env"
    assert service["StateDirectory"] == "rowd"


def test_systemd_waits_well_longer_than_rowd_lets_running_work_finish() -> None:
    assert timedelta(seconds=int(unit()["Service"]["TimeoutStopSec"])) >= 2 * Daemon().stop_within


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    installed = tmp_path / "rowd.service"
    text = UNIT.read_text(encoding="utf-8").replace("ExecStart=rowd", f"ExecStart={shutil.which('true')}")
    installed.write_text(text.replace("User=rowd", "User=root").replace("Group=rowd", "Group=root"), encoding="utf-8")
    asked = subprocess.run(["systemd-analyze", "verify", "--man=no", str(installed)], capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout + asked.stderr) == (0, "")

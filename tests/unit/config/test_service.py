"""The systemd unit, and the page that says how to install it."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from configparser import RawConfigParser
from datetime import timedelta
from pathlib import Path

import pytest

import config
from config.settings import Daemon

UNIT = Path(config.__file__).parent / "rowd.service"
PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "systemd.md").read_text(encoding="utf-8")
DROP_INS = [textwrap.dedent(text) for text in re.findall(r"^ *```ini\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)]

LETS_NOBODY_GAIN = re.compile(
    "LockPersonality|MemoryDenyWriteExecute|PrivateDevices|Protect(Clock|Hostname|Kernel.+)|Restrict.+|SystemCall(Architectures|Filter)"
)
"""Settings of which each implies NoNewPrivileges: systemd.exec(5) of systemd 252, read 2026-11-26."""


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
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert service["WatchdogSec"] == "2min"
    assert service["Restart"] == "on-failure"
    assert service["EnvironmentFile"] == "-/etc/rowd/env"
    assert service["StateDirectory"] == "rowd"


def test_systemd_waits_well_longer_than_rowd_lets_running_work_finish() -> None:
    assert timedelta(seconds=int(unit()["Service"]["TimeoutStopSec"])) >= 2 * Daemon().stop_within


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")
@pytest.mark.parametrize("drop_in", ["", *DROP_INS])
def test_systemd_finds_nothing_wrong_with_the_unit_and_what_the_page_puts_beside_it(tmp_path: Path, drop_in: str) -> None:
    installed = tmp_path / "rowd.service"
    text = UNIT.read_text(encoding="utf-8").replace("ExecStart=rowd", f"ExecStart={shutil.which('true')}")
    text = text.replace("User=rowd", "User=root").replace("Group=rowd", "Group=root")
    installed.write_text(f"{text}\n{drop_in}", encoding="utf-8")
    asked = subprocess.run(["systemd-analyze", "verify", "--man=no", str(installed)], capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout + asked.stderr) == (0, "")


# --- the page


def test_the_unit_is_there_before_a_step_needs_it() -> None:
    installed = PAGE.index("cp config/rowd.service /etc/systemd/system/")
    assert installed < PAGE.index("systemctl daemon-reload") < PAGE.index("systemctl edit rowd") < PAGE.index("enable --now rowd")


def test_a_folder_that_no_step_makes_may_be_missing() -> None:
    (opened,) = re.findall(r"^ *ReadWritePaths=(.+)$", PAGE, re.MULTILINE)
    made = set(re.findall(r"install -d .* (/\S+)$", PAGE, re.MULTILINE))
    assert [path for path in opened.split() if not path.startswith("-") and path not in made] == []


def test_the_drop_in_for_sudo_takes_back_all_that_forbids_it() -> None:
    taken_back = dict(re.findall(r"^(\w+)=(.*)$", DROP_INS[-1], re.MULTILINE))
    locks = {key for key in unit()["Service"] if LETS_NOBODY_GAIN.fullmatch(key)}
    assert locks | {"NoNewPrivileges", "CapabilityBoundingSet"} == set(taken_back)
    assert set(taken_back.values()) == {"no", "", "~"}

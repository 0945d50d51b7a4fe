"""The systemd unit, and the page that says how to install it."""

from __future__ import annotations

import json
import plistlib
import re
import shutil
import subprocess
import textwrap
from configparser import RawConfigParser
from datetime import timedelta
from pathlib import Path

import pytest

import config
from config.load import SYSTEM_FILE, SYSTEM_STATE
from config.settings import Daemon

UNIT = Path(config.__file__).parent / "rowd.service"
PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "systemd.md").read_text(encoding="utf-8")
OTHERS = (Path(__file__).parents[3] / "docs" / "how-to" / "other-supervisors.md").read_text(encoding="utf-8")
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


def test_steps_come_before_those_that_need_them() -> None:
    steps = [
        "pip install .",
        "rowd init /etc/rowd",
        "rowd service install  ",
        "usermod -aG rowd-tables rowd",
        "install -d -o rowd",
        "opens /srv/tables",
    ]
    places = [PAGE.index(step, PAGE.index("## The machine's service")) for step in steps]
    assert places == sorted(places)


def test_a_folder_that_no_step_makes_may_be_missing() -> None:
    (opened,) = re.findall(r"^ *ReadWritePaths=(.+)$", PAGE, re.MULTILINE)
    made = set(re.findall(r"install -d .* (/\S+)$", PAGE, re.MULTILINE))
    assert [path for path in opened.split() if not path.startswith("-") and path not in made] == []


def test_the_drop_in_for_sudo_takes_back_all_that_forbids_it() -> None:
    taken_back = dict(re.findall(r"^(\w+)=(.*)$", DROP_INS[-1], re.MULTILINE))
    locks = {key for key in unit()["Service"] if LETS_NOBODY_GAIN.fullmatch(key)}
    assert locks | {"NoNewPrivileges", "CapabilityBoundingSet"} == set(taken_back)
    assert set(taken_back.values()) == {"no", "", "~"}


def scored(folder: Path, *drop_ins: str) -> float:
    """How exposed systemd finds the unit with these beside it: from 0, the least, to 10."""
    installed = folder / "rowd.service"
    (folder / "rowd.service.d").mkdir(parents=True)
    installed.write_text(UNIT.read_text(encoding="utf-8").replace("ExecStart=rowd", f"ExecStart={shutil.which('true')}"))
    for number, text in enumerate(drop_ins):
        (folder / "rowd.service.d" / f"{number}.conf").write_text(text, encoding="utf-8")
    asked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(installed)], capture_output=True, text=True, check=False
    )
    found = re.search(r"exposure level for rowd.service: (\d+\.\d)", asked.stdout)
    assert found is not None, asked.stderr
    return float(found[1])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")
def test_the_drop_in_for_sandboxes_costs_what_the_page_says(tmp_path: Path) -> None:
    (drop_in,) = (text for text in DROP_INS if "pivot_root" in text)
    with_it, without = re.findall(r"counts (\d\.\d) with it, (\d\.\d) without", PAGE)[0]
    assert (scored(tmp_path / "with", drop_in), scored(tmp_path / "without")) == (float(with_it), float(without))


# --- without systemd


def test_the_plist_is_one_and_starts_what_the_page_builds() -> None:
    (text,) = re.findall(r"^```xml\n(.*?)^```$", OTHERS, re.DOTALL | re.MULTILINE)
    service = plistlib.loads(text.encode())
    argv = service["ProgramArguments"]
    assert (argv[1], argv[-1]) == ("run", "rowd")
    assert service["RunAtLoad"] is True
    assert service["KeepAlive"] == {"SuccessfulExit": False}
    assert timedelta(seconds=service["ExitTimeOut"]) >= 2 * Daemon().stop_within
    assert timedelta(seconds=int(argv[argv.index("--stop-timeout") + 1])) >= 2 * Daemon().stop_within
    assert service["Label"] in "".join(re.findall(r"^launchctl .*$", OTHERS, re.MULTILINE))


def test_the_container_runs_rowd_as_a_user_that_may_write_what_is_kept() -> None:
    (text,) = re.findall(r"^```dockerfile\n(.*?)^```$", OTHERS, re.DOTALL | re.MULTILINE)
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    words = dict(lines)
    entry, health = json.loads(words["ENTRYPOINT"]), json.loads(words["HEALTHCHECK"].partition("CMD ")[2])
    assert entry == ["rowd", *unit()["Service"]["ExecStart"].split()[1:]]
    assert health == ["rowd", "status", "--config", str(SYSTEM_FILE)]
    assert (words["VOLUME"], words["USER"], words["STOPSIGNAL"]) == (str(SYSTEM_STATE), "rowd", "SIGTERM")
    assert [word for word, _ in lines].index("USER") > [word for word, _ in lines].index("COPY")
    assert f"--home-dir {SYSTEM_STATE} --create-home" in text  # a named volume takes over whose the folder is
    (number,) = re.findall(r"--uid (\d+)", text)
    assert f"chown {number} /etc/rowd/.env" in OTHERS
    (timeout,) = re.findall(r"^docker run .*--stop-timeout (\d+)", OTHERS, re.MULTILINE)
    assert timedelta(seconds=int(timeout)) >= 2 * Daemon().stop_within

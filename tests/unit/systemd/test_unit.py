"""The texts that rowd gives systemd, and what systemd says of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowd.systemd.unit import DROP_IN, MARK, OF_USERS, Unwritable, drop_in, named_in, system_unit, user_unit

TOML = Path("/etc/rowd/rowd.toml")
SOURCE = (files("config") / "rowd.service").read_text(encoding="utf-8")
ODD = [
    "plain",
    "with blank",
    "per%cent",
    "per %n cent",
    "do$llar ${HOME}",
    "quo'te",
    'quo"te',
    "semi;colon",
    "#hash",
    "-dash",
    "ünï 数",
    "[a]*",
]
with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")


def settings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def analyze(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.run(["systemd-analyze", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_machines_unit_is_the_one_in_config_but_for_what_is_started() -> None:
    text = system_unit(["/opt/rowd/bin/rowd"], TOML)
    assert settings(text) == [line.replace("=rowd run", "=/opt/rowd/bin/rowd run") for line in settings(SOURCE)]
    assert text.startswith(f"{MARK}\n")
    elsewhere = system_unit(["/opt/python", "-m", "rowd"], Path("/srv/my [ops]%/rowd.toml"))
    assert set(settings(elsewhere)) - set(settings(SOURCE)) == {
        'ExecStart=/opt/python -m rowd run --config "/srv/my [ops]%%/rowd.toml"',
        "EnvironmentFile=-/srv/my [[]ops]%%/env",
    }


def test_no_variable_is_expanded_in_what_is_started() -> None:
    assert 'ExecStart=/rowd run --config "/srv/$${HOME}%%h/rowd.toml"' in system_unit(["/rowd"], Path("/srv/${HOME}%h/rowd.toml"))


def test_a_users_unit_is_the_same_but_for_what_its_manager_can_not_do() -> None:
    text = user_unit(["/opt/rowd/bin/rowd"], TOML)
    mine = {line.partition("=")[0] for line in settings(text)}
    theirs = {line.partition("=")[0] for line in settings(SOURCE)}
    assert theirs - mine == {key for key, value in OF_USERS.items() if value is None}
    assert {"WorkingDirectory=~", "WantedBy=default.target", "NoNewPrivileges=yes", "SystemCallFilter=@system-service"} <= set(
        settings(text)
    )
    assert {"Type=notify", "WatchdogSec=2min", "KillMode=mixed", "Restart=on-failure"} <= set(settings(text))
    assert "may change files in /var/lib/rowd only" not in text  # what it says holds no longer
    assert "# A stop: SIGTERM to rowd alone" in text


def test_only_locks_of_which_the_manual_says_so_are_left_out_for_users() -> None:
    mounts = {"ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices"}
    kernel = {f"Protect{what}" for what in ("Clock", "ControlGroups", "Hostname", "KernelLogs", "KernelModules", "KernelTunables")}
    left_out = {
        key for key, value in OF_USERS.items() if value is None and re.match("Protect|Private|Restrict|SystemCall|Lock|NoNew", key)
    }
    assert left_out == mounts | kernel


def test_what_is_opened_stands_in_one_line_a_folder() -> None:
    assert drop_in([]) is None
    text = drop_in([Path("/srv/tables"), Path("/srv/my 100% 'own'"), Path("/srv/tables")])
    assert text is not None
    assert settings(text) == ["[Service]", "ReadWritePaths=\"-/srv/my 100%% 'own'\"", "ReadWritePaths=-/srv/tables"]


@pytest.mark.parametrize("name", ["line\nbreak", "tab\t", "back\\slash", "both'\"", "\udcff", "\x1b[31m"])
def test_a_path_that_can_not_stand_there_is_refused(name: str) -> None:
    folder = Path("/srv") / name
    for make in (
        lambda: system_unit(["/rowd"], folder / "rowd.toml"),
        lambda: user_unit(["/rowd"], folder / "x"),
        lambda: drop_in([folder]),
    ):
        with pytest.raises(Unwritable, match="rename it"):
            make()


@pytest.mark.parametrize("name", ["quo'te", 'quo"te', "do$llar"])
def test_a_program_whose_path_systemd_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(Unwritable, match="install rowd elsewhere"):
        user_unit([f"/opt/{name}/rowd"], TOML)


@given(st.text(st.characters(exclude_characters="/\\\0", exclude_categories=("C", "Z")) | st.just(" "), min_size=1))
def test_what_a_unit_names_is_found_in_it_again(name: str) -> None:
    file = Path("/srv") / f"{name}.toml"
    try:
        text = user_unit(["/opt/my rowd/rowd"], file)
    except Unwritable:
        assert "'" in name
        return
    assert named_in(text) == file
    assert len(settings(text)) == len(settings(user_unit(["/opt/rowd"], TOML)))


def test_a_unit_that_a_hand_has_spoilt_names_nothing() -> None:
    assert (named_in(""), named_in("ExecStart=/x"), named_in('ExecStart=/x "')) == (None, None, None)


@with_systemd
@pytest.mark.parametrize("name", ODD)
def test_systemd_takes_paths_of_any_kind(tmp_path: Path, name: str) -> None:
    program = tmp_path / ("bin" if set(name) & set("$\"'") else name) / "rowd"
    program.parent.mkdir()
    program.symlink_to("/bin/true")
    unit, user = tmp_path / "a.service", tmp_path / "b.service"
    (tmp_path / "a.service.d").mkdir()
    text = system_unit([str(program)], tmp_path / name / "rowd.toml")
    unit.write_text(text.replace("User=rowd", "User=root").replace("Group=rowd", "Group=root"))
    opened = drop_in([tmp_path / name])
    assert opened is not None
    (tmp_path / "a.service.d" / DROP_IN).write_text(opened)
    asked = analyze(tmp_path, "verify", "--man=no", str(unit))
    assert (asked.returncode, asked.stdout + asked.stderr) == (0, "")
    user.write_text(user_unit([str(program)], tmp_path / name / "rowd.toml"))
    asked = analyze(tmp_path, "--user", "verify", "--man=no", str(user))
    assert (asked.returncode, asked.stdout + asked.stderr) == (0, "")


@with_systemd
def test_systemd_notices_where_a_path_is_not_as_it_has_to_be(tmp_path: Path) -> None:
    unit = tmp_path / "a.service"
    unit.write_text(user_unit(["/bin/true"], TOML).replace("/bin/true", f"{tmp_path}/100%z/true"))
    assert analyze(tmp_path, "--user", "verify", "--man=no", str(unit)).returncode != 0


@with_systemd
@pytest.mark.parametrize("folders", [[], [Path("/srv/tables"), Path("/srv/my tables")]])
def test_the_machines_unit_exposes_little_with_our_drop_in_too(tmp_path: Path, folders: list[Path]) -> None:
    (tmp_path / "rowd.service").write_text(system_unit(["/bin/true"], TOML))
    (tmp_path / "rowd.service.d").mkdir()
    if (opened := drop_in(folders)) is not None:
        (tmp_path / "rowd.service.d" / DROP_IN).write_text(opened)
    asked = analyze(tmp_path, "security", "--offline=true", "--no-pager", "--threshold=20", str(tmp_path / "rowd.service"))
    level = re.search(r"exposure level for rowd.service: (\d+\.\d)", asked.stdout)
    assert level is not None, asked.stderr
    assert (asked.returncode, float(level[1]) <= 2.0) == (0, True)

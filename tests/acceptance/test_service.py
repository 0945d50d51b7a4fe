"""The installed `rowd service`, for a user's own service: systemd is a fake that runs nothing, the unit is the real one."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import PATIENCE, ROWD, clean_environment, rowd
from tests.fakes import systemctl

TOML = """\
[tables.ops]
connector = "local"
path = "tasks.csv"
[actions.hello]
kind = "command"
argv = ["/bin/echo", "hello"]
"""
RELOAD, ENABLE = "--user --no-ask-password daemon-reload", "--user --no-ask-password enable rowd.service"
START, RESTART = "--user --no-ask-password start rowd.service", "--user --no-ask-password restart rowd.service"


class Desk:
    """A person's machine: a home, a folder with a table, and a systemctl."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fake = folder / "my %tasks", folder / "fake"
        self.units = folder / "xdg" / "systemd" / "user"
        self.unit = self.units / "rowd.service"
        self.folder.mkdir()
        (self.folder / "rowd.toml").write_text(TOML)
        (self.folder / "tasks.csv").write_text("ID,Name,Action,Schedule\n1,hello,hello,daily 09:00\n")
        self.variables = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "xdg"), **systemctl.installed(self.fake, self.units)}

    def run(self, *words: str, code: int = 0) -> str:
        """What it prints on both streams."""
        answer = subprocess.run(
            [ROWD, "service", *words], cwd=self.folder, env={**clean_environment(), **self.variables},
            capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
        )  # fmt: skip
        assert answer.returncode == code, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def told(self) -> list[str]:
        return systemctl.told(self.fake)

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_service_comes_stays_as_it_is_follows_its_config_and_goes(desk: Desk) -> None:
    assert "not installed" in desk.run("status", "--user", code=1)

    said = desk.run("install", "--user", "--dry-run")
    assert f"+ would write {desk.unit}" in said
    assert "Nothing was changed: this was a dry run." in said
    assert (desk.told(), desk.units.exists()) == ([], False)

    said = desk.run("install", "--user")
    assert f"+ write {desk.unit}" in said
    assert "loginctl enable-linger" in said
    assert desk.told() == [RELOAD, ENABLE, START]
    text = desk.unit.read_text()
    written = str(desk.folder / "rowd.toml").replace("%", "%%")
    assert f'ExecStart={ROWD} run --config "{written}"' in text
    verified = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(desk.unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(desk.fake)}, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")

    state = desk.unit.stat()
    assert "There was nothing to change." in desk.run("install", "--user")
    assert (desk.told(), desk.unit.stat().st_mtime_ns) == ([], state.st_mtime_ns)
    assert desk.json("install", "--user")["changes"] == []

    systemctl.put(desk.fake, says="1 table, 1 task, 0 running")
    status = desk.json("status", "--user")
    assert (status["active"], status["enabled"], status["up_to_date"], status["pid"]) == (True, True, True, 4711)
    assert (status["status"], status["config"]) == ("1 table, 1 task, 0 running", str(desk.folder / "rowd.toml"))
    assert status["journal"] == "journalctl --user -u rowd -f"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", status["since"])
    assert "1 table, 1 task, 0 running" in desk.run("status", "--user")

    other = desk.folder / "other.toml"
    other.write_text(TOML)
    own = desk.units / "rowd.service.d" / "override.conf"
    own.parent.mkdir()
    own.write_text("[Service]\nNice=5\n")
    assert desk.json("status", "--user", "--config", str(other))["up_to_date"] is False
    said = desk.run("install", "--user", "--config", "other.toml")
    assert (f"+ change {desk.unit}" in said, "enable rowd" in said) == (True, False)
    assert desk.told() == [RELOAD, RESTART]
    assert own.read_text() == "[Service]\nNice=5\n"

    desk.unit.write_text(desk.unit.read_text().replace("RestartSec=5", "RestartSec=6"))
    assert "rowd service install --user brings it up to date" in " ".join(desk.run("status", "--user").split())
    assert desk.json("status", "--user")["reload_needed"] is True
    desk.run("install", "--user", "--config", "other.toml", "--no-start")
    assert desk.told() == [RELOAD]

    kept = {file.name for file in desk.folder.iterdir()}
    assert "+ would remove" in desk.run("uninstall", "--user", "--dry-run")
    assert (desk.told(), desk.unit.exists()) == ([], True)
    said = desk.run("uninstall", "--user")
    assert f"stays: {other}, what stands beside it, and its tables" in said
    assert f"stays: {own}" in said
    assert desk.told() == [
        f"--user --no-ask-password {word}" for word in ("stop rowd.service", "disable rowd.service", "daemon-reload")
    ]
    assert (desk.unit.exists(), own.exists(), {file.name for file in desk.folder.iterdir()}) == (False, True, kept)
    assert "There is nothing to change." in desk.run("uninstall", "--user", "--dry-run")
    assert desk.told() == []
    assert "not installed" in desk.run("status", "--user", code=1)


def test_what_is_wrong_is_found_before_anything_is_changed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "wrong.toml").write_text(TOML.replace("hello]", "hello]\nargs = 1", 1))
    assert "actions.hello.args" in desk.run("install", "--user", "--config", "wrong.toml", code=4)
    (desk.folder / "secret.toml").write_text(f'{TOML}secrets = ["TOKEN"]\n')
    desk.variables["TOKEN"] = "s3cret"
    said = desk.run("install", "--user", "--config", "secret.toml", code=4)
    assert f"A service knows no variables of your shell: put them into {desk.folder}/.env." in said
    assert "s3cret" not in said
    for name in ("Rowd", "a/b", "-x", "a b", "x.service", ""):
        assert "--name" in desk.run("install", "--user", f"--name={name}", code=2)
    assert (desk.told(), desk.units.exists()) == ([], False)
    desk.variables["PATH"] = str(desk.fake)
    for verb in ("install", "uninstall", "status"):
        assert "docs/how-to/other-supervisors.md" in desk.run(verb, "--user", code=4)


def test_a_start_that_fails_is_told_and_made_good_by_a_second_run(desk: Desk) -> None:
    (desk.fake / "refuses").write_text("start")
    said = desk.run("install", "--user", code=4)
    assert "✗ systemctl --user start rowd.service failed: Job for rowd.service failed." in said
    (desk.fake / "refuses").unlink()
    desk.told()
    assert desk.json("install", "--user")["changes"] == ["start rowd"]
    assert desk.told() == [START]


def test_a_daemon_that_runs_already_is_told_of(desk: Desk) -> None:
    from tests.acceptance.site import Daemon

    daemon = Daemon(desk.folder, ["run", "--log", "json"])
    try:
        daemon.until("table.read")
        said = desk.run("install", "--user", code=4)
        assert f"already runs on {desk.folder}/.rowd; stop it first" in said
        assert not desk.units.exists()
    finally:
        daemon.kill()
    assert rowd("status", cwd=desk.folder).returncode == 1

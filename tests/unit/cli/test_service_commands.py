"""The commands of `rowd service`, as far as they don't change this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.fakes import systemctl
from tests.unit.cli.desk import Desk

NOBODY = 65534


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "fake"
    for name, value in systemctl.installed(folder, Path("/etc/systemd/system")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(systemctl.UNITS, str(tmp_path / "none"))
    return folder


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_only_root_changes_services_of_the_machine(tmp_path: Path, fake: Path, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    monkeypatch.setattr(sys, "argv", ["/nowhere/rowd", "service", verb, "--name", "ops"])
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    said = desk.said("service", verb, "--name", "ops", code=4)
    assert f"Only root may change the services of this machine: sudo {sys.executable} -m rowd service {verb} --name ops." in said
    assert "A service of your own needs no root: --user" in said
    assert systemctl.told(fake) == []


def test_anybody_may_ask_how_the_machines_service_stands(tmp_path: Path, fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert "rowd-of-the-test, of this machine: not installed" in desk.said(
        "service", "status", "--name", "rowd-of-the-test", code=1
    )
    systemctl.put(fake, fragment="/lib/systemd/system/rowd-of-the-test.service", active="failed", result="exit-code")
    result = desk.run("service", "status", "--name", "rowd-of-the-test", "--json")
    state = json.loads(result.stdout)
    assert (result.exit_code, state["installed"], state["active"], state["state"], state["result"]) == (
        1,
        True,
        False,
        "failed",
        "exit-code",
    )
    assert (state["written_by_rowd"], state["up_to_date"], state["scope"]) == (False, None, "system")
    said = desk.said("service", "status", "--name", "rowd-of-the-test", code=1)
    assert "failed, exit-code" in said
    assert "not written by rowd service install" in said
    systemctl.put(fake, load="masked")
    assert "masked" in desk.said("service", "status", "--name", "rowd-of-the-test", code=1)
    assert (fake / "calls").read_text().startswith("--no-ask-password show --property=LoadState,")

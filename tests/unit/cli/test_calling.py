"""Commands as they are printed: to be typed as they stand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rowd.cli.calling import TYPED, program, spelled
from rowd.cli.output import emit_json
from tests.unit.cli.desk import Desk


def test_a_command_in_backticks_gets_the_config_that_was_named() -> None:
    token = TYPED.set(Path("my tasks/rowd.toml"))
    try:
        assert spelled("Say `rowd list --status new`, or `rowd init`.") == (
            "Say `rowd list --status new --config 'my tasks/rowd.toml'`, or `rowd init`."
        )
    finally:
        TYPED.reset(token)
    token = TYPED.set(None)
    assert spelled("`run now` in Do, or `rowd run-now`; `rowd` itself") == "`run now` in Do, or `rowd run-now`; `rowd` itself"
    TYPED.reset(token)


def test_the_program_is_called_as_it_was_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "rowd"
    installed.write_text("")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [".venv/bin/rowd"])
    assert program() == ".venv/bin/rowd"
    monkeypatch.setattr(sys, "argv", [str(installed)])
    assert program() == str(installed)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == "rowd"
    monkeypatch.setattr(sys, "argv", ["/site-packages/rowd/__main__.py"])
    assert program() == f"{sys.executable} -m rowd"


def test_a_message_repeats_the_config_of_its_command_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    config = str(tmp_path / "rowd.toml")
    assert f"`rowd list --config {config}`" in desk.said("show", "nothing", "--config", config, code=2)
    assert "`rowd list`" in desk.said("show", "nothing", code=2)


def test_a_remedy_in_json_repeats_the_config_of_its_command_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,evry monday,work,active,,,,")
    config = str(tmp_path / "rowd.toml")
    said = {one["check"]: one["says"] for one in desk.json("doctor", "--config", config)["checks"]}
    assert f"check --config {config}` tells what is to be mended" in said["rows"]


def test_what_people_wrote_stays_as_it_is_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    token = TYPED.set(Path("r.toml"))
    try:
        document = {"says": "`rowd run`", "name": "`rowd run`", "outputs": {"says": "`rowd run`"}, "troubles": ["`rowd run`"]}
        emit_json(document)
        ours = f"`{program()} run --config r.toml`"
    finally:
        TYPED.reset(token)
    assert json.loads(capsys.readouterr().out) == {**document, "says": ours, "troubles": [ours]}

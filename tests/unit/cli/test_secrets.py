"""`rowd secrets check`: names, users and places, never a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rowd.cli.site import site_at
from tests.unit.cli.desk import Desk

MORE = """
[actions.push]
kind = "command"
argv = ["true"]
secrets = ["PUSH_KEY", "GONE"]
[channel.mail]
secret = "OPS_MAIL"
[ping]
secret = "PUSH_KEY"
[tables.base]
connector = "airtable"
base = "appAAAAAAAAAAAAAA"
table = "tblAAAAAAAAAAAAAA"
plan = "team"
[tables.sheet]
connector = "google_sheets"
spreadsheet = "1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
tab = "Tasks"
credentials_secret = "GOOGLE_KEY"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("OPS_MAIL", "mailto://hunter2")
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more=MORE)
    (tmp_path / ".env").write_text("PUSH_KEY=https://hunter2.example\nSPARE=hunter2\nROWD_DAEMON__KEEP_RUNS=3\n")
    (tmp_path / ".env").chmod(0o600)
    return desk


def test_each_is_said_with_who_gets_it_and_where_it_comes_from(desk: Desk) -> None:
    told = desk.json("secrets", "check", code=1)
    env = str(desk.folder / ".env")
    assert told == {
        "secrets": [
            {"name": "AIRTABLE_TOKEN", "used_by": ["tables.base"], "value_from": None, "missing": True},
            {"name": "GONE", "used_by": ["actions.push.secrets"], "value_from": None, "missing": True},
            {"name": "GOOGLE_KEY", "used_by": ["tables.sheet"], "value_from": None, "missing": True},
            {"name": "OPS_MAIL", "used_by": ["channel.mail.secret"], "value_from": "environment", "missing": False},
            {"name": "PUSH_KEY", "used_by": ["actions.push.secrets", "ping.secret"], "value_from": env, "missing": False},
            {"name": "SPARE", "used_by": [], "value_from": env, "missing": False},
        ],
        "missing": 3,
        "exposed": [],
    }
    said = desk.run("secrets", "check", columns=300).output
    assert "3 secrets without a value: put NAME=… into .env beside rowd.toml" in said
    assert "given to nobody" in said
    assert "hunter2" not in said + str(told)


def test_where_all_have_a_value_and_nobody_else_reads_it_that_is_said(desk: Desk) -> None:
    more = "GONE=a\nGOOGLE_KEY={}\nAIRTABLE_TOKEN=pat\n"
    with (desk.folder / ".env").open("a") as file:
        file.write(more)
    assert desk.said("secrets", "check").endswith("Each has a value.")
    (desk.folder / ".env").chmod(0o644)
    assert "is open to every user of this machine" in desk.said("secrets", "check", code=1)
    assert len(desk.json("secrets", "check", code=1)["exposed"]) == 1


def test_where_none_is_named_that_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    assert desk.said("secrets", "check").endswith("rowd.toml names no secret, and there is none in .env.")


TOLD = """
[secret.TOLD]
command = ["/bin/echo", "hunter2"]
secrets = ["PUSH_KEY"]
[secret.UNTOLD]
command = ["/bin/sh", "-c", "echo hunter2; echo hunter2 >&2; exit 7"]
[actions.pull]
kind = "command"
argv = ["true"]
secrets = ["TOLD", "UNTOLD"]
"""


def test_one_that_a_command_tells_is_said_with_its_program_and_one_that_it_does_not_tell_with_its_status(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more=TOLD)
    (tmp_path / ".env").write_text("PUSH_KEY=x\n")
    (tmp_path / ".env").chmod(0o600)
    result = desk.run("secrets", "check", "--json")
    assert result.exit_code == 1
    env = str(tmp_path / ".env")
    assert json.loads(result.stdout)["secrets"] == [
        {"name": "PUSH_KEY", "used_by": ["secret.TOLD.secrets"], "value_from": env, "missing": False},
        {"name": "TOLD", "used_by": ["actions.pull.secrets"], "value_from": "command /bin/echo", "missing": False},
        {"name": "UNTOLD", "used_by": ["actions.pull.secrets"], "value_from": None, "missing": True},
    ]
    assert "secret.UNTOLD.command: /bin/sh ended with exit 7; run it by hand" in " ".join(result.stderr.split())
    assert "hunter2" not in result.output + desk.run("secrets", "check", columns=300).output
    assert "UNTOLD has no value; see to its command, under secret.UNTOLD" in desk.said("check", code=4)


def test_what_a_command_tells_is_hidden_though_it_is_short_and_nobody_declares_it(tmp_path: Path) -> None:
    told = '[secret.PIN]\ncommand = ["/bin/echo", "4711"]\n'
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more=told)
    site = site_at(desk.folder / "rowd.toml")
    assert site.parts.mask.text("it is 4711") == "it is ***"


def test_conditions_can_not_read_what_a_command_tells(tmp_path: Path) -> None:
    told = '[secret.PIN]\ncommand = ["/bin/echo", "4711"]\n[conditions]\nenv = ["PIN"]\n'
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,", more=told)
    assert "conditions.env" in desk.said("check", code=4)

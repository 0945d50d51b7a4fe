"""A user who may not look into the state folder."""

from __future__ import annotations

import os
import pwd
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.cli.desk import Desk

NOBODY = 65534


@pytest.fixture
def desk() -> Iterator[Desk]:
    """In a folder that everybody may look into, since pytest's own are private. Its daemon has run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        desk = Desk(folder, "1,backup,,daily 02:30,work,active,,,,")
        desk.daemon_reads()
        yield desk


@contextmanager
def shut_out(state: Path) -> Iterator[None]:
    """As somebody else where we may change our user; else we shut ourselves out."""
    if os.geteuid() != 0:
        state.chmod(0o000)
        yield
        state.chmod(0o700)
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


COMMANDS = [
    *("status", "list", "next", "history", "check"),
    *("show backup", "logs 0abc", "run-now backup", "tick backup", "cancel backup", "pause backup", "resume backup"),
    *("edit backup --set Name=other", "delete backup --yes", "export crontab"),
]


@pytest.mark.parametrize("line", COMMANDS)
def test_it_is_said_who_may_read_the_ledger(desk: Desk, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = line.split()
    desk.run(*words, "--help")  # imports what the command needs, which another user may perhaps not read
    monkeypatch.setattr(sys, "argv", ["/nowhere/rowd", *words])
    with shut_out(desk.folder / ".rowd"):
        result = desk.run(*words)
    assert (result.exit_code, result.stdout) == (4, ""), result.output
    if os.geteuid() == 0:
        who, remedy = pwd.getpwuid(NOBODY).pw_name, f"run it as its owner: sudo -u root /nowhere/rowd {line}"
    else:
        who, remedy = pwd.getpwuid(os.geteuid()).pw_name, "run it as the user that rowd runs as"
    assert result.stderr == f"{desk.folder}/.rowd/ledger.sqlite can't be read by {who}; {remedy}\n"


def test_mistakes_in_the_configuration_hide_that_from_nobody(desk: Desk) -> None:
    (desk.folder / "rowd.toml").write_text((desk.folder / "rowd.toml").read_text() + "[wrong]\n")
    desk.run("status")
    with shut_out(desk.folder / ".rowd"):
        result = desk.run("status")
    assert (result.exit_code, "can't be read by" in result.stderr) == (4, True), result.output

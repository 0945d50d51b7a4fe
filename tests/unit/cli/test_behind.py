"""What the running daemon works by, and what rowd.toml says now: where they differ, commands tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.load import version_of
from rowd.note import Note, leave
from tests.unit.cli.desk import Desk

HOURLY = "1,backup,,every 30 minutes,work,active,,,,"


def left_by_the_daemon(desk: Desk, **fields: Any) -> int:
    """A note of the daemon that runs, as if it had read rowd.toml as it is now. Answers its pid."""
    desk.daemon_reads()
    desk.daemon_runs()
    with desk.ledger() as ledger:
        mark = ledger.daemon()
    assert mark is not None
    version = version_of(desk.folder / "rowd.toml")
    leave(desk.folder / ".rowd", replace(Note(mark.process, version, datetime.now(UTC), ("ops",)), **fields))
    return mark.process.pid


@pytest.mark.parametrize("changed", ["rowd.toml", ".env"])
def test_a_file_that_was_changed_since_the_daemon_read_it_is_told_with_the_remedy(tmp_path: Path, changed: str) -> None:
    desk = Desk(tmp_path, HOURLY)
    pid = left_by_the_daemon(desk)
    assert "kill -HUP" not in desk.said("status") + desk.said("list") + desk.said("check")
    with (tmp_path / changed).open("a") as file:
        file.write("# another line\n")
    for words in (["status"], ["list"], ["check"], ["next"], ["show", "backup"]):
        assert f"was changed since the daemon read it; to let it read that: kill -HUP {pid}" in desk.said(*words), words
    assert f"kill -HUP {pid}" in desk.json("check")["behind"]


def test_without_a_daemon_nothing_is_behind(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk, version="another")
    desk.daemon_runs(started=1)
    assert "kill -HUP" not in desk.said("list")


def test_a_refused_reading_a_stop_and_what_needs_a_restart_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    now = datetime.now(UTC)
    left_by_the_daemon(desk, refused="rowd.toml: 1 mistake", refused_at=now, stopping_at=now, restart=("ops", "more"))
    said = desk.said("status")
    assert "rowd.toml could not be taken over now: rowd.toml: 1 mistake" in said
    assert "stopping since now" in said
    assert "ops, more: renamed" in said
    assert "restart the daemon" in said
    assert desk.json("status")["config_refused"] == "rowd.toml: 1 mistake"


def test_a_table_that_the_daemon_does_not_know_is_not_said_to_be_read_soon(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk, tables=())
    assert "not served the daemon doesn't know this table yet" in desk.said("status")
    assert desk.json("status")["tables"][0]["served"] is False


def test_with_mistakes_in_rowd_toml_the_ledger_is_still_told_of(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk)
    run = desk.began()
    desk.printed(run, stdout="hello")
    desk.ended(run)
    file = tmp_path / "rowd.toml"
    good = file.read_text()
    for bad in (good + "[tables.x]\nconnector = 'nonsense'\n", good + "[broken", good.replace("/bin/true", "{nothing}")):
        file.write_text(bad)
        for words, told in ((["status"], "1 succeeded"), (["history"], "succeeded"), (["logs", run.id], "hello")):
            result = desk.run(*words)
            assert result.exit_code in (0, 1), result.output
            assert told in result.stdout, words
            assert "(`rowd check` tells" in result.stderr
        assert desk.run("list").exit_code == desk.run("check").exit_code == 4


def test_with_mistakes_and_no_ledger_the_mistakes_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY, more="[broken")
    assert "is not TOML" in desk.said("status", code=4)
    assert "there is no such file" in desk.said("status", "--config", str(tmp_path / "nowhere.toml"), code=4)

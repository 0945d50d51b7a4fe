"""What the running daemon works by, and what rowd.toml says now: where they differ, commands tell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from config.load import version_of
from rowd.note import Note, leave
from tests.unit.cli.desk import Desk

HOURLY = "1,backup,,every 30 minutes,work,active,,,,"


def left_by_the_daemon(desk: Desk, **fields: Any) -> int:
    """A note of the daemon that runs, as if it had read rowd.toml as it is now. Answers its pid."""
    desk.daemon_reads()
    desk.daemon_runs()
    return leaves_a_note(desk, **fields)


def leaves_a_note(desk: Desk, **fields: Any) -> int:
    """The daemon that runs has read rowd.toml as it is now. Answers its pid."""
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
        told = " ".join(desk.said(*words).split())
        assert f"{tmp_path / changed} was changed since the daemon read it; to let it read that: kill -HUP {pid}" in told, words
    assert f"kill -HUP {pid}" in desk.json("check")["behind"]
    assert desk.json("show", "backup")["why_not_now"].endswith(f"that: kill -HUP {pid}")  # else it would promise what isn't so


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
    assert "rowd.toml could not be taken over now rowd.toml: 1 mistake" in said
    assert "stopping for 1s" in said
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
        for words in (["history"], ["history", "backup"], ["history", "--table", "ops"], ["logs", run.id]):
            result = desk.run(*words)
            assert result.exit_code == 0, result.output
            assert ("hello" if "logs" in words else "succeeded") in result.stdout, words
            assert "(`rowd check` tells" in result.stderr
        assert desk.run("list").exit_code == desk.run("check").exit_code == 4


BAD = {
    "no TOML": (lambda good: good + "[broken", "is not TOML here"),
    "a wrong table": (lambda good: good.replace('"local"', '"nonsense"'), 'tables.ops.connector: "nonsense" is no connector'),
    "a wrong action": (lambda good: good.replace("/bin/true", "{nothing}"), "actions.work"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_rowd_toml_that_is_wrong_is_never_told_as_an_empty_one(tmp_path: Path, bad: str) -> None:
    desk = Desk(tmp_path, HOURLY)
    pid = left_by_the_daemon(desk)
    desk.ended(desk.began())
    desk.began()
    spoil, mistake = BAD[bad]
    (tmp_path / "rowd.toml").write_text(spoil((tmp_path / "rowd.toml").read_text()))
    said = desk.said("status", code=4)
    assert mistake in said
    assert f"goes on by what it read now. Mend the file, then: kill -HUP {pid}" in said
    assert "Next hour not known" in said
    assert "0 runs" not in said
    assert "1 succeeded" in said
    told = desk.json("status", code=4)
    assert (told["fine"], told["running"], told["due_next_hour"], told["behind"]) == (False, True, None, None)
    assert mistake in f"{told['config_mistakes'][0]['key']}: {told['config_mistakes'][0]['message']}"
    assert [(t["table"], t["state"], t["tasks"], t["running"]) for t in told["tables"]] == [("ops", "ok", 1, 1)]
    desk.daemon_runs(started=1)  # it was killed: the table is still known
    assert "No daemon can start before that is mended" in desk.said("status", code=4)
    assert [t["table"] for t in desk.json("status", code=4)["tables"]] == ["ops"]


def test_every_mistake_of_rowd_toml_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk)
    with (tmp_path / "rowd.toml").open("a") as file:
        file.write('[tables.x]\nconnector = "nonsense"\n[actions.y]\nkind = "nonsense"\n')
    lines = desk.run("status", columns=160).stdout.splitlines()
    assert [sum(mistake in line for line in lines) for mistake in ("tables.x.connector", "actions.y.kind")] == [1, 1]
    assert not any("tables.x" in line and "actions.y" in line for line in lines)


def test_what_the_daemon_has_taken_over_is_mistaken_only_for_who_lacks_its_environment(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY, more='secrets = ["TOKEN"]\n')
    (tmp_path / ".env").write_text("TOKEN=x\n")
    left_by_the_daemon(desk)
    with_env = desk.json("status")
    (tmp_path / ".env").unlink()
    leaves_a_note(desk)
    said = desk.said("status")
    assert with_env["fine"]
    assert "TOKEN has no value" in said
    assert "its environment has what is missing" in said


def test_a_reading_that_was_refused_is_forgotten_once_the_file_is_as_the_daemon_has_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk, refused="rowd.toml: 1 mistake", refused_at=datetime.now(UTC))
    assert "could not be taken over" not in desk.said("status")


def test_without_a_rowd_toml_the_ledger_beside_it_is_told_of(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    left_by_the_daemon(desk)
    (tmp_path / "rowd.toml").unlink()
    assert "there is no such file" in desk.said("status", code=4)
    assert [t["table"] for t in desk.json("status", code=4)["tables"]] == ["ops"]


def test_with_mistakes_and_no_ledger_the_mistakes_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY, more="[broken")
    assert "is not TOML" in desk.said("status", code=4)
    assert "there is no such file" in desk.said("status", "--config", str(tmp_path / "nowhere.toml"), code=4)


LOOKS = (["list"], ["next"])


def test_that_no_daemon_runs_is_said_once_below_the_table(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    for words in LOOKS:
        assert desk.run(*words).stdout.splitlines()[-1] == "No daemon is running, so nothing starts. `rowd run` starts one."
    left_by_the_daemon(desk)
    for words in LOOKS:
        assert "No daemon is running" not in desk.said(*words)


def test_of_a_daemon_that_was_killed_it_is_said_which(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs(started=1)
    for words in LOOKS:
        last = desk.run(*words).stdout.splitlines()[-1]
        assert last.startswith("No daemon is running, so nothing starts: process ")
        assert ", started 3h ago, ended without a word. `rowd run` starts one." in last
        assert last in desk.run(*words).output


@pytest.mark.parametrize("words", [["list", "--json"], ["next", "--json"], ["next", "--ics", "-"]])
def test_where_standard_output_is_data_it_is_said_on_standard_error(tmp_path: Path, words: list[str]) -> None:
    desk = Desk(tmp_path, HOURLY)
    result = desk.run(*words)
    assert "No daemon" not in result.stdout
    assert result.stderr.count("No daemon is running, so nothing starts.") == 1
    left_by_the_daemon(desk)
    assert "No daemon" not in desk.run(*words).output

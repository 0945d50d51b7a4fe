"""Commands whose answer can't be written: each a process, whose standard output is a full disk, closed, or read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.desk import Desk

Ended = subprocess.CompletedProcess[str]

FULL, CLOSED = 'exec "$@" >/dev/full', 'exec "$@" >&-'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,active,,,,", "2,lint,counter,,work,active,0,3,,")
    toml = tmp_path / "rowd.toml"
    toml.write_text(toml.read_text().replace('time_zone = "Europe/Berlin"\n', ""))  # the machine's, as cron has it
    return desk


@pytest.fixture
def typed(desk: Desk) -> Callable[..., Ended]:
    """A command line, in a process of its own.   shell: what becomes of its standard output."""

    def run(words: str, shell: str) -> Ended:
        environment = {"PATH": os.environ["PATH"], "ROWD_CONFIG": str(desk.folder / "rowd.toml")}
        line = ["bash", "-c", shell, "bash", sys.executable, "-m", "rowd", *words.split()]
        return subprocess.run(line, env=environment, cwd=desk.folder, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    "words",
    [
        *("list", "list --json", "show backup", "next --ics -", "history", "status"),
        *("export csv", "export crontab", "--help", "edit --help", "--version"),
    ],
)
def test_an_answer_that_finds_a_full_disk_is_told_in_one_sentence(typed: Callable[..., Ended], words: str) -> None:
    ended = typed(words, FULL)
    told = "The answer could not be written to standard output: the disk is full; make room."
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (4, told)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", ["list", "--help", "--version"])
def test_so_is_one_whose_standard_output_is_closed(typed: Callable[..., Ended], words: str) -> None:
    ended = typed(words, CLOSED)
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (
        4,
        "The answer could not be written to standard output: it is closed.",
    )


@pytest.mark.parametrize("words", ["list", "export csv", "--help", "--version"])
def test_a_pipe_that_nobody_reads_ends_a_command_quietly(desk: Desk, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {"PATH": os.environ["PATH"], "ROWD_CONFIG": str(desk.folder / "rowd.toml")}
    line = [sys.executable, "-m", "rowd", *words.split()]
    ended = subprocess.run(line, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert ended.returncode == 141
    assert "rror" not in ended.stderr, ended.stderr


@pytest.mark.parametrize("shell", [FULL, CLOSED])
def test_what_was_asked_is_carried_out_and_said_to_be(desk: Desk, typed: Callable[..., Ended], shell: str) -> None:
    for words in ("pause backup", "edit backup --set Schedule=hourly", "resume backup"):
        ended = typed(words, shell)
        assert ended.returncode == 4
        assert ended.stderr.startswith("The command was carried out; only its answer could not be written"), ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    row = desk.json("list")["tasks"][0]
    assert (row["schedule"], row["status"]) == ("every hour", "active")


def test_a_command_that_was_refused_keeps_its_own_reason(typed: Callable[..., Ended]) -> None:
    ended = typed("edit nothing-like-that --set Name=x", FULL)
    assert ended.returncode == 2
    assert "There is no task" in ended.stderr
    assert "carried out" not in ended.stderr


def test_init_makes_what_it_was_asked_for(typed: Callable[..., Ended], tmp_path: Path) -> None:
    ended = typed("init new", FULL)
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert (tmp_path / "new" / "rowd.toml").is_file()


def test_a_log_that_can_be_read_is_not_blamed_for_a_full_disk(desk: Desk, typed: Callable[..., Ended]) -> None:
    desk.daemon_reads()
    run = desk.began()
    desk.printed(run, stdout="hello\n")
    ended = typed(f"logs {run.id}", FULL)
    told = "The answer could not be written to standard output: the disk is full; make room.\n"
    assert (ended.returncode, ended.stderr) == (4, told)


def test_a_follower_whose_reader_is_gone_ends(desk: Desk) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    run = desk.began()
    desk.printed(run, stdout="hello\n")
    reading, writing = os.pipe()
    os.close(reading)
    environment = {"PATH": os.environ["PATH"], "ROWD_CONFIG": str(desk.folder / "rowd.toml")}
    line = [sys.executable, "-m", "rowd", "logs", run.id, "--follow"]
    ended = subprocess.run(line, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_standard_error_that_cannot_be_written_changes_no_status(typed: Callable[..., Ended]) -> None:
    assert typed("show nothing-like-that", 'exec "$@" 2>/dev/full').returncode == 2
    assert typed("show nothing-like-that", 'exec "$@" 2>&-').returncode == 2

"""The list of commands, their help, and what each of them imports."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from config.mistakes import ConfigError, Mistake
from connectors.errors import Bug, NeedsOwner, NoRoom, OutcomeUnknown, Taken, TryLater
from engine.ledger import IllegalMove, LedgerCorrupt, LedgerUnwritable
from rowd import __version__
from rowd.cli import COMMANDS, MEANT, app, load
from rowd.cli.command import examples, include
from rowd.cli.exits import Exit
from rowd.lock import AlreadyRunning, StateUnusable
from tests.unit.cli.desk import Desk

NAMES = [entry.name for entry in COMMANDS]
VENDORS = ("gspread", "pyairtable", "notion_client", "httpx", "google", "croniter")


def imported(*words: str, folder: Path) -> set[str]:
    """The modules that a command has imported by its end, in a process of its own."""
    code = (
        "import sys, json\nsys.argv = ['rowd', *json.loads(sys.argv[1])]\n"
        "try:\n    from rowd.__main__ import main\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_lists_every_command_without_importing_any(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in NAMES)
    modules = imported("--help", folder=tmp_path)
    assert not {entry.place.partition(":")[0] for entry in COMMANDS} & modules
    assert not {"rich", "sqlite3", "pydantic_settings", "engine.loop", *VENDORS} & modules


def test_a_command_imports_neither_the_others_nor_any_vendor(tmp_path: Path) -> None:
    Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    modules = imported("list", folder=tmp_path)
    assert "rowd.cli.list" in modules
    assert not {entry.place.partition(":")[0] for entry in COMMANDS if entry.name != "list"} & modules
    assert not set(VENDORS) & modules


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_examples_and_the_promised_first_line(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    entry = next(e for e in COMMANDS if e.name == name)
    assert entry.help in " ".join(result.stdout.split())
    command = load(name)
    options = {option for parameter in command.params for option in parameter.opts}
    assert f"Examples:\n    rowd {name}" in result.stdout
    if not hasattr(command, "commands"):
        assert "--config" in options or name in ("init", "demo")


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("tick", "rowd tick [OPTIONS] NAME [N]"),
        ("pause", "rowd pause [OPTIONS] NAME…"),
        ("history", "rowd history [OPTIONS] [NAME]"),
        ("import crontab", "rowd import crontab [OPTIONS] FILE…"),
        ("next", "rowd next [OPTIONS]"),
    ],
)
def test_usages_name_what_is_to_be_written_and_no_types(line: str, usage: str) -> None:
    told = CliRunner().invoke(app, [*line.split(), "--help"], prog_name="rowd").stdout
    assert told.startswith(f"Usage: {usage}\n")
    assert not re.search("<(?!auto)|{", told), told


@pytest.mark.parametrize("name", ["import", "export"])
def test_commands_inside_others_are_told_in_whole_sentences(name: str) -> None:
    told = CliRunner().invoke(app, [name, "--help"]).stdout
    assert "..." not in told.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tick x -2", "-2: no number here may be negative"),
        ("tick x -25 --json", "-25: no number here may be negative"),
        ("tick x two", """Invalid value for 'N': must be a number, not "two\""""),
        ("next --hours -1", """Invalid value for '--hours': must be at least 0, not "-1\""""),
        ("history --limit 1.5", """Invalid value for '--limit': must be a whole number, not "1.5\""""),
        ("list -x", "No such option: -x"),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(line: str, said: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_version_is_told(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"rowd {__version__}\n"


def test_an_unknown_command_or_option_is_a_usage_error_with_a_hint() -> None:
    result = CliRunner().invoke(app, ["lst"])
    assert (result.exit_code, "Did you mean 'list'" in result.stderr) == (2, True)
    assert CliRunner().invoke(app, ["list", "--nonsense"]).exit_code == 2


@pytest.mark.parametrize(
    ("word", "meant"),
    [("trigger", "'run-now'?"), ("retry", "'run-now'?"), ("exec", "'run-now'?"), ("start", "'run-now' or 'run'?")],
)
def test_what_others_call_a_command_is_told_as_what_it_means_here(word: str, meant: str) -> None:
    result = CliRunner().invoke(app, [word, "backup"])
    assert result.exit_code == 2
    assert f"No such command '{word}'. Did you mean {meant}" in result.stderr


def test_words_of_others_hide_no_command_and_mean_only_commands_that_are() -> None:
    names = {entry.name for entry in COMMANDS}
    assert not names & set(MEANT)
    assert {one for meant in MEANT.values() for one in meant} <= names


def locked_ledger() -> LedgerUnwritable:
    """As the ledger tells that another program keeps its file locked."""
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    told = LedgerUnwritable("another program keeps it locked")
    told.__cause__ = busy
    return told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError([Mistake("rowd.toml", "tables", "there is none", "add one")]), Exit.OWNER),
        (NeedsOwner("share it"), Exit.OWNER),
        (TryLater("it is open"), Exit.LATER),
        (NoRoom("the disk is full"), Exit.OWNER),
        (OutcomeUnknown("maybe"), Exit.LATER),
        (Bug("bad request"), Exit.BAD),
        (LedgerUnwritable("disk full"), Exit.OWNER),
        (locked_ledger(), Exit.LATER),
        (AlreadyRunning("process 7", Path("/state")), Exit.REFUSED),
        (StateUnusable(Path("/x"), OSError(28, "no room")), Exit.OWNER),
        (Taken("held by process 7"), Exit.REFUSED),
        (LedgerCorrupt("damaged"), Exit.OWNER),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (typer.Abort(), Exit.INTERRUPTED),
        (typer.BadParameter("no"), Exit.USAGE),
    ],
)
def test_errors_that_are_a_users_business_end_in_a_sentence_and_their_status(error: BaseException, code: Exit) -> None:
    def fails() -> None:
        """Fail."""
        raise error

    result = CliRunner().invoke(include(typer.Typer(rich_markup_mode=None), fails, "fails"), [])
    assert result.exit_code == code
    assert str(error) in result.stderr
    assert "Traceback" not in result.output


def test_a_bug_of_ours_is_not_hidden() -> None:
    def fails() -> None:
        """Fail."""
        raise IllegalMove("never")

    result = CliRunner().invoke(include(typer.Typer(rich_markup_mode=None), fails, "fails"), [])
    assert isinstance(result.exception, IllegalMove)


def test_examples_stand_line_by_line_at_the_end_of_the_help() -> None:
    @examples("rowd one", "rowd two --three")
    def fine() -> None:
        """Do."""

    result = CliRunner().invoke(include(typer.Typer(rich_markup_mode=None), fine, "fine"), ["--help"])
    assert "Examples:\n    rowd one\n    rowd two --three" in result.stdout

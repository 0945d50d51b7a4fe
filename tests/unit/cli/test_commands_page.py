"""docs/reference/commands.md against the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rowd.cli import COMMANDS, app, load
from rowd.cli.exits import Exit
from rowd.cli.output import LONGEST, WIDE

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##+ |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, those inside `import` and `export` too."""
    for entry in COMMANDS:
        found = load(entry.name)
        inner = getattr(found, "commands", None)
        if inner is None:
            yield f"rowd {entry.name}", found
        else:
            yield from ((f"rowd {entry.name} {name}", command) for name, command in inner.items())


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def named(text: str) -> set[str]:
    """The options that a text names in backticks, but for their values."""
    return {word for code in re.findall(r"`(-[^`]*)`", text) for word in [code.split()[0]]}


def test_every_command_has_its_section_with_every_option_and_no_other() -> None:
    for name, command in commands():
        assert name in SECTIONS, f"docs/reference/commands.md has no section {name}"
        assert named(SECTIONS[name]) - {"-h", "--help"} == options(command) - {"-h", "--help"}, name


def test_every_section_is_of_a_command_that_there_is() -> None:
    known = {name for name, _ in commands()} | {f"rowd {entry.name}" for entry in COMMANDS}
    assert {title for title in SECTIONS if title.startswith("rowd ")} <= known


def test_options_of_all_commands_stand_at_the_top() -> None:
    assert options(get_command(app)) <= named(SECTIONS["Options that many commands have"])


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_status_has_a_row(code: Exit) -> None:
    assert re.search(rf"^\| {int(code)} \| ", SECTIONS["Exit status"], re.MULTILINE)


def test_every_example_of_the_help_is_on_the_page() -> None:
    for name, command in commands():
        for line in (command.epilog or "").splitlines()[2:]:
            assert line.strip() in SECTIONS[name], name


def test_the_widths_are_those_of_the_code() -> None:
    said = " ".join(SECTIONS["Options that many commands have"].split())
    assert f"a row is one line with up to {LONGEST} characters of each cell" in said
    assert f"is broken at {WIDE}" in said

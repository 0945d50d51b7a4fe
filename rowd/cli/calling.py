"""How commands are written, to be typed as they stand: with the program's name as it was called, and the same --config.

Messages anywhere write a command in backticks, as `rowd run`; what prints them has it spelled here.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from contextvars import ContextVar
from pathlib import Path

TYPED: ContextVar[Path | None] = ContextVar("the --config of this command line", default=None)

WITHOUT_CONFIG = ("init", "demo")
"""Commands that work on no rowd.toml."""

_COMMAND = re.compile(r"`rowd ([a-z][^`]*)`")


def spelled(message: str) -> str:
    """The message with every command in it as it would be typed here."""
    return _COMMAND.sub(lambda found: f"`{command(found[1])}`", message)


def command(words: str, config: Path | None = None) -> str:
    """`words` after the program's name, as in `list --status new`.   config: to be named; without, the one that was named."""
    named = config or TYPED.get()
    where = f" --config {shlex.quote(str(named))}" if named is not None and words.split()[0] not in WITHOUT_CONFIG else ""
    return f"{program()} {words}{where}"


def as_typed(user: str) -> str:
    """The command line of this process, to be typed so that this user runs it."""
    return f"sudo -u {shlex.quote(user)} {program()} {shlex.join(sys.argv[1:])}".rstrip()


def program() -> str:
    """rowd, where that is found, else what was called."""
    called = Path(sys.argv[0])
    if called.parts[-2:] == ("rowd", "__main__.py"):
        return f"{shlex.quote(sys.executable)} -m rowd"
    if called.name != "rowd" or shutil.which("rowd") == str(called):
        return "rowd"
    return shlex.quote(sys.argv[0])

"""A site with one table for each hostile file, and what its commands said of them."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.hostile.case import Odd, Refused
from tests.acceptance.site import rowd

CONFIG = """\
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.work]
kind = "simulate"
[actions.work.parameters.note]
default = ""
pattern = "(a|b|[^ab])*!?"
"""

LONGEST_LINE = 2500
"""Characters of a line in a terminal or a log; a message has a path of the test's own in it."""

OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What a terminal may obey, or what makes a line look like another one. A line end is none of it."""


def build(folder: Path, names: Sequence[str], extra: str = "") -> Path:
    """A folder with a rowd.toml that has a table for each name; its file is up to the caller."""
    folder.mkdir()
    tables = (f'[tables.{name}]\nconnector = "local"\npath = "{name}.csv"\npoll = "1s"\n{extra}' for name in names)
    (folder / "rowd.toml").write_text(CONFIG + "".join(tables))
    return folder


def fill(folder: Path, cases: Sequence[Refused | Odd]) -> Path:
    """A site whose tables are these cases, each as it begins."""
    build(folder, [case.name for case in cases])
    for case in cases:
        path = folder / f"{case.name}.csv"
        if isinstance(case, Refused):
            case.put(path)
        else:
            path.write_bytes(case.content)
    return folder


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def say(folder: Path, *commands: str) -> dict[str, Said]:
    """Run several commands of one site, one after the other: what was called → how it ended."""
    said = {}
    for command in commands:
        done = rowd(*command.split(), cwd=folder)
        said[command] = Said(done.returncode, done.stdout, done.stderr)
    return said


def harmless(text: str) -> None:
    """Nothing in what was printed does anything to a terminal, and no line is without end."""
    assert "Traceback" not in text
    found = OBEYED.search(text)
    assert found is None, repr(text[max(0, found.start() - 80) : found.end() + 20])
    assert max(map(len, text.splitlines()), default=0) <= LONGEST_LINE


def untouched(path: Path) -> tuple[Any, ...]:
    """What stands there, to be compared: of a file every byte and its times, of anything else what it is."""
    found = path.lstat() if os.path.lexists(path) else None
    if found is None:
        return ()
    small = stat.S_ISREG(found.st_mode) and found.st_size < 100_000_000
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, path.read_bytes() if small else b""


def unlike(messages: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Patterns that no message matches, and messages that match no pattern."""
    unsaid = [p for p in patterns if not any(re.search(p, m) for m in messages)]
    return unsaid + [m for m in messages if not any(re.search(p, m) for p in patterns)]

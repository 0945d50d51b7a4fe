"""What a script needs beside itself: the interpreter that its first line names. The kernel says only that something isn't there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from actions.values import quoted

_LINE = 256
"""Bytes of a file in which the kernel looks for its interpreter (execve(2))."""


def without_interpreter(script: str, name: str, cwd: Path, path: str) -> str | None:
    """What is missing that this program's first line names, in one sentence with the remedy; None for nothing, and for no script.

    script: its path.   name: what argv calls it.   cwd: where a relative interpreter is looked for.   path: where `env` looks.
    What can't be read isn't judged.
    """
    words = _first_line(script)
    if not words:
        return None
    missing = _missing(words, cwd, path)
    if missing is None:
        return None
    if missing.endswith("\r"):
        return f"the first line of {quoted(name)} ends as lines of Windows do, and {missing!r} isn't there; save it with plain LF"
    return f"{quoted(name)} is for {quoted(missing)}, as its first line says, which isn't there; install it, or correct that line"


def _missing(words: list[str], cwd: Path, path: str) -> str | None:
    """Of an interpreter and the one argument that it may have; of `env` the argument is a program, unless it is an option."""
    interpreter, *rest = words
    if not os.access(cwd / interpreter, os.X_OK) or (cwd / interpreter).is_dir():
        return interpreter
    if Path(interpreter).name != "env" or not rest or rest[0].startswith("-") or re.search("[=/]", rest[0]):
        return None
    return rest[0] if shutil.which(rest[0], path=path) is None else None


def _first_line(script: str) -> list[str]:
    """The interpreter and its argument; empty where the file is no script, or can't be read."""
    try:
        with open(script, "rb", buffering=0) as file:  # noqa: PTH123 (a Path costs more than the look; at each start)
            beginning = file.read(_LINE)
    except OSError:
        return []
    line, ended, _ = beginning.partition(b"\n")
    if not line.startswith(b"#!") or not (ended or len(beginning) < _LINE):
        return []
    said = os.fsdecode(line[2:]).strip(" \t")
    return re.split("[ \t]+", said, maxsplit=1) if said else []

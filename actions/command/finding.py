"""The program that an argv names, and the folder that it is to run in, looked for on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from actions.command.script import without_interpreter
from actions.values import quoted


def in_place(cwd: Path) -> None:
    """Raises ValueError, with a sentence, where the folder isn't there."""
    if not cwd.is_dir():
        raise ValueError(f"there is no folder {cwd}; create it, or correct its cwd")


def looked_up(name: str, cwd: Path, path: str) -> str:
    """The program's path, found as a shell would that runs in this folder, once it is sure that it is there.

    cwd: absolute.   path: as in the variable PATH.   Raises ValueError, with a sentence.
    """
    there = cwd / name
    program = shutil.which(str(there) if "/" in name else name, path=path)
    if program is None and "/" in name and there.is_file():
        raise ValueError(f"the file {quoted(name)} may not be executed; chmod +x it, or name the program that reads it before it")
    if program is None:
        where, mend = ("", "correct its argv") if "/" in name else (f" in {path}", "write its full path")
        raise ValueError(f"there is no program {quoted(name)}{where}; install it, or {mend}")
    whole = str((cwd / program).absolute())
    if (missing := without_interpreter(whole, name, cwd, path)) is not None:
        raise ValueError(missing)
    return whole

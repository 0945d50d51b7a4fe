"""The demo's folder: whose it is, laid anew or gone on with as it was left."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from rowd.lock import locked

SOURCE = Path(__file__).parent / "files"
CONFIG, TABLE = "rowd.toml", "tasks.csv"
STATE = ".rowd"
MADE = (STATE, f".{TABLE}.rowd", "backups", "reports")
"""Folders that a demo at work makes."""


EARLIER = "earlier"
"""Where demos are kept that a new one took the place of, by number. Each is whole: it can be gone on with there."""


class Laid(Struct, frozen=True):
    """new: it was laid just now; else it goes on as it was left.   kept: where the one is that was here before; None for none."""

    new: bool
    kept: Path | None = None


class InTheWay(Exception):
    """What lies in the folder isn't a demo's. The text names it."""


def ours(folder: Path) -> bool:
    """Whether a demo was laid here: its rowd.toml begins as the demo's does."""
    try:
        with (folder / CONFIG).open("rb") as file:
            return file.readline() == (SOURCE / CONFIG).read_bytes().splitlines(keepends=True)[0]
    except (FileNotFoundError, NotADirectoryError):
        return False


def lay(folder: Path, *, anew: bool = False) -> Laid:
    """Make the folder ready for a demo.

    anew: put an earlier demo aside, with its table and its history. What else lies in the folder stays where it is.
    Raises: InTheWay before anything is changed; AlreadyRunning where a daemon is at work here; OSError.
    """
    kept = None
    if not ours(folder):
        if there := [str(folder / name) for name in sorted({*_names(), *MADE}) if os.path.lexists(folder / name)]:
            raise InTheWay(f"not touched: {', '.join(there)}")
        folder.mkdir(parents=True, exist_ok=True)
    else:
        with locked(folder / STATE):
            if not anew:
                return Laid(new=False)
            kept = _put_aside(folder)
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", CONFIG))
    text = (SOURCE / CONFIG).read_text(encoding="utf-8").replace("@PYTHON@", sys.executable)
    (folder / CONFIG).write_text(text, encoding="utf-8")  # last: what was laid in part only is nobody's
    return Laid(new=True, kept=kept)


def _put_aside(folder: Path) -> Path:
    """Move the demo that is here into a folder of its own."""
    earlier = folder / EARLIER
    kept = next(earlier / str(n) for n in count(1) if not os.path.lexists(earlier / str(n)))
    kept.mkdir(parents=True)
    names = [name for name in (*_names(), *MADE) if name != CONFIG]
    for name in (*names, CONFIG):  # the one by which it is known comes last: what was moved in part only is moved by the next try
        if os.path.lexists(folder / name):
            (folder / name).rename(kept / name)
    return kept


def port_in(config: Path) -> int:
    """Where the demo's rows look for its web server; 0 where they don't any more."""
    try:
        with config.open("rb") as file:
            return urlsplit(str(tomllib.load(file)["actions"]["http_check"]["url"])).port or 0
    except (ValueError, KeyError, TypeError):  # a person has changed it: what is wrong with it is told when it is loaded
        return 0


def point(config: Path, port: int) -> None:
    """Let the demo's rows look for its web server at this port. Nothing else of the file is changed."""
    before = port_in(config)
    if before not in (0, port):
        text = config.read_text(encoding="utf-8")
        config.write_text(re.sub(rf"(://127\.0\.0\.1:){before}(?=/)", rf"\g<1>{port}", text), encoding="utf-8")


def _names() -> list[str]:
    return [entry.name for entry in SOURCE.iterdir() if not entry.name.startswith("__")]

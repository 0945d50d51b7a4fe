"""What rowd begins with: the files of `rowd init` (a commented `rowd.toml`, a table, a `.env`), first rows of an empty table."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from connectors.api import Cell
from engine.columns import Column
from engine.model import Status, Type

SECRETS = PurePosixPath(".env")


def templates() -> list[str]:
    """The names that `write_starter` knows, sorted."""
    return sorted(entry.name for entry in _source().iterdir() if entry.is_dir())


def write_starter(folder: Path, template: str) -> list[Path]:
    """Write a template's files into the folder, which is made where it isn't there. Answers what was written, in order.

    A `.env` that is there already is kept as it is, and not in the answer. Raises FileExistsError, naming every file in the way,
    before anything is written; KeyError for an unknown template; OSError, and no file of ours is left then.
    """
    if template not in templates():
        raise KeyError(template)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(folder))
    source = _source()
    texts = dict(_files(source / template, PurePosixPath()))
    if in_the_way := [str(folder / path) for path in texts if os.path.lexists(folder / path)]:
        raise FileExistsError(f"not overwritten: {', '.join(in_the_way)}")
    if not os.path.lexists(folder / SECRETS):
        texts[SECRETS] = (source / "env.example").read_bytes()
    written: list[Path] = []
    try:
        for path, content in texts.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(target)), "wb") as file:  # noqa: PTH123 (Path.open sets no mode)
                written.append(target)
                file.write(content)
    except OSError:
        for begun in written:
            begun.unlink()
        raise
    return written


def first_rows(actions: Iterable[str]) -> list[dict[str, Cell]]:
    """Canonical cells of the rows that an empty table begins with: drafts, which start nothing until somebody says so.

    actions: those that the table's rows may name. Which of several is meant, nobody but the person can know.
    """
    names = sorted(actions)
    action = names[0] if len(names) == 1 else None
    choose = f"Choose its Action ({', '.join(names[:5])}{', …' if len(names) > 5 else ''}). " if len(names) > 1 else ""
    told = f'{choose}Give it a Schedule like "daily 18:00", then set Status to active'
    counted = f"{choose}Count Current up to Threshold, by hand or with a formula, and it runs; set Status to active first"
    draft: dict[Column, Cell] = {Column.ACTION: action, Column.STATUS: str(Status.DRAFT)}
    counter: dict[Column, Cell] = {Column.TYPE: str(Type.COUNTER), Column.CURRENT: 0, Column.THRESHOLD: 5}
    rows: list[dict[Column, Cell]] = [
        {Column.NAME: "my_first_task", Column.DESCRIPTION: told, **draft},
        {Column.NAME: "my_first_counter", Column.DESCRIPTION: counted, **counter, **draft},
    ]
    return [{str(column): cell for column, cell in row.items()} for row in rows]


def _source() -> Traversable:
    return files("config") / "templates"


def _files(folder: Traversable, below: PurePosixPath) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Every file under the folder, with its path from there, sorted. What tools leave behind is none of the template's."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir():
            yield from _files(entry, below / entry.name)
        else:
            yield below / entry.name, entry.read_bytes()


def _mode(target: Path) -> int:
    return 0o600 if target.name == SECRETS.name else 0o666

"""`rowd init`: what to begin with."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated

import typer

from engine.columns import Column
from rowd.cli.calling import command
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import JsonOption
from rowd.cli.output import emit_json, fail, say
from rowd.starter import templates, write_starter

ABOUT = {"starter": "a table to try things on", "dev": "guidelines, tests and coverage of a software project"}


@examples("rowd init", "rowd init /srv/tasks", "rowd init --template dev")
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; it is made where it isn't there.")] = Path(),
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help=f"{'; '.join(f'{n}: {what}' for n, what in ABOUT.items())}.")
    ] = "starter",
    as_json: JsonOption = False,
) -> None:
    """Write a commented rowd.toml and a first table.

    Nothing that is there already is overwritten.
    """
    if template not in templates():
        fail(f'There is no template "{template}"; there are {", ".join(templates())}', Exit.USAGE)
    try:
        written = write_starter(folder, template)
    except NotADirectoryError as exc:
        fail(f"{exc.filename}: {exc.strerror}. Choose another folder.", Exit.REFUSED)
    except FileExistsError as exc:
        fail(f"{exc}. Choose another folder, or move these away first.", Exit.REFUSED)
    except OSError as exc:
        full = exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the disk is full; make room" if full else f"{exc.strerror}. Choose another folder, or mend its rights"
        fail(f"{exc.filename or folder} can't be written: {why}.", Exit.OWNER)
    config = folder / "rowd.toml" if folder != Path() else None
    commands = [command(words, config) for words in ("check", "run")]
    if as_json:
        emit_json({"written": written, "next": commands})
        return
    for path in written:
        say(f"wrote {path}")
    table = folder / "tasks.csv"
    if unseen := _unseen(table):
        say(f"To see {' and '.join(unseen)} in {table}, put these words at the end of its first line: ,{','.join(unseen)}")
    say("Look whether all is well, then run the daemon and edit the table meanwhile:")
    for line in commands:
        say(f"  {line}")


def _unseen(table: Path) -> list[str]:
    """What rowd would say of each row, and the table has no column for. Its other columns are a matter of taste."""
    header = table.read_text(encoding="utf-8").partition("\n")[0].split(",")
    return [column for column in (Column.HEALTH, Column.NEXT_RUN) if column not in header]

"""`--set "Column=value"`: how commands are told what to put into cells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

import typer

from connectors.api import Cell, fold
from engine.columns import Column
from engine.model import Defect, Task
from rowd.bound import Bound, Site
from rowd.cli.exits import Exit
from rowd.cli.output import clean, fail, warn
from rowd.cli.site import served_of, tables_of
from rowd.lint import never

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="COLUMN=VALUE", help="Put a value into a cell; an empty one clears it. May be given again."),
]


def assignments(said: Iterable[str]) -> dict[str, Cell]:
    """Column as written → value, None for an empty one. Ends the command for what is no assignment."""
    found: dict[str, Cell] = {}
    for one in said:
        column, sign, value = one.partition("=")
        if not sign or not column.strip():
            fail(f'--set "{clean(one)}" is no assignment; write it like --set "Schedule=daily 08:00"', Exit.USAGE)
        if fold(column) in map(fold, found):
            fail(f"--set gives {clean(column)} twice; keep one", Exit.USAGE)
        found[column.strip()] = value.strip() or None
    return found


def one_table(site: Site, table: str | None) -> Bound:
    """The table of `--table`, or the only one, or the only one that is served. Ends the command where it must be said which."""
    names = served_of(site, table) or tables_of(site, table)
    if len(names) > 1:
        fail(f"There are several tables: {', '.join(names)}. Say which with --table.", Exit.USAGE)
    return site.tables[names[0]]


def warn_of_past(understood: Task | Defect, now: datetime) -> None:
    """Say on standard error that the time of a task is past.   understood: as a row that is first seen now."""
    schedule = understood.schedule if isinstance(understood, Task) else None
    if schedule is not None and schedule.next(now - timedelta(seconds=1)) is None:  # "now" counts
        warn(f"{clean(understood.name)}: {never(schedule)}")


def shown(value: Cell) -> str:
    """A cell in a sentence."""
    return f'"{clean(value)}"' if value is not None else "nothing"


def given(**columns: str | None) -> dict[str, Cell]:
    """Options that stand for a column of their name: those that were given."""
    return {str(Column[name.upper()]): value.strip() or None for name, value in columns.items() if value is not None}

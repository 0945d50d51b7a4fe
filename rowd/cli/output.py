"""How commands print: tables and sentences for people, one JSON document for programs, errors to standard error.

Text out of a person's cell never reaches a terminal with anything in it that the terminal would obey.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from rowd.cli.calling import spelled
from rowd.cli.exits import Exit
from rowd.saying import distance, harmless, lasted, plural, when

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns of a table that goes into a pipe or a file, unless COLUMNS says otherwise: nothing need fit a screen there."""

READABLE, LEAST, GAP = 20, 12, 3
"""The width in which any column can be read; to what those may be cut that aren't broken over lines; what lies between two."""

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\Z)|\x1b.?", re.DOTALL)
"""Control sequences of terminals (ECMA-48, 5.4 and 5.6), whole, so that no `[31m` is left of them."""

__all__ = (
    "clean",
    "clean_lines",
    "console",
    "distance",
    "emit_json",
    "fail",
    "iso",
    "jsonable",
    "lasted",
    "plural",
    "print_pairs",
    "print_table",
    "say",
    "warn",
    "when",
)

Styled = str | tuple[str, str]
"""A cell for `print_table`: text, or text and a rich style."""


def clean(text: object) -> str:
    """Text on one line that no terminal obeys: escapes are taken out, control and direction characters become blanks."""
    plain = _ESCAPES.sub("", str(text))
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())


def clean_lines(text: str) -> str:
    """Like `clean`, but lines, tabs and blanks stay: for what a run printed."""
    plain = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in plain)


def say(text: str = "", style: str | None = None) -> None:
    """A line for people. The terminal wraps it, so that a command in it can be copied.

    `text` is taken literally; clean what comes from cells.
    """
    from rich.text import Text

    console().print(Text(spelled(text), style=style or ""), soft_wrap=True)


def warn(message: str) -> None:
    """A line to standard error."""
    sys.stderr.write(f"{spelled(message)}\n")


def fail(message: str, code: Exit = Exit.BAD) -> NoReturn:
    """End the command: what is wrong and the remedy to standard error, and this exit status."""
    warn(message)
    raise typer.Exit(int(code))


def emit_json(value: object) -> None:
    """One JSON document on standard output: dataclasses as objects, instants in UTC, spans in seconds."""
    text = json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(harmless(text) + "\n")


def jsonable(value: object) -> Any:
    """As JSON says it. Instants: `2026-11-21T09:00:00Z`, with microseconds where there are any. Numbers that are none: null."""
    match value:
        case None | bool() | int():
            return int(value) if isinstance(value, Enum) else value
        case Enum():
            return jsonable(value.value)
        case str():
            return str(value)
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case datetime():
            return iso(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): jsonable(one) for key, one in value.items()}
        case tuple() if hasattr(value, "_asdict"):  # a value with named fields
            return jsonable(value._asdict())
        case Sequence() | set() | frozenset():
            return [jsonable(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return str(value)  # a Path among others


def iso(instant: datetime) -> str:
    """An instant in UTC, as ISO 8601 with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Styled]], *, keep: Sequence[int] = (0,), spare: Sequence[int] = ()
) -> None:
    """A table for people. Cells are cleaned here. keep: columns that are never broken over lines; the others share what is left.

    A column that is blank in every row is left out.   spare: columns to be left out, in this order, where there is no room for all.
    Where that doesn't suffice, the widest of `keep` are cut.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    out = console()
    body = [[(clean(c), "") if isinstance(c, str) else (clean(c[0]), c[1]) for c in row] for row in rows]
    shown = [n for n in range(len(columns)) if any(row[n][0] for row in body)]
    wide = {n: max(cell_len(text) for text in (columns[n], *(row[n][0] for row in body))) for n in shown}
    for n in spare:
        if _over({n: min(width, READABLE) for n, width in wide.items()}, out.width) <= 0:
            break
        wide.pop(n, None)
    needs = {n: width if n in keep else min(width, READABLE) for n, width in wide.items()}
    _cut(needs, keep, out.width)
    shown = list(needs)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for n in shown:
        widest = needs[n] if n in keep else None
        drawn.add_column(Text(columns[n]), no_wrap=n in keep, overflow="ellipsis" if n in keep else "fold", max_width=widest)
    for row in body:
        drawn.add_row(*(Text(row[n][0], style=row[n][1]) for n in shown))
    out.print(drawn)


def _cut(needs: dict[int, int], keep: Sequence[int], width: int) -> None:
    """Make the widest of `keep` narrower, until all fit or none can give more."""
    kept = [n for n in needs if n in keep]
    while (over := _over(needs, width)) > 0 and kept:
        widest = max(kept, key=needs.__getitem__)
        if needs[widest] <= LEAST:
            return
        needs[widest] = max(LEAST, needs[widest] - over)


def _over(needs: Mapping[int, int], width: int) -> int:
    """By how much the columns are wider than the screen."""
    return sum(needs.values()) + GAP * (len(needs) - 1) - width


def print_pairs(pairs: Iterable[tuple[str, Styled]]) -> None:
    """Names and values, one below the other; blank values are left out."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        text, style = (value, "") if isinstance(value, str) else value
        if text:
            drawn.add_row(Text(name, style="dim"), Text(clean(text), style=style))
    console().print(drawn)


def console() -> Console:
    """Standard output as it is now. Colours only on a terminal, and not where NO_COLOR is set: rich sees to it."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)

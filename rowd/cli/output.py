"""How commands print: tables and sentences for people, one JSON document for programs, errors to standard error.

Text out of a person's cell never reaches a terminal with anything in it that the terminal would obey.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from engine.recent import lasted
from rowd.cli.calling import spelled
from rowd.cli.exits import Exit
from rowd.fitting import GAP, fitted, taken
from rowd.saying import distance, harmless, plural, when

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns of what goes into a pipe or a file, unless COLUMNS says otherwise: nothing need fit a screen there."""

READABLE = 20
"""The width in which any text can be read that is broken over lines."""

_RULE = 1
"""Which line of a table is the one below its headers."""

LONGEST = 400
"""Characters of one column, also where there is no screen: a cell may hold a book."""

NOTHING: Mapping[int, int] = MappingProxyType({})

SENTENCES = frozenset(
    (
        *("says", "message", "trouble", "troubles", "held", "by_hand", "behind", "unread", "refused", "why_not_now"),
        *("config_warnings", "config_mistakes", "config_refused"),
    )
)
"""Fields of documents in which rowd itself speaks, so that a command there is written as it would be typed."""

PEOPLES = frozenset(("cells", "outputs", "parameters", "changes"))
"""Fields with values out of rows and runs, whatever these call them."""

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
    """One JSON document on standard output: structs and dataclasses as objects, instants in UTC, spans in seconds."""
    text = json.dumps(_to_be_typed(jsonable(value)), indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(harmless(text) + "\n")


def _to_be_typed(value: Any, *, ours: bool = False) -> Any:
    """A document with the commands in rowd's sentences as they would be typed here.   ours: whether rowd says this."""
    match value:
        case str():
            return spelled(value) if ours else value
        case list():
            return [_to_be_typed(one, ours=ours) for one in value]
        case dict():
            return {key: one if key in PEOPLES else _to_be_typed(one, ours=key in SENTENCES) for key, one in value.items()}
    return value


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
    names = getattr(value, "__struct_fields__", None) or getattr(value, "__dataclass_fields__", None)
    return str(value) if names is None else {name: jsonable(getattr(value, name)) for name in names}  # a Path is text, among others


def iso(instant: datetime) -> str:
    """An instant in UTC, as ISO 8601 with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Styled]],
    *,
    keep: Sequence[int] = (0,),
    cut: Mapping[int, int] = NOTHING,
    spare: Sequence[int] = (),
) -> None:
    """A table for people. Cells are cleaned here. A column that is blank in every row is left out.

    keep: columns that stay whole.   cut: columns that stay on one line, with an ellipsis where there is no room, and what they can
    be read in. The others are broken over lines.   spare: columns to be left out, in this order, until the rest has room.
    Where there is no screen, a column is as wide as it needs, up to LONGEST, and no line is filled up with blanks.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    body = [[(clean(c), "") if isinstance(c, str) else (clean(c[0]), c[1]) for c in row] for row in rows]
    filled = [n for n in range(len(columns)) if any(row[n][0] for row in body)]
    wide = {n: min(LONGEST, max(cell_len(text) for text in (columns[n], *(row[n][0] for row in body)))) for n in filled}
    least = {n: cut.get(n, READABLE) for n in filled if n not in keep}
    widths = fitted(wide, least, spare, console().width) if _screen() else wide
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for n, width in widths.items():
        whole = n in keep or n in cut
        drawn.add_column(Text(columns[n]), no_wrap=whole, overflow="ellipsis" if whole else "fold", width=width)
    for row in body:
        drawn.add_row(*(Text(row[n][0], style=row[n][1]) for n in widths))
    screen = console(taken(widths))
    if _screen():
        screen.print(drawn)
        return
    with screen.capture() as captured:
        screen.print(drawn)
    for n, line in enumerate(captured.get().splitlines()):  # each as long as what it says: one long cell makes no other line long
        sys.stdout.write(f"{(line[:WIDE] if n == _RULE else line).rstrip(' ')}\n")


def print_tree(branches: Iterable[tuple[Sequence[bool], Sequence[Styled]]]) -> None:
    """Lines below each other: of each, on every level down to its own, whether nothing follows there; and its texts, side by side.

    Texts are cleaned here. On a screen what has no room is cut.
    """
    from rich.text import Text

    for last, texts in branches:
        stem = "".join("   " if done else "│  " for done in last[:-1]) + ("".join("└─ " if done else "├─ " for done in last[-1:]))
        line = Text().append(stem, style="dim")
        for text, style in ((one, "") if isinstance(one, str) else one for one in texts):
            if text:
                line.append(("" if line.plain == stem else "  ") + clean(text), style=style)
        console().print(line, no_wrap=True, overflow="ellipsis", crop=True)


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


def console(least: int = 0) -> Console:
    """Standard output as it is now. Colours only on a terminal, and not where NO_COLOR is set: rich sees to it.

    least: how wide it is to be at least where there is no screen.
    """
    from rich.console import Console

    width = None if _screen() else max(WIDE, least)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS" or _width_said()}
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, _environ=environment)


def _screen() -> bool:
    """Whether what is printed must fit a screen: a terminal, or what COLUMNS speaks of."""
    return sys.stdout.isatty() or _width_said()


def _width_said() -> bool:
    """Whether COLUMNS is a width. Some programs put 0 there where they know none."""
    columns = os.environ.get("COLUMNS", "")
    return columns.isdecimal() and int(columns) > 0

"""Formulas as text: their parts, and how the cells that they name are renamed when rows and columns go elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from tests.emulators.google_sheets import a1

TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"]|"")*")
    |(?P<ref>(?:(?:'(?:[^']|'')*'|[A-Za-z_]\w*)!)?
        (?:\$?[A-Za-z]{1,3}\$?[1-9]\d*(?::\$?[A-Za-z]{1,3}(?:\$?[1-9]\d*)?)?
          |\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?[1-9]\d*:\$?[1-9]\d*)(?![\w(]))
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<error>\#(?:REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|ERROR!))
    |(?P<name>[A-Za-z_][\w.]*)
    |(?P<sign><>|<=|>=|[-+*/^&=<>%(),;{}!:])""",
    re.VERBOSE,
)
CORNER = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")


class Token(NamedTuple):
    kind: str
    text: str


class Unreadable(Exception):
    """No formula: the cell shows #ERROR!."""


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """text: without its `=`. Raises Unreadable."""
    found, at = [], 0
    while at < len(text):
        match = TOKENS.match(text, at)
        if match is None:
            raise Unreadable(text)
        found.append(Token(match.lastgroup or "", match[0]))
        at = match.end()
    return tuple(found)


class Corner(NamedTuple):
    """One corner of a reference, from 0; None for an open side.   fixed_*: with a `$`."""

    column: int | None
    row: int | None
    fixed_column: bool
    fixed_row: bool

    def __str__(self) -> str:
        name = ("$" if self.fixed_column else "") + a1.letters(self.column) if self.column is not None else ""
        return name + (("$" if self.fixed_row else "") + str(self.row + 1) if self.row is not None else "")


class Reference(NamedTuple):
    """title: of another tab, with its `!` as it was written; "" for none.   last: None for one cell."""

    title: str
    first: Corner
    last: Corner | None

    def __str__(self) -> str:
        return self.title + str(self.first) + ("" if self.last is None else f":{self.last}")

    @property
    def sheet(self) -> str | None:
        """The tab's title; None without."""
        if not self.title:
            return None
        name = self.title[:-1]
        return name[1:-1].replace("''", "'") if name.startswith("'") else name


def reference(text: str) -> Reference:
    title, bang, cells = text.rpartition("!")
    first, colon, last = cells.partition(":")
    return Reference(title + bang, _corner(first), _corner(last) if colon else None)


def _corner(text: str) -> Corner:
    match = CORNER.fullmatch(text)
    assert match is not None
    column = a1.number(match[2]) if match[2] else None
    row = int(match[4]) - 1 if match[4] else None
    fixed_row = bool(match[3]) or (not match[2] and bool(match[1]))
    return Corner(column, row, bool(match[1]) and bool(match[2]), fixed_row)


def renamed(text: str, how: Callable[[Reference], Reference | None]) -> str:
    """A formula with other references.   how: None for one that is lost: `#REF!`."""
    try:
        parts = tokens(text[1:])
    except Unreadable:
        return text
    out = []
    for token in parts:
        if token.kind == "ref":
            new = how(reference(token.text))
            out.append("#REF!" if new is None else str(new))
        else:
            out.append(token.text)
    return "=" + "".join(out)


def carried(text: str, rows: int, columns: int) -> str:
    """A formula that is copied so far down and to the right: what has no `$` goes along."""

    def corner(given: Corner) -> Corner | None:
        column, row = given.column, given.row
        if column is not None and not given.fixed_column:
            column += columns
        if row is not None and not given.fixed_row:
            row += rows
        if (column is not None and column < 0) or (row is not None and row < 0):
            return None
        return given._replace(column=column, row=row)

    def how(given: Reference) -> Reference | None:
        first = corner(given.first)
        last = None if given.last is None else corner(given.last)
        if first is None or (given.last is not None and last is None):
            return None
        return given._replace(first=first, last=last)

    return renamed(text, how)


def followed(text: str, own: bool, title: str, rows: bool, where: Callable[[int], int | None]) -> str:
    """A formula after rows or columns of the tab `title` have gone elsewhere.

    own: the formula stands in that tab.   where: old index → new one; None for what is gone.
    """

    def axis(corner: Corner) -> int | None:
        return corner.row if rows else corner.column

    def put(corner: Corner, index: int) -> Corner:
        return corner._replace(row=index) if rows else corner._replace(column=index)

    def how(given: Reference) -> Reference | None:
        if (given.sheet is None and not own) or (given.sheet is not None and given.sheet != title):
            return given
        start = axis(given.first)
        if start is None:
            return given
        if given.last is None:
            new = where(start)
            return None if new is None else given._replace(first=put(given.first, new))
        end = axis(given.last)
        if end is None:
            new = where(start)
            return given if new is None else given._replace(first=put(given.first, new))
        left = [new for old in range(min(start, end), max(start, end) + 1) if (new := where(old)) is not None]
        if not left:
            return None
        return given._replace(first=put(given.first, min(left)), last=put(given.last, max(left)))

    return renamed(text, how)

"""What git says of commits: who, when, why, and which paths they changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from watches.api import LONGEST_VALUE
from watches.git.program import Git

_FIELDS = ("%H", "%h", "%an", "%ae", "%aI", "%s", "%B")
"""Each ends with a NUL, the last one by -z; git ends a text where it holds one."""

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and what turns the direction of writing: what a terminal or an editor obeys."""


class Commit(Struct, frozen=True):
    """One commit, as text that fits an event's values.

    paths: those that it changed and that count, against its first parent, a line each; cut.
    """

    id: str
    short: str
    author: str
    email: str
    date: str
    subject: str
    message: str
    paths: str


def described(git: Git, commits: Mapping[str, Sequence[str]], paths: Sequence[str], most: int) -> tuple[list[Commit], list[str]]:
    """The first commits of those that count, `most` at the most; and the ids of all that count. In the order of `commits`.

    commits: ids with their parents.   paths: only commits that change one of these count; all where there are none. Raises Unseen.
    """
    asked = commits if paths else dict(islice(commits.items(), most))
    told = git.told(
        *("diff-tree", "--stdin", "--root", "-r", "-z", "--raw", "--abbrev=7", "--encoding=UTF-8"),
        *("--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"),
        f"--format={'%x00'.join(_FIELDS)}",
        *(() if paths else ("--always",)),
        "--",
        *(f":(top,glob){path}" for path in paths),
        given=(" ".join((commit, *parents[:1])) for commit, parents in asked.items()),
        end=b"\0",
    )
    first: list[Commit] = []
    count: list[str] = []
    for commit in _read(told):
        count.append(commit.id)
        if len(first) < most:
            first.append(commit)
    return first, count if paths else list(commits)


def _read(told: Iterator[bytes]) -> Iterator[Commit]:
    """Paths follow pieces that begin with a colon, so that no path can be taken for a commit."""
    piece = next(told, None)
    while piece is not None:
        commit, short, author, email, date, subject, message = (piece, *islice(told, len(_FIELDS) - 1))
        names = _Names()
        while (piece := next(told, None)) is not None and piece.lstrip(b"\n").startswith(b":"):
            names.add(next(told))
        yield Commit(
            commit.decode(),
            short.decode(),
            one_line(author),
            one_line(email),
            one_line(date),
            one_line(subject),
            cut(_lines(message)),
            names.text(),
        )


class _Names:
    """Gathers paths as far as they fit; the last line says that there were more."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._size = 0
        self._more = False

    def add(self, name: bytes) -> None:
        if self._more:
            return
        read = one_line(name, LONGEST_VALUE - 2)
        self._size += len(read) + 1
        self._more = self._size > LONGEST_VALUE - 1
        self._names.append("…" if self._more else read)

    def text(self) -> str:
        return "\n".join(self._names)


def cut(text: str, longest: int = LONGEST_VALUE) -> str:
    """The text, cut with a mark where it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def one_line(text: bytes, longest: int = LONGEST_VALUE) -> str:
    """On one line, without control characters."""
    return cut(_OBEYED.sub(" ", text.decode(errors="replace")).strip(), longest)


def _lines(text: bytes) -> str:
    return _OBEYED.sub(lambda found: found[0] if found[0] in "\n\t" else " ", text.decode(errors="replace")).strip()

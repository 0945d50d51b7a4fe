"""Where the watched branches of a repository stand: now, and as a state keeps it from one look to the next."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from watches.git.program import Git

_FORMAT = "%(refname)%00%(objectname)%00%(objecttype)%00%(committerdate:unix)%00%(HEAD)"

Id = Annotated[str, Meta(pattern=r"\A[0-9a-f]{40,64}\Z")]


class Tip(Struct, frozen=True, array_like=True):
    """The newest commit of a branch.   at: when it was committed, in seconds since 1970."""

    commit: Id
    at: int


class Wanted:
    """Which branches are watched."""

    def __init__(self, branches: Sequence[str], *, remotes: bool) -> None:
        self.branches = tuple(branches)
        self.remotes = remotes
        self.folders = ("refs/heads/", "refs/remotes/") if remotes else ("refs/heads/",)
        self._patterns = [re.compile(fnmatch.translate(pattern)) for pattern in branches]

    def rank(self, ref: str) -> int | None:
        """The place of the first pattern that it fits; None where it isn't watched."""
        folder = next((folder for folder in self.folders if ref.startswith(folder)), None)
        if folder is None or (folder == "refs/remotes/" and ref.endswith("/HEAD")):  # which branch a remote prefers
            return None
        name = ref.removeprefix(folder)
        return next((at for at, pattern in enumerate(self._patterns) if pattern.match(name)), None)


class State(Struct, frozen=True):
    """What a look leaves to the next one.

    path, branches, remotes: what was watched.   tips: by full name of the branch.
    left: commits that branches stood at before they were set back or deleted, so that what comes back isn't told again.
    """

    path: str
    branches: tuple[str, ...]
    remotes: bool
    tips: Mapping[str, Tip]
    left: tuple[Id, ...] = ()
    version: Literal[1] = 1

    def text(self) -> str:
        """As `remembered` reads it back. ASCII: a branch's name may be bytes that are no text."""
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":"))


def remembered(text: str | None) -> State | None:
    """The state of that text; None where there is none, or none that can be read."""
    if text is None:
        return None
    try:
        return msgspec.convert(json.loads(text), State)
    except (ValueError, RecursionError):
        return None


def tips(git: Git, wanted: Wanted) -> tuple[dict[str, Tip], str | None]:
    """Every watched branch by its full name, and the one that is checked out. Raises Unseen."""
    found: dict[str, Tip] = {}
    current = None
    for line in git.told("for-each-ref", f"--format={_FORMAT}", *wanted.folders):
        ref, commit, kind, at, head = line.split(b"\0")
        name = os.fsdecode(ref)
        if kind == b"commit" and wanted.rank(name) is not None:
            found[name] = Tip(commit.decode(), int(at or 0))
            current = name if head == b"*" else current
    return found, current


def short(ref: str) -> str:
    """The branch as git shows it."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")

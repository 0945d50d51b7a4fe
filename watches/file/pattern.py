"""Which files a path with `*`, `?` and `**` means, name by name, so that only folders that can matter are looked into."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

ANY_DEPTH = "**"

Stage = frozenset[int]
"""How much of a pattern a folder has used up: the parts that a name in it may match."""


class Way(Struct, frozen=True):
    """What a name in a folder is, as far as the pattern goes.

    file: whether a file of that name is meant.
    folder: the stage in a folder of that name; empty where nothing in it can be meant.
    linked: the same where a symbolic link leads to it: `**` doesn't follow links.
    """

    file: bool
    folder: Stage
    linked: Stage


class Pattern:
    """A path, in parts. `folder` is what stands before the first part with a wildcard, or before the file's name.

    What has a name that `ignore` matches is left out, with all that is in it; what the path spells out never is.
    """

    def __init__(self, path: str, ignore: Iterable[str] = ()) -> None:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        first = next((n for n, part in enumerate(parts) if is_wild(part)), len(parts) - 1)
        self.folder = ("/" if path.startswith("/") else "") + "/".join(parts[:first])
        self.single = not any(map(is_wild, parts))
        below = [part for n, part in enumerate(parts[first:], first) if part != ANY_DEPTH or parts[n - 1 : n] != [ANY_DEPTH]]
        self._parts = [*below, "*"] if below[-1] == ANY_DEPTH else below
        self._wild = [part_of(part) if is_wild(part) else None for part in self._parts]
        self._ignored = re.compile("|".join(part_of(part).pattern for part in ignore), re.DOTALL)
        self._ways: dict[tuple[int, int], Way] = {}
        self.first = self._closed({0})

    def way(self, stage: Stage, name: str) -> Way:
        """What `name` is in a folder at that stage."""
        ignored = self._ignored.fullmatch(name) is not None
        on = deep = 0  # bits of stages: a set for each name would take longer than all the rest
        for n in stage:
            wild = self._wild[n]
            if wild is None:
                on |= (name == self._parts[n]) << n + 1
            elif ignored:
                continue
            elif self._parts[n] == ANY_DEPTH:
                deep |= 1 << n
            elif wild.fullmatch(name) is not None:
                on |= 1 << n + 1
        return self._ways.get((on, deep)) or self._ways.setdefault((on, deep), self._way(on, deep))

    def _way(self, on: int, deep: int) -> Way:
        end = len(self._parts)
        linked = {n for n in range(end) if on >> n & 1}
        folder = linked | {n for n in range(end) if deep >> n & 1}
        return Way(bool(on >> end), self._closed(folder), self._closed(linked))

    def names(self, stage: Stage) -> tuple[str, ...] | None:
        """The only names that can matter in a folder at that stage; None where it has to be listed."""
        return None if any(self._wild[n] for n in stage) else tuple(self._parts[n] for n in sorted(stage))

    def _closed(self, stage: set[int]) -> Stage:
        """`**` may as well be no folder at all."""
        return frozenset(stage | {n + 1 for n in stage if self._parts[n] == ANY_DEPTH})


def is_wild(part: str) -> bool:
    """Whether a part of a path has wildcards."""
    return "*" in part or "?" in part


def part_of(part: str) -> re.Pattern[str]:
    """What matches the same whole names as one part of a path."""
    return re.compile("".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in part), re.DOTALL)

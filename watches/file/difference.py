"""What has become of files since the look before, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from watches.api import LONGEST_VALUE, Happening, Value
from watches.file.names import kept, listed, shown
from watches.file.state import Entry

_NAMED = 3
"""Files that a summary names at the most."""

_ONE = {"added": "{} is new", "changed": "{} changed", "deleted": "{} was deleted"}
_MANY = {"added": "{} are new", "changed": "{} changed", "deleted": "{} were deleted"}

_MORE = "…"
"""The last line of a list that was cut."""


class Difference(Struct, frozen=True):
    """Paths of files, in order. newest: of those that are there the one that changed last, else of those that were; "" for none."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    newest: str

    @property
    def paths(self) -> list[str]:
        return sorted((*self.added, *self.changed, *self.deleted))


def difference(before: Mapping[str, Entry], now: Mapping[str, Entry]) -> Difference:
    """What has become of the files of one look by the next."""
    added = tuple(sorted(now.keys() - before.keys()))
    deleted = tuple(sorted(before.keys() - now.keys()))
    changed = tuple(sorted(path for path, entry in now.items() if path in before and entry.differs(before[path])))
    there, where = ((*added, *changed), now) if added or changed else (deleted, before)
    return Difference(added, changed, deleted, max(there, key=lambda path: (where[path].modified, path), default=""))


def happening(found: Difference, start: str) -> Happening | None:
    """The difference as it is told; None where there is none.   start: the folder that paths start from."""
    paths = found.paths
    if not paths:
        return None
    values: dict[str, Value] = {
        "path": _cut(kept(f"{start.rstrip('/')}/{found.newest}")),
        "name": _cut(kept(found.newest.rpartition("/")[2])),
        "files": len(paths),
        "added": len(found.added),
        "changed": len(found.changed),
        "deleted": len(found.deleted),
        "paths": _lines([kept(path) for path in paths]),
    }
    return Happening(_summary(found), values, len(paths))


def _summary(found: Difference) -> str:
    sorts = {sort: paths for sort in _ONE if (paths := getattr(found, sort))}
    paths = found.paths
    if len(paths) == 1 or (len(sorts) > 1 and len(paths) <= _NAMED):
        return listed([_ONE[sort].format(shown(path)) for sort, those in sorts.items() for path in those])
    counts = [(_ONE if len(those) == 1 else _MANY)[sort].format(len(those)) for sort, those in sorts.items()]
    counts[0] = counts[0].replace(" ", " file " if counts[0].startswith("1 ") else " files ", 1)
    named = [shown(path) for path in paths[:_NAMED]]
    if len(paths) > _NAMED:
        named.append(f"{len(paths) - _NAMED} more")
    return f"{listed(counts)}: {listed(named)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _lines(lines: list[str]) -> str:
    """One a line, as many as there is room for."""
    whole = "\n".join(lines)
    if len(whole) <= LONGEST_VALUE:
        return whole
    room = whole[: LONGEST_VALUE - len(_MORE)]
    return room[: room.rfind("\n") + 1] + _MORE

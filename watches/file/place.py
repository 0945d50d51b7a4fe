"""Where watched files are: which folders are gone through, which files are found in them, and what is out of bounds."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from watches.api import Unseen
from watches.file.names import quoted
from watches.file.pattern import Pattern, Stage
from watches.file.settings import FileSettings

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""Said of what is gone, maybe since a moment ago, or of a link that leads nowhere."""


class Found(Struct, frozen=True):
    """A file that is meant. path: from the folder that the pattern starts in.   real: where it is, links followed."""

    path: str
    real: str
    linked: bool


class _Item(Struct, frozen=True):
    """What stands in a folder under one name."""

    name: str
    link: bool
    folder: bool
    file: bool


class Place:
    """The files that a definition means."""

    def __init__(self, settings: FileSettings, base: Path) -> None:
        self.pattern = Pattern(settings.path, settings.ignore)
        self.start = os.path.join(base.absolute(), self.pattern.folder)  # noqa: PTH118 (as written: Path would drop a "..")
        self.root = self.start if settings.root is None else os.path.join(base.absolute(), settings.root)  # noqa: PTH118 (likewise)

    def bounds(self) -> str | None:
        """The root, links followed; None where there is none. Raises Unseen."""
        try:
            found = os.stat(self.root)  # noqa: PTH116 (a str, and many of them below)
        except OSError as exc:
            if exc.errno in _NOT_THERE:
                return None
            raise unreadable(self.root, exc, below=False) from None
        if not stat.S_ISDIR(found.st_mode):
            raise Unseen(f"{quoted(self.root)} is no folder; mend root")
        return os.path.realpath(self.root)

    def begin(self, bounds: str) -> str | None:
        """The folder that the pattern starts in, links followed; None where there is none. Raises Unseen."""
        real = os.path.realpath(self.start)
        if not within(real, bounds):
            raise Unseen(f"{quoted(self.start)} is not in the root {quoted(bounds)}, or a link leads out of it; mend root")
        return real if _mode(real, stat.S_ISDIR) else None

    def files(self, enter: Callable[[str, Stage], None] | None = None) -> Iterator[Found]:
        """The files that are meant, in no order. A file is found by each path that leads to it.

        enter: told each folder, links followed, before it is listed, and its stage; a folder may come by several paths.
        Raises Unseen where a folder can't be read; what goes away meanwhile is not there.
        """
        bounds = self.bounds()
        start = None if bounds is None else self.begin(bounds)
        if bounds is None or start is None:
            return
        ahead = [(start, "", self.pattern.first)]
        while ahead:
            folder, prefix, stage = ahead.pop()
            if enter is not None:
                enter(folder, stage)
            for item in self._items(folder, stage, start):
                way = self.pattern.way(stage, item.name)
                if not way.file and not way.folder:
                    continue
                real = f"{folder.rstrip('/')}/{item.name}"
                if item.link:
                    real = os.path.realpath(real)
                    if not within(real, bounds):
                        continue
                if way.file and (item.file or (item.link and _mode(real, stat.S_ISREG))):
                    yield Found(prefix + item.name, real, item.link)
                elif item.folder and way.folder:
                    ahead.append((real, f"{prefix}{item.name}/", way.folder))
                elif item.link and way.linked and _mode(real, stat.S_ISDIR):
                    ahead.append((real, f"{prefix}{item.name}/", way.linked))

    def misnamed(self) -> Unseen | None:
        """Why the one file that is meant can't be looked at, though something is there. Raises Unseen."""
        bounds = self.bounds()
        names = self.pattern.names(self.pattern.first)
        if not self.pattern.single or bounds is None or names is None:
            return None
        path = f"{self.start.rstrip('/')}/{names[0]}"
        real = os.path.realpath(path)
        if not within(real, bounds):
            return Unseen(
                f"a link leads from {quoted(path)} out of the root {quoted(bounds)}; set root to a folder that has both in it"
            )
        if _mode(real, stat.S_ISDIR):
            return Unseen(f"{quoted(path)} is a folder; write {quoted(path + '/*')} for the files in it")
        return None

    def _items(self, folder: str, stage: Stage, start: str) -> list[_Item]:
        names = self.pattern.names(stage)
        try:
            if names is not None:
                return [item for name in names if (item := _named(folder, name)) is not None]
            with os.scandir(folder) as listed:
                return [
                    _Item(e.name, e.is_symlink(), e.is_dir(follow_symlinks=False), e.is_file(follow_symlinks=False)) for e in listed
                ]
        except OSError as exc:
            if exc.errno in _NOT_THERE:
                return []
            raise unreadable(folder, exc, below=folder != start) from None


def unreadable(path: str, error: OSError, *, below: bool = True) -> Unseen:
    """What is said of what is there and can't be looked at.   below: it is one of many."""
    remedy = "give the user that rowd runs as the right to" if isinstance(error, PermissionError) else "see to it"
    return Unseen(f"{quoted(path)} can't be read ({error.strerror or error}); {remedy}" + ", or add its name to ignore" * below)


def gone(error: OSError) -> bool:
    """Whether it says that something is not there."""
    return error.errno in _NOT_THERE


def within(path: str, folder: str) -> bool:
    """Whether one real path is the other, or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _named(folder: str, name: str) -> _Item | None:
    try:
        mode = os.lstat(f"{folder.rstrip('/')}/{name}").st_mode
    except OSError as exc:
        if gone(exc):
            return None
        raise
    return _Item(name, stat.S_ISLNK(mode), stat.S_ISDIR(mode), stat.S_ISREG(mode))


def _mode(path: str, is_one: Callable[[int], bool]) -> bool:
    """Whether what is there is of that kind. Raises Unseen where it can't be told."""
    try:
        return is_one(os.lstat(path).st_mode)
    except OSError as exc:
        if gone(exc):
            return False
        raise unreadable(path, exc) from None

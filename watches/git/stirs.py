"""Tells when a branch of a repository may have moved, by what its folders do; also while it comes, goes, and comes back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path

from asyncinotify import Event, Inotify, Mask
from msgspec import Struct

from watches.git.places import places

_LOOK_AGAIN = 2.0
"""Seconds until it is noticed at the latest that the folders to watch are others now."""

_GATHER = 0.05
"""Seconds: changes that follow each other more quickly are told once."""

_MOST = 2_000
"""Folders that are watched at the most; what happens in further ones is found at the next look."""

_MASK = (
    Mask.CLOSE_WRITE
    | Mask.CREATE
    | Mask.DELETE
    | Mask.MOVED_FROM
    | Mask.MOVED_TO
    | Mask.DELETE_SELF
    | Mask.MOVE_SELF
    | Mask.ONLYDIR
)

_NAMES = ("HEAD", "packed-refs", "refs", "reftable")
"""What counts in the repository's own folder, where much else is written."""


class _Seen(Struct, frozen=True):
    """folders: those to watch → their inodes.   stamps: of the files and folders that change when a branch moves."""

    folders: dict[Path, int]
    stamps: dict[Path, tuple[int, int, int]]


async def stirs(path: Path, *, remotes: bool) -> AsyncIterator[None]:
    """Yield each time that a branch may have moved, until closed. Raises nothing: what cannot be watched is polled."""
    known = await asyncio.to_thread(_seen, path, remotes)
    told = False
    while True:
        try:
            with Inotify() as inotify:
                watched = known.folders
                for folder in watched:
                    inotify.add_watch(folder, _MASK)
                while True:
                    seen = await asyncio.to_thread(_seen, path, remotes)
                    known, before = seen, known
                    if told or seen != before:  # two changes may bear one time
                        yield
                    told = seen.folders != watched  # whatever happens until the new ones are watched isn't told
                    if told:
                        break
                    told = await _told(inotify, known)
        except (OSError, RuntimeError):  # a folder that went away just now, no watches left on this machine
            await asyncio.sleep(_LOOK_AGAIN)
            known, before = await asyncio.to_thread(_seen, path, remotes), known
            if known != before:
                yield


async def _told(inotify: Inotify, seen: _Seen) -> bool:
    """Wait for changes, gather those that follow at once, and say whether any counts. At most _LOOK_AGAIN."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOOK_AGAIN
    changed = False
    while (left := until - loop.time()) > 0:
        try:
            async with asyncio.timeout(left):  # `wait_for` forgets that it was cancelled where something comes at that moment
                event = await inotify.get()
        except TimeoutError:
            break
        if not changed and _counts(event, seen):
            changed, until = True, loop.time() + _GATHER
    return changed


def _counts(event: Event, seen: _Seen) -> bool:
    if event.name is None or event.watch is None:  # the folder itself, or more events than the kernel could keep
        return True
    name = str(event.name)
    if name.endswith(".lock"):
        return False
    return name in _NAMES or event.watch.path in seen.stamps


def _seen(path: Path, remotes: bool) -> _Seen:
    """Raises nothing: what can't be seen isn't there."""
    folders: dict[Path, int] = {}
    stamps: dict[Path, tuple[int, int, int]] = {}
    try:
        there = places(path)
    except OSError:
        there = None
    if there is None:
        return _Seen(folders, stamps)
    for folder in (there.own, there.common):
        if (stamp := _stamp(folder)) is not None:
            folders[folder] = stamp[0]
    for file in (there.own / "HEAD", there.common / "packed-refs"):
        if (stamp := _stamp(file)) is not None:
            stamps[file] = stamp
    for folder in islice(_of_branches(there.common, remotes), _MOST):
        if (stamp := _stamp(folder)) is not None:
            folders[folder], stamps[folder] = stamp[0], stamp
    return _Seen(folders, stamps)


def _of_branches(common: Path, remotes: bool) -> Iterator[Path]:
    for root in ("reftable", "refs/heads", *(("refs/remotes",) if remotes else ())):
        for folder, _, _ in os.walk(common / root):
            yield Path(folder)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size

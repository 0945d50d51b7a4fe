"""Tells when a file may have changed, through whatever becomes of it: saved, replaced, deleted, put back, its folder too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from asyncinotify import Event, Inotify, Mask

from connectors.local.beside import Beside

_LOOK_AGAIN = 2.0
"""Seconds until it is noticed at the latest that the folders to watch are others now."""

_GATHER = 0.05
"""Seconds: changes that follow each other more quickly are told once."""

_SAVED = Mask.MODIFY | Mask.CLOSE_WRITE | Mask.ATTRIB | Mask.CREATE | Mask.DELETE | Mask.MOVED_FROM | Mask.MOVED_TO
_MASK = _SAVED | Mask.DELETE_SELF | Mask.MOVE_SELF


async def watched(path: Path) -> AsyncIterator[None]:
    """Yield each time the file at `path` may have changed, until closed. Raises nothing: what cannot be watched is polled."""
    known = _state(path)
    while True:
        try:
            folders = _folders(path)
            about = _About(path)
            with Inotify() as inotify:
                for folder in folders:
                    inotify.add_watch(folder, _MASK)
                while _folders(path) == folders:
                    changed = await _told(inotify, about)
                    if (state := _state(path)) != known or changed:
                        known = state
                        yield
        except (OSError, RuntimeError):  # a folder that went away just now, a loop of symlinks, no watches left on this machine
            await asyncio.sleep(_LOOK_AGAIN)
            if (state := _state(path)) != known:
                known = state
                yield


async def _told(inotify: Inotify, about: _About) -> bool:
    """Wait for changes, gather those that follow at once, and say whether any is about the file. At most _LOOK_AGAIN."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOOK_AGAIN
    changed = False
    while (left := until - loop.time()) > 0:
        try:
            async with asyncio.timeout(left):  # `wait_for` forgets that it was cancelled where something comes at that moment
                event = await inotify.get()
        except TimeoutError:
            break
        if not changed and about(event):
            changed, until = True, loop.time() + _GATHER
    return changed


class _About:
    """Lets changes through that are about the file, or about a displaced one, or about a folder that is watched."""

    def __init__(self, path: Path) -> None:
        target = path.resolve()
        self._files = {str(path), str(target)}
        self._beside = str(Beside(target).path) + "/swap."

    def __call__(self, event: Event) -> bool:
        if event.name is None or event.path is None:  # the folder itself, or more events than the kernel could keep
            return True
        path = str(event.path)
        return path in self._files or path.startswith(self._beside)


def _folders(path: Path) -> dict[Path, int]:
    """Folders to watch → their inodes: the file's own, also behind a symlink, and the one with displaced files."""
    target = path.resolve()
    wanted = (path.parent, target.parent, Beside(target).path)
    found = {folder: inode for folder in wanted if (inode := _inode(folder)) is not None}
    if found:
        return found
    nearest = next(folder for folder in path.absolute().parents if _inode(folder) is not None)
    return {nearest: _inode(nearest) or 0}


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except (OSError, RuntimeError):
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino

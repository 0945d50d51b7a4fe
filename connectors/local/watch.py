"""Tells when a file may have changed, through whatever becomes of it: saved, replaced, deleted, put back, its folder too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from connectors.local.beside import Beside

_LOOK_AGAIN_MS = 2000  # how soon it is noticed that the folders to watch are others now
_GATHER_MS = 50  # changes that follow each other more quickly are told once


async def watched(path: Path) -> AsyncIterator[None]:
    """Yield each time the file at `path` may have changed, until closed. Raises nothing: what cannot be watched is polled."""
    known = _state(path)
    while True:
        try:
            folders = _folders(path)
            changes = awatch(
                *folders,
                watch_filter=_About(path),
                recursive=False,
                debounce=_GATHER_MS,
                step=10,
                rust_timeout=_LOOK_AGAIN_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
            async for change in changes:
                state = _state(path)
                if change or state != known:
                    known = state
                    yield
                if _folders(path) != folders:
                    break
        except (OSError, RuntimeError):  # a folder that went away just now, a loop of symlinks, no watches left on this machine
            await asyncio.sleep(_LOOK_AGAIN_MS / 1000)
            if (state := _state(path)) != known:
                known = state
                yield


class _About:
    """Lets changes through that are about the file, or about a displaced one."""

    def __init__(self, path: Path) -> None:
        target = path.resolve()
        self._files = {str(path), str(target)}
        self._beside = str(Beside(target).path) + "/swap."

    def __call__(self, _change: Change, path: str) -> bool:
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

"""A file that one process at a time holds, with the holder's name in it, for whoever comes second.

By locks of the operating system (flock(2)): they end with the process, however it ends, and with every child that it has begun and
that has not yet become another program. So whoever was killed while it started a command may hold for a moment longer.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OUTLIVED = 1.0
"""Seconds for which a lock is asked for again: a killed process's child may take so long to become its command."""


def hold(path: Path, who: str) -> int | str:
    """Hold `path` for `who` (one line): the descriptor that holds it until it is closed, or, after OUTLIVED, the name of who else
    holds it.

    Lock and name are taken behind a gate, `NAME.gate`, that is never kept: so whoever is refused reads the holder's own name, not
    none yet, and not that of one who was killed. The file is made where it is missing (0600), its folder is not. Raises OSError.
    """
    until = time.monotonic() + OUTLIVED
    while isinstance(held := _held(path, who), str) and time.monotonic() < until:
        time.sleep(0.02)
    return held


def holder(path: Path) -> str | None:
    """Who holds `path` now, as it has called itself; None where nobody does, or where there is no such file, or none for us.

    Asking holds it for a moment, which whoever comes meanwhile waits for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip() or "another process"
    finally:
        os.close(descriptor)
    return None


def _held(path: Path, who: str) -> int | str:
    with _gate(path.with_name(f"{path.name}.gate")):
        descriptor = lock_file(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, " ".join(who.split()).encode("utf-8", "replace"))
        except BlockingIOError:
            holder = os.pread(descriptor, 1000, 0).decode("utf-8", "replace").strip()
            os.close(descriptor)
            return holder or "another process"
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def lock_file(path: Path) -> int:
    """Open a lock file, made where it is missing (0600). One that root makes belongs to who has the folder.

    Nothing that was there before changes hands, and no link is followed: who has the folder could have put it there.
    Raises OSError.
    """
    opening = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, opening | os.O_EXCL, 0o600)
    except FileExistsError:
        descriptor = os.open(path, opening, 0o600)
        if os.fstat(descriptor).st_nlink > 1:
            os.close(descriptor)
            raise OSError(errno.EMLINK, f"{path} is a link to another file, and would be written into; delete it") from None
        return descriptor
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


@contextmanager
def _gate(path: Path) -> Iterator[None]:
    descriptor = lock_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

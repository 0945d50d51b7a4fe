"""What a regular file holds, read so that nothing that stands there instead of one can stop us or fill the memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class NoFile(Exception):
    """Something stands there that is no regular file: `args[0]` says what."""


class TooLarge(Exception):
    """The file has more bytes than are to be read: `args[0]` says how many, at the least."""


_KINDS = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))


def content(path: Path, most: int) -> tuple[bytes, bool]:
    """The bytes of a file of at most `most` bytes, and whether it stayed as it was while it was read. No link is followed (ELOOP).

    Raises NoFile, TooLarge, IsADirectoryError and any other OSError.
    """
    regular(path)  # to open some devices is to do something with them already
    with os.fdopen(_opened(path), "rb") as file:
        before = os.fstat(file.fileno())
        _regular(path, before)
        if before.st_size > most:
            raise TooLarge(before.st_size)
        raw = file.read(most + 1)  # it may grow, and what the kernel makes up as it is read has no size at all
        if len(raw) > most:
            raise TooLarge(len(raw))
        return raw, _stamp(os.fstat(file.fileno())) == _stamp(before)


def regular(path: Path) -> None:
    """Raises NoFile, IsADirectoryError or any other OSError where no regular file stands there; a link is no matter of this."""
    _regular(path, path.stat(follow_symlinks=False))


def _regular(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(str(path))
    for is_kind, kind in _KINDS:
        if is_kind(found.st_mode):
            raise NoFile(kind)


def _opened(path: Path) -> int:
    """Without waiting for somebody at the other end, should it have become a pipe just now, and without following a link."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino

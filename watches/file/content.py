"""What is in a file: read once, from the file that was meant, and known not to have changed meanwhile."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Callable
from hashlib import blake2b

from msgspec import Struct

from watches.file.place import within

_PIECE = 1 << 18
_TRIES = 3

Read = Callable[[int, int], bytes]
"""`os.read`, or what stands for it in a test."""


class Content(Struct, frozen=True):
    """What was read. stat: from before it was.   digest: None where the file is too large.   whole: not changed meanwhile."""

    stat: os.stat_result
    digest: str | None
    whole: bool = True


def content(real: str, bounds: str, max_bytes: int, read: Read = os.read) -> Content | None:
    """What the file holds. None where there is none any more, or a link leads it out of bounds by now.

    real, bounds: links followed.   Raises OSError.
    """
    handle = os.open(real, os.O_PATH | os.O_CLOEXEC)  # opens nothing yet: a device, a pipe might mind
    try:
        place = f"/proc/self/fd/{handle}"
        if not stat.S_ISREG(os.fstat(handle).st_mode) or not within(os.readlink(place), bounds):  # noqa: PTH115 (a str)
            return None
        opened = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    finally:
        os.close(handle)
    try:
        found = _read(opened, max_bytes, read)
        for _ in range(_TRIES - 1):
            if found.whole:
                break
            found = _read(opened, max_bytes, read)
        return found
    finally:
        os.close(opened)


def _read(opened: int, max_bytes: int, read: Read) -> Content:
    before = os.fstat(opened)
    if before.st_size > max_bytes:
        return Content(before, None)
    digest, size = blake2b(digest_size=18), 0  # 24 letters
    end = (
        before.st_size or max_bytes
    )  # what grows while it is read is read again anyway; of size 0 is also what the kernel makes up
    os.lseek(opened, 0, os.SEEK_SET)
    while size <= end and (piece := read(opened, _PIECE)):
        digest.update(piece)
        size += len(piece)
    after = os.fstat(opened)
    same = _written(before) == _written(after) and size == after.st_size
    return Content(before, None if size > max_bytes else b64encode(digest.digest()).decode(), same)


def _written(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns

"""Two files change places in one step: renameat2(2) with RENAME_EXCHANGE, which Python doesn't offer."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100  # <fcntl.h>: paths are taken as open(2) takes them
_RENAME_EXCHANGE = 2  # <linux/fs.h>

UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
"""What a system or file system answers that cannot exchange (renameat2(2), ERRORS: EINVAL for a flag it doesn't know)."""

Exchange = Callable[[Path, Path], None]


def exchange(one: Path, other: Path) -> None:
    """Let two files of one file system change places. Raises OSError, ENOENT where one doesn't exist (nothing is made then)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError as exc:  # another system, or a C library from before 2018
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one)) from exc
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))

"""What this machine denies whoever asks: writing to a disk, opening one more file, memory. Each said as a clause with the remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

FULL = "the disk is full; make room"
READ_ONLY = "its disk is read-only; mount it for writing, and where it became so by itself, `dmesg` tells what is wrong with it"
TOO_MANY_FILES = "rowd has as many files open as it may; let it have more (LimitNOFILE= of its unit, `ulimit -n` in a shell)"
TOO_LITTLE_MEMORY = "rowd has too little memory for it; make it smaller, or let rowd have more"

_SAID = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EROFS: READ_ONLY,
    errno.EMFILE: TOO_MANY_FILES,
    errno.ENFILE: TOO_MANY_FILES,
    errno.ENOMEM: TOO_LITTLE_MEMORY,
}


def said(failed: OSError) -> str | None:
    """What was denied, where it was the machine that did; None for anything else."""
    return _SAID.get(failed.errno or 0)


def found(folder: Path) -> str | None:
    """What is denied there now, by a look that changes nothing; None for nothing, or where that can't be told."""
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
        disk = os.statvfs(folder)
    except OSError as exc:
        return said(exc)
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    return FULL if disk.f_blocks and not (disk.f_bfree if os.geteuid() == 0 else disk.f_bavail) else None

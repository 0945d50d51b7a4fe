"""What this machine denies whoever asks: writing to a disk, one more open file, memory. Each as a clause with the remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

FULL = "the disk is full; make room"
READ_ONLY = (
    "its disk is read-only; mount it for writing, and where it became so by itself, look at what `dmesg` tells of it, mend it, and"
    " restart the machine"
)
TOO_MANY_FILES = "rowd has as many files open as it may; let it have more (LimitNOFILE= of its unit, `ulimit -n` in a shell)"
TOO_LITTLE_MEMORY = "rowd has too little memory for it; make it smaller, or let rowd have more"

_PAGE = 4096
"""Bytes. The least that takes room on a disk."""

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
    """What is denied there now; None for nothing, or where that can't be told."""
    denied = refusal(folder)
    return said(denied) if denied is not None else None


def refusal(folder: Path) -> OSError | None:
    """Why nothing can be written there, where it is the machine that denies it; found by writing a file that never gets a name.

    A disk after an error may seem to be writable until somebody writes, and of a full one a part may be kept for root.
    """
    try:
        nameless = os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o600)
        try:
            os.write(nameless, bytes(_PAGE))
        finally:
            os.close(nameless)
    except OSError as exc:
        return exc if said(exc) is not None else None
    return None

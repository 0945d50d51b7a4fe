"""What a killed daemon leaves for a moment: a child of it that has not yet become its command still holds the daemon's locks.

Between fork(2) and exec(2) a child has every descriptor of its parent, close-on-exec ones too, and a lock by flock(2) lasts
until the last of them is closed. A supervisor gives that moment (`RestartSec` in config/rowd.service); so does a course.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path


def let_go(locks: Sequence[Path], within: float = 10.0) -> float:
    """Return once nobody holds any of these files, where they are there: after so many seconds.

    Raises AssertionError where somebody still does after `within` seconds.
    """
    since = time.monotonic()
    waiting = [lock for lock in locks if lock.exists()]
    while waiting := [lock for lock in waiting if _held(lock)]:
        assert time.monotonic() < since + within, f"{waiting[0]} is held {within:g} s after the daemon was gone"
        time.sleep(0.001)
    return time.monotonic() - since


def _held(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

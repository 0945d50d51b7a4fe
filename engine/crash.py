"""Named points at which the process can be made to die, without any clean-up, to prove that nothing is lost or done twice there."""

from __future__ import annotations

import os
import signal
from typing import Protocol

KINDS = ("claim", "begin", "outcome", "rows", "events", "requests", "record", "marks", "prune")
"""Kinds of commit. Just before and just after each there is a point."""

POINTS = (
    *(f"{kind}.{side}" for kind in KINDS for side in ("before", "after")),
    "launch.before",
    "launch.after",
    "table.before-write",
    "table.after-write",
)

OF_MOVING = ("move.before-write", "move.after-write", "pairs.before", "pairs.after")
"""Points of `rowd copy` and `rowd sync`: around each write into a table, and each commit of pairs."""

OF_MAKING = ("announce.before", "announce.after", "announce.made")
"""Points of all commands that make rows, called in a run: around the commit that announces them, and once they are made."""

OF_COMMANDS = (*OF_MOVING, *OF_MAKING)

_ALL = (*POINTS, *OF_COMMANDS)

VARIABLE = "ROWD_DIE_AT"


class Crash(Protocol):
    """Whatever wants to know that a point was reached; it may never return."""

    def at(self, name: str) -> None: ...


class CrashPoints:
    """Dies at one of POINTS, or OF_COMMANDS.

    text: the value of $ROWD_DIE_AT: `claim.after`, or `claim.after:3` for the third time; None for never.
    Raises ValueError, with the names, for anything else.
    """

    def __init__(self, text: str | None) -> None:
        self._name, self._left = _parsed(text) if text else ("", 0)

    def at(self, name: str) -> None:
        """Die here, if this is the point and the time. Raises ValueError for a name that isn't one of them."""
        if name not in _ALL:
            raise ValueError(f"{name!r} is no crash point; there are {', '.join(_ALL)}")
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _parsed(text: str) -> tuple[str, int]:
    name, _, hit = text.partition(":")
    if name not in _ALL:
        raise ValueError(f"{VARIABLE}={text}: there is no such point; there are {', '.join(_ALL)}")
    if not (hit or "1").isascii() or not (hit or "1").isdigit() or int(hit or "1") < 1 or text.endswith(":"):
        raise ValueError(f'{VARIABLE}={text}: after the colon comes which time it dies, 1 or more, as in "{name}:3"')
    return name, int(hit or "1")

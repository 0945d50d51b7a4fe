"""An attempt's ticket: a file beside its folder, by which its program is begun once or never.

The warden makes it, and begins the program only then; who wants to be sure that it never will makes it first, void. A file is made
once, so exactly one of the two succeeds, whoever dies, sleeps or is late. An attempt whose ticket is void is begun with the next.

What a warden adds to its ticket, a line each: itself; the program it has begun; how that has ended.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from msgspec import Struct

from actions.api import Past, Process
from actions.command.warden import TICKS

_LONGEST = 1000
"""Bytes of a ticket."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_LINES = re.compile(
    r"(?P<boot>\S+) (?P<nonce>\S+) (?P<warden>\d+) (?P<there>\d+)\n"
    r"(?:(?P<program>\d+) (?P<began>\d+)\n)?"
    r"(?:exit (?P<status>\d{1,3}) (?P<ended>\d+)\n)?",
    re.ASCII,
)


class Ticket(Struct, frozen=True):
    """What a ticket says that a warden has made.

    nth: which of the attempt's tickets it is, from 1.   boot: the run of the machine.   nonce: its warden's.
    program: what was begun, and a moment at which it was there; None where that isn't told (yet).
    status: as sh has it; None where there is none (yet).   past: when it ended and for how long it ran; None as `status`.
    """

    nth: int
    boot: str
    nonce: str
    warden: Process
    program: Process | None
    status: int | None
    past: Past | None


def path_of(attempt: Path, nth: int) -> Path:
    """Where the attempt's ticket is, or is to be.   attempt: its folder."""
    return Path(name_of(attempt, nth))


def name_of(attempt: Path, nth: int) -> str:
    """The same as text: a Path costs ten times as much, at each start."""
    return f"{attempt}.ticket-{nth}"


def void(attempt: Path, nth: int) -> bool:
    """Make it void: then nothing was begun with it, and never will be. False where it was made before. Raises OSError."""
    attempt.parent.mkdir(parents=True, exist_ok=True)
    try:
        path_of(attempt, nth).touch(0o600, exist_ok=False)
    except FileExistsError:
        return False
    return True


def begun(attempt: Path, first: int) -> Ticket | None:
    """The next of the attempt's tickets that a warden has made; None once all are void, and the one that could be next, too.

    first: the ticket to begin with; those before it came to nothing. Raises OSError.
    """
    nth = first
    while not void(attempt, nth):
        if (ticket := read(attempt, nth)) is not None:
            return ticket
        nth += 1
    return None


def unmade(attempt: Path) -> int:
    """The first ticket that there isn't."""
    return next(nth for nth in count(1) if not is_made(attempt, nth))


def newest(attempt: Path) -> Ticket | None:
    """The last of the attempt's tickets that a warden has made; None for none."""
    found = None
    for nth in count(1):
        ticket = read(attempt, nth)
        found = ticket or found
        if ticket is None and not is_made(attempt, nth):
            break
    return found


def is_made(attempt: Path, nth: int) -> bool:
    """Whether there is this ticket, void or not. Whoever made or ordered it knew that those before it came to nothing."""
    return os.path.lexists(name_of(attempt, nth))


def read(attempt: Path, nth: int) -> Ticket | None:
    """None where it isn't there, or is void."""
    path = path_of(attempt, nth)
    try:
        with path.open("rb") as file:
            said, written = file.read(_LONGEST).decode(errors="replace"), os.fstat(file.fileno()).st_mtime_ns // 1000
    except FileNotFoundError:
        return None
    if (found := _LINES.match(said)) is None:
        return None
    program = None if found["program"] is None else Process(int(found["program"]), int(found["began"]))
    past = None
    if found["ended"] is not None:
        took = int(found["ended"]) - int(found["began"] or found["ended"])
        past = Past(_EPOCH + timedelta(microseconds=written), timedelta(seconds=max(0, took) / TICKS))
    return Ticket(
        nth=nth,
        boot=found["boot"],
        nonce=found["nonce"],
        warden=Process(int(found["warden"]), int(found["there"])),
        program=program,
        status=None if found["status"] is None else int(found["status"]),
        past=past,
    )

"""An attempt's folder: its files, and the ticket by which its program is begun once or never.

The ticket is a file `waiting.…`, made before the ledger knows the attempt's process. The warden takes it by renaming it to `boot`,
and begins the program only then; who wants to be sure that it never will takes it by renaming it, too. A rename happens once, so
exactly one of the two succeeds, whoever dies, sleeps or is late.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from actions.api import Process
from actions.command.identity import boot
from actions.command.warden import BOOT as BOOT  # its own and ours
from actions.command.warden import EXIT as EXIT
from actions.command.warden import STDERR as STDERR
from actions.command.warden import STDOUT as STDOUT

OUTPUT = "output"
TICKET = "waiting."
_REVOKED = f"{TICKET}revoked"
_LONGEST = 1000
"""Bytes of a ticket."""


class Taken(NamedTuple):
    """What a ticket that was taken says.   boot: which run of the machine it was.   nonce: its warden's, if one is named.
    program: what was begun, and a moment at which it was there; None where that isn't told (yet).
    """

    boot: str
    nonce: str | None
    program: Process | None


def issue(folder: Path, name: str, nonce: str, revoked: str | None = None) -> str:
    """Make a ticket, in place of one that was revoked where there is one. Raises OSError."""
    ticket = f"{TICKET}{name}"
    path = f"{folder}/{ticket}"
    made = path if revoked is None else f"{folder}/ticket"
    file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(file, f"{boot()} {nonce}\n".encode())
    finally:
        os.close(file)
    if revoked is not None:  # at each moment a whole ticket is there: it is the only proof that nothing ran
        Path(made).rename(path)
        (folder / revoked).unlink()
    return ticket


def revoke(folder: Path) -> str | None:
    """Take whatever ticket there is: then nothing ran with it, and never will. Answers its new name; None where there is none."""
    for name in _names(folder):
        if name.startswith(TICKET):
            with contextlib.suppress(FileNotFoundError):  # just taken
                (folder / name).rename(folder / _REVOKED)
                return _REVOKED
    return None


def booted(folder: Path) -> str | None:
    """The run of the machine in which the attempt was made ready; None where nothing tells."""
    for name in (BOOT, *(name for name in _names(folder) if name.startswith(TICKET))):
        if (found := _ticket(folder / name)) is not None:
            return found.boot
    return None


def taken(folder: Path) -> Taken | None:
    """The ticket that was taken; None where none was."""
    return _ticket(folder / BOOT)


def exit_written(folder: Path) -> bool:
    """Whether there is an exit status. A file that was only just made has none yet; what is written into it is there at once."""
    with contextlib.suppress(FileNotFoundError):
        return (folder / EXIT).stat().st_size > 0
    return False


def _ticket(file: Path) -> Taken | None:
    """It is read with care: a program of another user may have put something else in its place."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(opened, "rb") as read:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        first, _, second = read.read(_LONGEST).decode(errors="replace").partition("\n")
    which, _, nonce = first.partition(" ")
    pid, _, moment = second.partition(" ")
    whole = pid.isdecimal() and moment.endswith("\n") and moment.strip().isdecimal()
    return Taken(which, nonce or None, Process(int(pid), int(moment)) if whole else None)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except FileNotFoundError:
        return []


def take_back(folder: Path) -> None:
    """After the end: make the folder ours again, and drop what isn't a plain file, so that no link in it makes us read another."""
    within = str(folder)
    try:
        if os.stat(within).st_uid != os.geteuid():  # noqa: PTH116 (a path costs more than the look; at the end of every attempt)
            os.chown(within, os.geteuid(), os.getegid())
    except FileNotFoundError:  # pruned, or lost with its disk
        return
    for name in (STDOUT, STDERR, EXIT, OUTPUT, BOOT):
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(f"{within}/{name}")
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                (folder / name).rename(folder / f"{name}.refused")

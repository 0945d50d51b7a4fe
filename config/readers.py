"""Which users may read a file or a folder that only one should, and what to say of that."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from contextlib import suppress
from pathlib import Path


def exposed(file: Path) -> str | None:
    """That others may read a file of secrets, in one sentence with the remedy; None where that isn't so, or isn't known."""
    try:
        found = file.stat()
    except OSError:
        return None
    ours = "" if found.st_uid == os.geteuid() else "give it to the user that rowd runs as, and: "
    if found.st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return f"{file} holds secrets and is open to every user of this machine: {ours}chmod 600 {shlex.quote(str(file))}"
    if len(them := readers(found)) > 1:
        return (
            f"{file} holds secrets and can be read by {', '.join(sorted(them))}, by way of its group: give it to the"
            f" user that rowd runs as, and: chmod 600 {shlex.quote(str(file))}"
        )
    return None


def opened(folder: Path) -> str | None:
    """The same of rowd's state folder: what stands in it, names of runs among them, concerns its user alone."""
    try:
        found = folder.stat()
    except OSError:
        return None
    everybody = found.st_mode & stat.S_IRWXO
    if not everybody and (not found.st_mode & stat.S_IRWXG or len(readers(found)) < 2):
        return None
    who = "every user of this machine" if everybody else "others by way of its group"
    can = "be changed" if found.st_mode & (stat.S_IWOTH if everybody else stat.S_IWGRP) else "be looked into"
    return f"{folder}, where rowd keeps its ledger and what runs printed, can {can} by {who}: chmod 700 {shlex.quote(str(folder))}"


def readers(found: os.stat_result) -> set[str]:
    """The users who may read or change it as its owner or by its group, besides root. Who only others' bits let in is not counted.

    Users that have no name on this machine are called by their number. The members of a group that nobody here knows are not known.
    """
    names = {_user(found.st_uid)}
    if found.st_mode & (stat.S_IRGRP | stat.S_IWGRP):
        names |= {user.pw_name for user in pwd.getpwall() if user.pw_gid == found.st_gid}
        with suppress(KeyError):
            names |= set(grp.getgrgid(found.st_gid).gr_mem)
    return names - {_user(0)}


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

"""Accounts of this machine, and what they may do with a file: asked by doing it as them, so that access lists count, too."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path

from msgspec import Struct

ROWD = "rowd"
"""The account of the machine's service, and its group: as `User` and `Group` in config/rowd.service."""


PATIENCE = 10
"""Seconds for an answer: a file system that gives none can't be used."""


class Account(Struct, frozen=True):
    """groups: all of them, by number."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


STRANGER = Account(ROWD, 65534, 65534)
"""May what everybody may: so does an account that has yet to be made."""


def account_of(name: str) -> Account | None:
    """None where there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))


def group_there(name: str) -> bool:
    """Whether there is a group of this name."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def may(account: Account, path: Path, rights: str) -> bool:
    """Whether the account has all of these rights: letters of `r`, `w`, `x`. To be asked by root."""
    return all(_tested(account, path, right) for right in rights)


def _tested(account: Account, path: Path, right: str) -> bool:
    try:
        asked = subprocess.run(
            ["test", f"-{right}", str(path)], user=account.uid, group=account.gid, extra_groups=account.groups,
            cwd="/", capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0

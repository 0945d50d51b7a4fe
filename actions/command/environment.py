"""The variables that a command sees. Nothing of the daemon's own environment but the time zone goes through."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping
from datetime import UTC
from functools import cache
from pathlib import Path

from actions.api import Request, Value
from actions.command.folder import OUTPUT
from actions.values import written

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def variables(
    request: Request, folder: Path, fixed: Mapping[str, str], secrets: Mapping[str, str], user: str | None
) -> dict[str, str]:
    """The environment of one attempt.   fixed, secrets, user: see `usual`.

    Parameters don't come this way, only in argv: one way in is enough to watch.
    What an event says comes this way alone: others wrote it, and no argv is made of it.
    """
    return {
        **usual(fixed, secrets, user),
        **_event(request.event),
        "ROWD_RUN_ID": request.run,
        "ROWD_ATTEMPT": str(request.attempt),
        "ROWD_TABLE": request.table,
        "ROWD_TASK": request.task,
        "ROWD_DUE": request.due.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ROWD_OUTPUT": os.path.join(os.path.abspath(folder), OUTPUT),  # noqa: PTH100, PTH118 (a Path costs ten times as much)
    }


def usual(fixed: Mapping[str, str], secrets: Mapping[str, str], user: str | None = None) -> dict[str, str]:
    """What every program sees.

    fixed: the definition's own; it may give PATH, HOME and their like other values.   secrets: name → value.
    user: whom it runs as; None for our own user.
    """
    return {"PATH": PATH, "LANG": "C.UTF-8", **_zone(), **_account(user), **fixed, **secrets}


def _event(event: Mapping[str, Value]) -> dict[str, str]:
    """`ROWD_EVENT_NAME` for each thing that it says, in a form that a variable can hold."""
    said = {name: written(value).replace("\0", "").encode("utf-8", "backslashreplace") for name, value in event.items()}
    return {f"ROWD_EVENT_{name.upper()}": value.decode() for name, value in said.items() if _NAME.fullmatch(name)}


def account_of(user: str) -> pwd.struct_passwd:
    """Whose name this is. Raises ValueError, with a sentence, where it is nobody's."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise ValueError(f'this machine has no user "{user}"; correct `user` in its definition') from None


def _zone() -> dict[str, str]:
    return {"TZ": zone} if (zone := os.environ.get("TZ")) else {}


@cache
def _ourselves() -> pwd.struct_passwd:
    return pwd.getpwuid(os.geteuid())


def _account(user: str | None) -> dict[str, str]:
    try:
        account = pwd.getpwnam(user) if user is not None else _ourselves()
    except KeyError:  # a container may run under a number that has no name
        return {"HOME": "/"}
    return {"HOME": account.pw_dir, "USER": account.pw_name, "LOGNAME": account.pw_name}

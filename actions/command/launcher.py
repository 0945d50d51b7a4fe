"""Has a program begun by the warden."""

from __future__ import annotations

import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from actions.api import Request
from actions.command import warden, wards
from actions.command.environment import account_of
from actions.command.tickets import name_of, void
from actions.command.wards import End
from actions.command.watch import kill_program

_HOLDER = """
trap : HUP INT QUIT USR1 USR2 ALRM PIPE TERM
export ROWD_OUTPUT="/proc/$$/cwd/output"
ROWD_DIR=$1
shift
(cd "$ROWD_DIR" && unset OLDPWD && exec "$@")
exit "$?"
"""
"""Stands between the warden and a program of another user, who reaches the attempt's folder only from within: as long as this runs.

$1: where to run.   Then argv. The traps keep it alive through a signal to its group, so that it can tell the program's status; in
the subshell, and so for the program, they are not in force (POSIX, 2.14 trap). argv[0] is a path, so no word of sh is meant by it.
"""


class Order(Struct, frozen=True):
    """What to start, and within which limits.

    argv: argv[0] is an absolute path.   folder: the attempt's, which the warden makes.   ticket: which of its tickets.
    cpu: whole seconds are taken.   memory: bytes.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    folder: Path
    ticket: int
    user: str | None = None
    memory: int | None = None
    cpu: timedelta | None = None
    nice: int = 0


class Launch:
    """An order to the warden, sent. End it with `close`."""

    def __init__(self, order: Order, request: Request) -> None:
        """Raises OSError or ValueError: nothing was sent."""
        self._order, self._request = order, request
        self._warden = wards.current()
        self._number = self._warden.number()
        self.gone = self._warden.begin(_ordered(order, self._number))

    def signal(self, number: signal.Signals) -> None:
        """Signal its group, by the warden: it alone knows when that number is no longer the group's."""
        self._warden.signal(self._number, number)

    def close(self) -> End | None:
        """How it ended; None where it never began, because its warden was gone before, and its ticket is void now.

        What may still run, because its warden is gone or doesn't answer, is killed.
        """
        self._warden.forget(self._number)
        end = self.gone.result() if self.gone.done() else End(None, "it did not end", orphaned=True)
        if not end.orphaned:
            return end
        folder, ticket = self._order.folder, self._order.ticket
        try:
            if void(folder, ticket):
                return None
            known = kill_program(folder, ticket, self._request)
        except OSError:  # a disk that takes no file any more: it may begin yet
            known = False
        if not known:
            self._warden.kill()
            kill_program(folder, ticket, self._request)
        return end


def _ordered(order: Order, number: bytes) -> warden.Order:
    """As the warden wants it. Raises ValueError."""
    account = account_to_become(order.user)
    argv, cwd = order.argv, str(order.cwd)
    accounted: list[int] = []
    if account is not None:
        argv, cwd = ("/bin/sh", "-c", _HOLDER, "rowd", cwd, *argv), str(order.folder)
        accounted = [account.pw_uid, account.pw_gid, *os.getgrouplist(account.pw_name, account.pw_gid)]
    cpu = max(1, int(order.cpu.total_seconds())) if order.cpu is not None else 0
    limits = [order.memory or 0, cpu, order.nice]
    return warden.Order(
        number=number,
        folder=os.fsencode(order.folder),
        ticket=os.fsencode(name_of(order.folder, order.ticket)),
        cwd=os.fsencode(cwd),
        account=accounted,
        limits=limits if any(limits) else [],
        argv=[_said(argument) for argument in argv],
        environment={_said(name): _said(value) for name, value in (*order.environment.items(), ("PWD", cwd))},
    )


def _said(text: str) -> bytes:
    if "\0" in text:
        raise ValueError("an argument or a variable holds a NUL character")
    return os.fsencode(text)


def account_to_become(user: str | None) -> pwd.struct_passwd | None:
    """Whom to become; None for nobody else than we are. Raises ValueError, with a sentence."""
    if user is None:
        return None
    account = account_of(user)
    if os.geteuid() == 0:
        return account
    if account.pw_uid == os.geteuid():
        return None
    raise ValueError(f'it can run as "{user}" only where rowd runs as root; remove `user` from its definition')

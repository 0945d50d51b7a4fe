"""Has a program begun by the warden: nothing of it runs before the ledger knows the attempt, and nothing if we die before that."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from actions.api import Process, Request
from actions.command import warden, wards
from actions.command.environment import account_of
from actions.command.folder import TICKET, issue, revoke
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


@dataclass(frozen=True, slots=True)
class Order:
    """What to start, and within which limits.

    argv: argv[0] is an absolute path.   folder: where the files go.   cpu: whole seconds are taken.   memory: bytes.
    """

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    folder: Path
    user: str | None = None
    memory: int | None = None
    cpu: timedelta | None = None
    nice: int = 0


class Launch:
    """An attempt made ready. End it with `close` once it was released; never released, it leaves its ticket: nothing ran."""

    def __init__(self, order: Order, request: Request, revoked: str | None = None) -> None:
        """Make it ready. Raises OSError or ValueError.

        revoked: the ticket of an earlier launch of this attempt.
        """
        self._folder, self._request = order.folder, request
        account = account_to_become(order.user)
        if account is not None:
            _give(order.folder, account)
        self._warden = wards.current()
        number = self._warden.number()
        self._number = number.encode()
        self._frame = warden.written(_ordered(order, number, account))
        issue(order.folder, number, self._warden.nonce, revoked)
        self.process: Process = self._warden.process
        self.gone: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    def release(self) -> None:
        """Let the program begin."""
        self.gone = self._warden.begin(self._number, self._frame)

    def signal(self, number: signal.Signals) -> None:
        """Signal its group, by the warden: it alone knows when that number is no longer the group's."""
        self._warden.signal(self._number, number)

    def close(self) -> End | str:
        """How it ended; or, where it never began because its warden was gone before, the ticket that was revoked.

        What may still run, because its warden is gone or doesn't answer, is killed.
        """
        self._warden.forget(self._number)
        end = self.gone.result() if self.gone.done() else End(None, "it did not end", orphaned=True)
        if not end.orphaned:
            return end
        if (revoked := revoke(self._folder)) is not None:
            return revoked
        if not kill_program(self._folder, self._request):
            self._warden.kill()
            kill_program(self._folder, self._request)
        return end


def _ordered(order: Order, number: str, account: pwd.struct_passwd | None) -> warden.Order:
    """As the warden wants it."""
    argv, cwd, accounted = order.argv, str(order.cwd), b""
    if account is not None:
        argv, cwd = ("/bin/sh", "-c", _HOLDER, "rowd", cwd, *argv), str(order.folder)
        groups = os.getgrouplist(account.pw_name, account.pw_gid)
        accounted = ":".join(map(str, (account.pw_uid, account.pw_gid, *groups))).encode()
    cpu = max(1, int(order.cpu.total_seconds())) if order.cpu is not None else ""
    limited = any((order.memory, cpu, order.nice))
    return warden.Order(
        number=number.encode(),
        folder=os.fsencode(order.folder),
        ticket=f"{TICKET}{number}".encode(),
        cwd=os.fsencode(cwd),
        account=accounted,
        limits=f"{order.memory or ''}:{cpu}:{order.nice}".encode() if limited else b"",
        argv=[os.fsencode(argument) for argument in argv],
        environment={os.fsencode(name): os.fsencode(value) for name, value in (*order.environment.items(), ("PWD", cwd))},
    )


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


def _give(folder: Path, account: pwd.struct_passwd) -> None:
    """Let another user write into the folder. He needn't be able to reach it: sh begins inside."""
    os.chown(folder, account.pw_uid, account.pw_gid)

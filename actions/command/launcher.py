"""Starts a program behind a gate: nothing of it runs before the ledger knows its process, and nothing if we die before that.

A few words of POSIX sh wait at a pipe. A line through it lets them go on; its end, ours included, makes them exit. They write the
program's output to files and its exit status to another, so none of that needs a living daemon.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import resource
import signal
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from actions.api import Process
from actions.command.identity import boot, identified

STDOUT, STDERR, EXIT, OUTPUT, BOOT = "stdout", "stderr", "exit", "output", "boot"
"""Files in an attempt's folder."""

_GO = b"go\n"

_SCRIPT = """
trap : HUP INT QUIT USR1 USR2 ALRM PIPE
trap 'ROWD_TOLD=1' TERM
read -r ROWD_GO && [ "$ROWD_GO" = go ] || exit 143
[ -z "$1" ] || export ROWD_OUTPUT="/proc/$$/cwd/output"
ROWD_DIR=$2
shift 2
[ -z "$ROWD_TOLD" ] || exit 143
(cd "$ROWD_DIR" && unset OLDPWD && exec "$@") </dev/null >stdout 2>stderr
ROWD_STATUS=$?
{ echo "$ROWD_STATUS" >exit; } 2>/dev/null && kill -KILL 0
exit "$ROWD_STATUS"
"""
"""$1: not empty where the program runs as another user, who reaches this folder only from within.   $2: where to run.   Then argv.

- The traps keep sh alive through a signal to its group, so that it can write the status; in the subshell, and so for the program,
  they are not in force (POSIX, 2.14 trap).
- A SIGTERM that comes before the program does ends it all there.
- Its variables begin with ROWD_, as none of a definition's does: they come from nowhere else, and change none of the program's.
- `stdout` comes into being only behind the gate: where it is missing, nothing ran.
- The status is one short line by one write(2) and not a rename, which would need a program (mv) and a moment's memory. A reader
  looks only once sh is gone, and takes only a line that ends: half of it is as good as none.
- At last sh kills its own group and so itself: what the program left behind goes with it, and no group can be hit that has only
  got the same number since.
- argv[0] is a path (see `action`), so none of sh's own words can be meant by it.
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
    """A launcher at its gate. End it with `release` or `abandon`; it must be reaped by `reap` in either case."""

    def __init__(self, order: Order) -> None:
        """Start it. Raises OSError or ValueError, with nothing left behind. It takes about a millisecond."""
        (order.folder / BOOT).write_text(f"{boot()}\n")
        account = _account(order.user)
        if account is not None:
            _give(order.folder, account)
        self.pidfd = -1
        reading, self._gate = os.pipe()
        try:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "rowd", order.user or "", str(order.cwd), *order.argv],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=order.folder,
                env=order.environment,
                start_new_session=True,
                umask=0o022,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=os.getgrouplist(account.pw_name, account.pw_gid) if account else None,
            )
        except BaseException:
            os.close(self._gate)
            raise
        finally:
            os.close(reading)
        try:
            self._limit(order)
            self.process: Process = identified(self._popen.pid)
            self.pidfd = os.pidfd_open(self._popen.pid)
        except BaseException:
            self.abandon()
            raise

    def _limit(self, order: Order) -> None:
        pid = self._popen.pid
        if order.memory is not None:
            resource.prlimit(pid, resource.RLIMIT_AS, (order.memory, order.memory))
        if order.cpu is not None:
            seconds = max(1, int(order.cpu.total_seconds()))
            resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds + 1))  # SIGXCPU, then SIGKILL
        if order.nice:
            os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid) + order.nice)

    def release(self) -> None:
        """Let the program run. Where the launcher was killed at its gate, this does nothing."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._gate, _GO)
        os.close(self._gate)

    def abandon(self) -> None:
        """End the launcher, which ran nothing, and reap it."""
        os.close(self._gate)
        self.signal(signal.SIGKILL)
        self._popen.wait()
        if self.pidfd >= 0:
            os.close(self.pidfd)

    def signal(self, number: signal.Signals) -> None:
        """Signal the group. Until `reap` its number is ours, even if every process in it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: all that is left became another user
            os.killpg(self._popen.pid, number)

    def reap(self) -> int:
        """Once it is gone: kill what is left of the group, give its number back, answer the launcher's status as Popen has it."""
        self.signal(signal.SIGKILL)
        os.close(self.pidfd)
        return self._popen.wait()


def _account(user: str | None) -> pwd.struct_passwd | None:
    if user is None:
        return None
    if os.geteuid() != 0:
        raise ValueError(f'it can run as "{user}" only where rowd runs as root; remove `user` from its definition')
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise ValueError(f'this machine has no user "{user}"; correct `user` in its definition') from None


def _give(folder: Path, account: pwd.struct_passwd) -> None:
    """Let another user write into the folder. He needn't be able to reach it: sh begins inside."""
    os.chown(folder, account.pw_uid, account.pw_gid)


def take_back(folder: Path) -> None:
    """After the end: make the folder ours again, and drop what isn't a plain file, so that no link in it makes us read another."""
    if not folder.exists():  # pruned, or lost with its disk
        return
    if folder.stat().st_uid != os.geteuid():
        os.chown(folder, os.geteuid(), os.getegid())
    for name in (STDOUT, STDERR, EXIT, OUTPUT, BOOT):
        with contextlib.suppress(FileNotFoundError):
            found = (folder / name).lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                (folder / name).rename(folder / f"{name}.refused")

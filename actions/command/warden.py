"""The warden: begins the programs of one daemon and sees each to its end, also when that daemon is gone. A process of its own.

`python -I -S warden.py VERSION`, an end of a socket pair as its standard input. It imports little, and nothing of ours: so it is
small, and begins at once. Orders come as frames, and each is carried out as it comes:

- begin: the ticket of the attempt is taken by renaming it (see `folder`); only whoever has taken it may begin the attempt. Then
  the program is started in a session of its own, and its pid goes into the file that was the ticket.
- signal: to the group of a program that hasn't been reaped; so its number can mean no other.

When a program has ended, what is left of its group is killed, its exit status written into its folder, and told. When the daemon is
gone, what it has sent is still carried out, and the warden ends with the last of its programs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import signal
import sys
import time
from typing import NamedTuple, NoReturn

VERSION = "1"
"""Of the frames. A warden of another version ends at once: rowd may be upgraded while a daemon runs."""

BEGIN, SIGNAL = b"begin", b"signal"
STDOUT, STDERR, EXIT, BOOT = "stdout", "stderr", "exit", "boot"
"""Files in an attempt's folder; the others are in `folder`."""

FIXED = 8
"""Fields before the arguments: kind, number, folder, ticket, cwd, uid:gid:groups, memory:cpu:nice, how many arguments."""

_TICKS = os.sysconf("SC_CLK_TCK")
_HEAD, _READ = 4, 1 << 18
_NOT_EXECUTABLE, _NOT_FOUND, _SHELL_SIGNALS = 126, 127, 128  # as sh has them
_HARDLY_FOUND = (errno.ENOENT, errno.ENOTDIR)
_DEAF_TO = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM),
    *(signal.SIGPIPE, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGXFSZ),
)
_DEFAULT = tuple(n for n in signal.valid_signals() if n not in (signal.SIGKILL, signal.SIGSTOP))


class Order(NamedTuple):
    """A program to begin. folder, ticket, cwd, argv, environment: as the kernel has them; empty account and limits: none."""

    number: bytes
    folder: bytes
    ticket: bytes
    cwd: bytes
    account: bytes
    limits: bytes
    argv: list[bytes]
    environment: dict[bytes, bytes]


def now() -> int:
    """Clock ticks since boot, as /proc/PID/stat has them."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * _TICKS // 10**9


def framed(*fields: bytes) -> bytes:
    """A frame: its length, then its fields with NULs between, which none of them may hold. Raises ValueError."""
    frame = b"\0".join(fields)
    if frame.count(b"\0") != len(fields) - 1:
        raise ValueError("an argument or a variable holds a NUL character")
    return len(frame).to_bytes(_HEAD, "little") + frame


def frames(received: bytearray) -> list[list[bytes]]:
    """The fields of each whole frame, which is taken out of what was received."""
    found, at = [], 0
    while len(received) >= at + _HEAD:
        end = at + _HEAD + int.from_bytes(received[at : at + _HEAD], "little")
        if len(received) < end:
            break
        found.append(bytes(received[at + _HEAD : end]).split(b"\0"))
        at = end
    del received[:at]
    return found


def written(order: Order) -> bytes:
    """An order as a frame. Raises ValueError."""
    variables = (name + b"=" + value for name, value in order.environment.items())
    fixed = (*order[:6], str(len(order.argv)).encode())
    return framed(BEGIN, *fixed, *order.argv, *variables)


def _read(fields: list[bytes]) -> Order:
    arguments = FIXED + int(fields[FIXED - 1])
    pairs = (variable.partition(b"=") for variable in fields[arguments:])
    number, folder, ticket, cwd, account, limits = fields[1 : FIXED - 1]
    return Order(number, folder, ticket, cwd, account, limits, fields[FIXED:arguments], {name: value for name, _, value in pairs})


class Warden:
    """One daemon's warden.   line: our end of the socket pair."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._received = bytearray()
        self._unsent = bytearray()
        self._open = True
        self._programs: dict[int, tuple[bytes, bytes]] = {}  # pid → number and folder
        self._pids: dict[bytes, int] = {}  # by the number of the order
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)
        self._ended, woken = os.pipe()
        for end in (self._ended, woken, line):
            os.set_blocking(end, False)
        self._poll.register(self._ended, select.POLLIN)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Return when the daemon and every program are gone."""
        while self._open or self._programs:
            for ready, _ in self._poll.poll():
                if ready == self._ended:
                    os.read(self._ended, 4096)
                    self._reap()
                else:
                    self._hear()
            self._flush()

    def _hear(self) -> None:
        try:
            read = os.read(self._line, _READ)
        except BlockingIOError:  # it is ready for what we have to say
            return
        except ConnectionResetError:  # it is gone, and has not read all we said
            read = b""
        if not read:
            self._open = False
            self._poll.unregister(self._line)
            return
        self._received += read
        for fields in frames(self._received):
            if fields[0] == BEGIN:
                self._begin(_read(fields))
            else:
                self._signal(fields[1], int(fields[2]))

    def _begin(self, order: Order) -> None:
        begun = begin(order)
        if isinstance(begun, str):
            self._tell(order.number, b"", begun.encode(errors="replace"))
        elif begun < 0:
            self._end(order.number, order.folder, -begun)
        else:
            self._programs[begun] = order.number, order.folder
            self._pids[order.number] = begun

    def _signal(self, number: bytes, sent: int) -> None:
        if (pid := self._pids.get(number)) is not None:
            _kill(pid, sent)

    def _reap(self) -> None:
        while self._programs:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            number, folder = self._programs[ended.si_pid]
            _kill(ended.si_pid, signal.SIGKILL)  # what is left of its group, whose number is still its own
            os.waitpid(ended.si_pid, 0)
            del self._programs[ended.si_pid], self._pids[number]
            self._end(number, folder, ended.si_status + (0 if ended.si_code == os.CLD_EXITED else _SHELL_SIGNALS))

    def _end(self, number: bytes, folder: bytes, status: int) -> None:
        _write_exit(folder, b"%d\n" % status)
        self._tell(number, b"%d" % status, b"")

    def _tell(self, *fields: bytes) -> None:
        if self._open:
            self._unsent += framed(*fields)

    def _flush(self) -> None:
        """Send what there is to tell, and no more than the daemon takes: it may be stopped."""
        if not self._open:
            return
        try:
            while self._unsent:
                del self._unsent[: os.write(self._line, self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # it is gone: we'll hear of that, after what it has sent before
            self._unsent.clear()
        self._poll.modify(self._line, select.POLLIN | (select.POLLOUT if self._unsent else 0))


def begin(order: Order) -> int | str:
    """Begin a program: its pid; negative, the exit status of one that can't be executed; or why nothing was begun."""
    ticket, taken = order.folder + b"/" + order.ticket, order.folder + b"/" + BOOT.encode()
    try:
        os.rename(ticket, taken)  # noqa: PTH104 (a path costs more than all this)
    except FileNotFoundError:
        return "its ticket was withdrawn"
    except OSError as exc:
        return f"its ticket can't be taken: {exc.strerror}"
    opened: list[int] = []
    try:
        for name, how in ((BOOT, os.O_APPEND), (STDERR, os.O_CREAT | os.O_TRUNC), (STDOUT, os.O_CREAT | os.O_TRUNC)):
            opened.append(os.open(order.folder + b"/" + name.encode(), os.O_WRONLY | os.O_NOFOLLOW | how, 0o644))
        known, err, out = opened
    except OSError as exc:
        for file in opened:
            os.close(file)
        with contextlib.suppress(OSError):  # nothing ran, as the missing stdout tells, too
            os.rename(taken, ticket)  # noqa: PTH104
        return f"{exc.strerror}: {exc.filename.decode(errors='replace')}"
    try:
        pid = _spawn(order, out, err)
    except OSError as exc:
        _write(err, b"rowd: %s: %s\n" % (order.argv[0], (exc.strerror or "").encode()))
        return -(_NOT_FOUND if exc.errno in _HARDLY_FOUND else _NOT_EXECUTABLE)
    else:
        _write(known, b"%d %d\n" % (pid, now()))
        return pid
    finally:
        for file in opened:
            os.close(file)


def _spawn(order: Order, out: int, err: int) -> int:
    os.chdir(order.cwd)
    try:
        if order.account or order.limits:
            return _fork(order, out, err)
        try:
            return _vfork(order.argv, order.environment, out, err)
        except OSError as exc:
            if exc.errno != errno.ENOEXEC:
                raise
            return _vfork([b"/bin/sh", *order.argv], order.environment, out, err)  # a script without #!, as every shell has it
    finally:
        os.chdir("/")


def _vfork(argv: list[bytes], environment: dict[bytes, bytes], out: int, err: int) -> int:
    return os.posix_spawn(
        argv[0],
        argv,
        environment,
        file_actions=((os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)),
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT,
    )


def _fork(order: Order, out: int, err: int) -> int:
    """The slow way, for what must hold from the program's first instruction and posix_spawn(3) can't do."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(order, out, err, writing)
    os.close(writing)
    said = os.read(reading, 16)
    os.close(reading)
    if said:
        os.waitpid(pid, 0)
        raise OSError(int(said), os.strerror(int(said)))
    return pid


def _become(order: Order, out: int, err: int, writing: int) -> NoReturn:
    failed = errno.EAGAIN
    try:
        signal.set_wakeup_fd(-1)
        for number in _DEFAULT:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        memory, cpu, nice = (int(limit or 0) for limit in (order.limits or b"::").split(b":"))
        if nice:
            os.nice(nice)
        if order.account:
            uid, gid, *groups = map(int, order.account.split(b":"))
            os.fchown(out, uid, gid)  # /dev/stdout is opened anew
            os.fchown(err, uid, gid)
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # SIGXCPU, then SIGKILL
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        try:
            os.execve(order.argv[0], order.argv, order.environment)  # noqa: S606
        except OSError as exc:
            if exc.errno != errno.ENOEXEC:
                raise
            os.execve(b"/bin/sh", [b"/bin/sh", *order.argv], order.environment)  # noqa: S606
    except OSError as exc:
        failed = exc.errno or failed
    except MemoryError:
        failed = errno.ENOMEM
    finally:
        os.write(writing, b"%d" % failed)
        os._exit(_NOT_EXECUTABLE)


def _kill(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: all that is left became another user
        os.killpg(group, number)


def _write_exit(folder: bytes, line: bytes) -> None:
    """One line by one write(2). Where it can't be written (a full disk), it is still told."""
    path, how = folder + b"/" + EXIT.encode(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        try:
            file = os.open(path, how, 0o644)
        except FileExistsError:  # the program's own doing
            os.unlink(path)  # noqa: PTH108
            file = os.open(path, how, 0o644)
    except OSError:
        return
    _write(file, line)
    os.close(file)


def _write(file: int, line: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(file, line)


def main() -> None:
    """Serve the daemon at the other end of standard input."""
    if sys.argv[1:] != [VERSION]:
        sys.exit(f"this warden is of version {VERSION}")
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    os.chdir("/")
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.close(nothing)
    Warden(line).serve()


if __name__ == "__main__":
    main()

"""The warden: begins the programs of one daemon and sees each to its end, also when that daemon is gone. A process of its own.

`python -I -S warden.py VERSION BOOT`, an end of a socket pair as its standard input. It imports little, and nothing of ours: so it
is small, and begins at once. Orders come as frames, and each is carried out as it comes:

- begin: the ticket of the attempt is made (see `tickets`); only whoever has made it may begin the attempt. Then the program is
  started in a session of its own, and its pid goes into the ticket.
- signal: to the group of a program that hasn't been reaped; so its number can mean no other.

When a program has ended, what is left of its group is killed, its exit status added to the ticket, and told. When the daemon is
gone, what it has sent is still carried out, and the warden ends with the last of its programs.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import resource
import select
import signal
import stat
import sys
import time
from typing import Any, NamedTuple, NoReturn

VERSION = "3"
"""Of the frames. A warden of another version ends at once: rowd may be upgraded while a daemon runs."""

BEGIN, SIGNAL = "begin", "signal"
STDOUT, STDERR, OUTPUT = "stdout", "stderr", "output"
"""Files in an attempt's folder."""

FILES = STDOUT, STDERR, OUTPUT

MARK = "ROWD_WARDEN"
"""A variable of wardens and of nothing else. What is forked of one bears it, too, until it has become its program."""

TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second."""
_HEAD, _READ = 4, 1 << 18
NOT_EXECUTABLE, NOT_FOUND, _SHELL_SIGNALS = 126, 127, 128
"""As sh has them."""

_DEAF_TO = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM),
    *(signal.SIGPIPE, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGXFSZ),
)
_DEFAULT = tuple(n for n in signal.valid_signals() if n not in (signal.SIGKILL, signal.SIGSTOP))


class Order(NamedTuple):
    """A program to begin. folder, ticket, cwd, argv, environment: as the kernel has them, without NULs.

    number: unlike any other order's, of any warden.   account: uid, gid and further groups; empty for our own.
    limits: memory in bytes, cpu in seconds, 0 for none; nice. Empty where there is none.
    """

    number: bytes
    folder: bytes
    ticket: bytes
    cwd: bytes
    account: list[int]
    limits: list[int]
    argv: list[bytes]
    environment: dict[bytes, bytes]


def now() -> int:
    """Clock ticks since boot, as /proc/PID/stat has them."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * TICKS // 10**9


def framed(*fields: Any) -> bytes:
    """A frame: its length, then its fields, which are plain values."""
    frame = marshal.dumps(fields)  # its ends are of one Python: each daemon has a warden of its own
    return len(frame).to_bytes(_HEAD, "little") + frame


def frames(received: bytearray) -> list[tuple[Any, ...]]:
    """The fields of each whole frame, which is taken out of what was received."""
    found, at = [], 0
    while len(received) >= at + _HEAD:
        end = at + _HEAD + int.from_bytes(received[at : at + _HEAD], "little")
        if len(received) < end:
            break
        found.append(marshal.loads(received[at + _HEAD : end]))  # noqa: S302 (of the daemon that began us)
        at = end
    del received[:at]
    return found


class Warden:
    """One daemon's warden.   line: our end of the socket pair.   name: what tickets tell of us."""

    def __init__(self, line: int, name: bytes) -> None:
        self._line, self._name = line, name
        self._received = bytearray()
        self._unsent = bytearray()
        self._open = True
        self._programs: dict[int, tuple[bytes, bytes, bytes]] = {}  # pid → number, ticket and folder
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
        for kind, *fields in frames(self._received):
            if kind == BEGIN:
                self._begin(Order(*fields))
            else:
                self._signal(*fields)

    def _begin(self, order: Order) -> None:
        try:
            pid = begin(order, self._name)
        except OSError as exc:
            self._tell(order.number, None, f"{exc.strerror}: {os.fsdecode(exc.filename or order.folder)}", None)
            return
        if pid < 0:
            self._end(order.number, order.ticket, order.folder, -pid)
        else:
            self._programs[pid] = order.number, order.ticket, order.folder
            self._pids[order.number] = pid

    def _signal(self, number: bytes, sent: int) -> None:
        if (pid := self._pids.get(number)) is not None:
            _kill(pid, sent)

    def _reap(self) -> None:
        while self._programs:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            number, ticket, folder = self._programs[ended.si_pid]
            _kill(ended.si_pid, signal.SIGKILL)  # what is left of its group, whose number is still its own
            os.waitpid(ended.si_pid, 0)
            del self._programs[ended.si_pid], self._pids[number]
            status = ended.si_status + (0 if ended.si_code == os.CLD_EXITED else _SHELL_SIGNALS)
            self._end(number, ticket, folder, status)

    def _end(self, number: bytes, ticket: bytes, folder: bytes, status: int) -> None:
        _note(ticket, b"exit %d %d\n" % (status, now()))
        self._tell(number, status, "", sizes(os.fsdecode(folder)))

    def _tell(self, *fields: Any) -> None:
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


def begin(order: Order, name: bytes) -> int:
    """Begin a program: its pid; negative, the exit status of one that can't be executed. Raises OSError: nothing was tried."""
    _take(order, name)
    opened: list[int] = []
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(order.folder, 0o700)  # noqa: PTH102 (as above)
        for log in (STDERR, STDOUT):  # that of stdout tells that something may have run
            how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            opened.append(os.open(order.folder + b"/" + log.encode(), how, 0o644))
        err, out = opened
        if order.account:
            os.chown(order.folder, *order.account[:2])  # he needn't be able to reach it: the program begins inside
        try:
            pid = _spawn(order, out, err)
        except OSError as exc:
            _write(err, b"rowd: %s: %s\n" % (order.argv[0], (exc.strerror or "").encode()))
            return -(NOT_FOUND if exc.errno in (errno.ENOENT, errno.ENOTDIR) else NOT_EXECUTABLE)
    except OSError:
        with contextlib.suppress(OSError):  # nothing ran: another daemon may begin it
            os.unlink(order.ticket)  # noqa: PTH108 (as above)
        raise
    finally:
        for file in opened:
            os.close(file)
    _note(order.ticket, b"%d %d\n" % (pid, now()))
    return pid


def _take(order: Order, name: bytes) -> None:
    """Make the ticket, whole at once and only where there is none: link(2) never replaces a file. Raises OSError."""
    os.makedirs(order.ticket.rpartition(b"/")[0], exist_ok=True)  # noqa: PTH103 (a path costs more than all this)
    unlinked = order.ticket + b"." + order.number
    file = os.open(unlinked, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, name)
        os.link(unlinked, order.ticket)
    finally:
        os.close(file)
        os.unlink(unlinked)  # noqa: PTH108 (as above)


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
        memory, cpu, nice = order.limits or (0, 0, 0)
        if nice:
            os.nice(nice)
        if order.account:
            uid, gid, *groups = order.account
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
        os._exit(NOT_EXECUTABLE)


def _kill(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: all that is left became another user
        os.killpg(group, number)


def _note(ticket: bytes, line: bytes) -> None:
    """One line by one write(2). Where it can't be written (a full disk), it is still told."""
    with contextlib.suppress(OSError):
        file = os.open(ticket, os.O_WRONLY | os.O_APPEND)
        _write(file, line)
        os.close(file)


def sizes(folder: str) -> list[int] | None:
    """How long each of `FILES` is, 0 for one that isn't there; None where a program has made something else of them, or of whose
    they are.
    """
    found = []
    try:
        if os.stat(folder).st_uid != os.geteuid():  # noqa: PTH116 (a path costs more than the look)
            return None
        for name in FILES:
            try:
                there = os.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                found.append(0)
            else:
                if not stat.S_ISREG(there.st_mode) or there.st_nlink != 1:
                    return None
                found.append(there.st_size)
    except OSError:  # whoever reads them has to deal with that
        return None
    return found


def _write(file: int, line: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(file, line)


def main() -> None:
    """Serve the daemon at the other end of standard input."""
    if sys.argv[1:2] != [VERSION]:
        sys.exit(f"this warden is of version {VERSION}")
    name = f"{sys.argv[2]} {os.environ[MARK]} {os.getpid()} {now()}\n".encode()
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o022)
    os.chdir("/")
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.close(nothing)
    Warden(line, name).serve()


if __name__ == "__main__":
    main()

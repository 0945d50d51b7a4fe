"""Secrets that programs tell: asked once, without a shell, all at the same time. Of what they print only the value is kept."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.environment import Variable
from config.fields import spelled
from config.mistakes import Mistake
from config.settings import SecretCommand

MOST = 100_000
"""Bytes of a secret."""

_BY_HAND = "run it by hand, as the user that rowd runs as, to see why"


class Untold(Exception):
    """A program told no secret.   why: without anything that it printed."""

    def __init__(self, why: str, remedy: str = _BY_HAND) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


def asked(
    commands: Mapping[str, SecretCommand], file: Path, environ: Mapping[str, str], variables: Mapping[str, Variable]
) -> tuple[dict[str, Variable], list[Mistake]]:
    """The secrets of these commands, by name, but for those that have a value already, which are not asked for.

    file: rowd.toml; they run in its folder.   environ: theirs.   variables: what is set; their own `secrets` are among it.
    Raises nothing: what isn't told is a mistake.
    """
    wanted = {name: command for name, command in commands.items() if name not in variables}
    if not wanted:
        return {}, []

    def one(name: str) -> Variable | Mistake:
        command = wanted[name]
        key, program = f"secret.{name}", command.command[0]
        for secret in command.secrets:
            if secret not in variables:
                remedy = f"put {secret}=… into .env beside rowd.toml; another command's it can't be"
                return Mistake(str(file), f"{key}.secrets", f"{secret} has no value", remedy)
        own = {secret: variables[secret].value for secret in command.secrets}
        try:
            value = told(command.command, file.parent, {**environ, **own}, command.timeout.total_seconds())
        except Untold as exc:
            why = exc.why.format(timeout=spelled(command.timeout))
            return Mistake(str(file), f"{key}.command", f"{program} {why}", exc.remedy)
        return Variable(name, value, f"command {program}")

    with ThreadPoolExecutor(max_workers=len(wanted)) as threads:
        answers = dict(zip(wanted, threads.map(one, wanted), strict=True))
    found = {name: answer for name, answer in answers.items() if isinstance(answer, Variable)}
    return found, [answer for answer in answers.values() if isinstance(answer, Mistake)]


def told(argv: Sequence[str], cwd: Path, environment: Mapping[str, str], patience: float) -> str:
    """What it prints, without the line break at the end. Nothing of it runs on.   patience: seconds. Raises Untold."""
    try:
        program = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal that it could ask is none of its business
        )
    except OSError as exc:
        raise Untold(f"can't be run ({exc.strerror})", "install it, or write its full path") from None
    except ValueError:  # subprocess's word for a NUL character
        raise Untold("can't be run (a NUL character stands in it)", "remove that") from None
    try:
        printed = _printed(program, time.monotonic() + patience)
    finally:
        os.killpg(program.pid, signal.SIGKILL)  # nobody has waited for it yet, so the number is still its own
        status = program.wait()
    if status:
        raise Untold(f"was killed by signal {-status}" if status < 0 else f"ended with exit {status}")
    try:
        text = printed.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Untold("printed what is not UTF-8 text") from None
    if not text or "\0" in text:
        raise Untold("printed nothing" if not text else "printed a NUL character")
    return text


def _printed(program: subprocess.Popen[bytes], until: float) -> bytes:
    """All that it prints until it has ended, whatever it leaves running."""
    assert program.stdout is not None  # noqa: S101 (it is a pipe)
    gone, printed = os.pidfd_open(program.pid), bytearray()
    poll = select.poll()
    try:
        with program.stdout as out:
            os.set_blocking(out.fileno(), False)
            for fd in (gone, out.fileno()):
                poll.register(fd, select.POLLIN)
            ended, closed = False, False
            while not ended:
                left = until - time.monotonic()
                if left <= 0:
                    raise Untold("took longer than {timeout}", "see what keeps it, or write a longer timeout")
                ready = [fd for fd, _ in poll.poll(left * 1000)]
                ended = gone in ready
                if not closed and not _taken(out.fileno(), printed):
                    closed = True  # and it may go on
                    poll.unregister(out)
    finally:
        os.close(gone)
    return bytes(printed)


def _taken(fd: int, into: bytearray) -> bool:
    """Take all that is there. False: nothing will come any more."""
    while True:
        try:
            piece = os.read(fd, 1 << 16)
        except BlockingIOError:
            return True
        if not piece:
            return False
        into += piece
        if len(into) > MOST:
            raise Untold(f"printed more than {MOST} bytes")

"""Runs one program, and ends it with all that it began when our standard input closes: when whoever asks lets go of us, or is gone.

A process of its own, beside the daemon: so that a program that hangs ends also where the daemon was killed. It imports nothing of
rowd, and little of Python: it starts for each question.

argv: the folder to run in, then the program and its arguments. Ends with the program's status, as sh has it.
"""

import os
import select
import signal
import sys

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""As sh has them (POSIX, 2.8.2)."""


def main(folder: str, argv: list[str]) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_become(folder, argv))
    gone = os.pidfd_open(child)
    waiting = select.poll()
    waiting.register(gone, select.POLLIN)
    waiting.register(0, select.POLLIN)
    waiting.poll()
    _kill(child)  # before it is waited for: until then nobody else can have its number
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(folder: str, argv: list[str]) -> int:
    """The program, in a session of its own. Returns only where that can't be."""
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what it starts would inherit that
    with open(os.devnull) as nothing:  # noqa: PTH123 (pathlib costs more than all else here)
        os.dup2(nothing.fileno(), 0)
    try:
        os.chdir(folder)
    except OSError as exc:
        print(f"there is no folder {folder} to run in ({exc.strerror}); create it, or correct cwd", file=sys.stderr, flush=True)  # noqa: T201 (it is what the fact is told by)
        return NOT_EXECUTABLE
    try:
        os.execvp(argv[0], argv)  # noqa: S606 (without a shell on purpose)
    except FileNotFoundError:
        print(f"there is no program {argv[0]}; install it, or write its full path", file=sys.stderr, flush=True)  # noqa: T201 (it is what the fact is told by)
        return NOT_FOUND
    except OSError as exc:
        print(f"{argv[0]} can't be run: {exc.strerror}", file=sys.stderr, flush=True)  # noqa: T201 (it is what the fact is told by)
        return NOT_EXECUTABLE


def _kill(child: int) -> None:
    """It and its group, whatever is left of them."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except OSError:  # it has no group yet, or nothing of it is left
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

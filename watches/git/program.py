"""Runs git so that it only reads: nothing that stands in a repository is executed, nothing is written, nothing fetched.

The repository is found as git finds it, never named with --git-dir: only then does git look at who owns it.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from watches.api import Unseen

PATIENCE = 30.0
"""Seconds that one call of git may take."""

LONGEST_PIECE = 1 << 16
"""Bytes of one piece of what git says; what is longer is cut."""

_READING = (
    *("--no-optional-locks", "--no-pager", "--no-replace-objects"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.alternateRefsCommand="),
    *("-c", "core.pager=cat"),
    *("-c", "diff.external="),
    *("-c", "log.showSignature=false"),  # it would run gpg.program
    *("-c", "protocol.allow=never"),
)

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME")
"""What git gets of our environment: its owner's own configuration says which repositories of others are trusted."""

_FIXED = {
    "LC_ALL": "C",  # what git says is recognised
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "",  # a repository's `protocol.ext.allow` would overrule protocol.allow
    "GIT_NO_LAZY_FETCH": "1",
}

_TRUST = re.compile(r"git config --global --add safe\.directory .+")


class Git:
    """The program git at one repository."""

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience

    def told(self, *arguments: str, given: Iterable[str] = (), end: bytes = b"\n") -> Iterator[bytes]:
        """What git says, piece by piece without their `end`, each cut at LONGEST_PIECE. To be read to its end.

        given: lines for its standard input.   Raises Unseen where git fails, takes too long, or isn't there.
        """
        program = shutil.which("git")
        if program is None:
            raise Unseen("git isn't on the PATH that rowd has; install it (Debian: apt install git)")
        with open(os.memfd_create("given"), "w+b") as lines, open(os.memfd_create("said"), "w+b") as said:  # noqa: PTH123 (no paths)
            lines.writelines(f"{line}\n".encode() for line in given)
            lines.seek(0)
            try:
                process = subprocess.Popen(
                    [program, *_READING, "-C", str(self._path), *arguments],
                    stdin=lines,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=self._environment(),
                    process_group=0,
                )
            except OSError as exc:
                raise Unseen(f"{program} can't be run: {exc.strerror or exc}") from exc
            try:
                until = time.monotonic() + self._patience
                yield from _pieces(self._chunks(process, until), end)
                status = process.wait(max(until - time.monotonic(), 0.0))
            except (TimeoutError, subprocess.TimeoutExpired):
                slow = f"git took longer than {self._patience:g}s at {self._path}"
                raise Unseen(f"{slow}; see whether its disk answers, and run `git gc` there") from None
            finally:
                _ended(process)
            if status:
                said.seek(0)
                raise Unseen(self._refusal(said.read(LONGEST_PIECE).decode(errors="replace"), status))

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, **_FIXED, "GIT_CEILING_DIRECTORIES": str(self._path.resolve().parent)}

    @staticmethod
    def _chunks(process: subprocess.Popen[bytes], until: float) -> Iterator[bytes]:
        """Raises TimeoutError when the time has come, whoever still holds the pipe."""
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        fd = process.stdout.fileno()
        readable = select.poll()
        readable.register(fd, select.POLLIN)
        while readable.poll(max(0.0, until - time.monotonic()) * 1000):
            if not (chunk := os.read(fd, LONGEST_PIECE)):
                return
            yield chunk
        raise TimeoutError

    def _refusal(self, said: str, status: int) -> str:
        if trust := _TRUST.search(said):
            return f"git doesn't trust {self._path}, since another user owns it; as the user that rowd runs as, run: {trust[0]}"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        why = next(
            (line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else f"exit status {status}"
        )
        why = "".join(c if c.isprintable() else " " for c in why)[:300].rstrip(".")
        return f"git can't read {self._path} ({why}); put it right there, `git fsck` tells more"


def _pieces(chunks: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        first, *others = chunk.split(end)
        held += first[: LONGEST_PIECE - len(held)]
        for other in others:
            yield held
            held = other  # a chunk is no longer
    if held:
        yield held


def _ended(process: subprocess.Popen[bytes]) -> None:
    """End what still runs of it and what it began, and let go of it."""
    if process.returncode is None:  # nobody has waited for it yet, so that its pid is still its own, though it may have ended
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()

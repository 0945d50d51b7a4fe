"""How rowd is started: as the installed command, or, in a tenth of the time, forked from a process that has imported it already.

Both are processes of their own that run the command's `main`, with real files, real syncs, and nobody to tidy up after a kill.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROWD = Path(sys.executable).with_name("rowd")
PATIENCE = 60.0
"""Seconds that a command may take on a machine under load."""


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would change rowd's ways or measure it; compiled modules may be kept, as where people run it."""
    unwanted = ("ROWD_", "COVERAGE_", "COV_CORE_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unwanted) and k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **more}


@dataclass(frozen=True, slots=True)
class Answer:
    """A command that has ended."""

    status: int
    out: str
    err: str


class Running(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int: ...

    def ended(self, timeout: float) -> int | None:
        """Its exit status, negative for a signal, once it has ended; None where it hasn't within so many seconds."""

    def signal(self, number: signal.Signals) -> None: ...


class Starter(Protocol):
    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        """A daemon. Its standard error goes to `log`, by itself, so that nothing of it is lost when somebody dies."""

    def run(self, folder: Path, argv: Sequence[str]) -> Answer:
        """Another command, to its end."""


class Installed:
    """The command that `pip install` made."""

    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        more = {"ROWD_DIE_AT": die_at} if die_at else {}
        with log.open("ab") as out:
            return _Child(
                subprocess.Popen(
                    [ROWD, *argv],
                    cwd=folder,
                    env=environment(**more),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )

    def run(self, folder: Path, argv: Sequence[str]) -> Answer:
        # a session of its own: Ctrl-C is for the proof, not for its commands
        done = subprocess.run(
            [ROWD, *argv],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


class _Child:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self._pidfd = os.pidfd_open(process.pid)

    def ended(self, timeout: float) -> int | None:
        if self._process.returncode is None and select.select([self._pidfd], [], [], max(0.0, timeout))[0]:
            self._process.wait()
            os.close(self._pidfd)
        return self._process.returncode

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


class Forked:
    """A process that has imported rowd forks one for each command."""

    def __init__(self, scratch: Path) -> None:
        """scratch: a folder for what commands print."""
        self._scratch = scratch
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,
        )
        self._news = threading.Condition()
        self._pids: dict[int, int] = {}
        self._statuses: dict[int, int] = {}
        self._asked = 0
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def start(self, folder: Path, argv: Sequence[str], log: Path, die_at: str | None = None) -> Running:
        return self.fork(folder, argv, log, log, {"ROWD_DIE_AT": die_at} if die_at else {})

    def run(self, folder: Path, argv: Sequence[str], more: Mapping[str, str] | None = None) -> Answer:
        """more: variables of its environment beside ours."""
        base = self.scratch()
        out, err = base.with_suffix(".out"), base.with_suffix(".err")
        running = self.fork(folder, argv, out, err, more or {})
        status = running.ended(PATIENCE)
        if status is None:
            running.signal(signal.SIGKILL)
            raise AssertionError(f"{argv} did not end: {out.read_text()}{err.read_text()}")
        answer = Answer(status, out.read_bytes().decode(), err.read_bytes().decode())
        out.unlink()
        err.unlink()
        return answer

    def scratch(self) -> Path:
        """Where there is nothing yet."""
        with self._news:
            self._asked += 1
            return self._scratch / f"said-{self._asked}"

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reading.join()
        self._process.stdout.close()

    def status(self, number: int, timeout: float) -> int | None:
        with self._news:
            self._news.wait_for(lambda: number in self._statuses, timeout)
            return self._statuses.get(number)

    def fork(self, folder: Path, argv: Sequence[str], out: Path, err: Path, more: Mapping[str, str]) -> Running:
        """out, err: files or pipes by name, which it opens itself.   more: variables of its environment beside ours."""
        assert self._process.stdin is not None
        with self._news:
            self._asked += 1
            number = self._asked
            asked = {"number": number, "argv": list(argv), "cwd": str(folder), "out": str(out), "err": str(err), "more": more}
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            if not self._news.wait_for(lambda: number in self._pids, PATIENCE):
                raise AssertionError("nothing was forked")
            return _Grandchild(self, number, self._pids[number])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            with self._news:
                if "status" in told:
                    self._statuses[told["number"]] = told["status"]
                else:
                    self._pids[told["number"]] = told["pid"]
                self._news.notify_all()


class _Grandchild:
    def __init__(self, forked: Forked, number: int, pid: int) -> None:
        self._forked, self._number, self.pid = forked, number, pid

    def ended(self, timeout: float) -> int | None:
        return self._forked.status(self._number, timeout)

    def signal(self, number: signal.Signals) -> None:
        if self._forked.status(self._number, 0) is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended, and that is on its way to us
                os.kill(self.pid, number)

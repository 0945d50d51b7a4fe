"""A site on disk, the installed command as a process, and a witness that rowd doesn't know of."""

from __future__ import annotations

import csv
import io
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from engine.ledger import Ledger
from engine.trail import Kind, deeds_of
from tests.prove.commands import Forked, Running

ROWD = Path(sys.executable).with_name("rowd")
PATIENCE = 30.0
"""Seconds that a machine under load may take for anything that is waited for here."""


def eventually(so: Callable[[], bool]) -> None:
    """Return once it is so, by another process's doing. Raises TimeoutError after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


WITNESS = """\
import os, sys
log = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(log, f"{os.environ['ROWD_RUN_ID']} {os.environ['ROWD_ATTEMPT']} {os.getpid()}\\n".encode())
os.fsync(log)
gate = os.environ.get("GATE")
if gate:
    open(gate).read()  # a named pipe: until somebody opens and closes it
print("done")
"""

CONFIG = """\
[daemon]
stop_within = "5s"
max_parallel = {parallel}
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[actions.work]
kind = "command"
argv = ["{python}", "-S", "{witness}"]
environment = {{ WITNESS = "{seen}" }}
[actions.gated]
kind = "command"
argv = ["{python}", "-S", "{witness}"]
environment = {{ WITNESS = "{seen}", GATE = "{gate}" }}
[actions.repeated]
kind = "simulate"
repeatable = true
sleep = "20s"
[actions.risky]
kind = "simulate"
repeatable = false
sleep = "20s"
"""

HEADER = "ID,Name,Action,Schedule,Status,Do,Health,Next Run,Last Run,Last Status,Last Result,Runs"


def clean_environment() -> dict[str, str]:
    """Ours, without what would change rowd's ways; compiled modules may be kept, as where people run it."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ROWD_") and k != "PYTHONDONTWRITEBYTECODE"}


FORKED: list[Forked] = []
"""One process that has imported rowd: it forks what a test is not about, in a tenth of the time that the installed one takes."""


def _more() -> dict[str, str]:
    """Variables that a test may have set since that process was started."""
    return {key: value for key, value in clean_environment().items() if not key.startswith("COV")}


def rowd(*command: str, cwd: Path, installed: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.   installed: as it was installed, not forked."""
    if not installed:
        answer = FORKED[0].run(cwd, command, _more())
        return subprocess.CompletedProcess([ROWD, *command], answer.status, answer.out, answer.err)
    return subprocess.run(
        [ROWD, *command], cwd=cwd, env=clean_environment(), capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )


class Site:
    """One folder with rowd.toml and tasks.csv."""

    def __init__(self, folder: Path, rows: Sequence[str], forked: Forked, parallel: int = 8) -> None:
        self.folder = folder
        self.state = folder / ".rowd"
        self._forked = forked
        self.table = folder / "tasks.csv"
        self.seen = folder / "seen"
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        witness = folder / "witness.py"
        witness.write_text(WITNESS)
        text = CONFIG.format(python=sys.executable, witness=witness, seen=self.seen, gate=self.gate, parallel=parallel)
        (folder / "rowd.toml").write_text(text)
        self.table.write_text("\n".join([HEADER, *rows]) + "\n")
        self.daemons: list[Daemon] = []

    def start(self, *, installed: bool = False) -> Daemon:
        daemon = Daemon(self.folder, ["run", "--log", "json"], installed=installed)
        self.daemons.append(daemon)
        return daemon

    def die_at(self, point: str) -> None:
        """Start a daemon that kills itself there, and see it dead."""
        daemon = self._forked.start(self.folder, ["run", "--log", "json"], self.folder / "died.jsonl", point)
        status = daemon.ended(PATIENCE)
        daemon.signal(signal.SIGKILL)
        assert status == -signal.SIGKILL, f"{point} was not reached"

    def rowd(self, *command: str, installed: bool = False) -> subprocess.CompletedProcess[str]:
        """Another command, while the daemon runs or not."""
        return rowd(*command, cwd=self.folder, installed=installed)

    def rows(self) -> dict[str, dict[str, str]]:
        """The table as a person sees it, by Name."""
        text = self.table.read_text()
        return {row["Name"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}

    def type_in(self, name: str, column: str, text: str) -> None:
        """Change a cell and save the file, as an editor does."""
        rows = list(self.rows().values())
        saved = io.StringIO(newline="")
        lines = csv.DictWriter(saved, rows[0].keys(), lineterminator="\n")
        lines.writeheader()
        lines.writerows({**row, column: text} if row["Name"] == name else row for row in rows)
        beside = self.folder / "saving"
        beside.write_text(saved.getvalue())
        beside.replace(self.table)

    def history(self) -> list[dict[str, Any]]:
        """Every record of the ledger, newest first."""
        answer = self._forked.run(self.folder, ["history", "--limit", "100000", "--json"])
        assert answer.status == 0, answer.err
        records: list[dict[str, Any]] = json.loads(answer.out)["runs"]
        return records

    def witnessed(self) -> list[tuple[str, str, int]]:
        """(run, attempt, pid) of everything that really started."""
        if not self.seen.exists():
            return []
        return [(run, attempt, int(pid)) for run, attempt, pid in map(str.split, self.seen.read_text().splitlines())]

    def at_the_gate(self) -> int:
        """The pid of the gated command, once it waits; it does until `open_gate`."""
        self._held = os.open(self.gate, os.O_WRONLY)  # blocks until the command has opened its end: then it has witnessed
        return self.witnessed()[-1][2]

    def open_gate(self) -> None:
        """Let the gated command end: the last writer leaves its pipe."""
        os.close(self._held)

    def laws(self) -> None:
        """No attempt started twice; every record has exactly one outcome; everything that started has a record, also in the audit
        trail, which holds.
        """
        seen = Counter((run, attempt) for run, attempt, _ in self.witnessed())
        assert not [which for which, number in seen.items() if number > 1]
        records = self.history()
        assert all(record["outcome"] for record in records)
        assert len({(r["table"], r["id"], r["cause"], r["due"]) for r in records}) == len(records)
        assert {run for run, _ in seen} <= {record["run"] for record in records}
        with closing(Ledger.open(self.state / "ledger.sqlite", migrate=False)) as ledger:
            assert ledger.examine_trail().broken is None
            deeds = [deed for record in ledger.trail() for deed in deeds_of(record) if deed.kind == Kind.RUN_BEGUN]
        begun = Counter((deed.run, str(deed.what.get("attempt", 1))) for deed in deeds)
        assert seen.keys() <= begun.keys()
        assert set(begun.values()) <= {1}

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
        for _, _, pid in self.witnessed():
            with suppress(OSError):
                if b"witness.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)


class Daemon:
    """A rowd process whose log is read as it comes."""

    def __init__(
        self, folder: Path, command: Sequence[str], more: Mapping[str, str] | None = None, *, installed: bool = False
    ) -> None:
        """more: variables of its environment beside ours.   installed: the command as it was installed, not forked."""
        self.events: list[dict[str, Any]] = []
        self.other: list[str] = []
        self._rest = b""
        pipe = FORKED[0].scratch()
        os.mkfifo(pipe)
        self._fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.process: subprocess.Popen[bytes] | _Forked
        if installed:
            with pipe.open("wb") as log:
                self.process = subprocess.Popen(
                    [ROWD, *command],
                    cwd=folder,
                    env={**clean_environment(), **(more or {})},
                    stderr=log,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
        else:
            self.process = _Forked(FORKED[0].fork(folder, command, Path(os.devnull), pipe, {**_more(), **(more or {})}))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._fd, selectors.EVENT_READ)

    def until(self, name: str, when: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first event of this name (from the start on) that `when` says yes to."""
        deadline, looked = time.monotonic() + PATIENCE, 0
        while True:
            for event in self.events[looked:]:
                looked += 1
                if event["event"] == name and when(event):
                    return event
            if not self._more(deadline):
                raise AssertionError(f"no {name} came:\n" + "\n".join(map(str, [*self.events, *self.other])))

    def ended(self) -> int:
        """Its exit status, once it has ended by itself; negative for a signal."""
        deadline = time.monotonic() + PATIENCE
        while self._more(deadline):
            pass
        if time.monotonic() >= deadline:
            raise AssertionError("it didn't end:\n" + "\n".join(map(str, [*self.events, *self.other])))
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """SIGTERM, and its exit status."""
        self.process.terminate()
        return self.ended()

    def kill(self) -> None:
        """SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._selector.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _more(self, deadline: float) -> bool:
        """Read more of the log; False at its end, or when the time is up."""
        if not self._selector.select(max(0, deadline - time.monotonic())):
            return False
        read = os.read(self._fd, 65536)
        *lines, self._rest = (self._rest + read).split(b"\n")
        for line in lines:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.other.append(line.decode(errors="replace"))
        return bool(read)


class _Forked:
    """What was forked, as far as it is used like a `Popen`."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.pid = running.pid
        self.send_signal = running.signal

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._running.ended(0)

    def wait(self, timeout: float) -> int:
        status = self._running.ended(timeout)
        assert status is not None, f"process {self.pid} has not ended"
        return status

    def terminate(self) -> None:
        self._running.signal(signal.SIGTERM)

    def kill(self) -> None:
        self._running.signal(signal.SIGKILL)

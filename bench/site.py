"""rowd as people run it: a folder with rowd.toml and a CSV, `rowd run` as a process of its own, its events as they come."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench import witness
from bench.processes import cpu

ROOT = Path(__file__).resolve().parent.parent
ROWD = Path(sys.executable).with_name("rowd")
PATIENCE = 120.0
"""Seconds after which a side that doesn't get on is given up."""

COLUMNS = (
    "ID",
    "Name",
    "Action",
    "Schedule",
    "Status",
    "Do",
    "Health",
    "Next Run",
    "Last Run",
    "Last Status",
    "Last Result",
    "Runs",
)
"""Of every table here: what people want to see of their tasks, so that writing the table is part of what is measured."""

CONFIG = """\
[daemon]
max_parallel = {parallel}
log = "json"
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "tasks.csv"
[actions.noop]
kind = "witness"
[actions.true]
kind = "command"
argv = ["/bin/true"]
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """One line of its log, and when it reached us (nanoseconds since 1970): later than it happened, never earlier."""

    at: int
    raw: bytes

    def is_a(self, event: str) -> bool:
        return f'"event":"{event}"'.encode() in self.raw

    @property
    def fields(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.raw)
        return found


class Site:
    """One folder, and the daemon in it."""

    def __init__(
        self, folder: Path, rows: Iterable[Mapping[str, str]], parallel: int = 8, columns: Sequence[str] = COLUMNS
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.table = folder / "tasks.csv"
        self.witness = folder / "witness"
        self.heard: list[Heard] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._news = threading.Condition()
        (folder / "rowd.toml").write_text(CONFIG.format(parallel=parallel))
        with self.table.open("w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            lines.writeheader()
            lines.writerows(rows)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "it has not been started"
        return self._process.pid

    def start(self, through: Iterable[str] = ()) -> Self:
        """Start the daemon; `through` is put before its command (a profiler)."""
        packages = witness.registered(self.folder)
        kept = (k for k in os.environ if not k.startswith("ROWD_") and k != "PYTHONDONTWRITEBYTECODE")  # as where people run it
        environment = {k: os.environ[k] for k in kept}
        environment |= {"PYTHONPATH": f"{ROOT}:{packages}", witness.VARIABLE: str(self.witness)}
        self.heard = []
        self._process = subprocess.Popen([*through, str(ROWD), "run"], cwd=self.folder, env=environment, stderr=subprocess.PIPE)
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        return self

    def stop(self) -> None:
        """End the daemon in order, or after a while without."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def wait_for(self, event: str, number: int = 1, after: int = 0, of: Callable[[Heard], bool] = lambda _: True) -> list[Heard]:
        """The first so many events of that name (heard later than `after`), once they are there. Raises TimeoutError."""
        found: list[Heard] = []
        looked = 0
        until = time.monotonic() + PATIENCE
        with self._news:
            while True:
                new, looked = self.heard[looked:], len(self.heard)
                found += [h for h in new if h.at > after and h.is_a(event) and of(h)]
                if len(found) >= number:
                    return found[:number]
                if not self._news.wait(max(0.0, until - time.monotonic())) or (self._process and self._process.poll() is not None):
                    last = b"".join(h.raw for h in self.heard[-5:]).decode(errors="replace")
                    raise TimeoutError(f"{len(found)} of {number} {event} within {PATIENCE:.0f} s; the last lines were\n{last}")

    def quiet(self, seconds: float = 2.0, within: float = 30.0) -> None:
        """Return once nothing was heard, and the table not written, for so long; or after `within`: some tasks never rest."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            before = (len(self.heard), self.table.stat().st_mtime_ns)
            time.sleep(seconds)
            if before == (len(self.heard), self.table.stat().st_mtime_ns):
                return

    def outcomes(self) -> dict[str, int]:
        """Outcome → how many occurrences, out of the ledger itself."""
        with closing(sqlite3.connect(f"file:{self.folder}/.rowd/ledger.sqlite?mode=ro", uri=True)) as base:
            return dict(base.execute("SELECT outcome, sum(count) FROM occurrences GROUP BY outcome").fetchall())

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None, "it was started with a pipe"
        for line in process.stderr:
            heard = Heard(time.time_ns(), line)
            with self._news:
                self.heard.append(heard)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


class Burst:
    """All rows of a site that come due together, again and again: one round after the other, the first of which doesn't count."""

    def __init__(self, site: Site, rows: int, period_s: int) -> None:
        self._site, self._rows, self._period_s = site, rows, period_s
        self._last = site.wait_for("run.ended", rows)[-1].at

    def round(self) -> tuple[float, float]:
        """Occurrences a second, from the next due instant to the last outcome, and CPU seconds of each until all is quiet again.

        Raises TimeoutError where the rows did not all get through, as when a round ran into the next one.
        """
        site = self._site
        before = cpu(site.pid)
        due = (int(time.time()) // self._period_s + 1) * self._period_s
        ended = site.wait_for("run.ended", self._rows, after=max(self._last, (due - 1) * 10**9))
        self._last = ended[-1].at
        site.quiet(1.5)
        if set(site.outcomes()) != {"succeeded"}:
            raise TimeoutError(f"its outcomes are {site.outcomes()}: one round ran into the next")
        return self._rows / (self._last / 1e9 - due), (cpu(site.pid) - before) / self._rows


def every(seconds: int, rows: int, action: str = "noop") -> list[dict[str, str]]:
    """Rows that all come due together, every so many seconds (a divisor of 60)."""
    cron = f"*/{seconds} * * * * *" if seconds < 60 else "0 * * * * *"
    return [{"ID": f"t{n}", "Name": f"task {n}", "Action": action, "Schedule": cron} for n in range(rows)]

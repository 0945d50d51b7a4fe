"""One course: a daemon started and killed over and over, over one scene, with a person and a shell beside it; an orderly end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from actions.command.tickets import newest
from actions.command.warden import MARK
from tests.prove.commands import Running, Starter
from tests.prove.lots import seeded
from tests.prove.person import Person
from tests.prove.scene import Scene

DRAINED_WITHIN = 300.0
READY_WITHIN = 120.0
"""Seconds that a machine with much else to do may take."""

REACHED_WITHIN = 12.0
"""Seconds that a daemon gets to reach its crash point before it is killed where it is."""

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Death:
    """How one daemon ends.

    after: killed so many seconds after it is ready.   early: counted from its start instead, so that it may die before it is ready.
    point: `name:N`, where it kills itself; told to stop only where it hasn't after `after`. Points of the winding up need that.
    in_order: not killed but told to stop.   pause: seconds until the next start.
    take: the warden of a running command is killed, too.
    """

    after: float
    early: bool = False
    point: str | None = None
    in_order: bool = False
    pause: float = 0.0
    take: bool = False


Told = Callable[[int, str], None]
"""Told of each death: its number, and how it went."""


class Unfinished(AssertionError):
    """The course couldn't be brought to its end; the text says what never came about."""


class Course:
    """Leaves a folder of evidence behind; says nothing about what it shows."""

    def __init__(
        self,
        scene: Scene,
        starter: Starter,
        rng: random.Random,
        pace: tuple[float, float],
        ticks: tuple[float, float],
        looks: float = 0.02,
        commits: float = 0.3,
    ) -> None:
        """Seconds, the least and the most: between two saves of the person (pace), between two commands at the shell (ticks).

        looks: seconds between two looks of the reader.   commits: how many of the commands are commits, of 1.
        """
        self._looks = looks
        self._commits = commits
        self._scene = scene
        self._starter = starter
        self._rng = rng
        self._person = Person(scene, seeded(rng), pace)
        self._asking = threading.Thread(target=self._asks, args=(seeded(rng), ticks), daemon=True)
        self._enough = threading.Event()
        self.reached: Counter[str] = Counter()  # crash point → how many daemons killed themselves there, by their exit status
        self._number = 0
        self._daemon: Running | None = None
        self._error: BaseException | None = None

    def run(self, deaths: Iterable[Death], told: Told = lambda *_: None) -> None:
        """Go through all deaths, then end in order. Whatever happens, nothing that was started here goes on afterwards."""
        with self._reader():
            try:
                self._person.start()
                for number, death in enumerate(deaths, start=1):
                    self._begin(death)
                    if number == 2:
                        self._asking.start()  # by now there is a ledger to ask in
                    told(number, self._die(death))
                    time.sleep(death.pause)
                self._wind_up(told)
            finally:
                self._enough.set()
                self._person.leave()
                if self._daemon is not None:
                    self._daemon.signal(signal.SIGKILL)
                    self._daemon.ended(10)
        if self._error is not None:
            raise self._error

    # --- one daemon

    def _begin(self, death: Death | None) -> None:
        self._number += 1
        point = death.point if death else None
        since = time.time()
        log = self._scene.log(self._number)
        log.touch()
        self._daemon = self._starter.start(self._scene.folder, ["run"], log, point)
        self._scene.journal.note("daemon", number=self._number, pid=self._daemon.pid, since=since, point=point)

    def _die(self, death: Death) -> str:
        daemon = self._daemon
        assert daemon is not None
        forced = False
        ending: float | None = None
        status = None if death.early else self._ready(daemon)
        if status is None:
            status = daemon.ended(death.after)
        if status is None and (death.point is not None or death.in_order):
            ending = time.time()
            daemon.signal(signal.SIGTERM)
            status = daemon.ended(REACHED_WITHIN)
        if status is None:
            forced = True
            daemon.signal(signal.SIGKILL)
            status = daemon.ended(30)
        killed = time.time()
        lost = self._take_some() if death.take else []
        self._daemon = None
        if death.point is not None and status == -signal.SIGKILL and not forced:
            self.reached[death.point.partition(":")[0]] += 1
        self._scene.journal.note(
            "death",
            number=self._number,
            ending=ending or killed,
            died=killed,
            status=status,
            point=death.point,
            forced=forced,
            taken=lost,
        )
        return "killed" if status == -signal.SIGKILL else f"ended with {status}"

    def _ready(self, daemon: Running) -> int | None:
        """Return when it has read the table for the first time, or has ended: then with its status."""
        log = self._scene.log(self._number)
        until = time.monotonic() + READY_WITHIN
        while (status := daemon.ended(0.02)) is None:
            if b'"table.read"' in log.read_bytes():
                return None
            if time.monotonic() > until:
                raise Unfinished(f"a daemon was not ready within {READY_WITHIN:g} s; see {log}")
        return status

    def _take_some(self) -> list[list[str]]:
        """Kill the warden of a command that is under way: its runs must be recorded as lost. Answers (run, attempt) of each.

        What it began runs on; it is for the next daemon to kill.
        """
        lines = self._scene.started()
        ended = {(words[2], words[3]) for words in lines if words[0] == "end"}
        open_ = [words[2:4] for words in lines if words[0] == "start" and (words[2], words[3]) not in ended]
        for run, attempt in self._rng.sample(open_, len(open_)):
            ticket = newest(self._scene.runs / run / attempt)
            if ticket is not None and _killed_warden(ticket.nonce):
                begun = (file.parent for file in self._scene.runs.glob("*/*/stdout"))
                return [
                    [folder.parent.name, folder.name]
                    for folder in begun
                    if (other := newest(folder)) is not None and other.nonce == ticket.nonce and other.status is None
                ]
        return []

    def _wind_up(self, told: Told) -> None:
        """A last daemon does what is left to do, until everything that has come due so far has its outcome."""
        self._begin(None)
        number = self._number
        assert self._daemon is not None
        self._ready(self._daemon)
        told(0, "no more kills: the last daemon finishes what is left")
        self._person.stop()
        self._enough.set()
        if self._asking.is_alive():
            self._asking.join(60)
        time.sleep(3.5)  # rows edited last have settled, and what came due meanwhile was decided
        cut = time.time()
        self._until(lambda: self._drained(cut), "everything that had come due was over")
        daemon = self._daemon
        assert daemon is not None
        stopped = time.time()
        daemon.signal(signal.SIGTERM)
        status = daemon.ended(40)
        self._scene.journal.note("end", number=number, cut=cut - 1, stopped=stopped, status=status)
        self._daemon = daemon if status is None else None
        (self._scene.folder / "history.json").write_text(self._history())
        (self._scene.folder / "status.json").write_text(self._starter.run(self._scene.folder, ["status", "--json"]).out)
        shutil.copyfile(self._scene.table, self._scene.folder / "final.csv")

    def _drained(self, cut: float) -> bool:
        """Whether all that came due until the cut is over. What came due after it has a record: so all before it was decided."""
        runs = json.loads(self._history())["runs"]
        on = any(r["cause"] == "schedule" and _seconds(r["due"]) > cut for r in runs)
        return on and not any(r["outcome"] is None and _seconds(r["due"]) <= cut for r in runs)

    def _history(self) -> str:
        answer = self._starter.run(self._scene.folder, ["history", "--limit", "1000000", "--json"])
        if answer.status != 0:
            raise AssertionError(f"rowd history ended with {answer.status}: {answer.err}")
        return answer.out

    @staticmethod
    def _until(so: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + DRAINED_WITHIN
        while not so():
            if time.monotonic() > until:
                raise Unfinished(f"it never came to it that {what}")
            time.sleep(1.0)

    # --- beside it

    def _asks(self, rng: random.Random, every: tuple[float, float]) -> None:
        counters = [row.name for row in self._scene.rows if "counter" in row.tags]
        asked = [row.name for row in self._scene.rows if {"asked", "cron-line"} & set(row.tags)]
        try:
            while not self._enough.wait(rng.uniform(*every)):
                if rng.random() < self._commits:
                    self._commit()
                elif asked and rng.random() < 0.3:
                    self._ask("run-now", rng.choice(asked))
                elif counters:
                    self._ask("tick", rng.choice(counters), rng.choice([1, 1, 1, 2, 3]))
        except BaseException as exc:
            self._error = exc

    def _commit(self) -> None:
        since = time.time()
        self._scene.repository.commit()
        self._scene.journal.note("commit", since=since)

    def _ask(self, wish: str, name: str, number: int | None = None) -> None:
        since = time.time()
        argv = [wish, name, *([str(number)] if number else []), "--json"]
        answer = self._starter.run(self._scene.folder, argv)
        told = json.loads(answer.out) if answer.out.strip().startswith("{") else {}
        self._scene.journal.note(
            "asked",
            wish=wish,
            name=name,
            number=number,
            since=since,
            status=answer.status,
            request=told.get("request"),
            taken=told.get("taken"),
            run=told.get("run"),
            err=answer.err.strip(),
        )

    @contextlib.contextmanager
    def _reader(self) -> Iterator[None]:
        reading = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.reader", str(self._scene.folder), str(self._looks)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield
        finally:
            out, _ = reading.communicate(timeout=60)
            (self._scene.folder / "reader.json").write_bytes(out or b'{"looks": 0, "bad": []}')


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def _killed_warden(nonce: str) -> bool:
    """Kill it, and see it dead; False where it is gone already."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"{MARK}={nonce}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                pidfd = os.pidfd_open(int(entry.name))
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                select.select([pidfd], [], [])
                os.close(pidfd)
                return True
    return False

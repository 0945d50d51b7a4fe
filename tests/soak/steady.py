"""One daemon with a table in every store, for as long as it is told to, with people at work and answers that get lost.

What is judged: whether its memory and its open files stay as they were once it was warm, and the laws of the courses of kills
(`tests.acceptance.killing`): each instant has one record, nothing is started twice, no cell of people's is trampled.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.acceptance import killing
from tests.acceptance.killing import ASKED, CONFIG, SLOW, WITNESS, Course, People
from tests.acceptance.site import ROWD, clean_environment
from tests.acceptance.stores import SECRETS, STORES, Store
from tests.emulators.core.faults import Fault
from tests.prove.lots import seeded

EVERY, SLOWLY = timedelta(seconds=20), timedelta(seconds=5)
ROWS = 10
IDLE = 200
"""Rows that only people write to, in each table."""

SAMPLED_S = 10.0
GROWTH = 1.05
"""Memory may be so much more at the end than when it was warm."""

FILES = 3
"""So many more files may be open: a connection that is just being made."""

WARM = 1 / 6
"""Of all the time, so much counts as warming up."""


@dataclass(frozen=True)
class Sample:
    """The daemon at a moment.   pss_mb: of the process itself.   files: that it has open."""

    at_s: float
    pss_mb: float
    files: int


@dataclass
class Steady:
    """What was found. courses: by store."""

    samples: list[Sample] = field(default_factory=list)
    courses: dict[str, Course] = field(default_factory=dict)
    status: int | None = None

    @property
    def warm(self) -> list[Sample]:
        begins = self.samples[-1].at_s * WARM
        return [one for one in self.samples if one.at_s >= begins]

    def ends(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """The median of the first tenth once it was warm, and of the last."""
        tenth = max(1, len(self.warm) // 10)
        return median(map(of, self.warm[:tenth])), median(map(of, self.warm[-tenth:]))

    def broken(self) -> Iterator[str]:
        """What doesn't hold."""
        before, after = self.ends(lambda one: one.pss_mb)
        if after > before * GROWTH:
            yield f"memory has grown from {before:.1f} to {after:.1f} MB"
        before, after = self.ends(lambda one: one.files)
        if after > before + FILES:
            yield f"{before:.0f} files were open, and {after:.0f} are"
        if self.status != 0:
            yield f"the daemon ended with {self.status}"
        for kind, course in self.courses.items():
            yield from (f"{kind}: {what}" for what in killing.broken(course))


def course(folder: Path, minutes: float, seed: int, said: Callable[[str], None]) -> Steady:
    """said: gets a line of how it goes, each minute."""
    found, rng = Steady(), seeded(random.Random(seed))  # noqa: S311 (lots of a test, no secrets)
    every = {**{f"t{n}": EVERY for n in range(ROWS)}, SLOW: SLOWLY}
    found.courses = {kind: Course(dict(every)) for kind in STORES}
    with _site(folder, found) as stores, (folder / "log").open("w") as log:
        home = folder / "home"
        daemon = subprocess.Popen([ROWD, "run"], cwd=home, env=clean_environment(), stdout=log, stderr=log)
        try:
            killing._until(lambda: (folder / "log").read_text().count('"table.read"') >= len(STORES), "all tables were read")
            with ExitStack() as people:
                for kind, store in stores.items():
                    found.courses[kind].deaths.append(None)
                    people.enter_context(People(store, rng, found.courses[kind], partial(_asked, home, kind)))
                _sample(daemon, minutes * 60, found, said)
            _finish(home, found, daemon)
        finally:
            daemon.kill()
            daemon.wait()
        for kind, store in stores.items():
            found.courses[kind].after, found.courses[kind].refused = store.rows(), _refused(store)
    return found


@contextmanager
def _site(folder: Path, found: Steady) -> Iterator[dict[str, Store]]:
    (home := folder / "home").mkdir()
    stores: dict[str, Store] = {}
    try:
        text = CONFIG.format(python=sys.executable, witness=WITNESS, seen=folder / "witness").replace(
            "max_parallel = 4", "max_parallel = 16"
        )
        for kind, its in found.courses.items():
            stores[kind] = STORES[kind](home, killing._rows(its.every, IDLE))
            text += killing._polled(stores[kind].definition(kind)).replace('poll = "2s"', 'poll = "10s"')
            its.before = stores[kind].rows()
            if kind != "local":
                stores[kind].lose_answers(0.02)
                stores[kind].service.faults.add(Fault(chance=0.01, reset=True))
                stores[kind].service.faults.add(Fault(chance=0.01, delay=2.0))
        (home / "rowd.toml").write_text(text)
        (home / ".env").write_text(SECRETS)
        (home / ".env").chmod(0o600)
        yield stores
    finally:
        for store in stores.values():
            store.close()


def _sample(daemon: subprocess.Popen[bytes], seconds: float, found: Steady, said: Callable[[str], None]) -> None:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(SAMPLED_S)
        assert daemon.poll() is None, f"the daemon has ended with {daemon.returncode}"
        pss = next(line for line in Path(f"/proc/{daemon.pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
        files = len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))
        found.samples.append(Sample(passed, int(pss.split()[1]) / 1024, files))
        if len(found.samples) % 6 == 0:
            last = found.samples[-1]
            said(f"{passed / 60:5.1f} min: {last.pss_mb:6.1f} MB, {last.files} files open")


def _asked(home: Path, kind: str) -> bool | None:
    """See `killing._asked`."""
    answer = _rowd(home, "run-now", f"{kind}/{ASKED}", "--json")
    told: dict[str, Any] = json.loads(answer.stdout) if answer.stdout.strip().startswith("{") else {}
    assert answer.returncode in (0, 3, 5), answer.stderr
    taken: bool | None = told.get("taken") if told.get("request") is not None else False
    return taken


def _rowd(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROWD, *words], cwd=home, env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )


def _finish(home: Path, found: Steady, daemon: subprocess.Popen[bytes]) -> None:
    cut = datetime.now().astimezone()

    def runs() -> list[dict[str, Any]]:
        every: list[dict[str, Any]] = json.loads(_rowd(home, "history", "--limit", "1000000", "--json").stdout)["runs"]
        return every

    def drained() -> bool:
        at = datetime.fromisoformat
        later = {(run["table"], run["task"]) for run in runs() if at(run["due"]) > cut}
        wanted = {(kind, task) for kind, its in found.courses.items() for task in its.every}
        return wanted <= later and all(run["outcome"] for run in runs() if at(run["due"]) <= cut)

    killing._until(drained, "everything that had come due was over")
    daemon.send_signal(signal.SIGTERM)
    found.status = daemon.wait(60)
    lines = [line.split("\t") for line in (home.parent / "witness").read_text().splitlines()]
    starts = [(words[2], words[3], words[4]) for words in lines if words[0] == "start"]
    all_runs = runs()
    table_of = {run["run"]: run["table"] for run in all_runs}
    for kind, its in found.courses.items():
        its.cut = cut.isoformat()
        its.runs = [run for run in all_runs if run["table"] == kind]
        its.starts = [one for one in starts if table_of.get(one[0], kind) == kind]


def _refused(store: Store) -> list[int]:
    return store.refused()


def report(found: Steady, broken: Sequence[str]) -> str:
    """What a sceptic would want to read."""
    memory, files = found.ends(lambda one: one.pss_mb), found.ends(lambda one: one.files)
    lines = [
        f"minutes           {found.samples[-1].at_s / 60:.1f}, of which {WARM:.0%} to warm up",
        f"memory (PSS)      {memory[0]:.1f} MB when warm, {memory[1]:.1f} MB at the end ({memory[1] / memory[0] - 1:+.1%})",
        f"files open        {files[0]:.0f} when warm, {files[1]:.0f} at the end",
    ]
    for kind, its in found.courses.items():
        asked, edits = sum(taken is True for taken in its.asked), len(its.typed)
        lines.append(
            f"{kind:17} {len(its.runs):,} records, {len(its.starts):,} starts, {asked} asked for, {edits} cells typed in last"
        )
    lines += [f"BROKEN            {what}" for what in broken] or ["All laws held."]
    return "\n".join(lines)

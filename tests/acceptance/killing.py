"""A table in the cloud whose daemon is killed over and over, while two people edit it and the vendor lets answers get lost.

The vendor's emulator isn't killed. What is judged: the witness, in which each task's first act is a synced line of its own; the
history; and the table as its people see it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.crash import POINTS
from tests.acceptance.stores import SECRETS, STORES
from tests.prove.commands import Forked, Running
from tests.prove.lots import fresh, seeded

KILLS = int(os.environ.get("ROWD_CLOUD_KILLS") or 10)
SEED = int(os.environ.get("ROWD_KILLS_SEED") or fresh())
ROWS = 12
EVERY = timedelta(seconds=4)
UNREACHED = {"prune.before", "prune.after", "requests.before", "requests.after"}
"""Points that a short life without requests doesn't come to."""

DRAINED_WITHIN = 120.0
WITNESS = Path(__file__).parents[1] / "prove" / "witness.py"

CONFIG = """\
[daemon]
stop_within = "15s"
log = "json"
[defaults]
time_zone = "UTC"
[breaker]
failures = 1000
[actions.work]
kind = "command"
argv = ["{python}", "-I", "-S", "{witness}", "0.02", "0"]
environment = {{ WITNESS = "{seen}" }}
"""

Json = dict[str, Any]


@dataclass
class Course:
    """What was done, and what came of it.

    deaths: how each daemon ended.   typed: what people last wrote, (Name, column) → text.   runs: `rowd history --json`.
    rows: the table as people see it, before the first daemon and after the last.   starts: (run, attempt, task) by the witness.
    refused: statuses of requests that the vendor refused by itself.   lost: answers that were lost on purpose.
    """

    deaths: list[int | None] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    typed: dict[tuple[str, str], str] = field(default_factory=dict)
    runs: list[Json] = field(default_factory=list)
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    after: dict[str, dict[str, str]] = field(default_factory=dict)
    starts: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    lost: int = 0
    cut: str = ""


class People:
    """Two of them, each at columns of their own."""

    def __init__(self, store: Any, rng: random.Random, typed: dict[tuple[str, str], str]) -> None:
        self._store, self._typed = store, typed
        self._enough = threading.Event()
        self._error: BaseException | None = None
        columns = ("Description", "Due")
        self._threads = [threading.Thread(target=self._edit, args=(c, seeded(rng)), daemon=True) for c in columns]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(30)
        if self._error is not None:
            raise self._error

    def _edit(self, column: str, rng: random.Random) -> None:
        number = 0
        try:
            while not self._enough.wait(rng.uniform(0.1, 0.6)):
                number += 1
                name = f"t{rng.randrange(ROWS)}"
                text = f"2026-0{1 + number % 9}-1{number % 10}" if column == "Due" else f"text {number}"
                self._typed[name, column] = text
                self._store.type(name, column, text)
        except BaseException as exc:
            self._error = exc


def course(kind: str, folder: Path) -> Course:
    """Kill the daemon of a table in this store KILLS times, half of them at a crash point; then let the last one finish."""
    rng = seeded(random.Random(f"{SEED} {kind}"))  # noqa: S311 (lots of a test, no secrets)
    print(f"ROWD_KILLS_SEED={SEED}; evidence in {folder}")
    found = Course()
    schedule = json.dumps({"Schedule": f"every {EVERY.seconds} seconds"})
    rows = [{"Name": f"t{n}", "Description": "-", "Action": "work", "Metadata": schedule, "Status": "active"} for n in range(ROWS)]
    (home := folder / "home").mkdir()
    store = STORES[kind](home, rows)
    forked = Forked(folder)
    try:
        seen = folder / "witness"
        config = CONFIG.format(python=sys.executable, witness=WITNESS, seen=seen)
        (home / "rowd.toml").write_text(config + _polled(store.definition("ops")))
        (home / ".env").write_text(SECRETS)
        (home / ".env").chmod(0o600)
        found.before = store.rows()
        lost = store.lose_answers(0.05)
        with People(store, rng, found.typed):
            for number, point in enumerate(_points(rng)):
                _one(forked, home, folder / f"log-{number}", point, rng, found)
        _finish(forked, home, folder / "log-last", found)
        found.lost = lost.hits
        found.after, found.refused = store.rows(), store.refused()
        lines = [line.split("\t") for line in seen.read_text().splitlines()]
        found.starts = [(words[2], words[3], words[4]) for words in lines if words[0] == "start"]
    finally:
        forked.close()
        store.close()
    return found


def _polled(definition: str) -> str:
    at = definition.index("\n", definition.index("[tables.")) + 1
    return f'{definition[:at]}poll = "2s"\n{definition[at:]}'


def _points(rng: random.Random) -> list[str | None]:
    """Where each daemon dies; None for any moment. Different ones in each course; with enough kills, all of them."""
    points = [point for point in POINTS if point not in UNREACHED]
    rng.shuffle(points)
    return [points[n // 2 % len(points)] if n % 2 else None for n in range(KILLS)]


def _one(forked: Forked, home: Path, log: Path, point: str | None, rng: random.Random, found: Course) -> None:
    daemon = _started(forked, home, log, f"{point}:{rng.randrange(1, 3)}" if point else None)
    _until(lambda: daemon.ended(0.02) is not None or b'"table.read"' in log.read_bytes(), f"{log} has a table.read")
    status = daemon.ended(8.0 if point else rng.uniform(0.2, 3.0))
    if status == -signal.SIGKILL and point:
        found.reached.add(point)
    if status is None:
        daemon.signal(signal.SIGKILL)
        status = daemon.ended(30)
    found.deaths.append(status)
    time.sleep(rng.choice([0, 0, 1.0]))


def _finish(forked: Forked, home: Path, log: Path, found: Course) -> None:
    daemon = _started(forked, home, log, None)
    _until(lambda: b'"table.read"' in log.read_bytes(), f"{log} has a table.read")
    time.sleep(EVERY.total_seconds() + 3)
    found.cut = datetime.now().astimezone().isoformat()

    def drained() -> bool:
        found.runs = json.loads(forked.run(home, ["history", "--limit", "1000000", "--json"]).out)["runs"]
        later = {run["task"] for run in found.runs if _at(run["due"]) > _at(found.cut)}
        return len(later) == ROWS and all(run["outcome"] for run in found.runs if _at(run["due"]) <= _at(found.cut))

    _until(drained, "everything that had come due was over")
    daemon.signal(signal.SIGTERM)
    assert daemon.ended(40) == 0
    found.runs = json.loads(forked.run(home, ["history", "--limit", "1000000", "--json"]).out)["runs"]


def _started(forked: Forked, home: Path, log: Path, point: str | None) -> Running:
    log.touch()
    return forked.start(home, ["run"], log, point)


def _until(so: Any, what: str) -> None:
    until = time.monotonic() + DRAINED_WITHIN
    while not so():
        assert time.monotonic() < until, f"it never came to it that {what}"
        time.sleep(0.2)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def broken(found: Course) -> Iterator[str]:
    """Each law that doesn't hold, and where."""
    twice = [what for what, times in Counter((run, attempt) for run, attempt, _ in found.starts).items() if times > 1]
    yield from (f"attempt {attempt} of {run} was started twice" for run, attempt in twice)
    by_task: dict[str, list[Json]] = defaultdict(list)
    for run in found.runs:
        by_task[run["task"]].append(run)
    if by_task.keys() != found.before.keys():
        yield f"history knows {sorted(by_task)}"
    for task, runs in by_task.items():
        yield from _each_instant_once(task, runs, _at(found.cut))
    known = {run["run"] for run in found.runs}
    yield from (f"{task}: the witness saw {run}, which no history knows" for run, _, task in found.starts if run not in known)
    ran = {run for run, _, _ in found.starts}
    for run in found.runs:
        if run["outcome"] == "succeeded" and run["run"] not in ran:
            yield f"{run['task']}: {run['run']} succeeded, and nobody saw it run"
    if found.after.keys() != found.before.keys():
        yield f"the table has the rows {sorted(found.after)}"
    for name, cells in found.before.items():
        for column in ("Name", "Action", "Metadata", "Description", "Due", "Type"):
            meant = found.typed.get((name, column), cells.get(column, ""))
            if (stands := found.after.get(name, {}).get(column, "")) != meant:
                yield f"{name}: {column} says {stands!r}, a person wrote {meant!r}"
        if not found.after.get(name, {}).get("Last Run"):
            yield f"{name}: no Last Run stands in the row"
    if 429 in found.refused:
        yield f"the vendor refused {found.refused.count(429)} requests as too many"


def _each_instant_once(task: str, runs: list[Json], cut: datetime) -> Iterator[str]:
    """From its first occurrence on, every instant has one record: run, skipped, or missed, alone or with its neighbours."""
    instants: Counter[datetime] = Counter()
    for run in runs:
        if run["cause"] == "schedule":
            first, last = _at(run["due"]), _at(run["last_due"] or run["due"])
            instants.update(first + n * EVERY for n in range(round((last - first) / EVERY) + 1))
    at = min(instants)
    while at <= cut:
        if instants[at] != 1:
            yield f"{task}: {instants[at]} records of {at:%H:%M:%S}"
        at += EVERY


def something_happened(found: Course) -> None:
    """That there was something to break."""
    assert found.deaths == [-signal.SIGKILL] * KILLS
    assert len(found.reached) >= min(KILLS // 4, 8)
    outcomes = Counter(run["outcome"] for run in found.runs)
    assert outcomes["succeeded"] >= 3 * KILLS
    assert len(found.typed) >= ROWS
    assert found.lost > 0


def tampered(found: Course) -> Iterator[tuple[str, Course]]:
    """The same with one thing wrong each, which `broken` must tell."""
    due = next(run for run in found.runs if run["outcome"] == "succeeded" and _at(run["due"]) < _at(found.cut) - 3 * EVERY)
    name = due["task"]
    yield "a run is gone", replace(found, runs=[run for run in found.runs if run is not due])
    yield "a run is there twice", replace(found, runs=[*found.runs, {**due, "run": "another"}])
    yield "an attempt began twice", replace(found, starts=[*found.starts, found.starts[-1]])
    yield "an attempt that nobody knows", replace(found, starts=[*found.starts, ("unknown", "1", name)])
    yield "nobody saw it run", replace(found, starts=[start for start in found.starts if start[0] != due["run"]])
    yield "an edit is gone", replace(found, after={**found.after, name: {**found.after[name], "Description": "another"}})
    yield "a cell is trampled", replace(found, after={**found.after, name: {**found.after[name], "Metadata": ""}})
    yield "a row is gone", replace(found, after={k: v for k, v in found.after.items() if k != name})
    yield "nothing stands in the row", replace(found, after={**found.after, name: {**found.after[name], "Last Run": ""}})
    yield "too many requests", replace(found, refused=[*found.refused, 429])

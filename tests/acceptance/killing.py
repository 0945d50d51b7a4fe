"""A table in the cloud whose daemon is killed over and over: two people edit it, another asks for runs, and answers get lost.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from connectors.leases import lease_of
from engine.crash import POINTS
from tests.acceptance.stores import SECRETS, STORES
from tests.prove.commands import Forked, Running
from tests.prove.lots import fresh, seeded

KILLS = int(os.environ.get("ROWD_CLOUD_KILLS") or 10)
SEED = int(os.environ.get("ROWD_KILLS_SEED") or fresh())
SLOW = "slow"
"""A row that comes due while it still runs, so that there is something to record where nothing starts."""

EVERY, SLOWLY = timedelta(seconds=4), timedelta(seconds=2)
"""How often a row comes due, and the slow one."""

ROWS = {"airtable": 12, "notion": 6, "sheets": 12}
"""How many rows come due so often. Notion takes a row a request, 180 in a minute: with more rows a course would wait for that."""

ASKED = "asked"
"""A row that runs when it is asked for."""

REACHED = tuple(point for point in POINTS if not point.startswith(("prune.", "events.")))
"""Whoever forgets history can't be judged by it; no store is asked by forgetting, or by watched sources (test_crash_points.py)."""

KINDS = tuple(ROWS)
LIVES = 5
"""So many daemons at the most until one has died at its point."""

WAITED_FOR = 25.0
"""Seconds within which a daemon comes to its crash point, also one where it comes seldom, on a machine with much else to do."""

DRAINED_WITHIN = 120.0
WITNESS = Path(__file__).parents[1] / "prove" / "witness.py"

CONFIG = """\
[daemon]
max_parallel = 4
stop_within = "15s"
keep_runs = 10000
log = "json"
[defaults]
time_zone = "UTC"
[breaker]
failures = 1000
[actions.work]
kind = "command"
argv = ["{python}", "-I", "-S", "{witness}", "{{sleep}}", "0"]
environment = {{ WITNESS = "{seen}" }}
[actions.work.parameters]
sleep = {{ type = "number", default = 0.02 }}
"""

Json = dict[str, Any]


@dataclass
class Course:
    """What was done, and what came of it.

    every: the rows with a schedule, and how often each comes due.
    deaths: how each daemon ended.   typed: what people last wrote, (Name, column) → text.   runs: `rowd history --json`.
    rows: the table as people see it, before the first daemon and after the last.   starts: (run, attempt, task) by the witness.
    refused: statuses of requests that the vendor refused by itself.   lost: answers that were lost on purpose.
    wanted: the crash points at which a daemon was to die.   asked: whether each `rowd run-now` was taken, None where nobody knows.
    """

    every: dict[str, timedelta]
    deaths: list[int | None] = field(default_factory=list)
    wanted: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    asked: list[bool | None] = field(default_factory=list)
    typed: dict[tuple[str, str], str] = field(default_factory=dict)
    runs: list[Json] = field(default_factory=list)
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    after: dict[str, dict[str, str]] = field(default_factory=dict)
    starts: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    lost: int = 0
    cut: str = ""


class People:
    """Two who edit, each at a column of their own, and one at the shell."""

    def __init__(self, store: Any, rng: random.Random, found: Course, ask: Callable[[], bool | None]) -> None:
        """ask: for a run; answers as Course.asked has it."""
        self._store, self._found, self._ask_once = store, found, ask
        self._enough = threading.Event()
        self._error: BaseException | None = None
        does = (partial(self._edit, "Description"), partial(self._edit, "Due"), self._ask)
        self._threads = [threading.Thread(target=self._work, args=(do, seeded(rng)), daemon=True) for do in does]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(30)
        if self._error is not None:
            raise self._error

    def _work(self, do: Callable[[random.Random], None], rng: random.Random) -> None:
        try:
            do(rng)
        except BaseException as exc:  # whatever it is, whoever waits for these people is to hear it
            self._error = exc

    def _edit(self, column: str, rng: random.Random) -> None:
        number, names = 0, list(self._found.before)
        while not self._enough.wait(rng.uniform(0.1, 0.6)):
            number += 1
            name = rng.choice(names)
            text = f"2026-0{1 + number % 9}-1{number % 10}" if column == "Due" else f"text {number}"
            self._found.typed[name, column] = text
            self._store.type(name, column, text)

    def _ask(self, rng: random.Random) -> None:
        while not self._enough.wait(rng.uniform(0.8, 2.0)):
            if self._found.deaths:  # by now there is a ledger to ask in
                self._found.asked.append(self._ask_once())


def course(kind: str, folder: Path, idle: int = 0) -> Course:
    """Kill the daemon of a table in this store KILLS times, most of them at a crash point; then let the last one finish.

    idle: how many rows more there are, which only people write to.
    """
    rng = seeded(random.Random(f"{SEED} {kind}"))  # noqa: S311 (lots of a test, no secrets)
    print(f"ROWD_KILLS_SEED={SEED}; evidence in {folder}")
    found = Course({**{f"t{n}": EVERY for n in range(ROWS[kind])}, SLOW: SLOWLY})
    (home := folder / "home").mkdir()
    store = STORES[kind](home, _rows(found.every, idle))
    forked = Forked(folder)
    try:
        seen = folder / "witness"
        config = CONFIG.format(python=sys.executable, witness=WITNESS, seen=seen)
        (home / "rowd.toml").write_text(config + _polled(store.definition("ops")))
        (home / ".env").write_text(SECRETS)
        (home / ".env").chmod(0o600)
        found.before = store.rows()
        lost = store.lose_answers(0.05)
        points = _points(kind, rng)
        found.wanted = {point for point in points if point}
        numbers = count()
        with People(store, rng, found, partial(_asked, forked, home)):
            for point in points:
                for _ in range(LIVES if point else 1):
                    if _one(forked, home, folder / f"log-{next(numbers)}", point, rng, found):
                        break
        _finish(forked, home, folder / "log-last", found)
        found.lost = lost.hits
        found.after, found.refused = store.rows(), store.refused()
        lines = [line.split("\t") for line in seen.read_text().splitlines()]
        found.starts = [(words[2], words[3], words[4]) for words in lines if words[0] == "start"]
    finally:
        forked.close()
        store.close()
    return found


def _rows(every: dict[str, timedelta], idle: int) -> list[Json]:
    said: dict[str, Json] = {name: {"Schedule": f"every {span.seconds} seconds"} for name, span in every.items()}
    said[SLOW]["sleep"] = 3
    rows: list[Json] = [{"Name": name, "Metadata": json.dumps(meta)} for name, meta in said.items()]
    rows += [{"Name": name, "Type": "manual"} for name in (ASKED, *(f"idle {n}" for n in range(idle)))]
    return [{**row, "Description": "-", "Action": "work", "Status": "active"} for row in rows]


def _asked(forked: Forked, home: Path) -> bool | None:
    """Whether the run was taken; None where no daemon lived to say so. One that wasn't asked for at all was refused."""
    answer = forked.run(home, ["run-now", ASKED, "--json"])
    told: Json = json.loads(answer.out) if answer.out.strip().startswith("{") else {}
    assert answer.status in (0, 3, 5), answer.err
    taken: bool | None = told.get("taken") if told.get("request") is not None else False
    return taken


def _polled(definition: str) -> str:
    at = definition.index("\n", definition.index("[tables.")) + 1
    return f'{definition[:at]}poll = "2s"\n{definition[at:]}'


def _points(kind: str, rng: random.Random) -> list[str | None]:
    """Where each daemon dies; None for any moment.

    With few kills the stores share all points among them; with many, each has all.
    """
    own = list(REACHED) if 2 * len(REACHED) <= KILLS else list(REACHED[KINDS.index(kind) :: len(KINDS)])
    points = [*own, *[None] * max(0, KILLS - len(own))]
    rng.shuffle(points)
    return points


def _one(forked: Forked, home: Path, log: Path, point: str | None, rng: random.Random, found: Course) -> bool:
    """Whether it died at its point."""
    hit = 1 if point and point.startswith(("marks.", "record.", "requests.")) else rng.randrange(1, 3)  # it comes there seldom
    daemon = _started(forked, home, log, f"{point}:{hit}" if point else None)
    _until(lambda: daemon.ended(0.02) is not None or b'"table.read"' in log.read_bytes(), f"{log} has a table.read")
    status = daemon.ended(WAITED_FOR if point else rng.uniform(0.2, 3.0))
    if reached := bool(point and status == -signal.SIGKILL):
        found.reached.add(str(point))
    if status is None:
        daemon.signal(signal.SIGKILL)
        status = daemon.ended(30)
    found.deaths.append(status)
    time.sleep(rng.choice([0, 0, 1.0]))
    return reached


def _finish(forked: Forked, home: Path, log: Path, found: Course) -> None:
    daemon = _started(forked, home, log, None)
    _until(lambda: b'"table.read"' in log.read_bytes(), f"{log} has a table.read")
    time.sleep(7)  # rows edited last have settled, and have come due since
    found.cut = datetime.now().astimezone().isoformat()

    def drained() -> bool:
        found.runs = json.loads(forked.run(home, ["history", "--limit", "1000000", "--json"]).out)["runs"]
        later = {run["task"] for run in found.runs if _at(run["due"]) > _at(found.cut)}
        return later >= found.every.keys() and all(run["outcome"] for run in found.runs if _at(run["due"]) <= _at(found.cut))

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
        time.sleep(0.05)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def broken(found: Course) -> Iterator[str]:
    """Each law that doesn't hold, and where."""
    twice = [what for what, times in Counter((run, attempt) for run, attempt, _ in found.starts).items() if times > 1]
    yield from (f"attempt {attempt} of {run} was started twice" for run, attempt in twice)
    by_task: dict[str, list[Json]] = defaultdict(list)
    for run in found.runs:
        by_task[run["task"]].append(run)
    if by_task.keys() - {ASKED} != found.every.keys():
        yield f"history knows {sorted(by_task)}"
    for task in found.every.keys() & by_task.keys():
        yield from _each_instant_once(task, by_task[task], _at(found.cut), found.every[task])
    least, most = (sum(taken in answers for taken in found.asked) for answers in ([True], [True, None]))
    if not least <= len(by_task[ASKED]) <= most:
        yield f"{least} to {most} runs were asked for, {len(by_task[ASKED])} are recorded"
    known = {run["run"] for run in found.runs}
    yield from (f"{task}: the witness saw {run}, which no history knows" for run, _, task in found.starts if run not in known)
    ran = {run for run, _, _ in found.starts}
    for run in found.runs:
        if run["outcome"] == "succeeded" and run["run"] not in ran:
            yield f"{run['task']}: {run['run']} succeeded, and nobody saw it run"
    yield from _trampled(found)
    if 429 in found.refused:
        yield f"the vendor refused {found.refused.count(429)} requests as too many"


def _trampled(found: Course) -> Iterator[str]:
    """Cells of people that say something else than they wrote, and rows that show nothing of what became of them."""
    after = {name for name in found.after if lease_of(name) is None}  # one that couldn't be taken away lapses
    if after != found.before.keys():
        yield f"the table has the rows {sorted(after)}"
    for name, cells in found.before.items():
        for column in ("Name", "Action", "Metadata", "Description", "Due", "Type"):
            meant = found.typed.get((name, column), cells.get(column, ""))
            if (stands := found.after.get(name, {}).get(column, "")) != meant:
                yield f"{name}: {column} says {stands!r}, a person wrote {meant!r}"
        if name in found.every and not found.after.get(name, {}).get("Last Run"):
            yield f"{name}: no Last Run stands in the row"


def _each_instant_once(task: str, runs: list[Json], cut: datetime, every: timedelta) -> Iterator[str]:
    """From its first occurrence on, every instant has one record: run, skipped, or missed, alone or with its neighbours."""
    instants: Counter[datetime] = Counter()
    for run in runs:
        if run["cause"] == "schedule":
            first, last = _at(run["due"]), _at(run["last_due"] or run["due"])
            instants.update(first + n * every for n in range(round((last - first) / every) + 1))
    at = min(instants)
    while at <= cut:
        if instants[at] != 1:
            yield f"{task}: {instants[at]} records of {at:%H:%M:%S}"
        at += every


def something_happened(found: Course) -> None:
    """That there was something to break."""
    assert len(found.deaths) >= KILLS
    assert set(found.deaths) == {-signal.SIGKILL}
    assert found.reached == found.wanted
    outcomes = Counter(run["outcome"] for run in found.runs)
    assert outcomes["succeeded"] >= 3 * KILLS
    assert len(found.typed) >= len(found.every)
    assert any(run["task"] == ASKED for run in found.runs)  # whoever asked may have been told by no daemon that lived
    assert found.lost > 0


def tampered(found: Course) -> Iterator[tuple[str, Course]]:
    """The same with one thing wrong each, which `broken` must tell."""
    until = _at(found.cut) - timedelta(seconds=12)
    due = next(r for r in found.runs if r["outcome"] == "succeeded" and r["cause"] == "schedule" and _at(r["due"]) < until)
    name = due["task"]
    idle = list(found.before)[-1]
    yield "a run is gone", replace(found, runs=[run for run in found.runs if run is not due])
    yield "a run is there twice", replace(found, runs=[*found.runs, {**due, "run": "another"}])
    yield "an attempt began twice", replace(found, starts=[*found.starts, found.starts[-1]])
    yield "an attempt that nobody knows", replace(found, starts=[*found.starts, ("unknown", "1", name)])
    yield "nobody saw it run", replace(found, starts=[start for start in found.starts if start[0] != due["run"]])
    yield "an edit is gone", replace(found, after={**found.after, name: {**found.after[name], "Description": "another"}})
    yield "a cell is trampled", replace(found, after={**found.after, name: {**found.after[name], "Metadata": ""}})
    yield "a cell that only people write", replace(found, after={**found.after, idle: {**found.after[idle], "Action": ""}})
    yield "runs that were asked for are gone", replace(found, asked=[*found.asked, *[True] * len(found.runs)])
    yield "runs that nobody asked for", replace(found, asked=[])
    yield "a row is gone", replace(found, after={k: v for k, v in found.after.items() if k != name})
    yield "nothing stands in the row", replace(found, after={**found.after, name: {**found.after[name], "Last Run": ""}})
    yield "too many requests", replace(found, refused=[*found.refused, 429])

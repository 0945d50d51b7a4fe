"""A folder of evidence, read: what was laid down, what was done, what the witness saw, what rowd says. Shares no code with rowd."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HALT = 0.05
"""Seconds; to write a table over takes a millisecond, where nothing else keeps the machine busy."""


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt's first act."""

    at: float
    run: str
    attempt: int
    task: str
    due: float


@dataclass(frozen=True, slots=True)
class Record:
    """What `rowd history` says of one occurrence, or of `count` equal ones. Instants in seconds since 1970."""

    run: str
    task: str
    cause: str
    due: float
    last_due: float
    count: int
    outcome: str | None
    reason: str
    attempt: int
    started: float | None
    ended: float | None
    number: int = 0
    """For how many things the event stands that made it due."""


@dataclass(frozen=True, slots=True)
class Life:
    """One daemon. ready: when its first complete read was told; None if never.   point: the crash point that it was to reach.

    ending: from then on it started nothing any more; before `over`, where it was told to end and let end what ran.
    """

    number: int
    since: float
    ready: float | None
    ending: float
    over: float
    status: int | None
    point: str | None


class Evidence:
    """All of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plan = json.loads((folder / "plan.json").read_text())
        self.seed: int = plan["seed"]
        self.personal: list[str] = plan["personal"]
        self.header: list[str] = plan["header"]
        self.rows: dict[str, Json] = {row["name"]: row for row in plan["rows"]}
        self.journal = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
        self.starts, self.ends, self._over = _witness(folder / "witness")
        self.records = [_record(run) for run in json.loads((folder / "history.json").read_text())["runs"]]
        with (folder / "final.csv").open(newline="") as file:
            self.table: dict[str, dict[str, str]] = {row["Name"]: row for row in csv.DictReader(file)}
        self.reader: Json = json.loads((folder / "reader.json").read_text())
        self.end: Json = next(self.noted("end"))
        self.saves = _taken(list(self.noted("save")))
        self.asked = list(self.noted("asked"))
        self.commits = list(self.noted("commit"))
        (watched,) = json.loads((folder / "status.json").read_text())["watches"] or [{"since": None}]
        self.watched_since = seconds(watched["since"]) if watched["since"] else math.inf
        """From then on rowd has known the repository: what was there before is no change."""
        self.events, self.other = _events(folder / "logs")
        self.lives = self._lives()
        self.taken = {tuple(one) for death in self.noted("death") for one in death["taken"]}
        self.first_ready = min((life.ready for life in self.lives if life.ready is not None), default=math.inf)
        starts = [life.ready - life.since for life in self.lives if life.ready is not None]
        self.settling = 4.0 + 4 * statistics.median(starts or [0])
        """Seconds within which a row that was just seen has settled and may start: two seconds of rest, two polls, and what this
        machine takes, by how long daemons took to start on it."""
        self._told: dict[tuple[str, str], list[Json]] = {}
        for event in self.events:
            if event["event"] in ("row.added", "row.edited", "row.vanished"):
                self._told.setdefault((event["event"], event["task"]), []).append(event)

    def noted(self, what: str) -> Iterator[Json]:
        return (line for line in self.journal if line["what"] == what)

    def known(self, save: Mapping[str, Any], name: str | None = None) -> float:
        """By when rowd had certainly taken this save in; infinite where it never had the time.

        name: of the row that was edited, added or deleted, for a closer answer. That a row is gone is taken in only where rowd says
        so: it takes two reads, seconds apart, and a life may end between them. So is a Status: it may have to be typed again, and a
        life may end before rowd could ask for that.
        """
        told = name is not None and (save.get("deleted") == name or [name, "Status"] in [c[:2] for c in save.get("cells", ())])
        found = [] if told else [life.ready for life in self.lives if life.ready is not None and life.since > save["at"]]
        return min([*found, *self._said(save, name or "")], default=math.inf)

    def _said(self, save: Mapping[str, Any], name: str) -> Iterator[float]:
        """When daemons told that they had found what this save did to this row."""
        cells = {(column, text) for task, column, text in save.get("cells", ()) if task == name}
        what = "row.vanished" if save.get("deleted") == name else "row.added" if save.get("added") == name else "row.edited"
        for event in self._told.get((what, name), ()):
            if event["seconds"] >= save["since"] and (what != "row.edited" or (event["column"], event["new"]) in cells):
                yield event["seconds"]

    def saved_in_place(self, at: float) -> bool:
        """Whether a person was just writing the file over, and came to a halt on the way: whoever reads then finds half a table."""
        halts = [save for save in self.saves if save["in_place"] and save["at"] - save["since"] > HALT]
        return any(save["since"] - 0.1 <= at <= save["at"] + self.settling / 4 for save in halts)

    def under_way(self, at: float) -> int:
        """How many commands had started at this instant and went on to their end after it, by the witness."""
        return sum(start.at < at < self._over.get((start.run, start.attempt), -math.inf) for start in self.starts)

    def _lives(self) -> list[Life]:
        over = {d["number"]: (d["ending"], d["died"], d["status"]) for d in self.noted("death")}
        over[self.end["number"]] = (self.end["stopped"], self.end["stopped"], self.end["status"])
        ready: dict[int, float] = {}
        for event in self.events:
            if event["event"] == "table.read":
                ready.setdefault(event["daemon"], event["seconds"])
        lives = [
            Life(d["number"], d["since"], ready.get(d["number"]), *over[d["number"]], d["point"]) for d in self.noted("daemon")
        ]
        return sorted(lives, key=lambda life: life.since)


def _taken(saves: list[Json]) -> list[Json]:
    """Without what Health asked to be typed again: until then it was no edit."""
    for number, save in enumerate(saves):
        for name in save.get("again", ()):
            typed = next(
                before for before in reversed(saves[:number]) if [name, "Status"] in [c[:2] for c in before.get("cells", ())]
            )
            typed["cells"] = [cell for cell in typed["cells"] if cell[:2] != [name, "Status"]]
    return saves


def seconds(iso: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(iso).timestamp()


def _record(run: Json) -> Record:
    due = seconds(run["due"])
    return Record(
        run=run["run"],
        task=run["task"],
        cause=run["cause"],
        due=due,
        last_due=seconds(run["last_due"]) if run["last_due"] else due,
        count=run["count"],
        outcome=run["outcome"],
        reason=run["reason"],
        attempt=run["attempt"],
        started=seconds(run["started_at"]) if run["started_at"] else None,
        ended=seconds(run["ended_at"]) if run["ended_at"] else None,
        number=run["event"]["number"] if run["event"] else 0,
    )


def _witness(path: Path) -> tuple[list[Start], dict[tuple[str, int], list[int]], dict[tuple[str, int], float]]:
    """Every start; (run, attempt) → the exit codes that it said it would end with, and when it last did."""
    starts: list[Start] = []
    ends: dict[tuple[str, int], list[int]] = {}
    over: dict[tuple[str, int], float] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        what, at, run, attempt, *more = line.split("\t")
        if what == "start":
            starts.append(Start(float(at), run, int(attempt), more[0], seconds(more[1])))
        else:
            ends.setdefault((run, int(attempt)), []).append(int(more[0]))
            over[run, int(attempt)] = float(at)
    return starts, ends, over


def _events(folder: Path) -> tuple[list[Json], list[str]]:
    """What the daemons told, each with the daemon's number; and lines that are no events."""
    events: list[Json] = []
    other: list[str] = []
    for log in sorted(folder.glob("*.jsonl")):
        for line in log.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
                events.append({**event, "daemon": int(log.stem), "seconds": seconds(event["at"])})
            except (ValueError, KeyError, TypeError):
                other.append(f"{log.name}: {line}")
    return events, other


def clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]


def by_task(e: Evidence, cause: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in e.records:
        if record.cause == cause:
            found[record.task].append(record)
    return found

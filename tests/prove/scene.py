"""A folder with everything that a course needs: table, rowd.toml, witness, journal, and the plan that the laws are held against."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.prove.journal import Journal
from tests.prove.lock import Saving
from tests.prove.repository import Repository

PERSONAL = (
    *("Name", "Type", "Action", "Schedule", "Metadata", "Threshold", "Time Zone", "Overlap", "Catch Up", "Timeout", "Attempts"),
    *("Priority", "Jitter", "Watch", "Counts", "Description", "Ticket", "Notes"),
)
"""What only a person writes; rowd doesn't know Ticket and Notes at all."""

HEADER = (
    *("ID", *PERSONAL[:-1], "Status", "Do", "Current", "Health", "Understood As", "Next Run", "Last Run", "Last Status"),
    *("Last Result", "Runs", "Failures", "Missed", "Notes"),
)

CONFIG = """\
[daemon]
stop_within = "15s"
max_parallel = {parallel}
keep_runs = {keep_runs}
log = "json"
[defaults]
time_zone = "UTC"
[breaker]
failures = 1000
[watch.repo]
kind = "git"
path = "repo"
every = "5s"
debounce = "0.2s"
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[actions.work]
kind = "command"
argv = ["{python}", "-I", "-S", "{witness}", "{{sleep}}", "{{failures}}"]
environment = {{ WITNESS = "{seen}" }}
retry_wait = "1s"
kill_after = "1s"
[actions.work.parameters]
sleep = {{ type = "number", default = 0 }}
failures = {{ type = "integer", default = 0 }}
[actions.inside]
kind = "simulate"
retry_wait = "1s"
[actions.inside.parameters]
sleep = {{ type = "span", default = "0s" }}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is laid down, and what may be expected of it.

    schedule: as `oracle.instants` takes it; None for none, and where the instant hangs on when rowd first saw the row.
    once: exactly one run.   delay: seconds from first sight until a one-off without a date is due.
    command: its attempts bear witness.   attempts, failures: of how many, the first so many fail.
    hangs: until its time is out.   fickle: a person will pause it and change its Schedule.
    """

    name: str
    cells: dict[str, str]
    schedule: dict[str, Any] | None = None
    once: bool = False
    delay: int = 0
    command: bool = True
    attempts: int = 1
    failures: int = 0
    hangs: bool = False
    repeatable: bool = False
    threshold: int = 0
    fickle: bool = False
    tags: tuple[str, ...] = field(default_factory=tuple)


class Scene:
    """One folder. `folder/tasks.csv` is the table."""

    def __init__(self, folder: Path, rows: Sequence[Row], seed: int, parallel: int = 8, keep_runs: int = 100_000) -> None:
        self.folder = folder
        self.rows = tuple(rows)
        self.table = folder / "tasks.csv"
        self.seen = folder / "witness"
        self.logs = folder / "logs"
        self.runs = folder / ".rowd" / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir()
        witness = folder / "witness.py"
        shutil.copyfile(Path(__file__).with_name("witness.py"), witness)
        self.witness = folder / "bear-witness"
        argv = shlex.join([sys.executable, "-I", "-S", str(witness), "0", "0"])
        self.witness.write_text(f"#!/bin/sh\nWITNESS={shlex.quote(str(self.seen))} exec {argv}\n")
        self.witness.chmod(0o700)
        config = CONFIG.format(python=sys.executable, witness=witness, seen=self.seen, parallel=parallel, keep_runs=keep_runs)
        (folder / "rowd.toml").write_text(config)
        self.table.write_text(written([row.cells for row in rows]), newline="")
        self.journal = Journal(folder / "journal.jsonl")
        self.repository = Repository(folder / "repo")
        self.saving = Saving(folder / "saving", len(rows))
        self._seed = seed
        self._lay_down()

    def take_up(self, tag: str) -> None:
        """Take rows that were put into the table since for cron lines of this kind, with what may be expected of them."""
        known = {row.name for row in self.rows}
        news = [row for row in self.read() if row["Name"] not in known]
        self.rows += tuple(Row(row["Name"], row, schedule={"cron": row["Schedule"].lstrip("'")}, tags=(tag,)) for row in news)
        self.saving.expect(len(self.rows))
        self._lay_down()

    def _lay_down(self) -> None:
        """What the laws are held against."""
        plan = {"seed": self._seed, "personal": PERSONAL, "header": HEADER, "rows": [asdict(row) for row in self.rows]}
        (self.folder / "plan.json").write_text(json.dumps(plan, indent=1, ensure_ascii=False))

    def log(self, number: int) -> Path:
        """Where the daemon of this number tells its events."""
        return self.logs / f"{number:03}.jsonl"

    def read(self) -> list[dict[str, str]]:
        """The table as a person sees it, in its order."""
        with self.table.open(newline="") as file:
            return list(csv.DictReader(file))

    def save(self, rows: Sequence[dict[str, str]], *, in_place: bool) -> None:
        """As an editor does: a new file in the place of the old one, or the old one written over."""
        text = written(rows)
        if not in_place:
            beside = self.folder / ".saved"
            beside.write_text(text, newline="")
            beside.replace(self.table)
            return
        with self.saving, self.table.open("w", newline="") as file:
            file.write(text)

    def started(self) -> list[list[str]]:
        """The witness's lines so far, as words."""
        if not self.seen.exists():
            return []
        return [line.split("\t") for line in self.seen.read_text().splitlines()]

    def close(self) -> None:
        self.journal.close()
        self.saving.close()
        for words in self.started():
            if words[0] == "start":
                _end_group(int(words[6]), self.folder)


def written(rows: Sequence[dict[str, str]]) -> str:
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    return text.getvalue()


def _end_group(group: int, folder: Path) -> None:
    """End what still runs of a command of ours, and nothing that has only got its number."""
    try:
        words = Path(f"/proc/{group}/cmdline").read_bytes()
        if str(folder).encode() in words:
            os.killpg(group, 9)
    except OSError:
        pass

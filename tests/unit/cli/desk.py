"""A site in a folder, and a person at its terminal: commands run in this process, tables are real CSV files."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from typer.testing import CliRunner, Result

from actions.api import Outcome, Process
from actions.api import Result as Ended
from engine.clock import SystemClock
from engine.drafts import newcomers, recognise
from engine.ledger import DaemonMark, Ledger, new_run_id
from engine.marking import mark_of
from engine.model import Cause, Occurrence, Stage
from engine.patience import PatientTable, ThreadWorker
from rowd import __version__
from rowd.cli import app
from rowd.cli.site import site_at
from rowd.wiring import keeper_of, new_id

TOML = """
[defaults]
time_zone = "Europe/Berlin"
[tables.ops]
connector = "local"
path = "ops.csv"
[actions.work]
kind = "command"
argv = ["/bin/true"]
"""

HEADER = "ID,Name,Type,Schedule,Action,Status,Current,Threshold,Metadata,Health"


class Desk:
    """rows: lines of the table `ops`, under HEADER.   more: what else stands in rowd.toml."""

    def __init__(self, folder: Path, *rows: str, more: str = "", header: str = HEADER) -> None:
        self.folder = folder
        (folder / "rowd.toml").write_text(TOML + more)
        self.table("ops", *rows, header=header)

    def table(self, name: str, *rows: str, header: str = HEADER) -> None:
        (self.folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")

    def run(self, *words: str, columns: int = 100) -> Result:
        env = {"ROWD_CONFIG": str(self.folder / "rowd.toml"), "COLUMNS": str(columns), "NO_COLOR": "1"}
        return CliRunner().invoke(app, list(words), env=env)

    def said(self, *words: str, code: int = 0) -> str:
        """What a command prints, both streams, in one line of single blanks; it must end with this status."""
        result = self.run(*words)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    def json(self, *words: str, code: int = 0) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """As the daemon has it, inside a transaction."""
        opened = Ledger.open(self.folder / ".rowd" / "ledger.sqlite")
        try:
            with opened.transaction():
                yield opened
        finally:
            opened.close()

    def daemon_reads(self) -> None:
        """The daemon has read every table."""
        site = site_at(self.folder / "rowd.toml")
        now = SystemClock().now()
        with self.ledger() as ledger:
            for bound in site.tables.values():
                keeper = keeper_of(bound, ledger)
                table = PatientTable(bound.open(), SystemClock(), ThreadWorker("test"))
                found = keeper.take(asyncio.run(table.read()), now, new_id)
                ledger.forget_announced(recognise(found, newcomers(found, keeper.states), ledger.announced(), now))
                keeper.apply(found.states, now)
                asyncio.run(table.close())
                ledger.save_rows(found.states.values())
                ledger.record_edits(found.edits)
                ledger.mark_table(mark_of(keeper, now))

    def daemon_runs(self, *, pid: int | None = None, started: int | None = None) -> None:
        """This process passes for the daemon, unless another pid or start time is given."""
        stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        process = Process(pid or os.getpid(), int(stat[19]) if started is None else started)
        mark = DaemonMark(process, os.uname().nodename, datetime.now(UTC) - timedelta(hours=3), __version__, ("ops",))
        with self.ledger() as ledger:
            ledger.mark_daemon(mark)

    def began(self, key: str = "1", task: str = "backup", *, ago: timedelta = timedelta(minutes=5), **fields: Any) -> Occurrence:
        """A run that is under way."""
        at = datetime.now(UTC) - ago
        one = replace(_occurrence(key, task, due=at, claimed_at=at), **fields)
        with self.ledger() as ledger:
            assert ledger.claim([one]) == [True]
            ledger.begin([(one.id, 1)], at)
        return replace(one, stage=Stage.RUNNING, attempt=1, started_at=at)

    def missed(self, key: str = "1", task: str = "backup", *, hours: int, count: int = 1, last: int | None = None) -> Occurrence:
        """Occurrences that the daemon has just found missed.   hours: ago, the first was due.   last: likewise of the last."""
        now = datetime.now(UTC)
        due, last_due = now - timedelta(hours=hours), now - timedelta(hours=hours if last is None else last)
        one = replace(
            _occurrence(key, task, due=due, claimed_at=now),
            stage=Stage.ENDED,
            outcome=Outcome.MISSED,
            reason="rowd was not running",
            ended_at=now,
            count=count,
            last_due=last_due,
        )
        with self.ledger() as ledger:
            ledger.record([one])
        return one

    def ended(self, run: Occurrence, outcome: Outcome = Outcome.SUCCEEDED, summary: str = "all well", **took: float) -> None:
        """It has ended now, after so long (a timedelta's arguments)."""
        with self.ledger() as ledger:
            ledger.end_attempt(run.id, 1, datetime.now(UTC), Ended(outcome, summary), timedelta(**took or {"seconds": 2}))

    def printed(self, run: Occurrence, attempt: int = 1, **files: str) -> Path:
        """What an attempt left: name of a file → text."""
        folder = self.folder / ".rowd" / "runs" / run.id / str(attempt)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
        return folder


def _occurrence(key: str, task: str, *, due: datetime, claimed_at: datetime) -> Occurrence:
    return Occurrence(
        id=new_run_id(claimed_at, os.urandom),
        table="ops",
        key=key,
        task=task,
        trigger=f"at:{due.isoformat()}",
        cause=Cause.SCHEDULE,
        due=due,
        claimed_at=claimed_at,
        stage=Stage.CLAIMED,
        action="work",
    )

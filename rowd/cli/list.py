"""`rowd list`: the tasks, one line each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from engine.display import display
from engine.model import Column, Status, Type
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import emit_json, fail, plural, print_table, say, warn
from rowd.cli.site import reading, site_at, tables_of
from rowd.saying import distance, when
from rowd.view import RowView, TableView, look

STATES = (*map(str, Status), "defect", "running", "failing", "new")
"""What `--status` takes: a row's Status, or how it stands."""


@examples(
    "rowd list",
    "rowd list --table ops --status failing",
    "rowd list --status defect --json",
)
def list_tasks(
    config: ConfigOption = None,
    table: TableOption = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help=f"Only rows that are: {', '.join(STATES)}. May be given again."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks of all tables.

    Each table is read as it stands now, so a row that the daemon has yet to see is listed too, as new. Without --status, everything
    is listed but completed rows and drafts; their number is told below.
    """
    for one in status or ():
        if one not in STATES:
            fail(f'"{one}" is no status; use one of {", ".join(STATES)}', Exit.USAGE)
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        now = clock.now()
    rows = [(view, row) for view in tables for row in view.rows]
    shown = [(view, row) for view, row in rows if (_fits(row, status) if status else as_json or not _finished(row))]
    if as_json:
        emit_json({"tables": [_table_json(view) for view in tables], "tasks": [row_json(row) for _, row in shown]})
        return
    troubles(tables)
    several = len(tables) > 1
    columns = ["Name", "Table", "Schedule", "Next", "Last", "Health"]
    print_table(columns, [_line(row, now, several=several) for _, row in shown], keep=(0, 1, 3))
    hidden = [row for _, row in rows if not status and _finished(row)]
    if hidden:
        drafts = sum(row.defect is not None for row in hidden)
        parts = [plural(n, noun) for n, noun in ((drafts, "draft"), (len(hidden) - drafts, "completed row")) if n]
        say(f"Not shown: {', '.join(parts)} (--status draft, --status completed)", "dim")


def troubles(tables: Iterable[TableView]) -> None:
    """Say on standard error which tables couldn't be read, or are held."""
    for view in tables:
        if view.trouble is not None:
            warn(f"{view.name} can't be read now, so this is what was last read of it: {view.trouble}")
        elif view.held is not None:
            warn(f"{view.name} is held, nothing of it starts: {view.held}")


def row_json(row: RowView) -> dict[str, Any]:
    """What every command's `--json` says of a row."""
    task, cells, last = row.task, row.cells, row.tally.last
    return {
        "table": row.table,
        "id": row.key,
        "name": row.name,
        "status": status_of(row),
        "type": task.type if task else None,
        "action": task.action if task else None,
        "schedule": task.schedule.text if task and task.schedule else None,
        "zone": str(row.zone),
        "health": row.health,
        "next_run": cells.get(Column.NEXT_RUN),
        "last_run": last.started_at if last else None,
        "last_outcome": last.outcome if last else None,
        "last_result": last.reason if last else None,
        "runs": row.tally.runs,
        "failures": row.tally.failures,
        "missed": row.tally.missed,
        "running_since": row.running.started_at if row.running else None,
        "new": row.new,
    }


def status_of(row: RowView) -> str:
    """The row's Status; `defect` where it isn't understood."""
    if row.task is not None:
        return str(row.task.status)
    return str(Status.DRAFT) if row.defect is not None and row.defect.draft else "defect"


def schedule_of(row: RowView) -> str:
    """When it comes due, in words; the cell as it stands where the row isn't understood."""
    task = row.task
    if task is None:
        return str(row.state.cells.get(Column.SCHEDULE) or row.state.cells.get(Column.TYPE) or "")
    if task.schedule is not None:
        return task.schedule.text
    if task.type is Type.COUNTER:
        return str(row.cells[Column.UNDERSTOOD_AS])
    return "when asked"


def _fits(row: RowView, wanted: Iterable[str]) -> bool:
    last = row.tally.last
    ways = {status_of(row)}
    if row.running is not None:
        ways.add("running")
    if last is not None and last.outcome is not None and last.outcome not in ("succeeded", "cancelled"):
        ways.add("failing")
    if row.new:
        ways.add("new")
    return not ways.isdisjoint(wanted)


def _finished(row: RowView) -> bool:
    return status_of(row) in (Status.DRAFT, Status.COMPLETED) and row.running is None


def _line(row: RowView, now: datetime, *, several: bool) -> list[str | tuple[str, str]]:
    cells, last = row.cells, row.tally.last
    ahead = cells.get(Column.NEXT_RUN)
    coming = f"{when(ahead, row.zone, now)} ({distance(ahead, now)})" if isinstance(ahead, datetime) else ""
    ended = f"{last.outcome} {distance(last.ended_at, now)}" if last is not None and last.ended_at is not None else ""
    good = last is None or last.outcome == "succeeded"
    health = row.health
    new = "NEW: " if row.new else ""
    bad = row.defect is not None or health.partition(" ")[0].rstrip(":") in ("ERROR", "FAILED", "TIMED", "LOST", "MISSED", "HELD", "NEVER")
    return [
        row.name,
        row.table if several else "",
        schedule_of(row),
        coming,
        (ended, "" if good else "red"),
        (new + _short(health, ahead), "red" if bad else "green" if health.startswith("OK") else ""),
    ]


def _short(health: str, ahead: object) -> str:
    """Without the next run, which has a column of its own here."""
    return health.partition(", next ")[0] if ahead is not None else health


def _table_json(view: TableView) -> dict[str, Any]:
    return {
        "table": view.name,
        "rows": len(view.rows),
        "tasks": len(view.tasks),
        "defects": len(view.defects),
        "drafts": len(view.drafts),
        "trouble": str(view.trouble) if view.trouble is not None else None,
        "held": view.held,
    }

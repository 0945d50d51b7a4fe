"""`rowd list`: the tasks, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from engine.columns import Column
from engine.model import Status
from engine.wording import moment
from rowd.cli.command import examples
from rowd.cli.deadlines import overdue
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, emit_json, fail, plural, print_table, say, warn
from rowd.cli.rows import (
    BAD,
    end_of_unread,
    health_style,
    lease_json,
    next_start,
    outcome_style,
    row_json,
    schedule_of,
    status_of,
    troubles,
    until_start,
    without_next,
)
from rowd.cli.site import behind, reading, site_at, tables_of, unattended
from rowd.saying import distance, when
from rowd.view import RowView, TableView, look

STATES = (*map(str, Status), "defect", "elsewhere", "running", "failing", "overdue", "new")
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
        now, old, alone = clock.now(), behind(site, ledger), unattended(site, ledger, tables)
    rows = [(view, row) for view in tables for row in view.rows]
    shown = [(view, row) for view, row in rows if (_fits(row, status) if status else as_json or not _finished(row))]
    if as_json:
        emit_json({"tables": [_table_json(view) for view in tables], "tasks": [row_json(row) for _, row in shown]})
        if alone is not None and shown:
            warn(alone)
    else:
        troubles(tables, now, old)
        _print(tables, rows, shown, status, now)
        if alone is not None and shown:
            say(alone, "yellow")
    end_of_unread(tables)


def _print(
    tables: Sequence[TableView],
    rows: Sequence[tuple[TableView, RowView]],
    shown: Sequence[tuple[TableView, RowView]],
    status: Sequence[str] | None,
    now: datetime,
) -> None:
    several, zoned = len(tables) > 1, len({str(row.zone) for _, row in shown}) > 1
    columns = ["Name", "Table", "Schedule", "Next", "", "Last", "Health"]
    if shown:
        print_table(
            columns,
            [_line(row, now, several=several, zoned=zoned) for _, row in shown],
            keep=(3, 4),
            cut={0: 14, 1: 8, 2: 12, 5: 12, 6: 40},
            spare=(5, 4, 2, 1),
        )
    elif not any(view.unread for view in tables):
        say(f"No row is {' or '.join(status)}." if status else "There are no rows." if not rows else "Nothing else is there.")
    hidden = [row for _, row in rows if not status and _finished(row)]
    if hidden:
        drafts = sum(row.defect is not None for row in hidden)
        numbers = ((drafts, "draft", "draft"), (len(hidden) - drafts, "completed row", "completed"))
        parts = [plural(number, noun) for number, noun, _ in numbers if number]
        how = [f"--status {status}" for number, _, status in numbers if number]
        say(f"Not shown: {', '.join(parts)} ({', '.join(how)})", "dim")


def _fits(row: RowView, wanted: Iterable[str]) -> bool:
    last = row.tally.last
    ways = {status_of(row)}
    if row.running is not None:
        ways.add("running")
    if last is not None and last.outcome in BAD:
        ways.add("failing")
    if overdue(row):
        ways.add("overdue")
    if row.new:
        ways.add("new")
    return not ways.isdisjoint(wanted)


def _finished(row: RowView) -> bool:
    return status_of(row) in (Status.DRAFT, Status.COMPLETED) and row.running is None


def _line(row: RowView, now: datetime, *, several: bool, zoned: bool) -> list[Styled]:
    last, cells = row.tally.last, row.cells
    start, health = next_start(row), str(cells[Column.HEALTH])
    coming = off = ended = ""
    if start is not None:
        coming = moment(start, row.zone, now.year) if zoned else when(start, row.zone, now)
        off = until_start(row, start, now)
        health = without_next(health)
    if last is not None and last.ended_at is not None:
        ended = f"{last.outcome} {distance(last.ended_at, now)}"
    return [
        row.name,
        row.table if several else "",
        schedule_of(row),
        coming,
        off,
        (ended, outcome_style(last.outcome if last is not None else None)),
        (f"NEW: {health}" if row.new else health, health_style(health)),
    ]


def _table_json(view: TableView) -> dict[str, Any]:
    known = not view.unread
    return {
        "table": view.name,
        "rows": len(view.rows) if known else None,
        "tasks": len(view.tasks) if known else None,
        "defects": len(view.defects) if known else None,
        "drafts": len(view.drafts) if known else None,
        "trouble": str(view.trouble) if view.trouble is not None else None,
        "held": view.held,
        "run_by": [lease_json(lease) for lease in view.leases],
    }

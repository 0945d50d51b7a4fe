"""`rowd next`: the runs to come, in one line of time."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import emit_json, fail, print_table, say, warn
from rowd.cli.rows import schedule_of, troubles
from rowd.cli.site import behind, reading, site_at, tables_of
from rowd.coming import Coming, coming
from rowd.ical import calendar
from rowd.saying import distance, plural, when
from rowd.view import house, look, usual

HOURS = 24
SHOWN = 40
"""Runs that people are shown without --count."""

MOST_EACH = 100
"""Runs of one task in a calendar file: a task of every minute would fill any calendar."""


@examples(
    "rowd next",
    "rowd next --hours 168 --table ops",
    "rowd next --hours 720 --ics rowd.ics",
)
def next_runs(
    config: ConfigOption = None,
    table: TableOption = None,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0, max=87600, help="How far to look ahead; 24 without --count.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            min=1,
            max=100_000,
            help=f"At most so many runs; {SHOWN} without, {MOST_EACH} of each task with --ics, any number with --json.",
        ),
    ] = None,
    ics: Annotated[
        str | None,
        typer.Option("--ics", metavar="FILE", help="Write an iCalendar file; - for standard output."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the coming runs of all tables, also as an iCalendar file.

    What a blackout, a snooze or a hold will skip is shown with the reason; an iCalendar file leaves it out.
    """
    if ics is not None and as_json:
        fail("--ics and --json can't be had together", Exit.USAGE)
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        now = clock.now()
        holds = house(site, ledger, now)
        lengths = usual(ledger, tables) if ics is not None else {}
        old = behind(site, ledger)
        ledger_id = ledger.id if ledger is not None else str(site.config.file)
    ahead = timedelta(hours=hours) if hours is not None else timedelta(hours=HOURS) if count is None else timedelta(days=3660)
    rows = [row for view in tables for row in view.rows]
    each = MOST_EACH if ics is not None else None
    people = ics is None and not as_json
    most = count or (SHOWN if people else None)
    found = coming(rows, now, holds, until=now + ahead, most_each=each)
    runs = list(islice(found, most))
    troubles(tables, old)
    if ics is not None:
        _write(ics, calendar(runs, lengths, now, ledger_id))
    elif as_json:
        emit_json({"now": now, "until": now + ahead, "runs": [_json(run) for run in runs]})
    elif not runs:
        say(f"Nothing comes due within {_span(ahead)}.")
    else:
        several = len(tables) > 1
        columns = ["When", "", "Name", "Table", "Schedule", "Note"]
        print_table(columns, [_line(run, now, several=several) for run in runs], keep=(0, 1, 2))
        if count is None and next(found, None) is not None:
            say(f"and more within {_span(ahead)}; --count shows more", "dim")


def _span(ahead: timedelta) -> str:
    hours = ahead.total_seconds() / 3600
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _line(run: Coming, now: datetime, *, several: bool) -> list[str | tuple[str, str]]:
    style = "dim" if run.skipped else ""
    note = f"skipped: {run.skipped}" if run.skipped else run.note
    return [
        (when(run.at, run.row.zone, now), style),
        (distance(run.at, now), style),
        (run.row.name, style),
        (run.row.table if several else "", style),
        (schedule_of(run.row), style),
        (note, style),
    ]


def _json(run: Coming) -> dict[str, Any]:
    return {
        "at": run.at,
        "due": run.due,
        "table": run.row.table,
        "id": run.row.key,
        "name": run.row.name,
        "skipped": run.skipped or None,
        "note": run.note or None,
    }


def _write(target: str, text: str) -> None:
    """As bytes, so that line ends stay as the standard wants them; a file is replaced as a whole."""
    raw = text.encode("utf-8", "replace")
    if target == "-":
        typer.echo(raw, nl=False)
        return
    path = Path(target)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(raw)
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        fail(f"{path} can't be written: {exc.strerror}", Exit.OWNER)
    warn(f"{path}: {plural(text.count('BEGIN:VEVENT'), 'run')}")

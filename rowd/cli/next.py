"""`rowd next`: the runs to come, in one line of time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from engine.wording import moment
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, print_table, say, warn
from rowd.cli.rows import end_of_unread, schedule_of, troubles
from rowd.cli.site import behind, reading, served_of, site_at, unattended
from rowd.coming import Coming, coming, gathered
from rowd.house import house
from rowd.ical import calendar
from rowd.saying import distance, plural, when
from rowd.view import TableView, look, usual

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
        float | None, typer.Option("--hours", metavar="N", min=0, max=87600, help="How far to look ahead; 24 without --count.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            metavar="N",
            min=1,
            max=100_000,
            help=f"At most so many runs; {SHOWN} without, {MOST_EACH} of each task with --ics, any number with --json.",
        ),
    ] = None,
    ics: Annotated[
        str | None,
        typer.Option("--ics", metavar="FILE", help="Write an iCalendar file; - for standard output."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Each run, also of rows that come due every hour or more often.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the coming runs of all tables, also as an iCalendar file.

    A row that comes due every hour or more often is shown once. What a blackout, a snooze or a hold will skip is shown with the
    reason; an iCalendar file leaves it out.
    """
    if ics is not None and as_json:
        fail("--ics and --json can't be had together", Exit.USAGE)
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, served_of(site, table))
        now = clock.now()
        holds = house(site, ledger, now)
        lengths = usual(ledger, tables) if ics is not None else {}
        old, alone = behind(site, ledger), unattended(site, ledger, tables)
        ledger_id = ledger.id if ledger is not None else str(site.config.file)
    ahead = timedelta(hours=hours) if hours is not None else timedelta(hours=HOURS) if count is None else timedelta(days=3660)
    until = now + ahead
    rows = [row for view in tables for row in view.rows]
    troubles(tables, now, old)
    if ics is not None:
        each, cut = _first_of_each(coming(rows, now, holds, until=until, most_each=MOST_EACH + 1))
        about = f"Only the first {MOST_EACH} runs of: {', '.join(cut)}" if cut else ""
        _write(ics, calendar(each[:count], lengths, now, ledger_id, about))
        if about:
            warn(clean(about))
        if alone is not None and each:
            warn(alone)
    elif as_json:
        runs = list(islice(coming(rows, now, holds, until=until), count))
        unread = [view.name for view in tables if view.unread]
        emit_json({"now": now, "until": until, "runs": [_json(run) for run in runs], "unread": unread})
        if alone is not None and runs:
            warn(alone)
    else:
        found = coming(rows, now, holds, until=until) if every else gathered(rows, now, holds, until=until)
        heading = f"The next {plural(count, 'run')}" if hours is None and count is not None else f"Within {_span(ahead)}"
        if _print(found, now, ahead, count, heading, tables) and alone is not None:
            say(alone, "yellow")
    end_of_unread(tables)


def _first_of_each(runs: Iterable[Coming]) -> tuple[list[Coming], list[str]]:
    """At most MOST_EACH runs of each row, and the names of the rows that have more."""
    number: Counter[tuple[str, str]] = Counter()
    kept, cut = [], []
    for run in runs:
        number[run.row.table, run.row.key] += 1
        if number[run.row.table, run.row.key] <= MOST_EACH:
            kept.append(run)
        else:
            cut.append(run.row.name)
    return kept, cut


def _print(
    found: Iterator[Coming], now: datetime, ahead: timedelta, count: int | None, heading: str, tables: Sequence[TableView]
) -> bool:
    """Whether there was anything to show."""
    runs = list(islice(found, count or SHOWN))
    if not runs:
        if not any(view.unread for view in tables):
            say(f"Nothing comes due within {_span(ahead)}.")
        return False
    say(f"{heading}:", "dim")
    columns = ["When", "", "Name", "Table", "Schedule", "Note"]
    zoned = len({str(run.row.zone) for run in runs}) > 1
    print_table(
        columns,
        [_line(run, now, several=len(tables) > 1, zoned=zoned) for run in runs],
        keep=(0, 1),
        cut={2: 14, 3: 8, 4: 12},
        spare=(1, 4, 3),
    )
    if count is None and next(found, None) is not None:
        say(f"and more within {_span(ahead)}; --count shows more", "dim")
    return True


def _span(ahead: timedelta) -> str:
    hours = ahead.total_seconds() / 3600
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def _line(run: Coming, now: datetime, *, several: bool, zoned: bool) -> list[str | tuple[str, str]]:
    style = "dim" if run.skipped else ""
    note = f"skipped: {run.skipped}" if run.skipped else run.note
    return [
        (moment(run.at, run.row.zone, now.year) if zoned else when(run.at, run.row.zone, now), style),
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

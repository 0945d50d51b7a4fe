"""`rowd export`: the rows as CSV, as JSON, or as a crontab."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from connectors.local.cells import to_text
from engine.clock import SystemClock
from engine.model import Status
from rowd import crontab
from rowd.bound import Site
from rowd.cli.assigning import one_table
from rowd.cli.command import examples, group, include
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, TableOption
from rowd.cli.output import clean, fail, jsonable, plural, warn
from rowd.cli.rows import end_of_unread, troubles
from rowd.cli.site import me, reading, served_of, site_at
from rowd.cronlines import expression, shell_command, written
from rowd.hand import hand
from rowd.view import RowView, look

LEFT_TO_CRON = (
    "cron knows no Overlap: it starts a command again while it still runs, where rowd would skip that (or let it wait).",
    "`flock -n FILE COMMAND` keeps it from that. It knows no Timeout, Attempts, Catch Up, Jitter and blackouts either.",
)
"""What is lost on the way: the first comments of a crontab."""

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="Where to; - for standard output.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Also where the file is there already.")]


@examples("rowd export csv", "rowd export csv ops.csv --table ops")
def export_csv(
    file: FileArgument = "-", force: ForceOption = False, config: ConfigOption = None, table: TableOption = None
) -> None:
    """Write a table as CSV: every column, in its order, as it stands now.

    Text that a spreadsheet program would take for a formula gets a leading apostrophe, as in a local table.
    """
    site = site_at(config)
    with hand(one_table(site, table)) as held:
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(held.columns)
        lines.writerows([to_text(row.cells.get(header)) for header in held.columns] for row, _ in held.rows)
    _write(site, file, text.getvalue(), len(held.rows), force=force)


@examples("rowd export json", "rowd export json --table ops | jq '.[].Name'")
def export_json(
    file: FileArgument = "-", force: ForceOption = False, config: ConfigOption = None, table: TableOption = None
) -> None:
    """Write a table as JSON: a list with one object a row, under rowd's own names of the columns.

    Blank cells are left out; the others are as the store gives them: a CSV file has only text, so "0" is no number there.
    `rowd import json` reads it back.
    """
    site = site_at(config)
    with hand(one_table(site, table)) as held:
        rows = [{c: jsonable(v) for c, v in cells.items() if v is not None} for _, cells in held.rows]
    _write(site, file, json.dumps(rows, indent=2, ensure_ascii=False) + "\n", len(rows), force=force)


@examples("rowd export crontab", "rowd export crontab --table ops ops.crontab", "rowd export crontab --with-user /tmp/rowd-jobs")
def export_crontab(
    file: FileArgument = "-",
    with_user: Annotated[bool, typer.Option("--with-user", help="With the user before each command, as in /etc/crontab.")] = False,
    force: ForceOption = False,
    config: ConfigOption = None,
    table: TableOption = None,
) -> None:
    """Write the tasks as a crontab, as far as cron can say them.

    A task whose schedule cron can't say, or whose action is no command with fixed arguments, becomes a comment with the reason.
    Where that is so of all of them, nothing is written.
    """
    site = site_at(config)
    clock = SystemClock()
    with reading(site) as ledger:
        views = look(site, ledger, clock, served_of(site, table))
    troubles(views, clock.now())
    lines = [crontab.EXPORTED, *(f"# {line}" for line in LEFT_TO_CRON)]
    taken, left_out = 0, list[str]()
    for view in views:
        lines += ["", f"# table {view.name}"]
        for row in view.rows:
            try:
                line = _line(site, row, with_user=with_user)
                lines += [f"# {clean(row.name)}", line]
                taken += 1
            except crontab.Wrong as wrong:
                left_out.append(f"{clean(row.name)}: {clean(wrong)}")
                lines.append(f"# {clean(row.name)}: left out: {clean(wrong)}")
    if not taken:  # in the place of another crontab it would end all jobs
        end_of_unread(views)
        told = "".join(f"\n  {one}" for one in left_out)
        fail(f"No crontab was written: {f'cron can be told none of the rows:{told}' if told else 'there are no rows'}", Exit.BAD)
    _write(site, file, "\n".join(lines) + "\n", taken, force=force)
    if left_out:
        warn(f"note: {plural(len(left_out), 'row')} left out, each with a comment that says why")
    end_of_unread(views)


def _line(site: Site, row: RowView, *, with_user: bool) -> str:
    """The row's line. Raises crontab.Wrong with the reason why cron can't have it."""
    from actions.command.settings import CommandSettings
    from config.times import system_zone

    task = row.task
    if task is None:
        raise crontab.Wrong(row.health)
    if task.status is not Status.ACTIVE:
        raise crontab.Wrong(f"it is {task.status}")
    if task.schedule is None:
        raise crontab.Wrong(f"cron knows no {task.type}")
    if (zone := str(task.schedule.zone)) != (machine := str(system_zone())) and not {zone, machine} <= _UTC:
        raise crontab.Wrong(f"its time zone is {zone}, and cron uses the machine's, {machine}")
    when = expression(task.schedule, SystemClock().now())
    if when is None:
        raise crontab.Wrong(f'no line of cron says "{task.schedule.text}"')
    definition = site.definitions[task.action]
    if not isinstance(definition, CommandSettings):
        raise crontab.Wrong(f"its action {task.action} is no command ({definition.kind})")
    if definition.parameters:
        raise crontab.Wrong(f"its action {task.action} takes parameters from the row")
    if definition.secrets:
        raise crontab.Wrong(f"its action {task.action} needs secrets, which don't belong into a crontab")
    if definition.user is not None and not with_user:
        raise crontab.Wrong(f"it runs as {definition.user}; say --with-user for a system's crontab")
    command, stdin = shell_command(definition.argv, definition.environment, site.config.base / definition.cwd)
    return written(when, command, (definition.user or me()) if with_user else None, stdin)


_UTC = {"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/UCT", "Etc/Zulu"}


def _write(site: Site, file: str, text: str, number: int, *, force: bool) -> None:
    if file == "-":
        sys.stdout.write(text)
        return
    for name, bound in site.tables.items():
        at = getattr(bound.settings, "path", None)
        if at is not None and os.path.lexists(file) and (bound.place.base / at).resolve() == Path(file).resolve():
            fail(f"{file} is the table {name} itself: name another file", Exit.REFUSED)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with open(os.open(file, flags, 0o666), "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 (Path.open has no O_EXCL with a mode)
            stream.write(text)
    except FileExistsError:
        fail(f"{file} is there already: name another file, or say --force", Exit.REFUSED)
    except OSError as exc:
        fail(f"{file} can't be written: {exc.strerror}", Exit.OWNER)
    warn(f"wrote {plural(number, 'row')} to {file}")


export_app = group(
    "Write the rows as CSV, as JSON or as a crontab.",
    "rowd export csv > tasks.csv",
    "rowd export json --table ops",
    "rowd export crontab",
)
include(export_app, export_csv, "csv")
include(export_app, export_json, "json")
include(export_app, export_crontab, "crontab")

"""`rowd import crontab`: the lines of crontabs as rows of a table and actions in rowd.toml."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from config.mistakes import ConfigError
from config.times import system_zone
from connectors.api import Cell
from connectors.errors import TableError
from engine.cells import text
from engine.clock import SystemClock
from engine.columns import Column
from engine.model import Defect
from engine.parse import Rules
from rowd import definitions
from rowd.bound import Site
from rowd.cli.assigning import one_table
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, plural, print_table, say, warn
from rowd.cli.site import drafted, reading, runner, site_at
from rowd.crontab import SPOOL, Crontab, Job, Refused, ignored, insecure, is_text, names_users, read
from rowd.hand import Hand, Unfit, hand
from rowd.making import TooMany
from rowd.making import drafted as told_of_drafts
from rowd.migration import Known, Migration, Moved, migrate, rows_known
from rowd.shellwords import left_behind
from rowd.view import living

HALF_A_YEAR = timedelta(days=182)

OPTIONAL = (Column.TYPE, Column.DESCRIPTION, Column.STATUS)
"""Left out where the table has no such column."""


class UserField(StrEnum):
    """Whether lines name a user before the command."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


@examples(
    "rowd import crontab /etc/crontab /etc/cron.d --dry-run",
    "rowd import crontab /etc/crontab /etc/cron.d",
    "crontab -l | rowd import crontab - --table mine",
)
def import_crontab(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Crontabs; a folder of them; - for standard input.")],
    user_field: Annotated[
        UserField, typer.Option("--user-field", help="Whether lines name a user before the command, as in /etc/crontab.")
    ] = UserField.AUTO,
    runs_as: Annotated[
        str | None,
        typer.Option("--runs-as", metavar="USER", help="The user that rowd runs as. Default: whose its state folder is, else you."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the lines of crontabs: each becomes a row, and its command an action in rowd.toml.

    The crontabs stay as they are: comment the lines out there, or both would run them. A line that was imported before is left
    alone. What can't be taken is listed with its reason, and the command ends with 1.
    """
    site = site_at(config)
    bound = one_table(site, table)
    crontabs = [_read(file, user_field) for file in _files(files)]
    crontab = _joined(crontabs)
    with hand(bound) as held:
        _ = held.editable  # refused now, rather than when rowd.toml is written
        known = Known(
            actions=site.config.settings.actions,
            rows=rows_known(cells for _, cells in held.rows),
            names={text(cells.get(Column.NAME)) or "" for _, cells in held.rows},
        )
        found = migrate(crontab.jobs, known, runs_as or runner(site), _account)
        found.refused[:] = _in_order(crontabs, found.refused)
        try:
            rows = [_row(held, moved) for moved in found.moved]
        except Unfit as exc:
            fail(f"nothing was imported: {exc}", Exit.OWNER)
        blocks = [_block(moved) for moved in found.moved if moved.settings is not None]
        if found.moved and not dry_run:
            _write(site, held, found.moved, blocks, rows)
    notes = [*crontab.notes, *left_alone(found.moved)]
    notes += other_clock(held.rules, system_zone(), SystemClock().now()) if found.moved else ()
    if as_json:
        emit_json(_document(held.rules, found, notes, rows, dry_run=dry_run))
    else:
        _report(site, held.rules, found, notes, blocks, dry_run=dry_run)
    if found.refused:
        raise typer.Exit(int(Exit.BAD))


# --- what is read


def _files(named: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in named:
        path = Path(name)
        if name != "-" and path.is_dir():
            found += [str(file) for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(".")]
        else:
            found.append(name)
    return found


def _read(name: str, user_field: UserField) -> Crontab:
    """One file. What can't be read is refused as a whole."""
    path = Path(name).absolute()
    try:
        raw = sys.stdin.buffer.read() if name == "-" else path.read_bytes()
        left_out = None if name == "-" else ignored(path) or insecure(path, path.stat(), os.geteuid())
    except OSError as exc:
        return Crontab((), (Refused(name, 0, "", f"can't be read: {exc.strerror}"),))
    if left_out is not None:
        return Crontab((), (), (left_out,))
    content = raw.decode("utf-8-sig", "surrogateescape")
    if not is_text(content):
        return Crontab((), (Refused(name, 0, "", "is not text, so it is no crontab"),))
    with_user = names_users(content, path, {one.pw_name for one in pwd.getpwall()}, shutil.which)
    if user_field is not UserField.AUTO:
        with_user = user_field is UserField.YES
    if isinstance(with_user, str):
        why = f"it can't be told whether its lines name a user before the command ({with_user}); say --user-field yes or no"
        return Crontab((), (Refused(name, 0, "", why),))
    label = "standard input" if name == "-" else name
    return read(content, label, with_user=with_user, user=path.name if path.parent == SPOOL else None)


def _joined(crontabs: Sequence[Crontab]) -> Crontab:
    return Crontab(
        tuple(job for one in crontabs for job in one.jobs),
        tuple(refused for one in crontabs for refused in one.refused),
        tuple(note for one in crontabs for note in one.notes),
    )


def _in_order(crontabs: Sequence[Crontab], refused: Sequence[Refused]) -> list[Refused]:
    """All that is not taken, in the order of files and lines.   refused: what was found wrong only when it was to become a row."""
    files: dict[str, int] = {}
    for one in crontabs:
        for file in [*(job.file for job in one.jobs), *(line.file for line in one.refused)]:
            files.setdefault(file, len(files))
    all_of_them = [*(line for one in crontabs for line in one.refused), *refused]
    return sorted(all_of_them, key=lambda line: (files[line.file], line.line))


def _account(user: str) -> tuple[str, bool] | None:
    try:
        home = pwd.getpwnam(user).pw_dir
    except KeyError:
        return None
    return home, Path(home).is_dir()


# --- what is written


def _row(held: Hand, moved: Moved) -> dict[str, Cell]:
    """The row's canonical cells, as far as the table has columns for them. Raises Unfit."""
    cells = {c: v for c, v in moved.cells.items() if c not in OPTIONAL or held.layout.has(Column(c))}
    return held.assigned({}, cells)


def _block(moved: Moved) -> str:
    return definitions.spelled(moved.action, moved.settings or {}, f"From {moved.job.place}, by `rowd import crontab`.")


def _write(site: Site, held: Hand, moved: Sequence[Moved], blocks: Sequence[str], rows: Sequence[dict[str, Cell]]) -> None:
    """The actions first: without them the rows would be defects until they are there."""
    file = site.config.file
    before = file.read_bytes()
    names = list(dict.fromkeys(one.action for one in moved))
    after = definitions.appended(before.decode("utf-8-sig"), blocks, held.name, names)

    def check(draft: Path) -> None:
        try:
            bound = drafted(draft).tables[held.name]
        except ConfigError as exc:
            raise ConfigError([replace(m, file=str(file)) for m in exc.mistakes]) from None
        held.bound = bound
        for cells in rows:
            understood = held.understood(cells, SystemClock().now())
            if isinstance(understood, Defect):
                fail(f"nothing was imported: {clean(cells[Column.NAME])} would not be understood: {understood.message}", Exit.BAD)

    definitions.replace(file, before, after, check)
    try:
        created = held.create(rows)
    except (TableError, TooMany):
        warn(f"{file} has the actions now, but the rows could not be written; repeat the import for them:")
        raise
    if created.made is not None:
        warn(told_of_drafts(held.name, len(created.keys)))


# --- what is told


def left_alone(moved: Iterable[Moved]) -> Iterator[str]:
    """What is to be said of lines whose work goes on in the background under cron, and is ended under rowd."""
    for job in (one.job for one in moved):
        if left_behind(job.command, job.shell):
            yield (
                f"{job.place}: its command ends while work that it began with & goes on: cron lets that be, rowd ends it as soon as"
                " the command itself has ended, and records how that ended. Drop the & (of several at once: end with `wait`); what"
                " is to outlive the run is for systemd-run or at"
            )


def other_clock(rules: Rules, machine: tzinfo, now: datetime) -> Iterator[str]:
    """What is to be said where the table's times are not those of this machine, which cron goes by."""
    if any(at.astimezone(machine).utcoffset() != at.astimezone(rules.zone).utcoffset() for at in (now, now + HALF_A_YEAR)):
        yield (
            f"cron goes by the clock of this machine ({machine}), and the table {rules.table} by {rules.zone}: the rows run at"
            f' other instants than the lines did; with time_zone = "{machine}" for the table, or in Time Zone, at the same'
        )


def _report(site: Site, rules: Rules, found: Migration, notes: Sequence[str], blocks: Sequence[str], *, dry_run: bool) -> None:
    table, zone = rules.table, rules.zone
    if dry_run and blocks:
        say(f"# to be appended to {site.config.file}:")
        typer.echo("\n".join(blocks))
    if found.moved:
        columns = ["Name", "Schedule", "Zone", "Runs as", "Command", "From"]
        print_table(
            columns, [_line(moved) for moved in found.moved], keep=(1,), cut={0: 14, 2: 8, 3: 8, 4: 16, 5: 10}, spare=(5, 3)
        )
        say(f"Times are on the clock of {zone}, the zone of the table {table}, where no other is named.")
        say()
    for refused in found.refused:
        warn(f"{clean(refused.place)}: not taken: {clean(refused.reason)}{f' ({clean(refused.text)})' if refused.text else ''}")
    for note in notes:
        warn(f"note: {clean(note)}")
    verb = "would be added" if dry_run else "added"
    parts = [f"{plural(len(found.moved), 'row')} {verb} to {table}", f"{len(found.same)} there already"]
    if found.again:
        parts.append(f"{len(found.again)} left out that earlier lines say already")
    whole = sum(refused.line == 0 for refused in found.refused)
    parts += [f"{plural(whole, 'whole file')} not taken"] if whole else []
    say(", ".join([*parts, f"{plural(len(found.refused) - whole, 'line')} not taken"]))
    if found.moved and not dry_run:
        say("Now comment these lines out where they were: until then cron runs them, too.")
        _reload_hint(site, any(m.settings is not None for m in found.moved))


def _reload_hint(site: Site, defined: bool) -> None:
    if not defined:
        return
    with reading(site) as ledger:
        mark = living(ledger)
    if mark is not None:
        say(
            "The running daemon doesn't know the new actions yet: these rows are defects for it until it has read rowd.toml anew."
            f" Let it: kill -HUP {mark.process.pid} (or: systemctl reload rowd)"
        )


def _line(moved: Moved) -> list[Styled]:
    cells, job = moved.cells, moved.job
    return [str(cells[Column.NAME]), job.schedule, str(cells.get(Column.TIME_ZONE) or ""), job.user or "", job.command, job.place]


def _document(
    rules: Rules, found: Migration, notes: Sequence[str], rows: Sequence[dict[str, Cell]], *, dry_run: bool
) -> dict[str, Any]:
    def told(job: Job) -> dict[str, Any]:
        return {"file": job.file, "line": job.line, "schedule": job.schedule, "user": job.user, "command": job.command}

    return {
        "table": rules.table,
        "zone": str(rules.zone),
        "dry_run": dry_run,
        "added": [
            {**told(m.job), "name": m.cells[Column.NAME], "action": m.action, "definition": m.settings, "cells": cells}
            for m, cells in zip(found.moved, rows, strict=True)
        ],
        "same": [told(job) for job in found.same],
        "again": [told(job) for job in found.again],
        "refused": [{"file": r.file, "line": r.line or None, "text": r.text, "reason": r.reason} for r in found.refused],
        "notes": list(notes),
    }

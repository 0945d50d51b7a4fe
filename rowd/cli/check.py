"""`rowd check`: everything that is wrong or doubtful, before it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import typer

from actions.api import Refusing
from engine.clock import SystemClock
from engine.model import Status
from rowd.bound import Site
from rowd.cli.calling import spelled
from rowd.cli.checking import about_actions, about_channels, about_sources, about_state, of_listeners
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import emit_json, plural, print_table, say, warn
from rowd.cli.site import behind, reading, runs_as_us, site_at, tables_of
from rowd.house import house
from rowd.lint import Finding, Level, lint, refuses
from rowd.saying import counted
from rowd.view import RowView, TableView, look, usual

STYLES = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}


@examples(
    "rowd check",
    "rowd check --table ops",
    "rowd check --json | jq '.findings[] | select(.level == \"error\")'",
)
def check(config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Look for defects and doubtful things in the tables.

    Errors: rows that are not understood, tables that can't be read, a state folder that can't be made or written, channels
    whose address is none. Warnings: words under Do that are no button, fixed times in an hour that the clock skips or repeats
    within a year, runs that take longer than their interval, schedules denser than their action allows, more tasks in one
    minute than may run at once, headers that are nearly a column's, actions that can't become the user that they are to run as,
    whose program, its interpreter, folder or user isn't there, or whose address isn't allowed, columns that a watched source
    names and its table doesn't have, addresses of listeners that another program has, and values that a run would refuse.

    Nothing is run or written. Ends with 1 where there are errors.
    """
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        now = clock.now()
        found = lint(tables, now, house(site, ledger, now), usual(ledger, tables), site.parts.max_parallel)
        all_found = [
            *about_state(site),
            *about_actions(site),
            *about_sources(site, tables),
            *about_channels(site),
            *of_listeners(site),
            *refuses(_refused(site, tables)),
            *found,
        ]
        found = sorted(all_found, key=lambda f: list(Level).index(f.level))
        old = behind(site, ledger)
    levels = Counter(one.level for one in found)
    if as_json:
        counts = {f"{level}s": levels[level] for level in Level}
        emit_json(
            {
                "findings": found,
                **counts,
                "rows": sum(len(t.rows) for t in tables),
                "config_warnings": site.warnings,
                "behind": old,
            }
        )
    else:
        for warning in [*site.warnings, *([old] if old is not None else [])]:
            warn(f"warning: {warning}")
        several = len(tables) > 1
        columns = ["", "Where", "Table", "Finding"]
        rows = [
            ((str(f.level), STYLES[f.level]), _whose(f), f.table if several and f.name else "", spelled(f.message)) for f in found
        ]
        if rows:
            print_table(columns, rows, keep=(0,), cut={1: 14, 2: 10})
            say()
        defects, drafts = sum(len(t.defects) for t in tables), sum(len(t.drafts) for t in tables)
        rows_there = counted(sum(len(t.tasks) for t in tables), defects, drafts)
        summary = ", ".join(plural(levels[level], level) for level in Level if levels[level]) or "nothing found"
        say(f"{rows_there} in {plural(len(tables), 'table')}: {summary}")
    if levels[Level.ERROR]:
        raise typer.Exit(int(Exit.BAD))


def _whose(finding: Finding) -> str:
    named = finding.name or finding.table
    return f"{named} ({finding.place})" if finding.place not in ("", named) else named


def _refused(site: Site, tables: Sequence[TableView]) -> Iterator[tuple[RowView, str]]:
    """Rows whose action would refuse their values, and why. Nothing where we are not who rowd runs as, as above."""
    if not runs_as_us(site):
        return
    for row in (row for table in tables for row in table.tasks):
        action: object = site.parts.actions.get(row.task.action) if row.task is not None else None
        if row.task is not None and row.task.status is Status.ACTIVE and isinstance(action, Refusing):
            why = action.refusal(row.task.parameters) if not row.task.blanks else None  # told when it runs
            if why is not None:
                yield row, why

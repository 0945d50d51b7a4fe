"""`rowd graph`: which rows wait for which."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.cells import text
from engine.clock import SystemClock
from engine.columns import Column
from engine.links import Dependency
from engine.metadata import setting
from rowd.chart import Branch, Chart
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, print_tree, say
from rowd.cli.rows import end_of_unread, health_style, status_of, troubles
from rowd.cli.site import behind, pick, reading, site_at, tables_of
from rowd.saying import plural
from rowd.view import RowView, TableView, look


@examples(
    "rowd graph",
    "rowd graph deploy",
    "rowd graph --mermaid",
)
def graph(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only the rows that this one waits for, and those that wait for it."),
    ] = None,
    config: ConfigOption = None,
    table: TableOption = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a flowchart in Mermaid's language.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw which rows wait for which, as a tree.

    A row that waits for several stands in full under the first of them, and bears its table's name where that is another's than of
    the row above it. Rows whose chain can't be understood are not drawn: `rowd
    check` says what is wrong.
    """
    if mermaid and as_json:
        fail("--mermaid and --json can't be had together", Exit.USAGE)
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        now, old = clock.now(), behind(site, ledger)
    chart = Chart(row for view in tables for row in view.rows)
    only = pick(tables, name) if name is not None else None
    if only is not None:
        chart = chart.around(only)
    if as_json:
        emit_json({"rows": [_json(row) for row in chart.rows]})
    elif mermaid:
        troubles(tables, now, old)
        sys.stdout.write("\n".join(chart.mermaid()) + "\n")
    else:
        troubles(tables, now, old)
        _print(tables, chart, only)
    end_of_unread(tables)


def _print(tables: Sequence[TableView], chart: Chart, only: RowView | None) -> None:
    several = len(tables) > 1
    print_tree((branch.last, [_label(branch, several=several), _stands(branch)]) for branch in chart.tree())
    if only is not None:
        if not chart.rows:
            why = only.health if only.defect is not None else "it waits for no row, and none waits for it"
            say(f"{clean(only.name)}: {clean(why)}")
        return
    wrong = [row for view in tables for row in view.defects if text(setting(row.state.cells, Column.DEPENDS_ON)) is not None]
    if wrong:
        say(
            f"Not drawn: {plural(len(wrong), 'row')} with a Depends On that can't be understood as a whole (`rowd check`)", "yellow"
        )
    elif not chart.rows:
        say("No row waits for another one (Depends On).")


def _label(branch: Branch, *, several: bool) -> tuple[str, str]:
    row = branch.row
    apart = branch.under != row.table if branch.under else several
    said = f"{row.table}/{row.name}" if apart else row.name
    return (f"{said} (above)", "dim") if branch.above else (said, "")


def _stands(branch: Branch) -> tuple[str, str]:
    health = str(branch.row.cells[Column.HEALTH])
    return ("", "") if branch.above else (health, health_style(health) or "dim")


def _waited_for(row: RowView, one: Dependency) -> str:
    return one.key if one.table == row.table else f"{one.table}/{one.key or one.name}"


def _json(row: RowView) -> dict[str, Any]:
    task = row.task
    return {
        "table": row.table,
        "id": row.key,
        "name": row.name,
        "depends_on": [_waited_for(row, one) for one in task.depends_on] if task is not None else [],
        "on_failure": task.on_failure if task is not None and task.depends_on else None,
        "status": status_of(row),
        "health": row.health,
    }

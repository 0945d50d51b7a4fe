"""`rowd rerun`: a run asked for, and what waits for it."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.model import Wish
from engine.wording import conjoined
from rowd.chart import Chart
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import clean, say
from rowd.cli.site import pick, reading, site_at, tables_of
from rowd.view import look

MOST_NAMED = 10
"""So many rows behind it are named."""


@examples("rowd rerun run_tests --downstream", "rowd rerun ops/run_tests --downstream --wait")
def rerun(
    name: TaskArgument,
    downstream: Annotated[
        bool, typer.Option("--downstream", help="And then the rows that wait for it, over any number of steps.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its own end; end with 1 unless it succeeded.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a task again, and with --downstream what waits for it.

    Rows behind it run once those of their prerequisites that are run again have succeeded; the others need not run again, if they
    had succeeded. Without --downstream it is `rowd run-now`.
    """
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        tables = look(site, ledger, clock, tables_of(site, table))
        row = pick(tables, name)
        chart = Chart(one for view in tables if view.name == row.table for one in view.rows)
        behind = chart.behind(row) if downstream else ()
        asked = ask(site, ledger, row, Wish.RUN_NOW, clock, wait=wait, behind=behind)
    status = tell(asked, "runs now", as_json=as_json, wait=wait)
    if behind and not as_json:
        say(f"Behind it, once it has succeeded: {conjoined([clean(one.name) for one in behind], MOST_NAMED)}")
    raise typer.Exit(int(status))

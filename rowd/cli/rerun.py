"""`rowd rerun`: a run asked for, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from msgspec.structs import replace

from engine.clock import SystemClock
from engine.model import Status, Wish
from engine.rounds import Prerequisite, wanting
from engine.wording import conjoined
from rowd.chart import Chart
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import clean, say
from rowd.cli.site import pick, reading, site_at, tables_of
from rowd.view import RowView, look

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
    had succeeded. Which of them can't run yet is said, and for what they wait. Without --downstream it is `rowd run-now`.
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
        stuck = _stuck(row, behind)
        if follow := [clean(one.name) for one in behind if one.key not in stuck]:
            say(f"Behind it, once it has succeeded: {conjoined(follow, MOST_NAMED)}")
        for one in [one for one in behind if one.key in stuck][:MOST_NAMED]:
            say(f"{clean(one.name)} does not run then: it {stuck[one.key]}")
    raise typer.Exit(int(status))


def _stuck(row: RowView, behind: Sequence[RowView]) -> dict[str, str]:
    """Key → why the row doesn't run though all before it that can run again do: `waits for docs (has not run yet), too`."""
    stuck = {one.key: f"is {one.task.status}" for one in behind if one.task is not None and one.task.status is not Status.ACTIVE}
    to_come = {one.key for one in behind}  # what they did before counts no more
    again = {row.key, *to_come}.difference(stuck)
    found = True
    while found:  # what waits for a row that doesn't run doesn't either
        found = False
        for one in behind:
            before = [replace(other, broken=other.broken or other.key in to_come) for other in one.prerequisites]
            if one.key in again and (waits := wanting(one.state, before, again)):
                stuck[one.key] = f"waits for {conjoined([_said(other) for other in waits], MOST_NAMED)}, too"
                again.remove(one.key)
                found = True
    return stuck


def _said(one: Prerequisite) -> str:
    return clean(one.said) + (" (has not run yet)" if one.newest is None and not one.stays else "")

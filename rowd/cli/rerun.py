"""`rowd rerun`: a run asked for, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from msgspec.structs import replace

from engine.asked import Wish
from engine.clock import SystemClock
from engine.links import Place
from engine.model import Status
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
        among = tables_of(site, table)
        tables = look(site, ledger, clock, None if downstream else among)
        row = pick([view for view in tables if view.name in among], name)
        chart = Chart(one for view in tables if view.served or view.name == row.table for one in view.rows)
        behind = chart.behind(row) if downstream else ()
        asked = ask(site, ledger, row, Wish.RUN_NOW, clock, wait=wait, behind=behind)
    status = tell(asked, "runs now", as_json=as_json, wait=wait)
    if behind and not as_json:
        stuck = _stuck(row, behind)
        if follow := [_called(one, row) for one in behind if _place(one) not in stuck]:
            say(f"Behind it, once it has succeeded: {conjoined(follow, MOST_NAMED)}")
        for one in [one for one in behind if _place(one) in stuck][:MOST_NAMED]:
            say(f"{_called(one, row)} does not run then: it {stuck[_place(one)]}")
    raise typer.Exit(int(status))


def _place(row: RowView) -> Place:
    return row.table, row.key


def _called(one: RowView, row: RowView) -> str:
    """With its table, where that is another than this row's."""
    return clean(one.name if one.table == row.table else f"{one.table}/{one.name}")


def _stuck(row: RowView, behind: Sequence[RowView]) -> dict[Place, str]:
    """Place → why the row doesn't run though all before it that can run again do: `waits for docs (has not run yet), too`."""
    stuck = {
        _place(one): f"is {one.task.status}" for one in behind if one.task is not None and one.task.status is not Status.ACTIVE
    }
    to_come = {_place(one) for one in behind}  # what they did before counts no more
    again = {_place(row), *to_come}.difference(stuck)
    found = True
    while found:  # what waits for a row that doesn't run doesn't either
        found = False
        for one in behind:
            before = [replace(other, broken=other.broken or other.place in to_come) for other in one.prerequisites]
            if _place(one) in again and (waits := wanting(one.state, before, again)):
                stuck[_place(one)] = f"waits for {conjoined([_said(other) for other in waits], MOST_NAMED)}, too"
                again.remove(_place(one))
                found = True
    return stuck


def _said(one: Prerequisite) -> str:
    return clean(one.said) + (" (has not run yet)" if one.newest is None and not one.stays else "")

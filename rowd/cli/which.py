"""Which task is meant, where a person may name it by one of its runs."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.model import Stage
from rowd.bound import Site
from rowd.cli.exits import Exit
from rowd.cli.output import clean, fail
from rowd.view import RowView, look

SHORTEST = 8
"""Characters of the beginning of an id: what is shorter is an ID of a row, like `1`, or a Name."""

Which = Annotated[
    str, typer.Argument(metavar="NAME|RUN", help="A task by its Name or ID, or the id of a run, or its first 8 characters.")
]


def row_of_run(site: Site, ledger: Ledger | None, which: str) -> RowView | None:
    """The row whose run this is; None where it is no run's id. Ends the command for a run that is over."""
    if ledger is None or len(which.strip()) < SHORTEST:
        return None
    try:
        run = ledger.occurrence(which.strip())
    except ValueError as exc:
        fail(str(exc), Exit.USAGE)
    if run is None or run.table not in site.tables:
        return None
    if run.stage is Stage.ENDED:
        fail(f"The run {run.id} of {clean(run.task)} is over: {run.outcome}", Exit.REFUSED)
    view = look(site, ledger, SystemClock(), [run.table])[0]
    row = next((row for row in view.rows if row.key == run.key), None)
    if row is None:
        fail(f"The row of {clean(run.task)} was deleted, so nothing can be asked of it; its run {run.id} goes on", Exit.REFUSED)
    return row

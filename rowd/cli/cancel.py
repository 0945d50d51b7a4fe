"""`rowd cancel`: what runs or waits is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.model import Stage, Wish
from rowd.bound import Site
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, fail
from rowd.cli.site import named, reading, site_at
from rowd.view import RowView, look

Which = Annotated[str, typer.Argument(metavar="NAME|RUN", help="A task by its Name or ID, or the id of a run, or its beginning.")]


@examples("rowd cancel backup", "rowd cancel 0hq3k2m8", "rowd cancel ops/backup --json")
def cancel(which: Which, config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Stop what is running or waiting.

    The command that runs gets SIGTERM, and SIGKILL if it doesn't end by that. All runs of the task are stopped: what is under way,
    and what waits for a worker or for another attempt. Later occurrences come as planned.
    """
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        row = _run(site, ledger, which) or named(site, ledger, which, table)
        asked = ask(site, ledger, row, Wish.CANCEL, clock)
    raise typer.Exit(int(tell(asked, "is being cancelled", as_json=as_json)))


def _run(site: Site, ledger: Ledger | None, which: str) -> RowView | None:
    """The row whose run this is; None where it is no run's id. Ends the command for a run that is over."""
    if ledger is None or not which.strip():
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

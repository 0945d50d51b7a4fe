"""`rowd run-now`: a run asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.asked import Wish
from engine.clock import SystemClock
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.site import named, reading, site_at


@examples("rowd run-now backup", "rowd run-now ops/backup --wait && echo done", "rowd run-now backup --wait --json | jq .outcome")
def run_now(
    name: TaskArgument,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the run's end; end with 1 unless it succeeded.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a task now.

    The daemon is asked, and refuses what runs already (exit status 5). A paused task can be run so, too. Where no daemon is
    running, the request is kept for the next one.
    """
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        asked = ask(site, ledger, named(site, ledger, name, table), Wish.RUN_NOW, clock, wait=wait)
    raise typer.Exit(int(tell(asked, "runs now", as_json=as_json, wait=wait)))

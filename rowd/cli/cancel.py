"""`rowd cancel`: what runs or waits is stopped."""

from __future__ import annotations

import typer

from engine.asked import Wish
from engine.clock import SystemClock
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.site import named, reading, site_at
from rowd.cli.which import Which, row_of_run


@examples("rowd cancel backup", "rowd cancel 0hq3k2m8", "rowd cancel ops/backup --json")
def cancel(which: Which, config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Stop what is running or waiting.

    The command that runs gets SIGTERM, and SIGKILL if it doesn't end by that. All runs of the task are stopped: what is under way,
    and what waits for a worker or for another attempt. Later occurrences come as planned.
    """
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        row = row_of_run(site, ledger, which) or named(site, ledger, which, table)
        asked = ask(site, ledger, row, Wish.CANCEL, clock)
    raise typer.Exit(int(tell(asked, "is being cancelled", as_json=as_json)))

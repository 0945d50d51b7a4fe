"""`rowd tick`: a counter counted up."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.asked import Wish
from engine.clock import SystemClock
from engine.model import Type
from rowd.cli.asking import ask, tell
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import clean, fail, plural
from rowd.cli.site import named, reading, site_at


@examples("rowd tick lint", "rowd tick lint 3", "git config core.hooksPath hooks   # and `rowd tick lint` in hooks/post-commit")
def tick(
    name: TaskArgument,
    number: Annotated[float, typer.Argument(metavar="N", help="How much to count.")] = 1,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count a counter up.

    It runs when its Current reaches its Threshold. Where no daemon is running, the tick is kept for the next one.
    """
    if not 0 < number <= 1e9:
        fail(f"{number:g} can't be counted: give a number above 0, up to 1e9", Exit.USAGE)
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        row = named(site, ledger, name, table)
        if row.task is not None and row.task.type is not Type.COUNTER:
            fail(f"{clean(row.name)} is no counter, its Type is {row.task.type}; `rowd run-now` runs it", Exit.REFUSED)
        asked = ask(site, ledger, row, Wish.TICK, clock, amount=number)
    done = f"counted {plural(int(number), 'tick') if number.is_integer() else f'{number:g} ticks'}"
    raise typer.Exit(int(tell(asked, done, as_json=as_json)))

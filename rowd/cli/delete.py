"""`rowd delete`: a row taken out of its table."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import clean, emit_json, fail, say, warn
from rowd.cli.site import named, reading, site_at
from rowd.hand import hand


@examples("rowd delete old-report", "rowd delete ops/old-report --yes")
def delete(
    name: TaskArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a row from its table.

    Its history stays for 30 days. A run that is under way goes on; `rowd cancel` ends it. To keep a task from running, `rowd pause`
    is enough.
    """
    site = site_at(config)
    with reading(site) as ledger:
        row = named(site, ledger, name, table)
    place = f"ID {clean(row.key)}" if row.place == row.key else row.place
    if row.running is not None:
        warn(f"{clean(row.name)} is running; that run goes on (`rowd cancel {shlex.quote(clean(row.name))}` ends it)")
    if not yes and not _sure(f"Delete {clean(row.name)} ({place}) from {row.table}?"):
        fail("nothing was deleted", Exit.REFUSED)
    with hand(site.tables[row.table]) as held:
        held.delete(row.key)
    if as_json:
        emit_json({"table": row.table, "id": row.key, "name": row.name, "deleted": True})
    else:
        say(f"deleted {clean(row.name)} ({place}) from {row.table}")


def _sure(question: str) -> bool:
    if not sys.stdin.isatty():
        fail("There is no terminal to ask on: write --yes if you mean it", Exit.USAGE)
    return typer.confirm(question, err=True)

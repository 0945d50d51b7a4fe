"""`rowd delete`: a row taken out of its table."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.ledger import Ledger
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, plural, say, warn
from rowd.cli.parting import called, let_go, missing
from rowd.cli.site import named, reading, site_at
from rowd.hand import hand

NameArgument = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="A task by its Name or ID; TABLE/NAME where two tables have it.")
]


@examples("rowd delete old-report", "rowd delete ops/old-report --yes", "rowd delete --gone --table ops")
def delete(
    name: NameArgument = None,
    gone: Annotated[
        bool,
        typer.Option("--gone", help="Instead of NAME: confirm that the rows which vanished from a held table were meant to go."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a row from its table.

    Its history stays for 30 days. A run that is under way goes on; `rowd cancel` ends it. To keep a task from running, `rowd pause`
    is enough.
    Where very many rows vanish at once, the table is held for five minutes; with --gone that is over at once.
    """
    if gone == (name is not None):
        fail("Say which row to delete, or --gone for those that have vanished from a table: one of both", Exit.USAGE)
    site = site_at(config)
    if name is None:
        with reading(site) as ledger:
            raise typer.Exit(int(_gone(site, ledger, table, yes=yes, as_json=as_json)))
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


def _gone(site: Site, ledger: Ledger | None, table: str | None, *, yes: bool, as_json: bool) -> Exit:
    where, states = missing(site, ledger, table)
    if not yes and not _sure(f"Let {plural(len(states), 'row')} go that vanished from {where} ({called(states)})?"):
        fail("nothing was let go", Exit.REFUSED)
    assert ledger is not None  # noqa: S101 (`missing` ends the command where there is none)
    return let_go(site, ledger, where, states, SystemClock(), as_json=as_json)


def _sure(question: str) -> bool:
    if not sys.stdin.isatty():
        fail("There is no terminal to ask on: write --yes if you mean it", Exit.USAGE)
    return typer.confirm(question, err=True)

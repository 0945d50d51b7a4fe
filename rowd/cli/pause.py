"""`rowd pause` and `rowd resume`: a Status put into rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cells import text
from engine.clock import SystemClock
from engine.columns import Column
from engine.model import Defect, Status
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, say, warn
from rowd.cli.site import pick, reading, site_at, tables_of
from rowd.hand import Hand, hand
from rowd.making import unmoved
from rowd.view import RowView, look

Names = Annotated[list[str], typer.Argument(metavar="NAME…", help="Tasks by Name or ID; TABLE/NAME where two tables have it.")]


@examples("rowd pause backup", "rowd pause ops/backup ops/report", "rowd pause backup --json")
def pause(names: Names, config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Pause tasks: put paused into their Status.

    Nothing of them starts until they are resumed. What runs already goes on; `rowd cancel` ends it.
    """
    _put(Status.PAUSED, names, config, table, as_json=as_json)


@examples("rowd resume backup", "rowd resume ops/backup ops/report")
def resume(names: Names, config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Resume paused tasks: put active into their Status.

    Also makes a draft active, if it is understood; called in a run, none that a run has made. Nothing from before the moment of
    resuming runs.
    """
    _put(Status.ACTIVE, names, config, table, as_json=as_json)


def _put(status: Status, names: list[str], config: Path | None, table: str | None, *, as_json: bool) -> None:
    site = site_at(config)
    with reading(site) as ledger:
        views = look(site, ledger, SystemClock(), tables_of(site, table))
    rows = list({(row.table, row.key): row for row in (pick(views, name) for name in names)}.values())
    told: list[dict[str, Any]] = []
    refused: set[Exit] = set()
    for one in dict.fromkeys(row.table for row in rows):
        with hand(site.tables[one]) as held:
            if not held.layout.has(Column.STATUS):
                fail(f"{one} has no column Status; add it to the table, or set columns.Status in rowd.toml", Exit.OWNER)
            changes = {}
            for row in (row for row in rows if row.table == one):
                before, reason, code = _judged(held, row, status)
                refused |= {code} if reason is not None else set()
                if before != status and reason is None:
                    changes[row.key] = {str(Column.STATUS): str(status)}
                told.append({"table": one, "id": row.key, "name": row.name, "old": before, "new": status, "refused": reason})
            held.put(changes)
    if as_json:
        emit_json({"tasks": told})
    for each in told:
        _tell(each, as_json=as_json)
    if refused:
        raise typer.Exit(int(max(refused)))


def _judged(held: Hand, row: RowView, status: Status) -> tuple[str, str | None, Exit]:
    """The row's Status as it stands, why it can't be changed, None where it can, and how the command ends then."""
    cells = held.cells_of(row.key)
    before = (text(cells.get(Column.STATUS)) or Status.ACTIVE).casefold()
    if before != status and (why := unmoved(row.state, {Column.STATUS})) is not None:
        return before, why, Exit.REFUSED
    if status is Status.ACTIVE:
        understood = held.reread(row.state, {**cells, Column.STATUS: str(status)})
        if isinstance(understood, Defect):
            return before, understood.message, Exit.BAD
    return before, None, Exit.OK


def _tell(each: dict[str, Any], *, as_json: bool) -> None:
    name = clean(each["name"])
    if each["refused"] is not None:
        warn(f"{name} was left as it is: {clean(each['refused'])}")
    elif not as_json and each["old"] == each["new"]:
        say(f"{name} is {each['new']} already")
    elif not as_json:
        say(f"{name}: Status: {clean(each['old'])} → {each['new']}")

"""`rowd edit`: cells of a row, from the shell."""

from __future__ import annotations

from typing import Annotated

import typer

from connectors.api import Cell
from engine.cells import text
from engine.clock import SystemClock
from engine.columns import Column
from engine.model import Defect
from rowd.cli.assigning import SetOption, assignments, shown, warn_of_past
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import clean, emit_json, fail, say
from rowd.cli.site import named, reading, site_at
from rowd.hand import Hand, Unfit, hand
from rowd.making import unmoved
from rowd.view import RowView


@examples(
    'rowd edit backup --set "Schedule=daily 02:00"',
    'rowd edit ops/report --set "Name=weekly report" --set Priority=high',
    'rowd edit report --set "Time Zone="',
    "rowd edit report --set Metadata.folder=/srv/data",
)
def edit(
    name: TaskArgument,
    sets: SetOption = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where the row would not be understood then.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change cells of a row.

    A change after which the row would not be understood is refused, with the sentence that its Health would show.
    Called in a run, it activates or renames no row that a run has made.
    """
    said = assignments(sets or ())
    if not said:
        fail('Nothing to change: write it like --set "Schedule=daily 08:00"', Exit.USAGE)
    site = site_at(config)
    with reading(site) as ledger:
        row = named(site, ledger, name, table)
    with hand(site.tables[row.table]) as held:
        before = held.cells_of(row.key)
        try:
            after = held.put_by_hand(before, said)
        except Unfit as exc:
            fail(str(exc), Exit.USAGE)
        changed = {c: after[c] for c in after if text(after[c]) != text(before.get(c))}
        if (why := unmoved(row.state, changed)) is not None:
            fail(f"{clean(row.name)} was left as it is: {clean(why)}", Exit.REFUSED)
        if not anyway:
            _check(held, row, after, changed)
        held.put({row.key: changed})
        if Column.SCHEDULE in changed:
            now = SystemClock().now()
            warn_of_past(held.understood(after, now), now)
    changes = [{"column": c, "old": text(before.get(c)), "new": text(v)} for c, v in changed.items()]
    if as_json:
        emit_json({"table": row.table, "id": row.key, "name": row.name, "changes": changes})
    elif not changed:
        say(f"{clean(row.name)} says so already; nothing was changed")
    for c, v in changed.items() if not as_json else ():
        say(f"{clean(row.name)}: {c}: {shown(before.get(c))} → {shown(v)}")


def _check(held: Hand, row: RowView, after: dict[str, Cell], changed: dict[str, Cell]) -> None:
    new_name = text(after.get(Column.NAME))
    if Column.NAME in changed and new_name is not None and (bearer := held.bearer(new_name, but=row.key)) is not None:
        taken = f'{held.name} has a row of the name "{clean(new_name)}" already ({clean(held.place(bearer))})'
        fail(f"{taken}; choose another name", Exit.REFUSED)
    if Column.ID in changed:
        fail("An ID is what rowd knows the row by; it can't be edited from here", Exit.REFUSED)
    understood = held.reread(row.state, after)
    if isinstance(understood, Defect) and understood.wrong:
        fail(f"not changed: {clean(understood.message)} (--anyway puts it in all the same.)", Exit.BAD)

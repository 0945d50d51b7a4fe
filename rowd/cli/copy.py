"""`rowd copy`: the rows of one table made in another."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from connectors.api import fold
from engine.clock import SystemClock
from engine.columns import Column
from rowd.auditing import moved
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.moving import lines, progress, resumable, some, told_drafted, two_tables
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, plural, say, warn
from rowd.cli.site import site_at
from rowd.copying import Copied, CopyPlan, copied
from rowd.lock import held_by
from rowd.moving import Progress, alone, book, opened


@examples(
    "rowd copy tasks sheet --dry-run",
    "rowd copy tasks sheet",
    "rowd copy tasks sheet --json | jq .made",
)
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The table whose rows are copied, by its name in rowd.toml.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The table in which they are made.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the rows of one table in another that doesn't have them.

    Any stores. A row is there already where TO has one with its ID, if both keep IDs, else with its Name: it is left alone. So the
    command can be repeated, also after it was interrupted: it makes what is missing. What TO could not hold is told, column by
    column, before anything is made. One of the two tables must say `serve = false`. Buttons (Do) are not copied.
    """
    site = site_at(config)
    two_tables(site, source, target)
    with alone(site.state), resumable(), progress() as drawn:
        done = asyncio.run(_copied(site, source, target, drawn, dry_run=dry_run))
    plan = done.plan
    if as_json:
        emit_json(
            {
                "from": source,
                "to": target,
                "dry_run": dry_run,
                "made": list(done.made) if not dry_run else [],
                "to_make": [str(cells.get("Name")) for _, cells in plan.creates] if dry_run or not plan.fits else [],
                "there": plan.there,
                "renamed": [{"here": here, "there": there} for here, there in plan.renamed],
                "refused": [{"row": row.name, "reason": row.why} for row in plan.unclear],
                "lacking": plan.lacking,
                "unfit": [{"reason": why, "rows": rows} for why, rows in plan.unfit.items()],
                "columns_left_out": plan.strangers,
            }
        )
    else:
        _told(target, done, dry_run=dry_run)
    _warned(source, target, plan, dry_run=dry_run)
    if not plan.fits:
        raise typer.Exit(int(Exit.OWNER))
    if plan.unclear:
        raise typer.Exit(int(Exit.BAD))


async def _copied(site: Site, source: str, target: str, drawn: Progress, *, dry_run: bool) -> Copied:
    beside = held_by(site.state) is not None
    with book(site, source, target, beside=beside) as pairs:
        async with opened(site, [source, target], SystemClock(), drawn) as (here, there):
            if not dry_run:
                pairs.note(moved("copy", source, target, SystemClock().now()))
            done = await copied(here, there, pairs, drawn, dry_run=dry_run)
            if not dry_run:
                pairs.note(moved("copy", source, target, SystemClock().now(), {"made": len(done.made)}))
            told_drafted([there])
            return done


def _told(target: str, done: Copied, *, dry_run: bool) -> None:
    plan = done.plan
    there = f"{len(plan.there)} there already"
    if not dry_run:
        say(f"{plural(len(done.made), 'row')} made in {target}, {there}")
    elif not plan.fits:
        say(f"0 rows would be made in {target} as it is now, {len(plan.creates)} once it can hold them, {there}")
    else:
        for line in lines(f"+ {clean(cells.get('Name'))}" for _, cells in plan.creates):
            say(line, "green")
        say(f"{plural(len(plan.creates), 'row')} would be made in {target}, {there}")


def _warned(source: str, target: str, plan: CopyPlan, *, dry_run: bool) -> None:
    nothing = "Nothing would be made" if dry_run else "Nothing was made"
    for header, rows in plan.lacking.items():
        warn(f"{target} has no column {clean(header)}, in which rows say something ({some(rows)})")
    if plan.lacking:
        warn(f"{nothing}: without these columns the rows would mean something else. {_remedy(target, list(plan.lacking))}")
    for why, rows in plan.unfit.items():
        warn(f"{target}: {clean(why)} ({some(rows)})")
    if plan.unfit and not plan.lacking:
        warn(f"{nothing}: mend that first, then repeat the command.")
    for row in plan.unclear:
        warn(f"{source}: {clean(row.name)}: {'would not be' if dry_run else 'not'} copied: {clean(row.why)}")
    for here, there in plan.renamed:
        warn(f"note: {clean(here)} has the ID of a row that is called {clean(there)} in {target}, so it is there already")
    if plan.strangers:
        warn(f"note: {target} has no column for {', '.join(map(clean, plan.strangers))}, so these are left out")


def _remedy(target: str, lacking: list[str]) -> str:
    """How the target gets these columns."""
    served = {fold(column): str(column) for column in Column}
    columns = [served.get(fold(header)) for header in lacking]
    if None in columns:
        return f"Add them to {target} by hand, then repeat the command."
    words = " ".join([target, *(f'--column "{column}"' for column in columns)])
    return f"Add them: `rowd setup {words}`"

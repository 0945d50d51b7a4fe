"""`rowd sync`: two tables brought to say the same."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from engine.clock import SystemClock
from engine.syncing import Torn, Which
from rowd.auditing import moved
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.moving import lines, progress, resumable, shown, told_drafted, two_tables
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, plural, say, warn
from rowd.cli.site import site_at
from rowd.lock import held_by
from rowd.moving import Progress, alone, book, opened
from rowd.syncing import Clash, Synced, Syncing, Wanted


@examples(
    "rowd sync tasks sheet --dry-run",
    "rowd sync tasks sheet",
    "rowd sync tasks sheet --prefer sheet",
    "rowd sync tasks sheet --delete --json",
)
def sync(
    one: Annotated[str, typer.Argument(metavar="A", help="A table, by its name in rowd.toml.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    prefer: Annotated[
        str | None, typer.Option("--prefer", metavar="TABLE", help="Where both were changed, this one of the two is right.")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove rows that were removed from the other table, and not changed in this one.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Forget what the last sync knew: tell rows by ID and Name, as the first time.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring two tables to say the same, whichever of them was edited.

    Each cell is held against what both tables said after the last sync. Changed on one side: it is put into the other. Changed on
    both, otherwise: a conflict; both values are told, nothing is written, and the command ends with 1. Rows that are new on one
    side are made on the other. Columns that only rowd writes flow from the table that is served. One of the two tables must say
    `serve = false`. Buttons (Do) and IDs stay where they are.
    """
    site = site_at(config)
    names = two_tables(site, one, other)
    if prefer is not None and prefer not in names:
        fail(f'--prefer "{clean(prefer)}": say {one} or {other}', Exit.USAGE)
    wanted = Wanted(_served(site, names), _which(names, prefer), remove=delete, anew=anew, dry_run=dry_run)
    with alone(site.state), resumable(), progress() as drawn:
        try:
            done = asyncio.run(_synced(site, names, wanted, drawn))
        except Torn as exc:
            fail(str(exc), Exit.OWNER)
    if as_json:
        emit_json({"tables": names, "dry_run": dry_run, **_json(done)})
    else:
        _told(names, done, dry_run=dry_run)
    _warned(names, done)
    if any(refused.clear for refused in done.refused):
        raise typer.Exit(int(Exit.OWNER))
    if done.unfinished:
        raise typer.Exit(int(Exit.LATER))
    if done.conflicts or done.refused:
        raise typer.Exit(int(Exit.BAD))


def _which(names: tuple[str, str], name: str | None) -> Which | None:
    return None if name is None else 0 if name == names[0] else 1


def _served(site: Site, names: tuple[str, str]) -> Which | None:
    return _which(names, next((name for name in names if name in site.served), None))


async def _synced(site: Site, names: tuple[str, str], wanted: Wanted, drawn: Progress) -> Synced:
    beside = held_by(site.state) is not None
    with book(site, *names, beside=beside) as pairs:
        async with opened(site, names, SystemClock(), drawn) as (one, other):
            if not wanted.dry_run:
                pairs.note(moved("sync", *names, SystemClock().now()))
            done = await Syncing(pairs, (one, other), wanted, drawn).run()
            if not wanted.dry_run:
                counts = {"made": len(done.created), "changed": len(done.changed), "removed": len(done.removed)}
                pairs.note(moved("sync", *names, SystemClock().now(), counts))
            told_drafted([one, other])
            return done


def _told(names: tuple[str, str], done: Synced, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for line in lines(f"+ {clean(name)} → {table}" for table, name in done.created):
        say(line, "green")
    for line in lines(f"~ {clean(c.row)}: {clean(c.column)}: {shown(c.old)} → {shown(c.new)} in {c.table}" for c in done.changed):
        say(line)
    for line in lines(f"- {clean(name)} from {table}" for table, name in done.removed):
        say(line, "yellow")
    parts = [f"{plural(len(done.created), 'row')} {would}made", f"{plural(len(done.changed), 'cell')} {would}put"]
    if done.removed:
        parts.append(f"{plural(len(done.removed), 'row')} {would}removed")
    if done.rowds:
        parts.append(f"{plural(done.rowds, 'cell')} of rowd's own {would}carried")
    nothing = not (done.created or done.changed or done.removed or done.rowds)
    same = f"{names[0]} and {names[1]} say the same" if not done.conflicts else "nothing to do but for the conflicts"
    say(same if nothing and not done.waiting and not done.refused else ", ".join(parts))


def _warned(names: tuple[str, str], done: Synced) -> None:
    for line in lines(_clash(names, clash) for clash in done.conflicts):
        warn(line)
    if done.conflicts:
        warn(
            f"{plural(len(done.conflicts), 'conflict')}: edit one of the tables, or say which is right: --prefer {names[0]},"
            f" --prefer {names[1]}"
        )
    for table in names:
        waiting = [name for where, name in done.waiting if where == table]
        other = names[1] if table == names[0] else names[0]
        for line in lines(f"{clean(name)} was removed from {other}; --delete removes it from {table}, too" for name in waiting):
            warn(line)
        columns = [clean(header) for where, header in done.left_out if where == table]
        if columns:
            warn(f"note: {table} has no column for {', '.join(columns)}, so these are not carried")
    for line in lines(f"{one.table}: {clean(one.row)}: {clean(one.why)}" for one in done.refused):
        warn(line)
    if done.unfinished:
        warn("Something was changed while rows were written: repeat the command to bring that over, too.")


def _clash(names: tuple[str, str], clash: Clash) -> str:
    if clash.column is None:
        there = names[1] if clash.removed_from == names[0] else names[0]
        return f"conflict: {clean(clash.row)} was removed from {clash.removed_from}, and changed in {there}"
    one, other = (f"{name} says {shown(value)}" for name, value in zip(names, clash.values, strict=True))
    before = f"before: {shown(clash.base)}" if clash.synced_before else "the two were never in step, so neither is the newer one"
    return f"conflict: {clean(clash.row)}: {clean(clash.column)}: {one}, {other}; {before}"


def _json(done: Synced) -> dict[str, Any]:
    return {
        "made": [{"table": table, "row": name} for table, name in done.created],
        "put": done.changed,
        "removed": [{"table": table, "row": name} for table, name in done.removed],
        "carried": done.rowds,
        "waiting": [{"table": table, "row": name} for table, name in done.waiting],
        "conflicts": done.conflicts,
        "refused": [{"table": one.table, "row": one.row, "reason": one.why} for one in done.refused],
        "columns_left_out": [{"table": table, "column": header} for table, header in done.left_out],
        "unfinished": done.unfinished,
    }

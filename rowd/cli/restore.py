"""`rowd restore`: a backup in the ledger's place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actions.sizes import spelled
from engine.clock import SystemClock
from engine.ledger import FOLDER, backups
from engine.ledger import restore as put_back
from rowd.auditing import by_command
from rowd.bound import Site
from rowd.cli.calling import command
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, print_table, say
from rowd.cli.site import ledger_site
from rowd.lock import AlreadyRunning, locked
from rowd.saying import distance, when

NEWEST = "newest"


@examples("rowd restore", "rowd restore newest", "rowd restore ledger-20261103-031500.sqlite", "rowd restore /mnt/usb/rowd.sqlite")
def restore(
    which: Annotated[
        str | None,
        typer.Argument(metavar="BACKUP", help="newest, the name of one in the list, or a file. Without: a list."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the backups of the ledger; put one in its place.

    The daemon has to be stopped. The ledger that is there is kept, and named. Once the daemon starts, what came due since the
    backup was made is recorded as missed, what was under way then as lost, and nothing of either starts again.
    """
    site, clock = ledger_site(config), SystemClock()
    if which is None:
        _list(site, as_json=as_json)
        return
    path, now = _meant(site, which), clock.now()
    try:
        with locked(site.state):
            backup, kept = put_back(path, site.ledger, now, by_command())
    except AlreadyRunning as exc:
        fail(f"{exc.holder} works with the ledger: stop it first. Nothing was changed.", Exit.REFUSED)
    if as_json:
        emit_json({"restored": backup.path, "made_at": backup.made_at, "size": backup.size, "kept": kept})
        return
    zone = site.config.settings.defaults.time_zone
    stood = f" What stood there is kept as {clean(str(kept))}." if kept is not None else ""
    say(f"Put back: {clean(backup.path.name)}, of {when(backup.made_at, zone, now)}.{stood}")
    say("When the daemon starts, what came due since then is recorded as missed.")


def _meant(site: Site, which: str) -> Path:
    """The file that is meant. Ends the command where there is none."""
    if which == NEWEST:
        found = backups(site.ledger)
        if not found:
            fail(f"There is no backup in {site.ledger.parent / FOLDER}; name a file", Exit.OWNER)
        return found[0].path
    listed, file = site.ledger.parent / FOLDER / which, Path(which).absolute()
    if Path(which).name == which and listed.exists():
        return listed
    if not file.exists():
        nowhere = f'There is no backup "{clean(which)}" in {listed.parent}, and no file {clean(str(file))}'
        fail(f"{nowhere}; `rowd restore` lists them", Exit.OWNER)
    return file


def _list(site: Site, *, as_json: bool) -> None:
    found, now, zone = backups(site.ledger), SystemClock().now(), site.config.settings.defaults.time_zone
    if as_json:
        emit_json({"backups": [{"path": one.path, "made_at": one.made_at, "size": one.size} for one in found]})
    elif not found:
        say(f"There is no backup in {clean(str(site.ledger.parent / FOLDER))}. To make one: {command('backup')}")
    else:
        lines = [[one.path.name, when(one.made_at, zone, now), distance(one.made_at, now), spelled(one.size)] for one in found]
        print_table(["Backup", "Made at", "", "Size"], lines)
        say()
        say(f"To put one in the ledger's place: {command(f'restore {found[0].path.name}')}")

"""`rowd backup`: a copy of the ledger, now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actions.sizes import spelled
from config import shortages
from engine.clock import SystemClock
from engine.ledger import FOLDER, backup_name
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, say
from rowd.cli.site import ledger_gone, ledger_site, reading

NOTHING = "There is no ledger yet, so there is nothing to copy: the daemon makes it when it first runs (`rowd run`)"


@examples("rowd backup", "rowd backup --to /mnt/usb/rowd.sqlite", "rowd backup --json | jq -r .path")
def backup(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file. Without: among those that the daemon makes each day.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the ledger: what has run, what waits, and how every row stands.

    A daemon may go on meanwhile. The copy is checked, and knows that it is one: rowd restore puts it in the ledger's place. What
    runs have printed is not in it, and neither are the tables, nor rowd.toml and .env.
    """
    site, now = ledger_site(config), SystemClock().now()
    path = to.absolute() if to is not None else site.ledger.parent / FOLDER / backup_name(now)
    if to is not None and path.exists():
        fail(f"{path} is there already; name a new file", Exit.USAGE)
    if to is not None and not path.parent.is_dir():
        fail(f"There is no folder {path.parent}; make it, or name a file in another one", Exit.USAGE)
    with reading(site) as ledger:
        if ledger is None:
            fail("Nothing was copied." if ledger_gone(site) is not None else NOTHING, Exit.OWNER)
        if to is None:
            _made(path.parent)
        ledger.backup(path, now)
    size = path.stat().st_size
    if as_json:
        emit_json({"path": path, "made_at": now, "size": size})
    else:
        say(f"Copied to {clean(str(path))} ({spelled(size)})")


def _made(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        fail(f"The folder {folder} can't be made: {shortages.said(exc) or exc.strerror}", Exit.OWNER)

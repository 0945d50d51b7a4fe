"""`rowd demo`: rowd at work on a table that it makes for you."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import TableError
from engine.events import Listener
from engine.loop import Daemon
from engine.turns import end
from rowd.bound import Bound
from rowd.cli.calling import command
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.output import console, fail, print_table, say
from rowd.cli.site import site_at
from rowd.lock import AlreadyRunning
from rowd.log import listener
from rowd.service import serve

if TYPE_CHECKING:
    from rowd.demo.folder import Laid

SECONDS = 20
"""How long the demo runs where nobody watches."""


@examples("rowd demo", "rowd demo /tmp/rowd-demo --seconds 60", "rowd demo --fresh")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to lay the demo.")] = Path("demo"),
    seconds: Annotated[
        int | None,
        typer.Option(
            "--seconds", metavar="N", min=1, help=f"End by itself after so long. Default: Ctrl-C; {SECONDS} without a terminal."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: an earlier demo is put aside, whole.")] = False,
) -> None:
    """Show rowd at work on a table that it makes for you.

    Eight tasks that do real work without any network. Edit tasks.csv meanwhile, in any program: rowd reacts at once. A demo that
    was there before goes on as it was left, your rows too. A folder that holds other files of these names is refused. It ends
    with the shell, or whatever else, that started it.

    A visitor types into its rows in the first seconds. That disk usage fails is staged: the visitor sets its limit to 0, and back.
    """
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C before the daemon listens for it ends the demo, too
        _show(folder, seconds, fresh=fresh)


def _show(folder: Path, seconds: int | None, *, fresh: bool) -> None:
    from rowd.demo.folder import CONFIG, TABLE, point, port_in
    from rowd.demo.server import web_server
    from rowd.demo.visitor import visit

    config, table = folder / CONFIG, folder / TABLE
    laid = _laid(folder, fresh=fresh)
    watched = sys.stdout.isatty()
    limit = seconds if seconds is not None or watched else SECONDS
    with web_server(port_in(config)) as port:
        point(config, port)
        site = site_at(config)
        bound = site.tables.get("demo")
        listen: Listener = listener("readable", sys.stdout)
        frames: Callable[[Daemon], AsyncIterator[None]] = _nothing
        below = earlier(folder, laid) + footer(table, config)
        if watched:
            from rowd.live import LiveView

            view = LiveView(console(), below)
            listen, frames = view.listen, view.beside
        else:
            say(below)

        parent = os.getppid()

        async def beside(made: Daemon) -> AsyncIterator[None]:
            visiting = [asyncio.create_task(visit(bound))] if bound is not None else []
            try:
                async with asyncio.timeout(limit):
                    async for _ in frames(made):
                        yield
                        if os.getppid() != parent:  # of a make that was killed nobody else would tell us
                            break
            except TimeoutError:
                pass
            finally:
                await end(*visiting)

        asyncio.run(serve(site, listen, lambda: site_at(config), beside))
    if not watched and bound is not None:
        _print(bound)
    say(f"The demo's folder stays: {folder}. Look into it: {command('list', config)}, {command('history', config)}")


def footer(table: Path, config: Path) -> str:
    """What to do with a demo at work."""
    return (
        f"Open {table} in any program and change it: a Schedule, a Status, `run now` in Do. Ctrl-C ends the demo.\n"
        "In the first seconds a visitor does so. The failure of disk usage is staged: the visitor sets its limit to 0, and back.\n"
        f"From a second terminal: {command('list', config)}"
    )


def earlier(folder: Path, laid: Laid) -> str:
    """A line about the demo that was there before; nothing where none was."""
    if not laid.new:
        return f"{folder} is as you and its visitor left it; {command('demo')} {folder} --fresh begins anew.\n"
    return f"The demo that was here is kept in {laid.kept}.\n" if laid.kept is not None else ""


def _laid(folder: Path, *, fresh: bool) -> Laid:
    """Make the folder ready. Ends the command where it can't be."""
    from rowd.demo.folder import InTheWay, lay

    try:
        return lay(folder, anew=fresh)
    except InTheWay as exc:
        fail(f"{folder} holds files that are not a demo's; {exc}. Name another folder.", Exit.REFUSED)
    except AlreadyRunning as exc:
        fail(f"{exc.holder} already runs the demo in {folder}. Stop it first, or name another folder.", Exit.REFUSED)
    except FileExistsError as exc:
        fail(f"{exc.filename} is a file. Name a folder.", Exit.REFUSED)
    except OSError as exc:
        fail(f"{exc.filename or folder} can't be written: {exc.strerror}. Name another folder, or mend its rights.", Exit.OWNER)


def _print(bound: Bound) -> None:
    """The table as it stands, for who has not seen it at work."""
    from rowd.hand import hand

    shown = ("Name", "Schedule", "Current", "Next Run", "Runs", "Last Result", "Health")
    try:
        with hand(bound) as held:
            rows = [[str(cells.get(column) or "") for column in shown] for _, cells in held.rows]
    except TableError as exc:
        say(str(exc))
        return
    say()
    print_table(shown, rows)


async def _nothing(_: Daemon) -> AsyncIterator[None]:
    """Draw nothing, a frame a second, until cancelled."""
    while True:
        await asyncio.sleep(1)
        yield

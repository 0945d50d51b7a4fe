"""`rowd demo`: rowd at work on a table that it makes for you."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import typer

from engine.events import Listener
from engine.loop import Daemon
from rowd.cli.command import examples
from rowd.cli.output import console, print_table, say
from rowd.cli.site import site_at
from rowd.log import listener
from rowd.service import serve

SECONDS = 20
"""How long the demo runs where nobody watches."""


@examples("rowd demo", "rowd demo /tmp/rowd-demo --seconds 60")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to lay the demo.")] = Path("demo"),
    seconds: Annotated[
        int | None, typer.Option("--seconds", help=f"End by itself after so long. Default: Ctrl-C; {SECONDS} without a terminal.")
    ] = None,
) -> None:
    """Show rowd at work on a table that it makes for you.

    Eight tasks that do real work without any network. Edit tasks.csv meanwhile, in any program: rowd reacts at once.
    """
    from rowd.demo import visit, web_server, write

    watched = sys.stdout.isatty()
    limit = seconds if seconds is not None or watched else SECONDS
    with web_server() as port:
        if (folder / "tasks.csv").exists():
            say(f"{folder} was there before: the demo's own files in it are laid anew.")
        table, config = write(folder, port)
        site = site_at(config)
        footer = f"Open {table} in any program and change it: a Schedule, a Status, `run now` in Do. Ctrl-C ends the demo."
        listen: Listener = listener("readable", sys.stdout)
        frames: Callable[[Daemon], AsyncIterator[None]] = _nothing
        if watched:
            from rowd.live import LiveView

            view = LiveView(console(), footer)
            listen, frames = view.listen, view.beside
        else:
            say(footer)

        async def beside(made: Daemon) -> AsyncIterator[None]:
            visiting = asyncio.create_task(visit(table))
            try:
                async with asyncio.timeout(limit):
                    async for _ in frames(made):
                        yield
            except TimeoutError:
                pass
            finally:
                visiting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await visiting

        asyncio.run(serve(site, listen, lambda: site_at(config), beside))
    if not watched:
        shown = ("Name", "Schedule", "Current", "Next Run", "Runs", "Last Result", "Health")
        rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"), newline=""))
        say()
        print_table(shown, [[row[column] for column in shown] for row in rows])
    say(f"The demo's folder stays: {folder}. `rowd list --config {config}` and `rowd history --config {config}` look into it.")


async def _nothing(_: Daemon) -> AsyncIterator[None]:
    """Draw nothing until cancelled."""
    while True:
        await asyncio.sleep(3600)
        yield

"""`rowd run`: the daemon."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
from typing import Annotated

import typer

from rowd.cli.command import examples
from rowd.cli.options import ConfigOption
from rowd.cli.site import site_at
from rowd.log import listener, priorities
from rowd.manager import manager_of
from rowd.scribe import Lines
from rowd.service import serve


@examples(
    "rowd run",
    "rowd run --config /etc/rowd/rowd.toml --log json",
    "rowd run --live",
)
def run(
    config: ConfigOption = None,
    log: Annotated[str | None, typer.Option("--log", metavar="FORM", help="readable or json; default: as rowd.toml says.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Draw the tables on the terminal instead of printing log lines.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Run also tables in the cloud that another daemon is said to run: it is dead.")
    ] = False,
) -> None:
    """Run the daemon until it is stopped.

    SIGTERM or Ctrl-C: start nothing more, let running work end, tell the tables, end. A second one: end at once; what still runs
    goes on and is taken over by the next daemon. SIGHUP: read rowd.toml anew. Closing the terminal that it was started on ends it
    as Ctrl-C does.
    """
    if log not in (None, "readable", "json"):
        raise typer.BadParameter("it is readable or json", param_hint="--log")
    manager = manager_of(os.environ, os.getpid())
    if manager.watchdog is not None:
        faulthandler.enable()  # by SIGABRT it ends a daemon that hangs: where, stands in the journal then
    site = site_at(config)
    if live and not sys.stdout.isatty():
        raise typer.BadParameter("there is no terminal to draw on", param_hint="--live")
    if live:
        from rowd.cli.output import console
        from rowd.live import LiveView

        view = LiveView(console(), "Edit the table in any program. Ctrl-C stops rowd.")
        asyncio.run(serve(site, view.listen, lambda: site_at(config), view.beside, manager, take_over=take_over))
        read = view.read
    else:
        lines = Lines(sys.stderr)
        try:
            log_of = listener(log or site.config.settings.daemon.log, lines, priorities(os.environ, sys.stderr.fileno()))
            asyncio.run(serve(site, log_of, lambda: site_at(config), manager=manager, take_over=take_over))
        finally:
            read = lines.close()
    if not read:  # all is done but for what nobody reads; Python would wait for it
        os._exit(0)

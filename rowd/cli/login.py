"""`rowd login`: a person signs in at a table's store."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import webbrowser
from datetime import timedelta
from typing import Annotated

import typer

from config.fields import span
from connectors.api import Authorizable
from connectors.errors import NeedsOwner, TryLater
from connectors.signing_in import SignedIn, SigningIn
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, lasted, say, warn
from rowd.cli.site import me, only_runner, site_at, tables_of
from rowd.returning import Awaited, returning

LEAST, MOST = timedelta(seconds=1), timedelta(hours=1)
"""Of `--within`."""


def _within(text: str) -> timedelta:
    try:
        found = span(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    if not LEAST <= found <= MOST:
        raise typer.BadParameter(f"write a span from {lasted(LEAST)} to {lasted(MOST)}")
    return found


@examples("rowd login ops", "rowd login ops --no-browser --port 8765", "rowd login ops --within 30min --json")
def login(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="By its name in rowd.toml.")],
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address; open no browser here.")] = False,
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", min=0, max=65535, help="The port of this machine to be led back to. 0: a free one."),
    ] = 0,
    within: Annotated[
        timedelta,
        typer.Option(
            "--within", metavar="SPAN", parser=_within, help="How long to wait for the person.", show_default="10 minutes"
        ),
    ] = "10min",  # type: ignore[assignment]  # typer parses the default as it would a word
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in at a table's store, so that rowd may use what you may use.

    For tables whose settings want a person: Google Sheets with oauth_client. Prints the address of the store's page and opens it in
    a browser, waits until you have agreed there, and keeps what comes of it for rowd's user alone. A daemon that runs needs no
    restart.

    Without a browser on this machine, open the address on your own; say --port, and lead that port here first, by ssh.
    """
    site = site_at(config)
    (name,) = tables_of(site, table)
    only_runner(site, "who alone may read what is kept")
    opened = site.tables[name].open()
    if not isinstance(opened, Authorizable):
        fail(f"{name} is in a store where nobody signs in ({site.config.settings.tables[name].connector})", Exit.USAGE)
    kept: list[SignedIn] = []
    try:
        asyncio.run(_signed_in(opened, kept, port, within, browser=not no_browser, quiet=as_json))
    except KeyboardInterrupt:
        if not kept:
            warn("Nobody has signed in; nothing was changed.")
            raise
    finally:
        opened.close()
    _tell(name, kept[0], as_json=as_json)


async def _signed_in(
    table: Authorizable, kept: list[SignedIn], port: int, within: timedelta, *, browser: bool, quiet: bool
) -> None:
    """kept: gets what the sign-in came to, as soon as it is kept. Raises NeedsOwner, TryLater."""

    def finished(begun: SigningIn, query: str) -> SignedIn:
        kept.append(begun.finish(query))
        return kept[0]

    try:
        async with returning(port) as back:
            begun = table.sign_in(back.address)
            _invite(begun.address, back.port, shown=browser and _browsed(begun.address), tell=warn if quiet else say)
            async with asyncio.timeout(within.total_seconds()) as limit:

                def ours(query: str) -> bool:
                    if begun.ours(query):
                        limit.reschedule(None)  # the person is through; the rest has time-outs of its own
                        return True
                    return False

                await back.first(Awaited(ours, lambda query: finished(begun, query), _goodbye))
    except TimeoutError as exc:
        raise TryLater(f"Nobody has signed in within {lasted(within)}; nothing was changed. Repeat it when you are ready.") from exc
    except OSError as exc:
        why = "another program has it" if exc.errno == errno.EADDRINUSE else exc.strerror
        raise NeedsOwner(f"port {port} can't be listened on ({why}); name another with --port") from exc


def _invite(address: str, port: int, *, shown: bool, tell: object) -> None:
    """Say where to sign in, and how from another machine.   shown: whether a browser has it already."""
    assert callable(tell)  # noqa: S101 (say or warn)
    tell(
        "Your browser has been opened. If it shows nothing, open this address in it:"
        if shown
        else "Open this address in a browser:"
    )
    tell(f"\n  {address}\n")
    if not shown:
        tell("If the browser is on another machine, run this there first, and leave it open:")
        tell(f"\n  ssh -L {port}:127.0.0.1:{port} {me()}@{socket.gethostname()}\n")
    tell("Waiting until you have signed in there (Ctrl-C ends it).")


def _browsed(address: str) -> bool:
    """Open it where there is a screen: a browser in this very terminal would be in the way."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _goodbye(found: SignedIn) -> str:
    return f"rowd may use what {found.account or 'you'} may use. This page can be closed."


def _tell(name: str, found: SignedIn, *, as_json: bool) -> None:
    if as_json:
        emit_json({"table": name, "account": found.account or None, "kept": found.kept, "ends_after_s": found.lasts})
        return
    say(f"{clean(found.account) or 'You'} signed in; kept in {clean(found.kept)}. A daemon that runs goes on by itself.")
    if found.lasts is not None:
        say(
            f"It ends by itself in {lasted(found.lasts)}: so it does while the status of the OAuth app is Testing. Publish the app,"
            " then sign in once more.",
            "yellow",
        )
    say(f"`rowd setup {name} --dry-run` looks whether all else is there.")

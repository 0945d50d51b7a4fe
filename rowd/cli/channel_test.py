"""`rowd channel test`: a real message to one channel, now."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from config.mistakes import pointer
from rowd.alerts.carrying import carry
from rowd.alerts.channels import Channel
from rowd.alerts.wording import Message
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, say
from rowd.cli.site import site_at


@examples("rowd channel test ops-mail", "rowd channel test ops-mail --json")
def channel_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A channel in rowd.toml.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message to a channel, and say what came of it.

    Quiet hours and `max_per_hour` don't count here. That a service took the message doesn't say that anybody sees it: look there.
    """
    site = site_at(config)
    channel = _named(site, name)
    body = f"This is a test, sent by hand on {os.uname().nodename}. The channel {channel.name} works: problems will be told here."
    why = asyncio.run(carry(channel.address, Message(f"rowd: test of {channel.name}", body)))
    if as_json:
        emit_json({"channel": channel.name, "sent": not why, "why": why})
    elif not why:
        say(f"{channel.name}: the message was taken; look whether it has come")
    if why and not as_json:
        fail(f"{channel.name}: nothing was sent: {clean(why)}", Exit.BAD)
    if why:
        raise typer.Exit(int(Exit.BAD))


def _named(site: Site, name: str) -> Channel:
    """The channel that is meant. Ends the command where there is none of this name."""
    if name in site.channels:
        return site.channels[name]
    hint = pointer(name, list(site.channels), "define it as [channel.NAME]")
    return fail(f'There is no channel "{clean(name)}" in {site.config.file}; {hint}', Exit.USAGE)

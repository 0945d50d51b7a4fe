"""`rowd endpoint test`: a real, signed event to one endpoint, now."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import Annotated

import typer

from engine.clock import SystemClock
from rowd.cli.command import examples
from rowd.cli.endpoint_list import named
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, say
from rowd.cli.site import site_at
from rowd.endpoints.facts import Fact, body_of
from rowd.endpoints.gathering import ID_BYTES
from rowd.endpoints.sending import Sending

TYPE = "rowd.test"


@examples("rowd endpoint test ops", "rowd endpoint test ops --json")
def endpoint_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An endpoint in rowd.toml.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a signed event of the type `rowd.test` to an endpoint, once, and say what came of it.

    `events` and `max_per_minute` don't count here, and it is no dead letter where it is not taken.
    """
    site, now = site_at(config), SystemClock().now()
    endpoint, id_ = named(site, name), f"msg_{secrets.token_hex(ID_BYTES)}"
    said = f"This is a test, sent by hand on {os.uname().nodename}."
    body = body_of(Fact(TYPE, now, "", {"endpoint": endpoint.name, "message": said}), site.parts.mask)
    answer = asyncio.run(Sending().send(endpoint, id_, body.encode(), now))
    why = site.parts.mask.text(answer.why)
    if as_json:
        emit_json({"endpoint": endpoint.name, "id": id_, "taken": not why, "why": why})
    elif not why:
        say(f"{endpoint.name}: {id_} was taken")
    if why and not as_json:
        fail(f"{endpoint.name}: {id_} was not taken: {clean(why)}", Exit.BAD)
    if why:
        raise typer.Exit(int(Exit.BAD))

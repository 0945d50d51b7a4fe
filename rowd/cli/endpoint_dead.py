"""`rowd endpoint dead`, `resend` and `drop`: what endpoints could not be told, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from engine.clock import SystemClock
from engine.ledger import Dispatch, Ledger
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.endpoint_list import named
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, print_table, say
from rowd.cli.site import reading, site_at
from rowd.saying import distance, plural
from rowd.view import living

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="An endpoint in rowd.toml.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Dead letters, as `rowd endpoint dead` has them.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of its dead letters.")]


@examples("rowd endpoint dead", "rowd endpoint dead ops", "rowd endpoint dead ops --json | jq '.dead[].body'")
def endpoint_dead(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this endpoint.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the dead letters, oldest first: what endpoints did not take within `give_up_after`.

    Of each endpoint the newest 1,000 are kept, for 30 days.
    """
    site, now = site_at(config), SystemClock().now()
    names = [named(site, name).name] if name is not None else list(site.endpoints)
    with reading(site) as ledger:
        dead = [one for each in names for one in ledger.dead_letters(each)] if ledger is not None else []
    if as_json:
        emit_json({"dead": [_as_json(one) for one in dead]})
        return
    lines = [
        [one.endpoint, one.id, one.type, clean(one.about), distance(one.dead_at or one.at, now), clean(one.why)] for one in dead
    ]
    if lines:
        print_table(["Endpoint", "ID", "Type", "About", "Given up", "Why"], lines)
        say()
    say(f"{plural(len(dead), 'dead letter')}")


@examples("rowd endpoint resend ops --all", "rowd endpoint resend ops msg_0c5f3b2a1e9d8c7b6a5f4e3d2c1b0a")
def endpoint_resend(
    name: NameArgument, ids: IdsArgument = None, every: AllOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Have dead letters sent again, under their ids, as what has just happened is.

    An endpoint that said that it is gone is told of events again from then on. Where no daemon runs, the next one sends them.
    """
    site, now = site_at(config), SystemClock().now()
    endpoint = named(site, name)

    def revive(ledger: Ledger, those: Sequence[str]) -> int:
        ledger.enable_endpoint(endpoint.name, now)
        return ledger.revive(endpoint.name, those, now, now + endpoint.settings.give_up_after)

    number, daemon = _change(site, endpoint.name, ids, every=every, change=revive)
    if as_json:
        emit_json({"endpoint": endpoint.name, "resent": number, "daemon_running": daemon})
    else:
        later = "" if daemon else "; no daemon is running, so they wait until one starts (`rowd run`)"
        say(f"{endpoint.name}: {plural(number, 'dead letter')} to be sent again{later}")


@examples("rowd endpoint drop ops --all", "rowd endpoint drop ops msg_0c5f3b2a1e9d8c7b6a5f4e3d2c1b0a")
def endpoint_drop(
    name: NameArgument, ids: IdsArgument = None, every: AllOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Forget dead letters."""
    site = site_at(config)
    endpoint = named(site, name)
    number, _ = _change(site, endpoint.name, ids, every=every, change=lambda ledger, those: ledger.drop_dead(endpoint.name, those))
    if as_json:
        emit_json({"endpoint": endpoint.name, "dropped": number})
    else:
        say(f"{endpoint.name}: {plural(number, 'dead letter')} forgotten")


def _change(
    site: Site, name: str, ids: Sequence[str] | None, *, every: bool, change: Callable[[Ledger, Sequence[str]], int]
) -> tuple[int, bool]:
    """Of how many it is done, and whether a daemon runs. All or nothing; ends the command where one isn't there."""
    if bool(ids) == every:
        fail("Say which are meant: their ids, or --all. Nothing was changed.", Exit.USAGE)
    with reading(site) as ledger:
        if ledger is None:
            fail(f"{name}: nothing was ever sent there", Exit.REFUSED)
        with ledger.transaction():
            there = [one.id for one in ledger.dead_letters(name)]
            if missing := [one for one in ids or () if one not in there]:
                fail(
                    f"{name} has no dead letter {clean(missing[0])}: `rowd endpoint dead` lists them. Nothing was changed.",
                    Exit.USAGE,
                )
            number, daemon = change(ledger, ids or there), living(ledger) is not None
    with suppress(OSError):  # a daemon that isn't woken looks half a minute later
        site.wake.touch(mode=0o600)
    return number, daemon


def _as_json(one: Dispatch) -> dict[str, object]:
    return {
        "endpoint": one.endpoint,
        "id": one.id,
        "type": one.type,
        "about": one.about,
        "at": one.at,
        "attempts": one.attempts,
        "dead_at": one.dead_at,
        "why": one.why,
        "body": json.loads(one.body),
    }

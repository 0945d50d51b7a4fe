"""`rowd emit`: something has happened, says whoever calls it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

import typer
from msgspec import Struct

from config.settings import NAME
from connectors.api import fold
from engine.cells import did_you_mean
from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.wording import conjoined
from rowd import auditing
from rowd.bound import Site
from rowd.cli.asking import NOBODY
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, say, warn
from rowd.cli.site import behind, ledger_gone, reading, site_at
from rowd.view import living
from watches.api import THROUGH, Happening
from watches.events.values import KEPT_IDS, MOST_WAITING, event, identity
from watches.events.watch import Events


@examples(
    "rowd emit ci",
    'rowd emit ci branch=main commit="$GIT_COMMIT" --id "$BUILD_ID"',
    'rowd emit parcels --count 12 summary="12 parcels have come in"',
)
def emit(
    name: Annotated[str, typer.Argument(metavar="NAME", help='A watched source of kind "events" in rowd.toml.')],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE…", help="What the event says; `summary` is what people see of it.")
    ] = None,
    number: Annotated[
        int, typer.Option("--count", metavar="N", help="For how many things it stands; counters count them all.")
    ] = 1,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="TEXT", help="The same each time that this is tried again: it counts once.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell rows, and counters, that something has happened.

    Rows that name NAME under Watch run, with the values as event.KEY; counters that name it under Counts count it. Once this
    command has ended well, it is durable; where no daemon is running, it is kept for the next one.
    """
    site, clock = site_at(config), SystemClock()
    source = _source(site, name)
    try:
        happening = event(source, values or (), number, _through(os.environ))
        known_by = identity(id_) if id_ is not None else None
    except ValueError as exc:
        fail(f"{exc}. Nothing was emitted.", Exit.USAGE)
    with reading(site) as ledger:
        if ledger is None:
            if ledger_gone(site) is not None:  # it was said what to do
                fail("Nothing was emitted.", Exit.OWNER)
            fail(NOBODY, Exit.LATER)
        with ledger.transaction():
            n = _put(ledger, source, happening, known_by, clock)
        if n is not None:
            with suppress(OSError):  # a daemon that isn't woken looks when it next does something
                site.wake.touch(mode=0o600)
        daemon = living(ledger) is not None
        emitted = Emitted(n, source, number, known_by, n is None, daemon, behind(site, ledger))
    if as_json:
        emit_json(emitted)
    else:
        _tell(emitted)


class Emitted(Struct, frozen=True):
    """What became of it, as `--json` has it.

    event: its number; None where it is known by its id.   behind: what keeps the running daemon from it, as far as that is known.
    """

    event: int | None
    watch: str
    count: int
    id: str | None
    known: bool
    daemon_running: bool
    behind: str | None


def _put(ledger: Ledger, source: str, happening: Happening, known_by: str | None, clock: SystemClock) -> int | None:
    """Its number; None where it is known. Ends the command, with nothing put down, where too many wait."""
    if known_by is not None and not ledger.first_time(source, known_by, KEPT_IDS):
        return None
    if ledger.waiting(source) >= MOST_WAITING:
        remedy = "the daemon has yet to" if living(ledger) is not None else "no daemon is running to; start one with `rowd run`"
        fail(
            f"{source}: {MOST_WAITING:,} events wait to be taken up, and no more are kept; {remedy}. Nothing was emitted.",
            Exit.LATER,
        )
    now = clock.now()
    n = ledger.emit(source, happening, now)
    ledger.note([auditing.emitted(source, n, happening.number, now)])
    return n


def _tell(emitted: Emitted) -> None:
    if emitted.known:
        say(f'{emitted.watch}: "{clean(emitted.id)}" was emitted before, and counts once: nothing was added')
    elif emitted.daemon_running:
        say(f"{emitted.watch}: emitted (event {emitted.event})")
    else:
        say(
            f"{emitted.watch}: emitted (event {emitted.event}); no daemon is running, so it is kept until one starts"
            " (`rowd run`, `rowd once`)"
        )
    if emitted.behind is not None:
        warn(emitted.behind)


def _source(site: Site, name: str) -> str:
    """The source that is meant. Ends the command where there is none of this name at which anything can be emitted."""
    ours = [known for known, source in site.parts.sources.items() if isinstance(source.watch, Events)]
    found = next((known for known in ours if fold(known) == fold(name)), None)
    if found is not None:
        return found
    said = clean(name)
    if (other := next((known for known in site.parts.sources if fold(known) == fold(name)), None)) is not None:
        kind = site.config.settings.watches[other].get("kind")
        fail(
            f'{other} is of the kind "{kind}", at which nothing can be emitted; declare a source of the kind "events" in'
            f" {site.config.file}. Nothing was emitted.",
            Exit.USAGE,
        )
    there = f"; there are {conjoined(ours, 10)}" if ours else ""
    hint = did_you_mean(name, ours) or f'{there}; its operator declares it as [watch.NAME] with kind = "events"'
    return fail(f'There is no source of events "{said}" in {site.config.file}{hint}', Exit.USAGE)


def _through(environment: Mapping[str, str]) -> str:
    """Of the run in which this is called, the sources of outcomes that have brought it about: they don't tell of what follows."""
    said = environment.get(f"ROWD_EVENT_{THROUGH.upper()}", "")
    return "\n".join(line for line in said.splitlines() if NAME.fullmatch(line))

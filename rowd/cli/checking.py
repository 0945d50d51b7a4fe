"""What the commands share that look whether all is there: how a check is said, and what is looked at on this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator

from msgspec import Struct

from actions.api import Checkable
from config.outside import Listen
from connectors.preparing import Check
from engine.layout import Layout
from rowd.alerts.carrying import carry
from rowd.bound import Site
from rowd.cli.site import runner, runs_as_us
from rowd.lint import Finding, Level, lacks, untold, unusable, unwatched, users
from rowd.listening import spelled, unheard
from rowd.lock import StateUnusable, obstacle
from rowd.note import last
from rowd.service import runs
from rowd.view import TableView

MARKS = {True: "✓", False: "✗", None: "?"}
"""None: it can't be told."""


def told_check(check: Check) -> str:
    """One line."""
    return f"{MARKS[check.good]} {check.what}: {check.says}"


def about_state(site: Site) -> Iterator[Finding]:
    """Whether rowd could keep anything. Nothing where we are not who rowd runs as, as far as that can be told."""
    why = obstacle(site.state) if runs_as_us(site) else None
    if why is not None:
        ours = os.geteuid() == 0 or os.path.lexists(site.state)
        yield unusable(str(StateUnusable(site.state, why)), certain=ours or not isinstance(why, PermissionError))


def about_actions(site: Site) -> Iterator[Finding]:
    """Actions that could not start: whose user can't be had; and, where we are who rowd runs as, what they would fail for.

    Others may see less of the machine than rowd.
    """
    yield from users(site.definitions, runner(site))
    if runs_as_us(site):
        found = {name: action.lacking() for name, action in site.parts.actions.items() if isinstance(action, Checkable)}
        yield from lacks({name: what for name, what in found.items() if what is not None})


def about_channels(site: Site) -> Iterator[Finding]:
    """Channels whose address is none. Nothing is sent."""

    async def looked() -> dict[str, str]:
        found = await asyncio.gather(*(carry(channel.address, None) for channel in site.channels.values()))
        return {name: why for name, why in zip(site.channels, found, strict=True) if why}

    yield from untold(asyncio.run(looked()) if site.channels else {})


def about_sources(site: Site, tables: Iterable[TableView]) -> Iterator[Finding]:
    """Columns whose edits a watched source is to tell, and which its table doesn't have; of tables that could be read."""
    for view in tables:
        headers = [key for _, key in Layout.of(view.columns, site.tables[view.name].rules.renames).keys] if view.columns else []
        for name, source in site.parts.sources.items():
            named = source.about.columns if source.about is not None and source.about.table == view.name and headers else ()
            yield from unwatched(view.name, name, named, headers)


class Heard(Struct, frozen=True):
    """How one listener stands, or the pings.   what: it is for.   section: of rowd.toml."""

    what: str
    section: str
    good: bool
    says: str


def about_listeners(site: Site) -> Iterator[Heard]:
    """Whether deliveries are heard, health is told and pings are taken; without a daemon, whether there is room to listen."""
    note, settings = last(site.state), site.config.settings
    alive = note if note is not None and runs(note.process) else None
    if settings.listen is not None:
        yield _heard("listener", "listen", settings.listen, (alive.listens, alive.deaf) if alive is not None else None)
    if settings.health is not None:
        yield _heard("health", "health", settings.health, (alive.shows, alive.unshown) if alive is not None else None)
    if settings.ping is not None and alive is not None:
        taken = f"{alive.pinged} took the last one" if alive.pinged else "none was taken yet"
        yield Heard("ping", "ping", bool(alive.pinged), alive.unpinged or taken)


def _heard(what: str, section: str, listen: Listen, alive: tuple[str, str] | None) -> Heard:
    """alive: where the daemon listens, and why it can't; None where none runs."""
    if alive is not None:
        on, why = alive
        heard = f"the daemon listens on {on}" if on else "the daemon doesn't listen; restart it"
        return Heard(what, section, bool(on) and not why, why or heard)
    if (why_ := unheard(listen)) is None:
        return Heard(what, section, True, f"{spelled(listen)} is free")
    return Heard(what, section, False, f"nobody can listen on {spelled(listen)} ({why_}); name another under [{section}]")


def of_listeners(site: Site) -> Iterator[Finding]:
    """The same, where something is the matter. Nothing where we are not who rowd runs as: others may not use every port."""
    for one in about_listeners(site) if runs_as_us(site) else ():
        if not one.good:
            yield Finding(Level.WARNING, one.what, "", one.says, name=one.section)

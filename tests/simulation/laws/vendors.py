"""What a vendor was asked, and how often, by its own journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.emulators.core.journal import Entry
from tests.simulation.book import Book
from tests.simulation.stores import Store
from tests.simulation.world import World

FOUND_OUT = 4
"""Refusals by limits that no vendor publishes, until they are kept to: each is learnt from one."""

SHORT = timedelta(milliseconds=2)
"""By so much instants may differ that were rounded on their way."""


def pauses_are_kept(world: World, book: Book) -> Iterator[str]:
    """Where a vendor refuses a request as one too many and says for how long, nothing like it is asked before that is over. Who was
    killed before the next request has told nobody."""
    births = [world.machine.start + timedelta(microseconds=moment) for moment in world.births]
    for store in _stores(world):
        until: dict[str, datetime] = {}
        life = 0
        for entry in store.emulator.journal:
            if (now := sum(birth <= entry.at for birth in births)) != life:
                life, until = now, {}
            kind = _kind(entry)
            if entry.at < until.get(kind, entry.at) - SHORT:
                what = f"{entry.request.method} {entry.request.path} at {entry.at:%H:%M:%S.%f}"
                yield f"{what}, though a pause was wanted until {until[kind]:%H:%M:%S}"
            if (pause := _pause(entry)) is not None:
                until[kind] = entry.at + pause


def limits_are_kept(world: World, book: Book) -> Iterator[str]:
    """No request is one too many by a limit that is published; where there are others, few are."""
    for store in _stores(world):
        hidden = FOUND_OUT if store.emulator.switches.get("workspace_budget", "none") != "none" else 0
        if (refused := store.wire.refused()) > hidden and not world.rebooted:
            yield f"{refused} requests to {store.name} were refused as too many"


def _stores(world: World) -> Iterator[Store]:
    return (bench.store for bench in world.benches if bench.store is not None)


def _kind(entry: Entry) -> str:
    """What a vendor counts together: Google its Drive and its Sheets apart, and there reads and writes."""
    if entry.request.path.startswith("/drive"):
        return "drive"
    if entry.request.path.startswith("/v4"):
        return "sheets writes" if ":batchUpdate" in entry.request.path else "sheets reads"
    return "any"


def _pause(entry: Entry) -> timedelta | None:
    if entry.answer.status != 429 or entry.answer.reset or entry.answer.cut is not None:
        return None
    said = entry.answer.headers.get("Retry-After")
    return timedelta(seconds=float(said)) if said else None


LAWS = (pauses_are_kept, limits_are_kept)

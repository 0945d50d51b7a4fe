"""What a table has yet to be told: the difference between the display of every row and what stands there, as patches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from connectors.api import Cell, Patch
from engine.columns import OURS, SHARED, Column
from engine.display import differing
from engine.keeper import Keeper
from engine.layout import Layout
from engine.model import Status

EXPECTED = frozenset({Column.STATUS, Column.DO, Column.CURRENT})
"""Cells that a person writes as well. A row is written only where they all still are as they were read, if the store can test that:
what is put into an old copy that was saved again would hide that it is one (docs/decisions/0006)."""

WITNESSED = EXPECTED | OURS
"""Where one of those is put, rowd's own cells have to be as they were read, too: they bore witness that nobody typed what is
put right."""

IN_ONE_GO = 250
"""So many rows are looked at before others get their turn: about ten milliseconds' worth."""


class Outgoing(Struct, frozen=True):
    """One row's patch. key: the row's, or its new id.   put: the cells under canonical headers.

    news: the number of the last news of it that it tells; None where it didn't wait to be told.
    """

    key: str
    put: Mapping[str, Cell]
    patch: Patch
    news: int | None = None


async def patches(keeper: Keeper, now: datetime, most: int) -> list[Outgoing]:
    """At most `most` rows whose cells differ from the display. Where very many are looked at, others get their turn meanwhile.

    Those that have waited longest come first. Rows that need nothing, or that no store could find by their key now, are taken off
    `keeper.unsent`; the others stay on it until they are delivered.
    """
    layout = keeper.sight.layout
    if layout is None:
        return []
    ready = _ids(keeper, layout)[:most]
    ready += [Outgoing(key, put, Patch(key, _headers(layout, put))) for key, put in _unclear(keeper)][: most - len(ready)]
    for number, key in enumerate(list(keeper.unsent)):
        if len(ready) >= most:
            break
        if number and number % IN_ONE_GO == 0:
            await asyncio.sleep(0)
        if (one := _patch(keeper, layout, key, now)) is not None:
            ready.append(one)
        else:
            keeper.unsent.drop(key)
    return ready


def _patch(keeper: Keeper, layout: Layout, key: str, now: datetime) -> Outgoing | None:
    """What one row is to be told; None where it needs nothing, or can't be found."""
    state, sight = keeper.states.get(key), keeper.sight
    if state is None or state.absent_since is not None or key in sight.doubtful or sight.waits_for_id(key):
        return None
    if (wants := keeper.wanted(key, now)) is None:
        return None
    unshown = sight.unshown(key)
    put = {c: v for c, v in differing(wants, state).items() if c not in unshown or unshown[c] != v}
    if all(keeper.unfit(key, c, v) for c, v in put.items()):
        return None
    expected = WITNESSED if any(c in SHARED for c in put) else EXPECTED
    expect = {str(c): state.stood[c] for c in expected if c in state.stood}
    return Outgoing(key, put, Patch(key, _headers(layout, put), _headers(layout, expect)), keeper.unsent.news(key))


def something_to_tell(keeper: Keeper) -> bool:
    """Whether `patches` may have an answer. A table whose headers can't be understood is told nothing."""
    return keeper.sight.layout is not None and bool(keeper.unsent or keeper.sight.mints or next(_unclear(keeper), None))


def _ids(keeper: Keeper, layout: Layout) -> list[Outgoing]:
    """Rows that get an id. Copies lose with it what rowd wrote into the row that they were copied from, and most become drafts."""
    ready = []
    for provisional, mint in keeper.sight.mints.items():
        put: dict[str, Cell] = {str(Column.ID): mint.id}
        if mint.draft:
            put[str(Column.STATUS)] = str(Status.DRAFT)
        if mint.copied:
            put |= dict.fromkeys(map(str, OURS))
        ready.append(Outgoing(mint.id, put, Patch(provisional, _headers(layout, put))))
    return ready


def _unclear(keeper: Keeper) -> Iterator[tuple[str, dict[str, Cell]]]:
    """What is to stand in the Health of rows that can't be told apart, where it doesn't stand there yet."""
    for key, (message, cells) in keeper.sight.unclear.items():
        health = f"ERROR: {message}"
        if cells.get(Column.HEALTH, health) != health and not keeper.unfit(key, Column.HEALTH, health):
            yield key, {str(Column.HEALTH): health}


def _headers(layout: Layout, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Under the table's own headers; a column that the table doesn't have is left out."""
    named = {layout.header(Column(c)): v for c, v in cells.items()}
    return {header: value for header, value in named.items() if header is not None}

"""What a table has yet to be told: the difference between the display of every row and what stands there, as patches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from connectors.api import Cell, Patch
from engine.display import differing
from engine.keeper import Keeper
from engine.layout import Layout
from engine.model import Column, Status

EXPECTED = frozenset({Column.STATUS, Column.DO, Column.CURRENT})
"""Cells that a person writes as well. A row is written only where they all still are as they were read, if the store can test that:
what is put into an old copy that was saved again would hide that it is one (docs/decisions/0006)."""


class Outgoing(NamedTuple):
    """One row's patch. key: the row's, or its new id.   put: the cells under canonical headers."""

    key: str
    put: Mapping[str, Cell]
    patch: Patch


def patches(keeper: Keeper, now: datetime, most: int) -> list[Outgoing]:
    """At most `most` rows whose cells differ from the display.

    Rows that need nothing, or that no store could find by their key now, are taken off `keeper.unsent`; the others stay on it
    until they are delivered.
    """
    layout = keeper.sight.layout
    if layout is None:
        return []
    ready = _ids(keeper, layout)[:most]
    ready += [Outgoing(key, {}, Patch(key, _headers(layout, put))) for key, put in _unclear(keeper)][: most - len(ready)]
    lost = {mint.id for mint in keeper.sight.mints.values()}
    for key in sorted(keeper.unsent):
        if len(ready) >= most:
            break
        state, wants = keeper.states.get(key), keeper.wanted(key, now)
        found = state is not None and state.absent_since is None and key not in keeper.sight.doubtful and key not in lost
        put = differing(wants, state) if found and state is not None and wants is not None else {}
        put = {c: v for c, v in put.items() if c not in (unshown := keeper.sight.unshown(key)) or unshown[c] != v}
        if not put or state is None:
            keeper.unsent.discard(key)
            continue
        expect = {str(c): state.stood[c] for c in EXPECTED if c in state.stood}
        ready.append(Outgoing(key, put, Patch(key, _headers(layout, put), _headers(layout, expect))))
    return ready


def something_to_tell(keeper: Keeper) -> bool:
    """Whether `patches` may have an answer. A table whose headers can't be understood is told nothing."""
    return keeper.sight.layout is not None and bool(keeper.unsent or keeper.sight.mints or next(_unclear(keeper), None))


def _ids(keeper: Keeper, layout: Layout) -> list[Outgoing]:
    """Rows that get an id; copies become drafts with it."""
    ready = []
    for provisional, mint in keeper.sight.mints.items():
        put: dict[str, Cell] = {str(Column.ID): mint.id}
        if mint.draft:
            put[str(Column.STATUS)] = str(Status.DRAFT)
        ready.append(Outgoing(mint.id, put, Patch(provisional, _headers(layout, put))))
    return ready


def _unclear(keeper: Keeper) -> Iterator[tuple[str, dict[str, Cell]]]:
    """What is to stand in the Health of rows that can't be told apart, where it doesn't stand there yet."""
    for key, (message, cells) in keeper.sight.unclear.items():
        if cells.get(Column.HEALTH, f"ERROR: {message}") != f"ERROR: {message}":
            yield key, {str(Column.HEALTH): f"ERROR: {message}"}


def _headers(layout: Layout, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Under the table's own headers; a column that the table doesn't have is left out."""
    named = {layout.header(Column(c)): v for c, v in cells.items()}
    return {header: value for header, value in named.items() if header is not None}

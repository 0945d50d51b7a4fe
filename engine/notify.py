"""Whom a row wants told of its problems, by the names of channels under Notify. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors.api import Cell, fold
from engine.cells import BadCell, did_you_mean, names, quoted
from engine.columns import Column
from engine.metadata import setting
from engine.settings import Settings
from engine.wording import conjoined

NOBODY = "none"
"""What a row writes there that wants nobody told."""

NO_NAMES = "names no channel; write channels with commas between them, or none for nobody"


def refuse_unknown(row: Settings, channels: Collection[str]) -> None:
    """A name that is no channel's would leave somebody waiting for messages that never come.

    channels: those that tell of this table.   Raises Wrong.
    """
    named = row.names(Column.NOTIFY, NO_NAMES)
    if len(named) > 1 and any(fold(name) == NOBODY for name in named):
        row.refuse(Column.NOTIFY, f"names channels, and {NOBODY} for nobody; write one or the other")
    for name in named:
        if fold(name) != NOBODY and _channel(name, channels) is None:
            there = f"; there are {conjoined(sorted(channels), 10)}" if channels else "; its operator has yet to define one"
            hint = did_you_mean(name, channels) or there
            row.refuse(Column.NOTIFY, f"{quoted(name)} is no channel that tells of this table{hint}, or write {NOBODY} for nobody")


def named(cells: Mapping[str, Cell], channels: Collection[str]) -> tuple[str, ...] | None:
    """The channels that a row names, also where something in it is not understood; None where it names none that there is.

    cells: under canonical headers.   channels: all that there are.
    """
    cell = setting(cells, Column.NOTIFY)
    try:
        said = names(cell) if cell is not None and cell is not False else []
    except BadCell:
        return None
    if any(fold(name) == NOBODY for name in said):
        return ()
    found = [channel for name in said if (channel := _channel(name, channels)) is not None]
    return tuple(dict.fromkeys(found)) or None


def _channel(name: str, channels: Collection[str]) -> str | None:
    """The channel that is meant: of exactly this name, else of one that reads the same."""
    return name if name in channels else next((one for one in channels if fold(one) == fold(name)), None)

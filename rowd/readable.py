"""Which tables' rows may be spoken of by rows of which others, as the operator has it."""

from __future__ import annotations

from collections.abc import Mapping

from config.settings import ANY, TableSettings
from engine.links import Openness


def others(tables: Mapping[str, TableSettings], reader: str) -> dict[str, Openness]:
    """The tables beside this one, and whether its rows may speak of theirs."""
    return {table: _openness(its, reader) for table, its in tables.items() if table != reader}


def _openness(its: TableSettings, reader: str) -> Openness:
    if {reader, ANY}.isdisjoint(its.readable_by):
        return Openness.CLOSED
    return Openness.OPEN if its.serve else Openness.UNSERVED

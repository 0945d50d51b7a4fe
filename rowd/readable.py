"""Which tables' rows may be spoken of, and watched, by rows of which others, as the operator has it."""

from __future__ import annotations

from collections.abc import Mapping

from config.settings import ANY, TableSettings
from engine.links import Openness
from engine.naming import unreadable
from engine.watching import Source


def others(tables: Mapping[str, TableSettings], reader: str) -> dict[str, Openness]:
    """The tables beside this one, and whether its rows may speak of theirs."""
    return {table: _openness(its, reader) for table, its in tables.items() if table != reader}


def closed(sources: Mapping[str, Source], tables: Mapping[str, TableSettings], reader: str) -> dict[str, str]:
    """The watched sources that rows of this table may not name, since they tell of one that these may not read → why."""
    about = {name: source.about.table for name, source in sources.items() if source.about is not None}
    return {
        name: unreadable(table, reader)
        for name, table in about.items()
        if table != reader and table in tables and _openness(tables[table], reader) is Openness.CLOSED
    }


def _openness(its: TableSettings, reader: str) -> Openness:
    if {reader, ANY}.isdisjoint(its.readable_by):
        return Openness.CLOSED
    return Openness.OPEN if its.serve else Openness.UNSERVED

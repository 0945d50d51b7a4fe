"""The demo's visitor, who works on the table as a person would."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from connectors.errors import TableError
from engine.cells import text
from engine.columns import Column
from rowd.hand import hand
from rowd.wiring import Bound


class Visit(NamedTuple):
    """after: seconds from the start.   name: of the row.   found: what must stand in the cell; anything else is a person's."""

    after: float
    name: str
    column: Column
    found: str | None
    typed: str


VISITS = (
    Visit(4.0, "greeting", Column.DO, None, "run now"),
    Visit(6.0, "third visitor", Column.CURRENT, "0", "1"),
    Visit(7.5, "third visitor", Column.CURRENT, "1", "2"),
    Visit(9.0, "third visitor", Column.CURRENT, "2", "3"),
    Visit(13.0, "disk usage", Column.METADATA, '{"limit": 95}', '{"limit": 0}'),
)


async def visit(bound: Bound) -> None:
    """Type into the table, once for each of `VISITS`."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for each in VISITS:
        await asyncio.sleep(start + each.after - loop.time())
        await asyncio.to_thread(type_in, bound, each)


def type_in(bound: Bound, each: Visit) -> None:
    """Change one cell, where it stands as the demo has it. A table that is away, or has no such cell, is left alone."""
    try:
        with hand(bound) as held:
            if (key := held.bearer(each.name)) is not None:
                cells = held.cells_of(key)
                if each.column in cells and text(cells[each.column]) == each.found:
                    held.put({key: {each.column: each.typed}})
    except TableError:
        return

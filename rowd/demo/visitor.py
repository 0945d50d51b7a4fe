"""The demo's visitor, who works on the table as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from threading import Lock
from typing import NamedTuple

from connectors.errors import TableError
from engine.cells import text
from engine.columns import Column
from rowd.bound import Bound
from rowd.hand import hand


class Visit(NamedTuple):
    """after: seconds from the start.   name: of the row.   found: what must stand in the cell; anything else is a person's."""

    after: float
    name: str
    column: Column
    found: str | None
    typed: str


STAGED = Visit(4.5, "disk usage", Column.METADATA, '{"limit": 95}', '{"limit": 0}')
"""A limit that every disk is above: a failure is to be seen, too."""

PUT_BACK = Visit(12.0, STAGED.name, STAGED.column, STAGED.typed, '{"limit": 95}')
"""By then the row has failed: it comes due every five seconds, two seconds after it was edited at the earliest."""

VISITS = (
    Visit(3.0, "greeting", Column.DO, None, "run now"),
    STAGED,
    Visit(6.0, "third visitor", Column.CURRENT, "0", "1"),
    Visit(7.5, "third visitor", Column.CURRENT, "1", "2"),
    Visit(9.0, "third visitor", Column.CURRENT, "2", "3"),
    PUT_BACK,
)

_ONE_BY_ONE = Lock()


async def visit(bound: Bound, visits: Iterable[Visit] = VISITS) -> None:
    """Type into the table, once for each of them. Who is sent away earlier puts back the staged limit before."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    typed: list[str] = []
    try:
        for each in visits:
            await asyncio.sleep(start + each.after - loop.time())
            typed.append(each.typed)
            await asyncio.to_thread(type_in, bound, each)
    finally:
        if STAGED.typed in typed and PUT_BACK.typed not in typed:
            await asyncio.to_thread(type_in, bound, PUT_BACK)


def type_in(bound: Bound, each: Visit) -> None:
    """Change one cell, where it stands as the demo has it. A table that is away, or has no such cell, is left alone."""
    try:
        with _ONE_BY_ONE, hand(bound) as held:
            if (key := held.bearer(each.name)) is not None:
                cells = held.cells_of(key)
                if each.column in cells and text(cells[each.column]) == each.found:
                    held.put({key: {each.column: each.typed}})
    except TableError:
        return

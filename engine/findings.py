"""One look at a table: what was read, and what it came to, on its way to being durable."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from connectors.api import Cell, Lease, Row
from engine.model import Edit, Occurrence, RowState
from engine.presses import Press
from watches.api import Alteration


class Reading(Struct, frozen=True):
    """One complete read: every row of the table, in its order.

    headless: why there is nothing to read for lack of headers, with the remedy; None where there are some.
    leases: of whoever runs the rows, where the store can tell.
    time_zone: as the store names the table's own; "" where it has none.
    handed_over: another daemon may have run the table since we had it last.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    id_column: str | None
    headless: str | None = None
    leases: tuple[Lease, ...] = ()
    time_zone: str = ""
    handed_over: bool = False


class Findings(Struct):
    """What one reading or one answered write came to; nothing of it counts before it is durable.

    altered: what people did to its rows.   read: key → the row's cells as the store gave them, of rows that changed.
    told: keys of rows that show all that was put into them, and nothing else than before.
    look_again: something about the whole table changed (held, unreachable), so every row is to be decided on again.
    news: how the table stands with us changed, so its mark is to be written.
    """

    states: dict[str, RowState] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    altered: list[Alteration] = field(default_factory=list)
    presses: list[tuple[RowState, Press]] = field(default_factory=list)
    records: list[Occurrence] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    read: dict[str, Mapping[str, Cell]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    look_again: bool = False
    news: bool = False

"""Which rows of a table are this daemon's, where several share it: those whose `Runs On` is a label of its own. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell, Lease
from engine.cells import quoted, text
from engine.model import RowState

HANDOVER = timedelta(minutes=1)
"""For so long, at least, a row that came over from another daemon waits: that one may not have looked yet."""


class Remit(Struct, frozen=True):
    """One daemon's.

    labels: its own, in lower case.   primary: whether it also runs the rows without a label, gives ids and puts rows right.
    beside: labels of the other daemons of the table as their leases say; None while nobody has looked.
    alone: whether the table keeps every other daemon away: then all its rows are this one's.
    """

    labels: frozenset[str] = frozenset()
    primary: bool = True
    beside: frozenset[str] | None = None
    alone: bool = False

    def meets(self, lease: Lease) -> bool:
        """Whether whoever holds it runs rows that are ours."""
        return (self.primary and lease.primary) or not self.labels.isdisjoint(lease.labels)

    def elsewhere(self, cell: Cell) -> str | None:
        """Why a row that says this under `Runs On` is another daemon's; None where it is ours, or ours to complain of."""
        if self.alone:
            return None
        label = _label(cell)
        if label is None:
            return None if self.primary else "Runs On is blank: the primary daemon of this table runs it"
        if label in self.labels or (self.primary and self.beside is not None and label not in self.beside):
            return None
        return f"Runs On {quoted(cell)}: none of this daemon's labels; the daemon that has it runs it"

    def flaw(self, cell: Cell) -> str | None:
        """What is wrong with a label that nobody has, after its value, with the remedy; None for one of ours, and for none."""
        label = _label(cell)
        if label is None or label in self.labels:
            return None
        known = sorted({*self.labels, *(self.beside or ())})
        some = f"; known are {', '.join(known)}" if known else ""
        if self.alone:
            return f"the daemon of this table has no such label{some}. Clear it, or add it to `labels` in rowd.toml"
        return f"no daemon of this table has this label{some}. Clear it, or start one whose rowd.toml has it in `labels`"


EVERYTHING = Remit()
"""Of a daemon that has a table for itself."""


def runs(lease: Lease, cell: Cell) -> bool:
    """Whether whoever holds it runs a row that says this under `Runs On`."""
    label = _label(cell)
    return lease.primary if label is None else label in lease.labels


def come_over(state: RowState, now: datetime, poll: timedelta) -> RowState:
    """A row that was another daemon's until now: what comes due before that one has surely looked is not for us.

    poll: how far looks at the table are apart.
    """
    begins = now.replace(microsecond=0) + max(HANDOVER, poll)
    return replace(state, settled_until=max(state.settled_until, begins), armed=False)


def _label(cell: Cell) -> str | None:
    said = text(cell) if cell is not False else None  # an unticked box says nothing
    return None if said is None else said.casefold()
